"""What staff does to orders by hand."""

from typing import Any

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import Forbidden
from chalicelib.core.idempotency import Answer
from chalicelib.core.schemas import PageQuery
from chalicelib.orders import service
from chalicelib.orders.domain import AddressFixed, NothingOpen, Order
from chalicelib.orders.routes.blueprint import routes
from chalicelib.orders.schemas import (
    AuditEntryView,
    AuditView,
    ChangeAddress,
    HoldOrder,
    NotesView,
    NoteView,
    OrderView,
    ResolveReview,
    ReviewView,
    WriteNote,
)


def _shown(status: int) -> Any:
    def answer(order: Order) -> Answer:
        return http.answer(status, OrderView.of(order), version=order.version)

    return answer


@routes.endpoint(
    "POST",
    "/v1/orders/{order_id}/holds",
    summary="Hold an order",
    body=HoldOrder,
    answers={201: OrderView},
    scopes=["orders.write"],
    idempotent=True,
    raises=[NothingOpen],
)
def hold_order(order_id: str) -> Response:
    """Nothing of it leaves until every hold is released; warehouses are told, and what they report as shipped is refused."""
    wanted = http.body(HoldOrder)
    return http.once(
        lambda once: service.hold_order(order_id, wanted.reason, by=http.caller(), once=once, answer=_shown(201))
    )


@routes.endpoint(
    "POST",
    "/v1/orders/{order_id}/holds/{hold_id}/release",
    summary="Release a hold",
    answers={200: OrderView},
    scopes=["orders.write"],
    idempotent=True,
)
def release_order(order_id: str, hold_id: str) -> Response:
    """With the last hold off, warehouses are asked to ship."""
    return http.once(
        lambda once: service.release_order(order_id, hold_id, by=http.caller(), once=once, answer=_shown(200))
    )


@routes.endpoint(
    "PUT",
    "/v1/orders/{order_id}/shipping-address",
    summary="Send an order elsewhere",
    body=ChangeAddress,
    answers={200: OrderView},
    scopes=["orders.write"],
    versioned=True,
    raises=[NothingOpen, AddressFixed, Forbidden],
)
def change_address(order_id: str) -> Response:
    """What has not left, to another address in the same country. A shopper does so while nothing of theirs is packed."""
    wanted = http.body(ChangeAddress)
    order = service.change_address(
        order_id,
        http.expected_version(),
        wanted.shipping_address.model_dump(exclude_none=True),
        wanted.contact.model_dump() if wanted.contact else None,
        by=http.caller(),
    )
    return http.ok(OrderView.of(order), version=order.version)


@routes.endpoint(
    "POST",
    "/v1/orders/{order_id}/notes",
    summary="Write a note about an order",
    body=WriteNote,
    answers={201: NoteView},
    scopes=["orders.write"],
    idempotent=True,
)
def write_note(order_id: str) -> Response:
    """For the staff; the customer reads those that are shown."""
    wanted = http.body(WriteNote)
    return http.once(
        lambda once: service.write_note(
            order_id,
            wanted.text,
            wanted.shown,
            by=http.caller(),
            once=once,
            answer=lambda note: http.answer(201, NoteView(**note)),
        )
    )


@routes.endpoint(
    "GET",
    "/v1/orders/{order_id}/notes",
    summary="Read the notes of an order",
    answers={200: NotesView},
    scopes=["orders.read"],
)
def read_notes(order_id: str) -> Response:
    """Oldest first; a customer gets those that are shown."""
    return http.ok(NotesView(items=[NoteView(**note) for note in service.read_notes(order_id, http.caller())]))


@routes.endpoint(
    "GET",
    "/v1/orders/{order_id}/audit",
    summary="Read what was changed of an order by hand",
    answers={200: AuditView},
    scopes=["orders.read"],
)
def read_audit(order_id: str) -> Response:
    """For the staff: who, when, and how it was before and after."""
    return http.ok(AuditView(items=[AuditEntryView(**one) for one in service.read_audit(order_id, http.caller())]))


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


@routes.endpoint(
    "POST",
    "/v1/reviews/{review_id}/resolution",
    summary="Resolve what waits for a person",
    body=ResolveReview,
    answers={200: ReviewView},
    idempotent=True,
    raises=[service.ReviewResolved, service.NotRetryable, service.WorkflowRunning],
)
def resolve_review(review_id: str) -> Response:
    """By hand, or by running its workflow again, which does nothing twice."""
    wanted = http.body(ResolveReview)
    return http.once(
        lambda once: service.resolve_review(
            review_id,
            wanted.note,
            retry=wanted.action == "retry",
            by=http.caller(),
            once=once,
            answer=lambda review: http.answer(200, ReviewView.of(review)),
        )
    )
