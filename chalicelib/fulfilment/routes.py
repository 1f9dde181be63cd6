"""Routes for warehouse systems and staff."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import Contended
from chalicelib.core.http import Routes
from chalicelib.fulfilment import service
from chalicelib.fulfilment.domain import Collected, MoreThanRequested, OnHold, OutOfTurn
from chalicelib.fulfilment.schemas import (
    Answer,
    FulfilmentQuery,
    FulfilmentSummary,
    FulfilmentView,
    PromiseFulfilment,
    ReallocateFulfilment,
    TrackParcel,
)
from chalicelib.fulfilment.service import AlreadyTracked
from chalicelib.inventory.service import LocationUnknown, StockTooLow
from chalicelib.orders import service as orders

routes = Routes(__name__, "fulfilment")


@routes.endpoint(
    "GET",
    "/v1/fulfilments",
    summary="List a location's fulfilments",
    query=FulfilmentQuery,
    answers={200: http.list_of(FulfilmentSummary)},
    scopes=["fulfilment.write"],
)
def list_fulfilments() -> Response:
    """Oldest first: what a location has to pack, has packed, or has sent."""
    wanted = http.query(FulfilmentQuery)
    page = service.at_location(wanted.location, wanted.status, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, FulfilmentSummary.of)


@routes.endpoint(
    "GET",
    "/v1/fulfilments/{fulfilment_id}",
    summary="Read a fulfilment",
    answers={200: FulfilmentView},
    scopes=["fulfilment.write"],
)
def read_fulfilment(fulfilment_id: str) -> Response:
    """One location's part of an order."""
    fulfilment = service.read(fulfilment_id, http.caller())
    return http.ok(FulfilmentView.of(fulfilment), version=fulfilment.version)


@routes.endpoint(
    "POST",
    "/v1/fulfilments/{fulfilment_id}/answers",
    summary="Record what the warehouse did",
    body=Answer,
    answers={200: FulfilmentView},
    scopes=["fulfilment.write"],
    idempotent=True,
    raises=[OutOfTurn, OnHold, Collected, MoreThanRequested, Contended],
)
def record_answer(fulfilment_id: str) -> Response:
    """Packed, shipped (with tracking; units not named are short) or delivered. The same can come by queue."""
    given = http.body(Answer)
    return http.once(
        lambda once: orders.record_answer(
            fulfilment_id,
            given.as_answer(),
            by=http.caller(),
            once=once,
            answer=lambda done: http.answer(200, FulfilmentView.of(done), version=done.version),
        )
    )


@routes.endpoint(
    "POST",
    "/v1/fulfilments/{fulfilment_id}/reallocation",
    summary="Let another location ship a fulfilment",
    body=ReallocateFulfilment,
    answers={201: FulfilmentView},
    scopes=["orders.write"],
    idempotent=True,
    raises=[OutOfTurn, LocationUnknown, orders.AlreadyThere, orders.NotOurLocation, StockTooLow],
)
def reallocate_fulfilment(fulfilment_id: str) -> Response:
    """Answers with the fulfilment that was made in its place."""
    wanted = http.body(ReallocateFulfilment)
    return http.once(
        lambda once: orders.reallocate_fulfilment(
            fulfilment_id,
            wanted.location_id,
            by=http.caller(),
            once=once,
            answer=lambda made: http.answer(
                201, FulfilmentView.of(made), version=made.version, location=f"/v1/fulfilments/{made.id}"
            ),
        )
    )


@routes.endpoint(
    "POST",
    "/v1/fulfilments/{fulfilment_id}/promise",
    summary="Promise for another day what a fulfilment waits for",
    body=PromiseFulfilment,
    answers={200: FulfilmentView},
    scopes=["orders.write"],
    idempotent=True,
    raises=[OutOfTurn, orders.PromisePast, orders.AlreadyPromised],
)
def promise_fulfilment(fulfilment_id: str) -> Response:
    """The customer is told of the new day."""
    wanted = http.body(PromiseFulfilment)
    return http.once(
        lambda once: orders.promise_fulfilment(
            fulfilment_id,
            wanted.promised_on,
            by=http.caller(),
            once=once,
            answer=lambda made: http.answer(200, FulfilmentView.of(made), version=made.version),
        )
    )


@routes.endpoint(
    "POST",
    "/v1/fulfilments/{fulfilment_id}/tracking-events",
    summary="Record what a carrier says of a parcel",
    body=TrackParcel,
    answers={201: FulfilmentView},
    scopes=["fulfilment.write"],
    idempotent=True,
    raises=[OutOfTurn, AlreadyTracked],
)
def track_parcel(fulfilment_id: str) -> Response:
    """In any order; `delivered` delivers the parcel. Customers read it with the order's tracking."""
    given = http.body(TrackParcel)
    return http.once(
        lambda once: orders.record_tracking(
            fulfilment_id,
            given.as_event(),
            by=http.caller(),
            once=once,
            answer=lambda part: http.answer(201, FulfilmentView.of(part), version=part.version),
        )
    )
