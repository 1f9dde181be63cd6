"""Use cases of products and their variants."""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.catalog import domain, events, store
from chalicelib.catalog.domain import MAX_VARIANTS, STANDARD, Category, Prices, Product, Status, Variant
from chalicelib.core import paging
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Fault, Invalid, NotFound, RuleBroken, Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.ids import new_id
from chalicelib.core.paging import Page
from chalicelib.core.table import Transaction


class UnknownCategory(RuleBroken):
    code = "category_unknown"
    title = "There is no such category"


class TooManyVariants(RuleBroken):
    code = "too_many_variants"
    title = "The product has no room for more variants"


@dataclass(frozen=True, slots=True)
class NewVariant:
    """A variant as asked for. `gtin` in any of its lengths."""

    sku: str
    name: str
    tax_rate_bps: int
    weight_grams: int = 0
    gtin: str | None = None
    status: Status = Status.ACTIVE
    prices: Prices = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    tax_category: str = STANDARD

    def of(self, product: Product, category: Category) -> Variant:
        """The variant of `product`, which is in `category`. Raises `GtinInvalid`."""
        return Variant(
            sku=self.sku,
            product_id=product.id,
            name=self.name,
            status=self.status,
            product_status=product.status,
            tax_rate_bps=self.tax_rate_bps,
            weight_grams=self.weight_grams,
            gtin=domain.checked_gtin(self.gtin) if self.gtin else None,
            prices=self.prices,
            attributes=self.attributes,
            tax_category=self.tax_category,
            category_path=category.lineage,
        )


@dataclass(frozen=True, slots=True)
class NewProduct:
    """A product as asked for, with its first variants."""

    title: str
    category_id: str
    description: str = ""
    status: Status = Status.DRAFT
    supplier_id: str | None = None
    brand: str | None = None
    reference: str | None = None
    tax_code: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    variants: Sequence[NewVariant] = ()


def create_product(
    new: NewProduct,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Product, list[Variant]], Answer],
) -> Answer:
    """Add a product and its first variants, all or none.

    Raises `UnknownCategory`, `TooManyVariants`, `GtinInvalid`, `VariantTooLarge`, and at commit `SkuTaken`, `GtinTaken` or
    `ReferenceTaken`.
    """
    by.require(Role.ADMIN, scope="catalog.write")
    category = require_category(new.category_id)
    tx = Transaction()
    product, variants = stage_product(tx, new, category, by)
    final = answer(product, variants)
    once.record(tx, final)
    tx.commit()
    return final


def stage_product(tx: Transaction, new: NewProduct, category: Category, by: Principal) -> tuple[Product, list[Variant]]:
    """Add to `tx` a product of `category` and its first variants. Raises as `create_product`."""
    if len(new.variants) > MAX_VARIANTS:
        raise TooManyVariants(f"A product has at most {MAX_VARIANTS} variants.", limit=MAX_VARIANTS)
    product = Product(
        id=new_id("prd"),
        title=new.title,
        description=new.description,
        category_id=new.category_id,
        status=new.status,
        supplier_id=new.supplier_id,
        brand=new.brand,
        reference=new.reference,
        tax_code=new.tax_code,
        attributes=new.attributes,
        skus=tuple(variant.sku for variant in new.variants),
    )
    variants = [variant.of(product, category) for variant in new.variants]
    store.add_product(tx, product)
    for variant in variants:
        store.add_variant(tx, variant)
    events.product_created(tx, product, by)
    return product, variants


def change_product(product_id: str, changes: Mapping[str, Any], *, expected_version: int, by: Principal) -> Product:
    """Change fields of a product by name; a new status or category reaches all its variants in the same transaction.

    Raises `NotFound`, `UnknownCategory`, `VariantTooLarge` for a variant that has no room for a longer path, and `Stale`
    when the product is not at `expected_version`.
    """
    by.require(Role.ADMIN, scope="catalog.write")
    before = product_for_change(product_id)
    if before.version != expected_version:
        raise Stale(f"The product is at version {before.version}.", version=before.version)
    after = replace(before, **changes, version=before.version + 1)
    moved_to = require_category(after.category_id) if after.category_id != before.category_id else None
    tx = Transaction()
    stage_product_change(tx, before, after, by, moved_to=moved_to)
    tx.commit()
    return after


def stage_product_change(
    tx: Transaction,
    before: Product,
    after: Product,
    by: Principal,
    *,
    moved_to: Category | None = None,
    besides: Container[str] = (),
) -> None:
    """Add to `tx` the change of a product, which is in `moved_to` now if it changed its category.

    Its variants follow, but for those `besides` whom the caller writes itself. Raises `VariantTooLarge`, and `Stale` at
    commit when another was quicker.
    """
    store.change_product(tx, before, after)
    if moved_to is not None:
        _check_room(before.skus, moved_to)
    if moved_to is not None or after.status is not before.status:
        for sku in before.skus:
            if sku not in besides:
                store.follow_product(tx, sku, after.status, moved_to)
    events.product_changed(tx, after, by)


def _check_room(skus: Sequence[str], category: Category) -> None:
    for variant in store.variants(skus, consistent=True).values():
        domain.document_of(replace(variant, category_path=category.lineage))


def get_product(product_id: str, *, by: Principal) -> Product:
    """The product. Raises `NotFound`, also for a draft that `by` may not see."""
    product = store.product(product_id)
    if product is None or (product.status is Status.DRAFT and not sees_drafts(by)):
        raise NotFound(f"There is no product {product_id}.")
    return product


def list_products(
    category_id: str | None, supplier_id: str | None, status: Status, limit: int, cursor: str | None, *, by: Principal
) -> Page[dict[str, Any]]:
    """One page of a category's or of a supplier's products in a status, newest first; give one of the two.

    Raises `Invalid` when both or none is given, and `Forbidden` for drafts.
    """
    if (category_id is None) == (supplier_id is None):
        raise Invalid("Give category_id or supplier_id, and not both.", faults=[Fault("/category_id", "one_of", "")])
    if status is Status.DRAFT:
        _require_drafts(by)
    find, owner = (
        (store.products_of_category, category_id) if category_id else (store.products_of_supplier, supplier_id)
    )
    return paging.page_of(
        f"products {category_id} {supplier_id} {status}",
        limit,
        cursor,
        lambda after, count: find(str(owner), status, after, count),
        lambda summary: summary["id"],
    )


def sees_drafts(by: Principal) -> bool:
    """Whether `by` works on the catalogue."""
    return by.may(Role.ADMIN, Role.ASSOCIATE, scope="catalog.write")


def _require_drafts(by: Principal) -> None:
    by.require(Role.ADMIN, Role.ASSOCIATE, scope="catalog.write")


def product_for_change(product_id: str) -> Product:
    """The product as the last finished write left it. Raises `NotFound`."""
    product = store.product(product_id, consistent=True)
    if product is None:
        raise NotFound(f"There is no product {product_id}.")
    return product


def require_category(category_id: str) -> Category:
    """The category. Raises `UnknownCategory` when there is none.

    Categories are never deleted nor moved, so this needs no condition in the transaction, where all writers would meet.
    """
    category = store.category(category_id)
    if category is None:
        fault = Fault("/category_id", "category_unknown", "Create it first.")
        raise UnknownCategory(f"There is no category {category_id}.", faults=[fault])
    return category
