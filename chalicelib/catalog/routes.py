"""Routes of the catalogue. Everyone reads what is public; staff read drafts, too, under /v1/catalog/."""

from chalice.app import Response

from chalicelib.catalog import service
from chalicelib.catalog.domain import CategoryTooDeep, GtinInvalid, Status, VariantTooLarge
from chalicelib.catalog.schemas import (
    CategoryQuery,
    CategoryView,
    ChangeCategory,
    ChangeProduct,
    ChangeVariant,
    CreateCategory,
    CreatedProduct,
    CreateProduct,
    CreateVariant,
    ImportedRow,
    ImportView,
    ProductQuery,
    ProductSummary,
    ProductView,
    SetPrices,
    StaffProductQuery,
    TooManyRows,
    VariantView,
    as_prices,
    read_rows,
)
from chalicelib.catalog.service import (
    GtinTaken,
    ReferenceTaken,
    SkuTaken,
    SlugTaken,
    TooManyVariants,
    UnknownCategory,
)
from chalicelib.core import http
from chalicelib.core.errors import Forbidden, NotFound
from chalicelib.core.http import Routes
from chalicelib.core.paging import Page

IMPORT_TYPES = ("application/x-ndjson", "text/csv")

routes = Routes(__name__, "catalog")


# ---- categories ---------------------------------------------------------------------------------------------------------


@routes.endpoint(
    "POST",
    "/v1/categories",
    summary="Add a category",
    body=CreateCategory,
    answers={201: CategoryView},
    scopes=["catalog.write"],
    idempotent=True,
    raises=[NotFound, CategoryTooDeep, SlugTaken],
)
def create_category() -> Response:
    """At the top of the tree, or below another."""
    new = http.body(CreateCategory)
    return http.once(
        lambda record: service.create_category(
            new.name,
            new.slug,
            new.parent_id,
            new.attributes,
            by=http.caller(),
            once=record,
            answer=lambda made: http.answer(
                201, CategoryView.of(made), version=made.version, location=f"/v1/categories/{made.id}"
            ),
        )
    )


@routes.endpoint(
    "GET",
    "/v1/categories",
    summary="List a level of the category tree",
    query=CategoryQuery,
    answers={200: http.list_of(CategoryView)},
    public=True,
)
def list_categories() -> Response:
    """By slug."""
    wanted = http.query(CategoryQuery)
    return http.listed(service.list_categories(wanted.parent_id, wanted.limit, wanted.cursor), CategoryView.of)


@routes.endpoint(
    "GET",
    "/v1/categories/{category_id}",
    summary="Read a category",
    answers={200: CategoryView},
    public=True,
    raises=[NotFound],
)
def read_category(category_id: str) -> Response:
    """With the path of its ancestors."""
    category = service.get_category(category_id)
    return http.ok(CategoryView.of(category), version=category.version)


@routes.endpoint(
    "PATCH",
    "/v1/categories/{category_id}",
    summary="Change a category",
    body=ChangeCategory,
    answers={200: CategoryView},
    scopes=["catalog.write"],
    versioned=True,
    raises=[NotFound],
)
def change_category(category_id: str) -> Response:
    """Name and attributes. Slug and place stay, so links hold."""
    changes = http.body(ChangeCategory).changes()
    category = service.change_category(category_id, changes, expected_version=http.expected_version(), by=http.caller())
    return http.ok(CategoryView.of(category), version=category.version)


# ---- products -----------------------------------------------------------------------------------------------------------


@routes.endpoint(
    "POST",
    "/v1/products",
    summary="Add a product with its variants",
    body=CreateProduct,
    answers={201: CreatedProduct},
    scopes=["catalog.write"],
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
    scopes=["catalog.write"],
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
    scopes=["catalog.write"],
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
    scopes=["catalog.write"],
    versioned=True,
    raises=[NotFound, UnknownCategory, VariantTooLarge],
)
def change_product(product_id: str) -> Response:
    """A new status or category reaches all variants in the same moment: archived, none can be ordered any more."""
    changes = http.body(ChangeProduct).changes()
    product = service.change_product(product_id, changes, expected_version=http.expected_version(), by=http.caller())
    return http.ok(ProductView.of(product), version=product.version)


# ---- variants -----------------------------------------------------------------------------------------------------------


@routes.endpoint(
    "POST",
    "/v1/products/{product_id}/variants",
    summary="Add a variant",
    body=CreateVariant,
    answers={201: VariantView},
    scopes=["catalog.write"],
    idempotent=True,
    raises=[NotFound, TooManyVariants, GtinInvalid, VariantTooLarge, SkuTaken, GtinTaken],
)
def add_variant(product_id: str) -> Response:
    """One more SKU of a product."""
    new = http.body(CreateVariant).as_command()
    return http.once(
        lambda record: service.add_variant(
            product_id,
            new,
            by=http.caller(),
            once=record,
            answer=lambda variant: http.answer(
                201, VariantView.of(variant), version=variant.version, location=f"/v1/variants/{variant.sku}"
            ),
        )
    )


@routes.endpoint(
    "GET",
    "/v1/products/{product_id}/variants",
    summary="List a product's variants",
    answers={200: http.list_of(VariantView)},
    public=True,
    raises=[NotFound],
)
def list_variants(product_id: str) -> Response:
    """All of them, in the order they were added; a product has few enough for one page."""
    return _variant_list(product_id)


@routes.endpoint(
    "GET",
    "/v1/catalog/products/{product_id}/variants",
    summary="List a product's variants, drafts among them, for staff",
    answers={200: http.list_of(VariantView)},
    scopes=["catalog.write"],
    raises=[NotFound],
)
def list_variants_for_staff(product_id: str) -> Response:
    """As /v1/products/{product_id}/variants, drafts included."""
    return _variant_list(product_id)


def _variant_list(product_id: str) -> Response:
    return http.listed(Page(service.variants_of(product_id, by=http.caller()), None), VariantView.of)


@routes.endpoint(
    "GET",
    "/v1/variants/{sku}",
    summary="Read a variant",
    answers={200: VariantView},
    public=True,
    raises=[NotFound],
)
def read_variant(sku: str) -> Response:
    """What one SKU is and costs. Drafts are not found here."""
    return _variant(sku)


@routes.endpoint(
    "GET",
    "/v1/catalog/variants/{sku}",
    summary="Read a variant, also a draft, for staff",
    answers={200: VariantView},
    scopes=["catalog.write"],
    raises=[NotFound],
)
def read_variant_for_staff(sku: str) -> Response:
    """As /v1/variants/{sku}, drafts included."""
    return _variant(sku)


def _variant(sku: str) -> Response:
    variant = service.get_variant(sku, by=http.caller())
    return http.ok(VariantView.of(variant), version=variant.version)


@routes.endpoint(
    "PATCH",
    "/v1/variants/{sku}",
    summary="Change a variant",
    body=ChangeVariant,
    answers={200: VariantView},
    scopes=["catalog.write"],
    versioned=True,
    raises=[NotFound, GtinInvalid, GtinTaken, VariantTooLarge],
)
def change_variant(sku: str) -> Response:
    """Anything but its SKU and its prices."""
    changes = http.body(ChangeVariant).changes()
    variant = service.change_variant(sku, changes, expected_version=http.expected_version(), by=http.caller())
    return http.ok(VariantView.of(variant), version=variant.version)


@routes.endpoint(
    "PUT",
    "/v1/variants/{sku}/prices",
    summary="Set a variant's prices",
    body=SetPrices,
    answers={200: VariantView},
    scopes=["catalog.write"],
    versioned=True,
    raises=[NotFound, VariantTooLarge],
)
def set_prices(sku: str) -> Response:
    """All of them at once: a channel and currency that is not named has no price afterwards."""
    prices = as_prices(http.body(SetPrices).prices)
    variant = service.set_prices(sku, prices, expected_version=http.expected_version(), by=http.caller())
    return http.ok(VariantView.of(variant), version=variant.version)


# ---- import -------------------------------------------------------------------------------------------------------------


@routes.endpoint(
    "POST",
    "/v1/catalog/imports",
    summary="Import products and variants in bulk",
    body=ImportedRow,
    body_types=IMPORT_TYPES,
    answers={200: ImportView},
    scopes=["catalog.write"],
    raises=[TooManyRows],
)
def import_rows() -> Response:
    """Up to 1,000 rows and 1 MB of JSON lines or CSV, upserted by SKU, each in its own transaction.

    Answers what became of each row. The same file can be sent again: what is there already is left as it is, and rows
    that were deferred are taken up.
    """
    rows, refused = read_rows(http.raw_body(*IMPORT_TYPES), http.header("content-type") or IMPORT_TYPES[0])
    results = service.import_rows(rows, by=http.caller())
    return http.ok(ImportView.of(sorted([*results, *refused], key=lambda result: result.line)))
