"""Events of the catalogue. Their data is versioned: a field is added, never changed in meaning."""

from collections.abc import Sequence

from chalicelib.catalog.domain import Product, Variant
from chalicelib.catalog.store import product_pk, variant_key
from chalicelib.core import outbox
from chalicelib.core.auth import Principal
from chalicelib.core.outbox import Aggregate
from chalicelib.core.table import Transaction

SOURCE = "catalog"


def product_created(tx: Transaction, product: Product, by: Principal) -> None:
    """A product with its first variants exists."""
    _of_product(tx, "ProductCreated", product, by)


def product_changed(tx: Transaction, product: Product, by: Principal) -> None:
    """A product was changed, or a variant was added to it."""
    _of_product(tx, "ProductChanged", product, by)


def variant_changed(tx: Transaction, variant: Variant, changed: Sequence[str], by: Principal) -> None:
    """Fields of a variant, its prices among them, were changed."""
    outbox.publish(
        tx,
        pk=variant_key(variant.sku)[1],
        source=SOURCE,
        type="VariantChanged",
        aggregate=Aggregate("variant", variant.sku, variant.version),
        by=by,
        data={"product_id": variant.product_id, "status": variant.status, "changed": list(changed)},
    )


def _of_product(tx: Transaction, type: str, product: Product, by: Principal) -> None:
    outbox.publish(
        tx,
        pk=product_pk(product.id),
        source=SOURCE,
        type=type,
        aggregate=Aggregate("product", product.id, product.version),
        by=by,
        data={"status": product.status, "category_id": product.category_id, "skus": list(product.skus)},
    )
