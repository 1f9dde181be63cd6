"""Suppliers, and the names that are theirs alone.

| item | pk | sk | gsi2 |
|---|---|---|---|
| supplier | SUPPLIER#<id> | SUPPLIER | SUPPLIERS#<status> / <applied at>#<id> |
| claim | SUPPLIERCLAIM#<kind>:<sha256 of the name> | SUPPLIERCLAIM | |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from hashlib import sha256
from typing import Any, cast

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core.errors import AisleError, Conflict, Stale
from chalicelib.core.findings import Correction, Finding
from chalicelib.core.keys import key
from chalicelib.core.table import Item, RawItem, Transaction, find, find_many
from chalicelib.suppliers.domain import SupplierStatus
from chalicelib.suppliers.domain.profile import seller_of
from chalicelib.suppliers.domain.record import AppliedCorrection, BankSummary, Check, Mark, MarkState, Supplier
from chalicelib.suppliers.store.sellers import SupplierItem, as_stored


class ClaimItem(Item):
    """pk = SUPPLIERCLAIM#<kind>:<hash>, sk = SUPPLIERCLAIM. Who has the name: one supplier at a time."""

    supplier_id = UnicodeAttribute()


class ClaimTaken(Conflict):
    """Raised with the claims that are another supplier's."""

    code = "name_taken"
    title = "Another supplier has this name"


def supplier_pk(supplier_id: str) -> str:
    return key("SUPPLIER", supplier_id)


def _attributes(one: Supplier) -> dict[str, Any]:
    document = asdict(one)
    for kept_apart in ("id", "version", "status"):
        del document[kept_apart]
    return {
        "version": one.version,
        "status": one.status,
        "seller": as_stored(seller_of(one)),
        "document": document,
        "gsi2pk": key("SUPPLIERS", one.status),
        "gsi2sk": f"{one.applied_at}#{one.id}",
        "summary": {
            "name": seller_of(one).name,
            "status": one.status,
            "check": one.check,
            "applied_at": one.applied_at,
            "changed_at": one.changed_at,
        },
    }


def _supplier(item: SupplierItem) -> Supplier:
    stored = dict(item.document)
    return Supplier(
        **{
            **stored,
            "check": Check(stored["check"]),
            "findings": tuple(Finding.from_dict(each) for each in stored["findings"]),
            "corrections": tuple(_correction(each) for each in stored["corrections"]),
            "marks": {
                code: Mark(**{**mark, "state": MarkState(mark["state"])}) for code, mark in stored["marks"].items()
            },
            "bank_proposed": BankSummary(**stored["bank_proposed"]) if stored["bank_proposed"] else None,
            "bank_approved": BankSummary(**stored["bank_approved"]) if stored["bank_approved"] else None,
            "claims": tuple(stored["claims"]),
        },
        id=item.pk.partition("#")[2],
        version=int(item.version),
        status=SupplierStatus(item.status),
    )


def _correction(stored: Mapping[str, Any]) -> AppliedCorrection:
    return AppliedCorrection(**{**stored, "correction": Correction(**stored["correction"])})


def add_supplier(tx: Transaction, one: Supplier) -> None:
    """Write a new supplier."""
    item = SupplierItem(supplier_pk(one.id), "SUPPLIER", **_attributes(one))
    tx.create(item, lambda _: Conflict("There is such a supplier."))


def change_supplier(tx: Transaction, one: Supplier, error: type[AisleError] = Stale) -> None:
    """Write the next version. Raises `error` at commit when another was quicker."""

    def stale(raw: RawItem | None) -> AisleError:
        return error(f"The supplier is not at version {one.version - 1} any more.")

    item = SupplierItem(supplier_pk(one.id), "SUPPLIER", **_attributes(one))
    tx.put(item, SupplierItem.version == one.version - 1, stale)


def check_version(tx: Transaction, supplier_id: str, version: int) -> None:
    """Commit only while the supplier is at this version. Raises `Stale` at commit."""
    item = SupplierItem(supplier_pk(supplier_id), "SUPPLIER")
    changed = Stale(f"The supplier is not at version {version} any more.")
    tx.check(item, SupplierItem.version == version, lambda _: changed)


def get_supplier(supplier_id: str) -> Supplier | None:
    """The supplier as it is now, or None."""
    item = find(SupplierItem, supplier_pk(supplier_id), "SUPPLIER", consistent=True)
    return _supplier(item) if item and item.document else None


def by_status(status: SupplierStatus, after: str | None, count: int) -> list[dict[str, Any]]:
    """Summaries of suppliers in a status, those that applied last first; `after` is the position of the last one seen."""
    condition = SupplierItem.gsi2sk < after if after else None
    rows = SupplierItem.by_state.query(key("SUPPLIERS", status), condition, scan_index_forward=False, limit=count)
    found = []
    for row, _ in zip(rows, range(count), strict=False):
        found.append({"id": row.gsi2sk.partition("#")[2], "position": row.gsi2sk, **row.summary})
    return found


# ---- names --------------------------------------------------------------------------------------------------------------


def _claim_pk(claim: str) -> str:
    kind = claim.partition(":")[0]
    return key("SUPPLIERCLAIM", f"{kind}:{sha256(claim.encode()).hexdigest()[:40]}")


def claim(tx: Transaction, supplier_id: str, claims: Iterable[str]) -> None:
    """Take names for a supplier. Raises `ClaimTaken` at commit when one is another's."""
    for name in claims:

        def taken(raw: RawItem | None, name: str = name) -> AisleError:
            return ClaimTaken("Another supplier has this name.", claim=name)

        free = ClaimItem.pk.does_not_exist() | (ClaimItem.supplier_id == supplier_id)
        tx.put(ClaimItem(_claim_pk(name), "SUPPLIERCLAIM", supplier_id=supplier_id), free, taken)


def let_go(tx: Transaction, supplier_id: str, claims: Iterable[str], error: type[AisleError] = Stale) -> None:
    """Undo of `claim`: others may take these names. Raises `error` at commit when one is another's."""
    for name in claims:
        gone_or_own = ClaimItem.pk.does_not_exist() | (ClaimItem.supplier_id == supplier_id)
        tx.delete(ClaimItem(_claim_pk(name), "SUPPLIERCLAIM"), gone_or_own, lambda _: error("The name is another's."))


def owners(claims: Iterable[str]) -> dict[str, str]:
    """Which supplier has each of these names; those that are free are left out."""
    wanted = {_claim_pk(name): name for name in claims}
    found = find_many(((ClaimItem, pk, "SUPPLIERCLAIM") for pk in wanted), consistent=True)
    return {wanted[pk]: cast(ClaimItem, item).supplier_id for (pk, _), item in found.items()}
