"""What the operator decides: settings, and the attributes of categories."""

from collections.abc import Iterable, Mapping
from typing import cast

from pynamodb.attributes import NumberAttribute

from chalicelib.core.errors import Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, Transaction, fields_of, find
from chalicelib.listings.domain.attributes import Attribute, AttributeSchema, AttributeType
from chalicelib.listings.domain.settings import ListingSettings

SETTINGS_PK = "LISTINGSETTINGS"


class SettingsItem(Item):
    """pk = sk = LISTINGSETTINGS."""

    version = NumberAttribute()
    document = Json()


class SchemaItem(Item):
    """pk = ATTRIBUTESCHEMA#<category>, sk = ATTRIBUTESCHEMA. A category's own attributes."""

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
    _put(tx, SettingsItem(SETTINGS_PK, SETTINGS_PK, version=after.version, document=document))


def schema_keys(category_ids: Iterable[str]) -> list[tuple[type[Item], str, str]]:
    """Where the attributes of categories are, for a batch read."""
    return [(SchemaItem, key("ATTRIBUTESCHEMA", one), "ATTRIBUTESCHEMA") for one in category_ids]


def schemas_in(found: Mapping[tuple[str, str], Item], category_ids: Iterable[str]) -> list[AttributeSchema]:
    """The categories' own attributes out of a batch read, in the order of the categories; without those that have none."""
    items = [found.get((key("ATTRIBUTESCHEMA", one), "ATTRIBUTESCHEMA")) for one in category_ids]
    return [_schema(cast(SchemaItem, item)) for item in items if item]


def read_schema(category_id: str) -> AttributeSchema:
    """The category's own attributes; version 0 before any were set."""
    item = find(SchemaItem, key("ATTRIBUTESCHEMA", category_id), "ATTRIBUTESCHEMA", consistent=True)
    return _schema(item) if item else AttributeSchema(category_id)


def change_schema(tx: Transaction, after: AttributeSchema) -> None:
    """Write the next version. `Stale` at commit when another was quicker."""
    document = [{**fields_of(attribute), "values": list(attribute.values)} for attribute in after.attributes]
    pk = key("ATTRIBUTESCHEMA", after.category_id)
    _put(tx, SchemaItem(pk, "ATTRIBUTESCHEMA", version=after.version, document=document))


def _put(tx: Transaction, item: SettingsItem | SchemaItem) -> None:
    before = int(item.version) - 1
    as_read = type(item).version == before if before else type(item).pk.does_not_exist()
    tx.put(item, as_read, lambda _: Stale(f"It is not at version {before} any more."))


def _schema(item: SchemaItem) -> AttributeSchema:
    attributes = (
        Attribute(**{**stored, "type": AttributeType(stored["type"]), "values": tuple(stored["values"])})
        for stored in item.document
    )
    return AttributeSchema(item.pk.partition("#")[2], tuple(attributes), int(item.version))
