"""Routes of holds, for tills."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import NotFound, Stale
from chalicelib.inventory import service
from chalicelib.inventory.domain import (
    AlreadySettled,
    LocationUnknown,
    StockTooLow,
)
from chalicelib.inventory.routes.blueprint import SCOPE, routes
from chalicelib.inventory.schemas import (
    HoldStock,
    ReservationView,
)


@routes.endpoint(
    "POST",
    "/v1/reservations",
    summary="Hold stock",
    body=HoldStock,
    answers={201: ReservationView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[LocationUnknown, StockTooLow],
)
def hold_stock() -> Response:
    """For tills: units are nobody else's until they are given back or `seconds` have passed."""
    given = http.body(HoldStock)
    return http.once(
        lambda once: service.hold_stock(
            given.stock_lines(),
            channel=given.channel,
            seconds=given.seconds,
            by=http.caller(),
            once=once,
            answer=lambda held: http.answer(
                201, ReservationView.of(held), version=held.version, location=f"/v1/reservations/{held.id}"
            ),
        )
    )


@routes.endpoint(
    "GET",
    "/v1/reservations/{reservation_id}",
    summary="Read a hold",
    answers={200: ReservationView},
    scopes=[SCOPE],
    raises=[NotFound],
)
def read_reservation(reservation_id: str) -> Response:
    """A hold, for who made it and for administrators."""
    reservation = service.read_hold(reservation_id, http.caller())
    return http.ok(ReservationView.of(reservation), version=reservation.version)


@routes.endpoint(
    "DELETE",
    "/v1/reservations/{reservation_id}",
    summary="Give a hold back",
    answers={204: None},
    scopes=[SCOPE],
    versioned=True,
    raises=[NotFound, Stale, AlreadySettled],
)
def release_reservation(reservation_id: str) -> Response:
    """Its units can be sold again at once."""
    service.release_hold(reservation_id, http.expected_version(), by=http.caller())
    return http.send(http.answer(204))
