"""Attributes of categories."""

from collections.abc import Iterable, Mapping
from typing import cast

from pynamodb.attributes import NumberAttribute

from chalicelib.core.errors import Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, Transaction, fields_of, find
from chalicelib.listings.domain.attributes import Attribute, AttributeSchema, AttributeType


class SchemaItem(Item):
    """pk = ATTRIBUTESCHEMA#<category>, sk = ATTRIBUTESCHEMA. A category's own attributes."""

    version = NumberAttribute()
    document = Json()


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
    item = SchemaItem(pk, "ATTRIBUTESCHEMA", version=after.version, document=document)
    before = after.version - 1
    as_read = SchemaItem.version == before if before else SchemaItem.pk.does_not_exist()
    tx.put(item, as_read, lambda _: Stale(f"The attributes are not at version {before} any more."))


def _schema(item: SchemaItem) -> AttributeSchema:
    attributes = (
        Attribute(**{**stored, "type": AttributeType(stored["type"]), "values": tuple(stored["values"])})
        for stored in item.document
    )
    return AttributeSchema(item.pk.partition("#")[2], tuple(attributes), int(item.version))
