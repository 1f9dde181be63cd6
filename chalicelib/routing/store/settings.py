"""The operator's settings, in one item."""

from pynamodb.attributes import NumberAttribute

from chalicelib.core.errors import Stale
from chalicelib.core.table import Item, Json, Transaction, fields_of, find
from chalicelib.routing.domain.settings import RoutingSettings

SETTINGS_PK = "ROUTINGSETTINGS"


class SettingsItem(Item):
    """pk = ROUTINGSETTINGS, sk = SETTINGS."""

    version = NumberAttribute()
    document = Json()


def get_settings() -> RoutingSettings:
    """The settings; those of the code while nobody has changed them."""
    item = find(SettingsItem, SETTINGS_PK, "SETTINGS", consistent=True)
    return RoutingSettings(**item.document, version=int(item.version)) if item else RoutingSettings()


def put_settings(tx: Transaction, settings: RoutingSettings) -> None:
    """Write the next version. `Stale` at commit when another was quicker."""
    document = fields_of(settings)
    del document["version"]
    item = SettingsItem(SETTINGS_PK, "SETTINGS", version=settings.version, document=document)
    before = settings.version - 1
    condition = SettingsItem.version == before if before else SettingsItem.pk.does_not_exist()
    tx.put(item, condition, lambda _: Stale(f"The settings are not at version {before} any more."))
