"""The operator's settings, in one item, and those for one supplier, each in its own beside it."""

from collections.abc import Mapping
from typing import cast

from pynamodb.attributes import NumberAttribute

from chalicelib.core.errors import Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, Transaction, fields_of, find, find_many
from chalicelib.routing.domain.settings import RoutingSettings, SupplierSettings

SETTINGS_PK = "ROUTINGSETTINGS"


class SettingsItem(Item):
    """pk = ROUTINGSETTINGS, sk = SETTINGS."""

    version = NumberAttribute()
    document = Json()


class SupplierSettingsItem(Item):
    """pk = ROUTINGSETTINGS, sk = SUPPLIER#<supplier>."""

    version = NumberAttribute()
    answer_minutes = NumberAttribute(null=True)


def get_settings() -> RoutingSettings:
    """The settings; those of the code while nobody has changed them."""
    return _settings(find(SettingsItem, SETTINGS_PK, "SETTINGS", consistent=True))


def _settings(item: SettingsItem | None) -> RoutingSettings:
    return RoutingSettings(**item.document, version=int(item.version)) if item else RoutingSettings()


def get_settings_for(supplier_id: str) -> tuple[RoutingSettings, SupplierSettings]:
    """The settings for all, and those for one supplier, in one read."""
    at = (SETTINGS_PK, key("SUPPLIER", supplier_id))
    found: Mapping[tuple[str, str], Item] = find_many(
        [(SettingsItem, SETTINGS_PK, "SETTINGS"), (SupplierSettingsItem, *at)], consistent=True
    )
    general = _settings(cast("SettingsItem | None", found.get((SETTINGS_PK, "SETTINGS"))))
    item = cast("SupplierSettingsItem | None", found.get(at))
    if item is None:
        return general, SupplierSettings(supplier_id)
    minutes = int(item.answer_minutes) if item.answer_minutes else None
    return general, SupplierSettings(supplier_id, minutes, int(item.version))


def put_supplier_settings(tx: Transaction, one: SupplierSettings) -> None:
    """Write the next version of those for one supplier. `Stale` at commit when another was quicker."""
    item = SupplierSettingsItem(
        SETTINGS_PK, key("SUPPLIER", one.supplier_id), version=one.version, answer_minutes=one.answer_minutes
    )
    before = one.version - 1
    condition = SupplierSettingsItem.version == before if before else SupplierSettingsItem.pk.does_not_exist()
    tx.put(item, condition, lambda _: Stale(f"The supplier's settings are not at version {before} any more."))


def put_settings(tx: Transaction, settings: RoutingSettings) -> None:
    """Write the next version. `Stale` at commit when another was quicker."""
    document = fields_of(settings)
    del document["version"]
    item = SettingsItem(SETTINGS_PK, "SETTINGS", version=settings.version, document=document)
    before = settings.version - 1
    condition = SettingsItem.version == before if before else SettingsItem.pk.does_not_exist()
    tx.put(item, condition, lambda _: Stale(f"The settings are not at version {before} any more."))
