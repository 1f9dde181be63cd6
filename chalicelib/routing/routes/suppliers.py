"""What suppliers read and say of the orders that they are to ship."""

from dataclasses import replace

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.auth import Principal
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.schemas import PageQuery
from chalicelib.fulfilment.service import AlreadyTracked, MoreThanRequested, OnHold, OutOfTurn
from chalicelib.orders import service as orders
from chalicelib.routing.domain.allocation import (
    Allocation,
    AlreadyAnswered,
    AnswerTooLate,
    MoreThanAsked,
    NotAccepted,
)
from chalicelib.routing.domain.invoices import Invoice
from chalicelib.routing.routes.blueprint import SUPPLIER_SCOPES, routes
from chalicelib.routing.schemas.suppliers import (
    AnswerBody,
    CancellationBody,
    InvoiceBody,
    InvoiceView,
    OrdersQuery,
    OrderSummary,
    OrderView,
    ScorecardView,
    ShipmentBody,
    TrackingBody,
)
from chalicelib.routing.service import use_cases as service

_ORDER = "/v1/suppliers/{supplier_id}/orders/{allocation_id}"


def _seen(value: Allocation, status: int = 200) -> Answer:
    return http.answer(status, OrderView.of(service.seen_by_supplier(value)), version=value.version)


def _invoiced(invoice: Invoice) -> Answer:
    return http.answer(201, InvoiceView.of(invoice))


def _shipper(by: Principal) -> Principal:
    """The caller, who may speak of this parcel: it was just found to be theirs."""
    return replace(by, scopes=by.scopes | {"fulfilment.write"})


@routes.endpoint(
    "GET",
    "/v1/suppliers/{supplier_id}/orders",
    summary="List what a supplier is asked to ship",
    query=OrdersQuery,
    answers={200: http.list_of(OrderSummary)},
    scopes=SUPPLIER_SCOPES,
)
def list_supplier_orders(supplier_id: str) -> Response:
    """In a state, oldest first; those that wait for an answer unless told."""
    wanted = http.query(OrdersQuery)
    page = service.list_orders(supplier_id, wanted.state, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, OrderSummary.of)


@routes.endpoint(
    "GET",
    _ORDER,
    summary="Read what a supplier is asked to ship",
    answers={200: OrderView},
    scopes=SUPPLIER_SCOPES,
)
def read_supplier_order(supplier_id: str, allocation_id: str) -> Response:
    """The supplier's part of an order, in its own terms, with where it goes; of the rest of the order it says nothing."""
    found = service.read_order(supplier_id, allocation_id, http.caller())
    return http.ok(OrderView.of(found), version=found.value.version)


@routes.endpoint(
    "POST",
    f"{_ORDER}/answers",
    summary="Answer whether an order will be shipped",
    body=AnswerBody,
    answers={200: OrderView},
    scopes=SUPPLIER_SCOPES,
    idempotent=True,
    raises=[AnswerTooLate, AlreadyAnswered, MoreThanAsked],
)
def answer_supplier_order(supplier_id: str, allocation_id: str) -> Response:
    """All of it, a part, or none, before `answer_by`. The same answer again changes nothing."""
    given = http.body(AnswerBody).as_answer()
    return http.once(
        lambda once: service.answer_order(supplier_id, allocation_id, given, by=http.caller(), once=once, answer=_seen)
    )


@routes.endpoint(
    "POST",
    f"{_ORDER}/shipments",
    summary="Report that an order has left",
    body=ShipmentBody,
    answers={200: OrderView},
    scopes=SUPPLIER_SCOPES,
    idempotent=True,
    raises=[NotAccepted, AnswerTooLate, MoreThanAsked, MoreThanRequested, OutOfTurn, OnHold],
)
def ship_supplier_order(supplier_id: str, allocation_id: str) -> Response:
    """In one parcel; what is not in it is not shipped any more. An order that was not answered yet is accepted by it."""
    given = http.body(ShipmentBody).as_shipment()
    return http.once(lambda once: _ship(supplier_id, allocation_id, given, http.caller(), once))


def _ship(supplier_id: str, allocation_id: str, given: service.Shipment, by: Principal, once: Idempotency) -> Answer:
    """One transaction over order, stock, payment and allocation."""
    plan = service.plan_shipment(supplier_id, allocation_id, given, by)
    return orders.record_answer(
        allocation_id,
        orders.WarehouseAnswer("shipped", plan.units, given.tracking),
        by=_shipper(by),
        once=once,
        answer=lambda _: _seen(plan.after),
        alongside=plan.alongside,
    )


@routes.endpoint(
    "POST",
    f"{_ORDER}/tracking-events",
    summary="Report what a carrier says of the parcel",
    body=TrackingBody,
    answers={201: OrderView},
    scopes=SUPPLIER_SCOPES,
    idempotent=True,
    raises=[OutOfTurn, AlreadyTracked],
)
def track_supplier_order(supplier_id: str, allocation_id: str) -> Response:
    """In any order; `delivered` delivers the parcel."""
    given = http.body(TrackingBody)
    by = http.caller()
    value = service.must_be_theirs(supplier_id, allocation_id, by)
    return http.once(
        lambda once: orders.record_tracking(
            allocation_id, given.as_event(), by=_shipper(by), once=once, answer=lambda _: _seen(value, 201)
        )
    )


@routes.endpoint(
    "POST",
    f"{_ORDER}/cancellations",
    summary="Take back what cannot be shipped after all",
    body=CancellationBody,
    answers={200: OrderView},
    scopes=SUPPLIER_SCOPES,
    idempotent=True,
    raises=[NotAccepted, MoreThanAsked],
)
def cancel_supplier_order(supplier_id: str, allocation_id: str) -> Response:
    """Units that were accepted. They are sought elsewhere, and it counts against the supplier."""
    given = http.body(CancellationBody)
    return http.once(
        lambda once: service.give_back_units(
            supplier_id,
            allocation_id,
            given.units(),
            given.reason,
            by=http.caller(),
            once=once,
            answer=_seen,
        )
    )


@routes.endpoint(
    "POST",
    f"{_ORDER}/invoices",
    summary="Send the invoice for an order",
    body=InvoiceBody,
    answers={201: InvoiceView},
    scopes=SUPPLIER_SCOPES,
    idempotent=True,
    raises=[NotAccepted, service.InvoiceKnown, service.TaxBeyondTotal],
)
def invoice_supplier_order(supplier_id: str, allocation_id: str) -> Response:
    """Compared with what is still owed to the supplier for the order: `matched` for that or a part of it, else `disputed`."""
    given = http.body(InvoiceBody).as_given()
    return http.once(
        lambda once: service.receive_invoice(
            supplier_id, allocation_id, given, by=http.caller(), once=once, answer=_invoiced
        )
    )


@routes.endpoint(
    "GET",
    "/v1/suppliers/{supplier_id}/invoices",
    summary="List a supplier's invoices",
    query=PageQuery,
    answers={200: http.list_of(InvoiceView)},
    scopes=SUPPLIER_SCOPES,
)
def list_supplier_invoices(supplier_id: str) -> Response:
    """Newest first."""
    wanted = http.query(PageQuery)
    page = service.list_invoices(supplier_id, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, InvoiceView.of)


@routes.endpoint(
    "GET",
    "/v1/suppliers/{supplier_id}/scorecard",
    summary="Read how well a supplier keeps its word",
    answers={200: ScorecardView},
    scopes=SUPPLIER_SCOPES,
)
def read_supplier_scorecard(supplier_id: str) -> Response:
    """Counters of the latest months, and a rating from 0 to 100."""
    return http.ok(ScorecardView.of(service.read_scorecard(supplier_id, http.caller())))
