"""What other contexts ask of the catalogue on behalf of suppliers. Who asks has decided who may; no role is checked here."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.catalog import domain, store
from chalicelib.catalog.domain import Category, GtinInvalid, Product, Variant
from chalicelib.catalog.service.products import product_for_change, require_category, stage_product_change
from chalicelib.catalog.service.variants import stage_variant_change
from chalicelib.core.auth import Principal
from chalicelib.core.errors import NotFound
from chalicelib.core.table import Item, Transaction

Keys = list[tuple[type[Item], str, str]]
Found = Mapping[tuple[str, str], Item]


def is_gtin(text: str) -> bool:
    """Whether it is a GTIN of 8, 12, 13 or 14 digits with a right check digit."""
    try:
        domain.checked_gtin(text)
    except GtinInvalid:
        return False
    return True


def gtin_keys(gtins: Iterable[str]) -> Keys:
    """Where the owners of GTINs are, for `core.table.find_many`. Raises `GtinInvalid`."""
    return [store.gtin_key(domain.checked_gtin(gtin)) for gtin in gtins]


def sku_of_gtin(found: Found, gtin: str) -> str | None:
    """The SKU that a GTIN, in any of its lengths, belongs to now, out of a batch read with `gtin_keys`. Raises `GtinInvalid`."""
    return store.gtin_owner_in(found, domain.checked_gtin(gtin))


def variants_in(found: Found, skus: Iterable[str]) -> dict[str, Variant]:
    """The variants by SKU, drafts among them, out of a batch read with `offer_keys`."""
    return store.variants_in(found, skus)


def product_keys(product_ids: Iterable[str]) -> Keys:
    """Where products are, for `core.table.find_many`."""
    return [store.product_key(product_id) for product_id in product_ids]


def products_in(found: Found, product_ids: Iterable[str]) -> dict[str, Product]:
    """The products by id, drafts among them, out of a batch read with `product_keys`."""
    return store.products_in(found, product_ids)


def category_keys(category_ids: Iterable[str]) -> Keys:
    """Where categories are, for `core.table.find_many`."""
    return [store.category_key(category_id) for category_id in category_ids]


def categories_in(found: Found, category_ids: Iterable[str]) -> dict[str, Category]:
    """The categories by id, out of a batch read with `category_keys`."""
    return store.categories_in(found, category_ids)


def stage_supplied_change(
    tx: Transaction, sku: str, product_changes: Mapping[str, Any], variant_changes: Mapping[str, Any], by: Principal
) -> None:
    """Add to `tx` what changes of a variant and its product, by field name; nothing where all is so already.

    Raises `NotFound`, `UnknownCategory`, `GtinInvalid`, `VariantTooLarge`; at commit `Stale`, also when another variant joined
    the product meanwhile, and `GtinTaken`.
    """
    variant = store.variant(sku, consistent=True)
    if variant is None:
        raise NotFound(f"There is no variant {sku}.")
    before = product_for_change(variant.product_id)
    after = replace(before, **product_changes)
    if variant_changes.get("gtin"):
        variant_changes = {**variant_changes, "gtin": domain.checked_gtin(variant_changes["gtin"])}
    moved_to = require_category(after.category_id) if after.category_id != before.category_id else None
    differs = replace(variant, **variant_changes) != variant
    if after != before:
        after = replace(after, version=before.version + 1)
        # A transaction touches an item once: a variant with changes of its own takes the new category along with them.
        stage_product_change(tx, before, after, by, moved_to=moved_to, besides={sku} if differs else ())
    if differs:
        stage_variant_change(tx, variant, variant_changes, by, moved_to=moved_to)
