"""Routes of products. Everyone reads what is public; staff read drafts, too, under /v1/catalog/."""

from chalice.app import Response

from chalicelib.catalog import service
from chalicelib.catalog.domain import GtinInvalid, Status, VariantTooLarge
from chalicelib.catalog.routes.blueprint import SCOPE, routes
from chalicelib.catalog.schemas import (
    ChangeProduct,
    CreatedProduct,
    CreateProduct,
    ProductQuery,
    ProductSummary,
    ProductView,
    StaffProductQuery,
)
from chalicelib.catalog.service import (
    GtinTaken,
    ReferenceTaken,
    SkuTaken,
    TooManyVariants,
    UnknownCategory,
)
from chalicelib.core import http
from chalicelib.core.errors import Forbidden, NotFound


@routes.endpoint(
    "POST",
    "/v1/products",
    summary="Add a product with its variants",
    body=CreateProduct,
    answers={201: CreatedProduct},
    scopes=[SCOPE],
    idempotent=True,
    raises=[UnknownCategory, TooManyVariants, GtinInvalid, VariantTooLarge, SkuTaken, GtinTaken, ReferenceTaken],
)
def create_product() -> Response:
    """All or nothing. A draft, unless its status says otherwise."""
    new = http.body(CreateProduct).as_command()
    return http.once(
        lambda record: service.create_product(
            new,
            by=http.caller(),
            once=record,
            answer=lambda product, variants: http.answer(
                201,
                CreatedProduct.created(product, variants),
                version=product.version,
                location=f"/v1/products/{product.id}",
            ),
        )
    )


@routes.endpoint(
    "GET",
    "/v1/products",
    summary="List products of a category or a supplier",
    query=ProductQuery,
    answers={200: http.list_of(ProductSummary)},
    public=True,
)
def list_products() -> Response:
    """Newest first. Drafts are listed for staff only, at /v1/catalog/products."""
    return _product_list(http.query(ProductQuery))


@routes.endpoint(
    "GET",
    "/v1/catalog/products",
    summary="List products, drafts among them, for staff",
    query=StaffProductQuery,
    answers={200: http.list_of(ProductSummary)},
    scopes=[SCOPE],
    raises=[Forbidden],
)
def list_products_for_staff() -> Response:
    """As /v1/products, and drafts with `status=draft`."""
    return _product_list(http.query(StaffProductQuery))


def _product_list(wanted: ProductQuery | StaffProductQuery) -> Response:
    page = service.list_products(
        wanted.category_id,
        wanted.supplier_id,
        Status(wanted.status),
        wanted.limit,
        wanted.cursor,
        by=http.caller(),
    )
    return http.listed(page, ProductSummary.of)


@routes.endpoint(
    "GET",
    "/v1/products/{product_id}",
    summary="Read a product",
    answers={200: ProductView},
    public=True,
    raises=[NotFound],
)
def read_product(product_id: str) -> Response:
    """Drafts are not found here."""
    return _product(product_id)


@routes.endpoint(
    "GET",
    "/v1/catalog/products/{product_id}",
    summary="Read a product, also a draft, for staff",
    answers={200: ProductView},
    scopes=[SCOPE],
    raises=[NotFound],
)
def read_product_for_staff(product_id: str) -> Response:
    """As /v1/products/{product_id}, drafts included."""
    return _product(product_id)


def _product(product_id: str) -> Response:
    product = service.get_product(product_id, by=http.caller())
    return http.ok(ProductView.of(product), version=product.version)


@routes.endpoint(
    "PATCH",
    "/v1/products/{product_id}",
    summary="Change a product",
    body=ChangeProduct,
    answers={200: ProductView},
    scopes=[SCOPE],
    versioned=True,
    raises=[NotFound, UnknownCategory, VariantTooLarge],
)
def change_product(product_id: str) -> Response:
    """A new status or category reaches all variants in the same moment: archived, none can be ordered any more."""
    changes = http.body(ChangeProduct).changes()
    product = service.change_product(product_id, changes, expected_version=http.expected_version(), by=http.caller())
    return http.ok(ProductView.of(product), version=product.version)
