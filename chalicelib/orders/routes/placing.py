"""Placing and reading orders."""

from chalice.app import Response

from chalicelib.catalog.service import OffersRefused
from chalicelib.core import http
from chalicelib.core.errors import Fault, Forbidden, Invalid
from chalicelib.core.idempotency import Answer
from chalicelib.core.table import CommandTooLarge
from chalicelib.inventory.service import StockTooLow
from chalicelib.orders import service
from chalicelib.orders.domain import Decision, Order, TotalNegative
from chalicelib.orders.routes.blueprint import routes
from chalicelib.orders.schemas import (
    OrdersQuery,
    OrderSummary,
    OrderView,
    PlaceOrder,
    QuoteOrder,
    QuoteView,
    TimelineEntry,
    TimelineView,
    TrackingsView,
    TrackingView,
)
from chalicelib.promotions.service import CouponExhausted, CouponRefused
from chalicelib.shipping.service import ShippingUnavailable
from chalicelib.taxes.service import VatNumberInvalid

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
    raises=[
        Forbidden,
        OffersRefused,
        service.SellerCannotSupply,
        StockTooLow,
        TotalNegative,
        CommandTooLarge,
        CouponRefused,
        CouponExhausted,
        VatNumberInvalid,
        ShippingUnavailable,
    ],
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
    "POST",
    "/v1/quotes",
    summary="Price an order without placing it",
    body=QuoteOrder,
    answers={200: QuoteView},
    scopes=["orders.write"],
    raises=[Forbidden, OffersRefused, service.SellerCannotSupply, TotalNegative, VatNumberInvalid, ShippingUnavailable],
)
def quote_order() -> Response:
    """What it would cost now, and what each promotion and code did or why it did nothing. Nothing is reserved."""
    return http.ok(QuoteView.of(service.quote_for(http.body(QuoteOrder).as_request(), http.caller())))


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
    "GET",
    "/v1/orders/{order_id}/tracking",
    summary="Read where the parcels of an order are",
    answers={200: TrackingsView},
    scopes=["orders.read"],
)
def read_tracking(order_id: str) -> Response:
    """What carriers said, parcel by parcel, in the order in which it happened."""
    words = service.read_tracking(order_id, http.caller())
    items = [
        TrackingView(fulfilment_id=part, code=word.code, at=word.at, place=word.place, words=word.words)
        for part, word in words
    ]
    return http.ok(TrackingsView(items=items))


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
