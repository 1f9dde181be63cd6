"""The catalogue in the table.

| item | pk | sk | gsi1 | gsi2 |
|---|---|---|---|---|
| category | CATEGORY#<id> | CATEGORY | CATEGORIES#<parent id or root> / <slug> | |
| slug lock | CATEGORYSLUG#<slug> | CATEGORYSLUG | | |
| product | PRODUCT#<id> | PRODUCT | CATEGORY#<category>#<status> / <id> | SUPPLIER#<supplier>#<status> / <id> |
| reference lock | PRODUCTREF#<reference> | PRODUCTREF | | |
| variant | SKU#<sku> | SKU | | |
| GTIN lock | GTIN#<14 digits> | GTIN | | |

Nothing here is ever deleted but GTIN locks: products are archived, categories stay. So what was seen to exist still does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from chalicelib.catalog.domain import Category, Product, Status, Variant, document_of, place_of
from chalicelib.core.errors import AisleError, Conflict, Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, RawItem, Transaction, find, find_many

ROOT = "root"


class SkuTaken(Conflict):
    code = "sku_taken"
    title = "This SKU exists"


class GtinTaken(Conflict):
    code = "gtin_taken"
    title = "This GTIN belongs to another SKU"


class SlugTaken(Conflict):
    code = "slug_taken"
    title = "This slug belongs to another category"


class ReferenceTaken(Conflict):
    code = "product_reference_taken"
    title = "This reference belongs to another product"


class CategoryItem(Item):
    """pk = CATEGORY#<id>, sk = CATEGORY. `summary` is the category; the list of a level shows it whole."""

    version = NumberAttribute()


class ProductItem(Item):
    """pk = PRODUCT#<id>, sk = PRODUCT. `skus` counts its variants, so no two commands together pass the bound."""

    version = NumberAttribute()
    status = UnicodeAttribute()
    document = Json()
    skus = Json()


class VariantItem(Item):
    """pk = SKU#<sku>, sk = SKU. Less than 1 KB: every order line reads it. `place` is the path of the product's category."""

    version = NumberAttribute()
    product_status = UnicodeAttribute()
    place = UnicodeAttribute(null=True)
    document = Json()


class LockItem(Item):
    """pk = GTIN#… | CATEGORYSLUG#… | PRODUCTREF#…, sk = GTIN | CATEGORYSLUG | PRODUCTREF. Keeps a name unique."""

    owner = UnicodeAttribute()


# ---- variants -----------------------------------------------------------------------------------------------------------


def variant_key(sku: str) -> tuple[type[Item], str, str]:
    return VariantItem, key("SKU", sku), "SKU"


def _variant_item(variant: Variant) -> VariantItem:
    return VariantItem(
        key("SKU", variant.sku),
        "SKU",
        version=variant.version,
        product_status=variant.product_status,
        place=place_of(variant) or None,
        document=document_of(variant),
    )


def _variant(item: VariantItem) -> Variant:
    stored = dict(item.document)
    return Variant(
        **{**stored, "status": Status(stored["status"])},
        sku=item.pk.partition("#")[2],
        product_status=Status(item.product_status),
        category_path=tuple(item.place.split("/")) if item.place else (),
        version=int(item.version),
    )


def variants_in(found: Mapping[tuple[str, str], Item], skus: Iterable[str]) -> dict[str, Variant]:
    """The variants out of a batch read with `variant_key`, by SKU; what is missing is left out."""
    items = {sku: found.get((key("SKU", sku), "SKU")) for sku in skus}
    return {sku: _variant(cast(VariantItem, item)) for sku, item in items.items() if item is not None}


def variants(skus: Iterable[str], *, consistent: bool = False) -> dict[str, Variant]:
    """Variants by SKU, in the order of `skus`."""
    skus = list(skus)
    return variants_in(find_many([variant_key(sku) for sku in skus], consistent=consistent), skus)


def variant(sku: str, *, consistent: bool = False) -> Variant | None:
    """The variant, or None."""
    item = find(VariantItem, key("SKU", sku), "SKU", consistent=consistent)
    return _variant(item) if item else None


def add_variant(tx: Transaction, new: Variant) -> None:
    """Write a new variant and keep its GTIN. Raises `SkuTaken` or `GtinTaken` at commit."""
    tx.create(_variant_item(new), lambda _: SkuTaken(f"There is a variant {new.sku} already.", sku=new.sku))
    if new.gtin:
        _hold_gtin(tx, new.gtin, new.sku)


def change_variant(tx: Transaction, before: Variant, after: Variant, *, moved: bool = False) -> None:
    """Write the next version of a variant. Raises `Stale` or `GtinTaken` at commit.

    What follows the product is not written, as another command may be changing it; but for its place in the tree when it
    `moved`, that is when this transaction changes the product, too.
    """
    actions: list[Action] = [VariantItem.version.set(after.version), VariantItem.document.set(document_of(after))]
    if moved:
        actions.append(VariantItem.place.set(place_of(after)))
    tx.update(
        VariantItem(key("SKU", after.sku), "SKU"),
        actions,
        VariantItem.version == before.version,
        lambda raw: _stale(raw, f"The variant {after.sku}", before.version),
    )
    if before.gtin != after.gtin:
        if before.gtin:
            lock = LockItem(key("GTIN", before.gtin), "GTIN")
            tx.delete(lock, LockItem.owner == before.sku, lambda raw: _stale(raw, f"The GTIN of {after.sku}", 0))
        if after.gtin:
            _hold_gtin(tx, after.gtin, after.sku)


def follow_product(tx: Transaction, sku: str, status: Status, moved_to: Category | None) -> None:
    """Tell a variant its product's status, and its category if that is new.

    Raises `Stale` at commit when there is no such variant.
    """
    actions: list[Action] = [VariantItem.product_status.set(status)]
    if moved_to is not None:
        actions.append(VariantItem.place.set("/".join(moved_to.lineage)))
    tx.update(
        VariantItem(key("SKU", sku), "SKU"),
        actions,
        VariantItem.pk.exists(),
        lambda raw: _stale(raw, f"The variant {sku}", 0),
    )


def gtin_key(gtin: str) -> tuple[type[Item], str, str]:
    """Where the owner of a GTIN (14 digits) is, for a batch read."""
    return LockItem, key("GTIN", gtin), "GTIN"


def gtin_owner_in(found: Mapping[tuple[str, str], Item], gtin: str) -> str | None:
    """The SKU that a GTIN (14 digits) belongs to, out of a batch read with `gtin_key`."""
    lock = found.get((key("GTIN", gtin), "GTIN"))
    return cast(LockItem, lock).owner if lock else None


def _hold_gtin(tx: Transaction, gtin: str, sku: str) -> None:
    lock = LockItem(key("GTIN", gtin), "GTIN", owner=sku)

    def taken(raw: RawItem | None) -> GtinTaken:
        return GtinTaken(f"GTIN {gtin} belongs to {LockItem.from_raw_data(raw or {}).owner}.", gtin=gtin)

    tx.create(lock, taken)


# ---- products -----------------------------------------------------------------------------------------------------------


def product_pk(product_id: str) -> str:
    return key("PRODUCT", product_id)


def _product_attributes(product: Product) -> dict[str, Any]:
    document = asdict(product)
    for own_attribute in ("id", "skus", "status", "version"):
        del document[own_attribute]
    supplier = product.supplier_id
    return {
        "version": product.version,
        "status": product.status,
        "document": document,
        "skus": list(product.skus),
        "summary": {
            "title": product.title,
            "category_id": product.category_id,
            "supplier_id": supplier,
            "brand": product.brand,
            "status": product.status,
        },
        "gsi1pk": key("CATEGORY", product.category_id, product.status),
        "gsi1sk": product.id,
        "gsi2pk": key("SUPPLIER", supplier, product.status) if supplier else None,
        "gsi2sk": product.id if supplier else None,
    }


def _product(item: ProductItem) -> Product:
    return Product(
        **item.document,
        id=item.pk.partition("#")[2],
        status=Status(item.status),
        skus=tuple(item.skus),
        version=int(item.version),
    )


def product_key(product_id: str) -> tuple[type[Item], str, str]:
    return ProductItem, product_pk(product_id), "PRODUCT"


def products_in(found: Mapping[tuple[str, str], Item], ids: Iterable[str]) -> dict[str, Product]:
    """The products out of a batch read with `product_key`, by id; what is missing is left out."""
    items = {each: found.get((product_pk(each), "PRODUCT")) for each in ids}
    return {each: _product(cast(ProductItem, item)) for each, item in items.items() if item}


def product(product_id: str, *, consistent: bool = False) -> Product | None:
    """The product, or None."""
    item = find(ProductItem, product_pk(product_id), "PRODUCT", consistent=consistent)
    return _product(item) if item else None


def add_product(tx: Transaction, new: Product) -> None:
    """Write a new product and keep its reference. Raises `ReferenceTaken` at commit."""
    item = ProductItem(product_pk(new.id), "PRODUCT", **_product_attributes(new))
    tx.create(item, lambda _: Conflict("A product with this id exists."))
    if new.reference:
        lock = LockItem(key("PRODUCTREF", new.reference), "PRODUCTREF", owner=new.id)
        tx.create(lock, lambda _: ReferenceTaken(f"There is a product {new.reference} already."))


def change_product(tx: Transaction, before: Product, after: Product) -> None:
    """Write the next version of a product. Raises `Stale` at commit when it was changed, or got a variant, meanwhile."""
    item = ProductItem(product_pk(after.id), "PRODUCT", **_product_attributes(after))
    tx.put(
        item,
        ProductItem.version == before.version,
        lambda raw: _stale(raw, f"The product {after.id}", before.version),
    )


def ids_of_references(references: Iterable[str]) -> dict[str, str]:
    """The ids of the products that an importing system calls by `references`; what is missing is left out."""
    found = find_many([(LockItem, key("PRODUCTREF", each), "PRODUCTREF") for each in references], consistent=True)
    return {pk.partition("#")[2]: cast(LockItem, lock).owner for (pk, _), lock in found.items()}


def products(ids: Iterable[str]) -> dict[str, Product]:
    """Products by id, as the last finished writes left them; what is missing is left out."""
    ids = list(ids)
    return products_in(find_many([product_key(each) for each in ids], consistent=True), ids)


def products_of_category(category_id: str, status: Status, after: str | None, count: int) -> list[dict[str, Any]]:
    """Summaries of a category's products in a status, newest first."""
    return _summaries(ProductItem.by_owner, "gsi1sk", key("CATEGORY", category_id, status), after, count)


def products_of_supplier(supplier_id: str, status: Status, after: str | None, count: int) -> list[dict[str, Any]]:
    """Summaries of a supplier's products in a status, newest first."""
    return _summaries(ProductItem.by_state, "gsi2sk", key("SUPPLIER", supplier_id, status), after, count)


def _summaries(index: Any, sort: str, pk: str, after: str | None, count: int) -> list[dict[str, Any]]:
    condition = getattr(Item, sort) < after if after else None
    rows = index.query(pk, condition, scan_index_forward=False, limit=count)
    return [{"id": getattr(row, sort), **row.summary} for row in rows]


# ---- categories ---------------------------------------------------------------------------------------------------------


def category_pk(category_id: str) -> str:
    return key("CATEGORY", category_id)


def _category_document(category: Category) -> dict[str, Any]:
    return {
        "id": category.id,
        "name": category.name,
        "slug": category.slug,
        "path": category.path,
        "attributes": category.attributes,
        "version": category.version,
    }


def _category(document: Mapping[str, Any]) -> Category:
    return Category(**{**document, "path": tuple(document["path"])})


def category_key(category_id: str) -> tuple[type[Item], str, str]:
    return CategoryItem, category_pk(category_id), "CATEGORY"


def categories_in(found: Mapping[tuple[str, str], Item], ids: Iterable[str]) -> dict[str, Category]:
    """The categories out of a batch read with `category_key`, by id; what is missing is left out."""
    items = {each: found.get((category_pk(each), "CATEGORY")) for each in ids}
    return {each: _category(item.summary) for each, item in items.items() if item}


def category(category_id: str) -> Category | None:
    """The category, or None."""
    item = find(CategoryItem, category_pk(category_id), "CATEGORY", consistent=True)
    return _category(item.summary) if item else None


def add_category(tx: Transaction, new: Category) -> None:
    """Write a new category and keep its slug. Raises `SlugTaken` at commit."""
    item = CategoryItem(
        category_pk(new.id),
        "CATEGORY",
        version=new.version,
        summary=_category_document(new),
        gsi1pk=key("CATEGORIES", new.parent_id or ROOT),
        gsi1sk=new.slug,
    )
    tx.create(item, lambda _: Conflict("A category with this id exists."))
    lock = LockItem(key("CATEGORYSLUG", new.slug), "CATEGORYSLUG", owner=new.id)
    tx.create(lock, lambda _: SlugTaken(f"There is a category {new.slug} already."))


def change_category(tx: Transaction, before: Category, after: Category) -> None:
    """Write the next version of a category. Raises `Stale` at commit."""
    actions: list[Action] = [
        CategoryItem.version.set(after.version),
        CategoryItem.summary.set(_category_document(after)),
    ]
    tx.update(
        CategoryItem(category_pk(after.id), "CATEGORY"),
        actions,
        CategoryItem.version == before.version,
        lambda raw: _stale(raw, f"The category {after.id}", before.version),
    )


def children(parent_id: str | None, after: str | None, count: int) -> list[Category]:
    """The categories right below a parent, or the topmost, by slug."""
    condition = CategoryItem.gsi1sk > after if after else None
    rows = CategoryItem.by_owner.query(key("CATEGORIES", parent_id or ROOT), condition, limit=count)
    return [_category(row.summary) for row in rows]


def _stale(raw: RawItem | None, what: str, version: int) -> AisleError:
    return Stale(f"{what} is not at version {version} any more.")
