"""Use cases of variants and their prices."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from chalicelib.catalog import domain, events, store
from chalicelib.catalog.domain import MAX_VARIANTS, Category, Prices, Product, Variant
from chalicelib.catalog.service.products import (
    NewVariant,
    TooManyVariants,
    get_product,
    product_for_change,
    require_category,
    sees_drafts,
    stage_product_change,
)
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Contended, NotFound, Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.table import Transaction

_ATTEMPTS = 5
_Result = TypeVar("_Result")


def add_variant(
    product_id: str, new: NewVariant, *, by: Principal, once: Idempotency, answer: Callable[[Variant], Answer]
) -> Answer:
    """Add a variant to a product.

    Raises `NotFound`, `TooManyVariants`, `GtinInvalid`, `VariantTooLarge`, and at commit `SkuTaken` or `GtinTaken`.
    """
    by.require(Role.ADMIN, scope="catalog.write")

    def attempt() -> Answer:
        before = product_for_change(product_id)
        category = require_category(before.category_id)
        tx = Transaction()
        variant = stage_variant(tx, before, before, new, category, by)
        final = answer(variant)
        once.record(tx, final)
        tx.commit()
        return final

    return unless_stale(attempt)


def stage_variant(
    tx: Transaction, before: Product, now: Product, new: NewVariant, category: Category, by: Principal
) -> Variant:
    """Add to `tx` a variant of a product that was stored as `before` and shall be as `now`, in `category`.

    Raises as `add_variant`; `Stale` at commit when the product changed meanwhile, since the variant copies its status and
    category.
    """
    if len(before.skus) >= MAX_VARIANTS:
        raise TooManyVariants(f"A product has at most {MAX_VARIANTS} variants.", limit=MAX_VARIANTS)
    after = replace(now, skus=(*before.skus, new.sku), version=before.version + 1)
    variant = new.of(after, category)
    store.add_variant(tx, variant)
    moved_to = category if after.category_id != before.category_id else None
    stage_product_change(tx, before, after, by, moved_to=moved_to)
    return variant


def unless_stale(attempt: Callable[[], _Result]) -> _Result:
    """What `attempt` returns, tried again when another was quicker: for commands that name no version themselves."""
    for _ in range(_ATTEMPTS):
        try:
            return attempt()
        except Stale:
            continue
    raise Contended(f"The same product was changed by others, {_ATTEMPTS} times over.")


def change_variant(sku: str, changes: Mapping[str, Any], *, expected_version: int, by: Principal) -> Variant:
    """Change fields of a variant by name; a `gtin` in any of its lengths.

    Raises `NotFound`, `GtinInvalid`, `VariantTooLarge`, `Stale` when the variant is not at `expected_version`, and at commit
    `GtinTaken`.
    """
    by.require(Role.ADMIN, scope="catalog.write")
    before = store.variant(sku, consistent=True)
    if before is None:
        raise _unknown(sku)
    if before.version != expected_version:
        raise Stale(f"The variant is at version {before.version}.", version=before.version)
    tx = Transaction()
    after = stage_variant_change(tx, before, changes, by)
    tx.commit()
    return after


def set_prices(sku: str, prices: Prices, *, expected_version: int, by: Principal) -> Variant:
    """Put `prices` in the place of all prices of a variant. Raises as `change_variant`."""
    return change_variant(sku, {"prices": prices}, expected_version=expected_version, by=by)


def stage_variant_change(
    tx: Transaction, before: Variant, changes: Mapping[str, Any], by: Principal, *, moved_to: Category | None = None
) -> Variant:
    """Add to `tx` changes of a variant by field name. Raises as `change_variant`.

    With `moved_to`, the category that `tx` brings its product into, it goes along.
    """
    if changes.get("gtin"):
        changes = {**changes, "gtin": domain.checked_gtin(changes["gtin"])}
    after = replace(before, **changes, version=before.version + 1)
    changed = [each.name for each in fields(after) if getattr(after, each.name) != getattr(before, each.name)]
    if moved_to is not None:
        after = replace(after, category_path=moved_to.lineage)
    store.change_variant(tx, before, after, moved=moved_to is not None)
    events.variant_changed(tx, after, [name for name in changed if name != "version"], by)
    return after


def get_variant(sku: str, *, by: Principal) -> Variant:
    """The variant. Raises `NotFound`, also for a draft, or one of a draft product, that `by` may not see."""
    variant = store.variant(sku)
    if variant is None or (variant.is_draft and not sees_drafts(by)):
        raise _unknown(sku)
    return variant


def variants_of(product_id: str, *, by: Principal) -> list[Variant]:
    """The variants of a product in the order they were added. Raises `NotFound` as `get_product`."""
    product = get_product(product_id, by=by)
    return [variant for variant in store.variants(product.skus).values() if not variant.is_draft or sees_drafts(by)]


def _unknown(sku: str) -> NotFound:
    return NotFound(f"There is no variant {sku}.")
