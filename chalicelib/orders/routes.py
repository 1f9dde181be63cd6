"""Routes of orders."""

from chalice.app import Response

from chalicelib.catalog.service import OffersRefused
from chalicelib.core import http
from chalicelib.core.errors import Fault, Forbidden, Invalid
from chalicelib.core.http import Routes
from chalicelib.core.idempotency import Answer
from chalicelib.core.schemas import PageQuery
from chalicelib.core.table import CommandTooLarge
from chalicelib.inventory.service import StockTooLow
from chalicelib.orders import service
from chalicelib.orders.domain import Decision, NotCancellable, Order, TotalNegative
from chalicelib.orders.schemas import (
    CancellationOptionsView,
    CancellationOptionView,
    CancellationsView,
    CancellationView,
    CancelOrder,
    OrdersQuery,
    OrderSummary,
    OrderView,
    PlaceOrder,
    ReviewView,
    TimelineEntry,
    TimelineView,
)

routes = Routes(__name__, "orders")

MAX_WAIT = 20
"""Seconds an answer may be held: the gateway gives up after 29."""


@routes.endpoint(
    "POST",
    "/v1/orders",
    summary="Place an order",
    body=PlaceOrder,
    answers={202: OrderView, 200: OrderView},
    scopes=["orders.write"],
    idempotent=True,
    raises=[Forbidden, OffersRefused, StockTooLow, TotalNegative, CommandTooLarge],
)
def place_order() -> Response:
    """Prices are frozen and the stock is reserved when this answers 202; payment and shipping follow. With
    `Prefer: wait=N` (up to 20 seconds) the answer is held until the order is confirmed or refused, and is 200 then."""
    wanted = http.body(PlaceOrder)
    if not wanted.lines and not wanted.charges:
        raise Invalid("An order needs lines or charges.", faults=[Fault("/lines", "too_short", "At least one.")])
    placed = http.once(
        lambda once: service.place_order(wanted.as_request(), by=http.caller(), once=once, answer=_accepted)
    )
    return _held(placed) if http.preferred_wait(MAX_WAIT) else placed


def _accepted(order: Order) -> Answer:
    return http.answer(202, OrderView.of(order), version=order.version, location=f"/v1/orders/{order.id}")


def _held(placed: Response) -> Response:
    wait = http.preferred_wait(MAX_WAIT)
    order_id = str(placed.headers["Location"]).removeprefix("/v1/orders/")
    order = service.wait_until_decided(order_id, wait, http.caller())
    if order.decision is Decision.PENDING:
        return placed
    decided = http.ok(OrderView.of(order), version=order.version)
    for name in ("Location", "Idempotent-Replayed"):
        if name in placed.headers:
            decided.headers[name] = placed.headers[name]
    decided.headers["Preference-Applied"] = f"wait={wait}"
    return decided


@routes.endpoint(
    "GET",
    "/v1/orders",
    summary="List orders",
    query=OrdersQuery,
    answers={200: http.list_of(OrderSummary)},
    scopes=["orders.read"],
)
def list_orders() -> Response:
    """Newest first. Shoppers get their own; staff ask by customer, or by day and status."""
    wanted = http.query(OrdersQuery)
    if (wanted.day is None) != (wanted.status is None):
        raise Invalid(
            "Give day and status together.", faults=[Fault("/day", "incomplete", "Needs status, and it day.")]
        )
    if wanted.day is not None and wanted.status is not None:
        day, status = wanted.day.isoformat(), wanted.status
        page = service.list_for_staff(day, status, wanted.limit, wanted.cursor, http.caller())
    else:
        page = service.list_for_customer(wanted.customer_id, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, OrderSummary.of)


@routes.endpoint(
    "GET", "/v1/orders/{order_id}", summary="Read an order", answers={200: OrderView}, scopes=["orders.read"]
)
def read_order(order_id: str) -> Response:
    """For its customer and for staff; anyone else's is not found."""
    order = service.read_order(order_id, http.caller())
    return http.ok(OrderView.of(order), version=order.version)


@routes.endpoint(
    "GET",
    "/v1/orders/{order_id}/timeline",
    summary="Read what happened to an order",
    answers={200: TimelineView},
    scopes=["orders.read"],
)
def read_timeline(order_id: str) -> Response:
    """Who did what and when, oldest first."""
    events = service.read_timeline(order_id, http.caller())
    return http.ok(TimelineView(items=[TimelineEntry.of(event) for event in events]))


@routes.endpoint(
    "POST",
    "/v1/orders/{order_id}/resume",
    summary="Run the workflow of an order again",
    answers={202: OrderView},
    idempotent=True,
    raises=[service.WorkflowRunning],
)
def resume_order(order_id: str) -> Response:
    """For administrators, when an execution was stopped or failed. Nothing that was done is done again."""
    return http.once(lambda once: service.resume_workflow(order_id, by=http.caller(), once=once, answer=_accepted))


@routes.endpoint(
    "POST",
    "/v1/orders/{order_id}/cancellations",
    summary="Cancel an order or some of it",
    body=CancelOrder,
    answers={201: CancellationView},
    scopes=["orders.write"],
    idempotent=True,
    raises=[NotCancellable, CommandTooLarge],
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


@routes.endpoint(
    "GET",
    "/v1/reviews",
    summary="List what waits for a person",
    query=PageQuery,
    answers={200: http.list_of(ReviewView)},
)
def list_reviews() -> Response:
    """Steps of workflows that could not be finished and were parked."""
    wanted = http.query(PageQuery)
    return http.listed(service.list_reviews(wanted.limit, wanted.cursor, http.caller()), ReviewView.of)
