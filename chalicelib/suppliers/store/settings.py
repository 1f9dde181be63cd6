"""What the operator has set for all suppliers.

| item | pk | sk |
|---|---|---|
| checklist of requirements | SUPPLIERREQUIREMENTS | SUPPLIERREQUIREMENTS |
| screening list | SUPPLIERSCREENING | SUPPLIERSCREENING |
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pynamodb.attributes import NumberAttribute

from chalicelib.core.errors import Stale
from chalicelib.core.table import Item, Json, Transaction, find
from chalicelib.suppliers.domain.requirements import DEFAULT, Checklist, Kind, Requirement
from chalicelib.suppliers.domain.screening import ScreeningList

_CHECKLIST = "SUPPLIERREQUIREMENTS"
_SCREENING = "SUPPLIERSCREENING"


class SettingItem(Item):
    """pk = sk = SUPPLIERREQUIREMENTS or SUPPLIERSCREENING."""

    version = NumberAttribute()
    document = Json()


def checklist() -> Checklist:
    """What is asked of suppliers: as the operator has set it, or as it is in the code."""
    item = find(SettingItem, _CHECKLIST, _CHECKLIST, consistent=True)
    if item is None:
        return DEFAULT
    items = tuple(
        Requirement(**{**each, "kind": Kind(each["kind"]), "applies_to": tuple(each["applies_to"])})
        for each in item.document
    )
    return Checklist(int(item.version), items)


def set_checklist(tx: Transaction, wanted: Checklist) -> None:
    """Write the next version. Raises `Stale` at commit when another was quicker."""
    _set(tx, _CHECKLIST, wanted.version, [asdict(item) for item in wanted.items])


def screening_list() -> ScreeningList:
    """Countries and names to look at; without any until the operator sets some."""
    item = find(SettingItem, _SCREENING, _SCREENING, consistent=True)
    if item is None:
        return ScreeningList()
    return ScreeningList(int(item.version), **{name: tuple(held) for name, held in item.document.items()})


def set_screening_list(tx: Transaction, wanted: ScreeningList) -> None:
    """Write the next version. Raises `Stale` at commit when another was quicker."""
    document = {
        "countries": list(wanted.countries),
        "names": list(wanted.names),
        "refused_countries": list(wanted.refused_countries),
    }
    _set(tx, _SCREENING, wanted.version, document)


def _set(tx: Transaction, name: str, version: int, document: Any) -> None:
    item = SettingItem(name, name, version=version, document=document)
    unchanged = SettingItem.pk.does_not_exist() if version == 1 else SettingItem.version == version - 1
    tx.put(item, unchanged, lambda _: Stale(f"It is not at version {version - 1} any more."))
