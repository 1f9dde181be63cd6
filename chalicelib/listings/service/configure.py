"""What the operator sets: settings of the marketplace's listings, and the attributes of categories."""

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.catalog import service as catalog
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Stale
from chalicelib.core.table import Transaction, find_many
from chalicelib.listings.domain.attributes import Attribute, AttributeSchema, inherited
from chalicelib.listings.domain.settings import ListingSettings
from chalicelib.listings.service.on_sale import forget_settings
from chalicelib.listings.store import items as store
from chalicelib.suppliers.service import require_operator


def read_settings(by: Principal) -> ListingSettings:
    """The settings as they are, for the operator; version 0 before any were set."""
    require_operator(by)
    return store.read_settings(consistent=True)


def change_settings(wanted: ListingSettings, expected_version: int, by: Principal) -> ListingSettings:
    """Put settings in place of those at `expected_version`. What is published already is not checked again. Raises `Stale`."""
    require_operator(by)
    before = store.read_settings(consistent=True)
    if before.version != expected_version:
        raise Stale(f"The settings are at version {before.version}.", version=before.version)
    after = replace(wanted, version=before.version + 1)
    tx = Transaction()
    store.change_settings(tx, after)
    tx.commit()
    forget_settings()
    return after


def read_schema(category_id: str) -> tuple[AttributeSchema, tuple[Attribute, ...]]:
    """The category's own attributes, and all that hold for it. For anybody. Raises `NotFound` for an unknown category."""
    category = catalog.get_category(category_id)
    found = find_many(store.schema_keys(category.lineage), consistent=True)
    own = store.schemas_in(found, [category_id])
    return (
        own[0] if own else AttributeSchema(category_id),
        inherited(store.schemas_in(found, category.lineage)),
    )


def change_schema(
    category_id: str, attributes: Sequence[Attribute], expected_version: int, by: Principal
) -> tuple[AttributeSchema, tuple[Attribute, ...]]:
    """Put a category's own attributes in place of those at `expected_version` (0: none yet). Raises `NotFound`, `Stale`."""
    require_operator(by)
    catalog.get_category(category_id)
    before = store.read_schema(category_id)
    if before.version != expected_version:
        raise Stale(f"The attributes are at version {before.version}.", version=before.version)
    tx = Transaction()
    store.change_schema(tx, AttributeSchema(category_id, tuple(attributes), before.version + 1))
    tx.commit()
    return read_schema(category_id)
