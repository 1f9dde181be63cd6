"""Routes of listings: registering, reading, changing, and quick updates of prices and stock."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import Forbidden, NotFound
from chalicelib.listings.domain.listing import ListingStatus, NotATime
from chalicelib.listings.routes.blueprint import SCOPES, routes
from chalicelib.listings.schemas import (
    ChangeListing,
    ListingsQuery,
    ListingStateView,
    ListingSummary,
    ListingView,
    RegisterListing,
    SetPrice,
    SetStock,
    UpdatedPriceView,
    UpdatedStockView,
)
from chalicelib.listings.service import use_cases as service


@routes.endpoint(
    "POST",
    "/v1/suppliers/{supplier_id}/listings",
    summary="Register a product that a supplier sells",
    body=RegisterListing,
    answers={202: ListingStateView},
    scopes=SCOPES,
    idempotent=True,
    raises=[NotFound, Forbidden, service.SupplierNotApproved, service.ListingExists, service.ListingLimitReached],
)
def register_listing(supplier_id: str) -> Response:
    """It is corrected and checked, and is on sale within seconds when nothing is found; a person looks at the rest."""
    new = http.body(RegisterListing)
    return http.once(
        lambda record: service.register_listing(
            supplier_id,
            new.supplier_sku,
            new.document(),
            new.on_hand,
            by=http.caller(),
            once=record,
            answer=lambda made: http.answer(
                202,
                ListingStateView.of(made),
                version=made.version,
                location=f"/v1/suppliers/{supplier_id}/listings/{made.supplier_sku}",
            ),
        )
    )


@routes.endpoint(
    "GET",
    "/v1/suppliers/{supplier_id}/listings",
    summary="List a supplier's listings",
    query=ListingsQuery,
    answers={200: http.list_of(ListingSummary)},
    scopes=SCOPES,
    raises=[NotFound, Forbidden],
)
def list_listings(supplier_id: str) -> Response:
    """By the supplier's own SKUs; of one status if asked for."""
    wanted = http.query(ListingsQuery)
    status = ListingStatus(wanted.status) if wanted.status else None
    page = service.list_listings(supplier_id, status, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, ListingSummary.of)


@routes.endpoint(
    "GET",
    "/v1/suppliers/{supplier_id}/listings/{supplier_sku}",
    summary="Read a listing",
    answers={200: ListingView},
    scopes=SCOPES,
    raises=[NotFound, Forbidden],
)
def read_listing(supplier_id: str, supplier_sku: str) -> Response:
    """What is published and proposed, what was found in it and corrected, and the offer it makes."""
    file = service.read_listing(supplier_id, supplier_sku, http.caller())
    return http.ok(ListingView.of(file), version=file.listing.version)


@routes.endpoint(
    "PATCH",
    "/v1/suppliers/{supplier_id}/listings/{supplier_sku}",
    summary="Ask for a change of a listing",
    body=ChangeListing,
    answers={202: ListingStateView},
    scopes=SCOPES,
    versioned=True,
    raises=[NotFound, Forbidden, service.SupplierNotApproved, service.WrongState],
)
def change_listing(supplier_id: str, supplier_sku: str) -> Response:
    """What is published goes on selling until the change was checked. A change asked for before and not published yet is part of
    it."""
    changes = http.body(ChangeListing).changes()
    version = http.expected_version()
    after = service.change_listing(supplier_id, supplier_sku, changes, expected_version=version, by=http.caller())
    return http.send(http.answer(202, ListingStateView.of(after), version=after.version))


@routes.endpoint(
    "PUT",
    "/v1/suppliers/{supplier_id}/listings/{supplier_sku}/price",
    summary="Set a listing's prices",
    body=SetPrice,
    answers={200: UpdatedPriceView},
    scopes=SCOPES,
    raises=[NotFound, Forbidden, NotATime, service.WrongState, service.TimeAhead, service.ListingRefused],
)
def set_price(supplier_id: str, supplier_sku: str) -> Response:
    """In any order: prices of an earlier moment than those that hold change nothing. A step that is too large is looked at by a
    person first, and the old prices hold until then. What a person has rejected is not looked at again for its prices: change it."""
    wanted = http.body(SetPrice)
    done = service.set_price(supplier_id, supplier_sku, wanted.prices, wanted.as_of, by=http.caller())
    return http.ok(UpdatedPriceView.of(done))


@routes.endpoint(
    "PUT",
    "/v1/suppliers/{supplier_id}/listings/{supplier_sku}/stock",
    summary="Set how many units of a listing there are",
    body=SetStock,
    answers={200: UpdatedStockView},
    scopes=SCOPES,
    raises=[NotFound, Forbidden, NotATime, service.WrongState, service.TimeAhead],
)
def set_stock(supplier_id: str, supplier_sku: str) -> Response:
    """In any order, as prices. Count what is ordered and has not left, too: what is reserved is not available."""
    wanted = http.body(SetStock)
    done = service.set_stock(supplier_id, supplier_sku, wanted.on_hand, wanted.as_of, by=http.caller())
    return http.ok(UpdatedStockView.of(done))
