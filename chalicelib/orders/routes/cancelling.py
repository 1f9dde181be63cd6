"""Cancelling orders."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import Contended
from chalicelib.core.table import CommandTooLarge
from chalicelib.orders import service
from chalicelib.orders.domain import NotCancellable
from chalicelib.orders.routes.blueprint import routes
from chalicelib.orders.schemas import (
    CancellationOptionsView,
    CancellationOptionView,
    CancellationsView,
    CancellationView,
    CancelOrder,
)


@routes.endpoint(
    "POST",
    "/v1/orders/{order_id}/cancellations",
    summary="Cancel an order or some of it",
    body=CancelOrder,
    answers={201: CancellationView},
    scopes=["orders.write"],
    idempotent=True,
    raises=[NotCancellable, CommandTooLarge, Contended],
)
def cancel_order(order_id: str) -> Response:
    """Decided at once: the units are off, can be sold again and are not charged. Warehouses are told, and money that is held
    or was taken for them goes back, soon after. A shopper cancels what is not packed yet, staff what has not left."""
    wanted = http.body(CancelOrder)
    return http.once(
        lambda once: service.cancel_order(
            order_id,
            wanted.units(),
            wanted.reason,
            by=http.caller(),
            once=once,
            answer=lambda order, done: http.answer(201, CancellationView.for_order(order, done), version=order.version),
        )
    )


@routes.endpoint(
    "GET",
    "/v1/orders/{order_id}/cancellations",
    summary="List the cancellations of an order",
    answers={200: CancellationsView},
    scopes=["orders.read"],
)
def list_cancellations(order_id: str) -> Response:
    """Oldest first."""
    order, found = service.list_cancellations(order_id, http.caller())
    return http.ok(CancellationsView(items=[CancellationView.for_order(order, one) for one in found]))


@routes.endpoint(
    "GET",
    "/v1/orders/{order_id}/cancellation-options",
    summary="Read what of an order can be cancelled",
    answers={200: CancellationOptionsView},
    scopes=["orders.read"],
)
def read_cancellation_options(order_id: str) -> Response:
    """By the caller, now; each line with the rule that decides."""
    options = service.read_options(order_id, http.caller())
    return http.ok(CancellationOptionsView(items=[CancellationOptionView.of(option) for option in options]))
