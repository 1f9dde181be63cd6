"""Routes that stop a listing's sale, and let it go on."""

from collections.abc import Callable

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import Forbidden, NotFound
from chalicelib.core.idempotency import Answer
from chalicelib.listings.domain.listing import Listing
from chalicelib.listings.routes.blueprint import SCOPES, routes
from chalicelib.listings.schemas import ListingStateView
from chalicelib.listings.service import use_cases as service


@routes.endpoint(
    "POST",
    "/v1/suppliers/{supplier_id}/listings/{supplier_sku}/pauses",
    summary="Stop selling a listing for now",
    answers={200: ListingStateView},
    scopes=SCOPES,
    idempotent=True,
    raises=[NotFound, Forbidden, service.WrongState],
)
def pause_listing(supplier_id: str, supplier_sku: str) -> Response:
    """Its offer keeps its place."""
    return _moved(service.pause_listing, supplier_id, supplier_sku)


@routes.endpoint(
    "POST",
    "/v1/suppliers/{supplier_id}/listings/{supplier_sku}/resumptions",
    summary="Sell a paused listing again",
    answers={200: ListingStateView},
    scopes=SCOPES,
    idempotent=True,
    raises=[NotFound, Forbidden, service.WrongState],
)
def resume_listing(supplier_id: str, supplier_sku: str) -> Response:
    """At once, as it was published."""
    return _moved(service.resume_listing, supplier_id, supplier_sku)


@routes.endpoint(
    "POST",
    "/v1/suppliers/{supplier_id}/listings/{supplier_sku}/withdrawals",
    summary="Stop selling a listing for good",
    answers={200: ListingStateView},
    scopes=SCOPES,
    idempotent=True,
    raises=[NotFound, Forbidden, service.WrongState],
)
def withdraw_listing(supplier_id: str, supplier_sku: str) -> Response:
    """What was ordered stays ordered. It can be registered anew."""
    return _moved(service.withdraw_listing, supplier_id, supplier_sku)


def _moved(command: Callable[..., Answer], supplier_id: str, supplier_sku: str) -> Response:
    return http.once(lambda record: command(supplier_id, supplier_sku, by=http.caller(), once=record, answer=_answer))


def _answer(listing: Listing) -> Answer:
    return http.answer(200, ListingStateView.of(listing), version=listing.version)
