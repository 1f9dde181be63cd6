"""The operator's settings."""

from pynamodb.attributes import NumberAttribute

from chalicelib.core.errors import Stale
from chalicelib.core.table import Item, Json, Transaction, fields_of, find
from chalicelib.listings.domain.settings import ListingSettings

SETTINGS_PK = "LISTINGSETTINGS"


class SettingsItem(Item):
    """pk = sk = LISTINGSETTINGS."""

    version = NumberAttribute()
    document = Json()


def read_settings(*, consistent: bool = False) -> ListingSettings:
    """The settings; those in the code before any were set."""
    item = find(SettingsItem, SETTINGS_PK, SETTINGS_PK, consistent=consistent)
    if item is None:
        return ListingSettings()
    stored = dict(item.document)
    for name in ("channels", "forbidden_words"):
        stored[name] = tuple(stored[name])
    return ListingSettings(**stored, version=int(item.version))


def change_settings(tx: Transaction, after: ListingSettings) -> None:
    """Write the next version. `Stale` at commit when another was quicker."""
    document = {name: value for name, value in fields_of(after).items() if name != "version"}
    item = SettingsItem(SETTINGS_PK, SETTINGS_PK, version=after.version, document=document)
    before = after.version - 1
    as_read = SettingsItem.version == before if before else SettingsItem.pk.does_not_exist()
    tx.put(item, as_read, lambda _: Stale(f"The settings are not at version {before} any more."))
