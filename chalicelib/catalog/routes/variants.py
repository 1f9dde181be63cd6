"""Routes of variants, what is sold under a SKU, and of their prices."""

from chalice.app import Response

from chalicelib.catalog import service
from chalicelib.catalog.domain import GtinInvalid, VariantTooLarge
from chalicelib.catalog.routes.blueprint import SCOPE, routes
from chalicelib.catalog.schemas import (
    ChangeVariant,
    CreateVariant,
    SetPrices,
    VariantView,
    as_prices,
)
from chalicelib.catalog.service import (
    GtinTaken,
    SkuTaken,
    TooManyVariants,
)
from chalicelib.core import http
from chalicelib.core.errors import NotFound
from chalicelib.core.paging import Page


@routes.endpoint(
    "POST",
    "/v1/products/{product_id}/variants",
    summary="Add a variant",
    body=CreateVariant,
    answers={201: VariantView},
    scopes=[SCOPE],
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
    scopes=[SCOPE],
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
    scopes=[SCOPE],
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
    scopes=[SCOPE],
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
    scopes=[SCOPE],
    versioned=True,
    raises=[NotFound, VariantTooLarge],
)
def set_prices(sku: str) -> Response:
    """All of them at once: a channel and currency that is not named has no price afterwards."""
    prices = as_prices(http.body(SetPrices).prices)
    variant = service.set_prices(sku, prices, expected_version=http.expected_version(), by=http.caller())
    return http.ok(VariantView.of(variant), version=variant.version)
