"""Routes of payments."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import Forbidden, RuleBroken
from chalicelib.core.http import Routes
from chalicelib.core.idempotency import Answer
from chalicelib.orders import service as orders
from chalicelib.payments import service
from chalicelib.payments.domain import Payment, PaymentOutOfTurn, RefundExceedsPaid
from chalicelib.payments.schemas import PaymentView, RequestRefund

routes = Routes(__name__, "payments")


class NoCustomer(RuleBroken):
    code = "no_customer"
    title = "The order has no customer"


@routes.endpoint(
    "GET",
    "/v1/orders/{order_id}/payment",
    summary="Read the payment of an order",
    answers={200: PaymentView},
    scopes=["orders.read"],
)
def read_payment(order_id: str) -> Response:
    """For staff: what is held, due, taken and given back, by each tender."""
    payment = service.read_payment(order_id, http.caller())
    return http.ok(PaymentView.of(payment), version=payment.version)


@routes.endpoint(
    "POST",
    "/v1/orders/{order_id}/refunds",
    summary="Refund part of an order's payment",
    body=RequestRefund,
    answers={202: PaymentView},
    scopes=["payments.refund"],
    idempotent=True,
    raises=[Forbidden, RefundExceedsPaid, PaymentOutOfTurn, NoCustomer],
)
def request_refund(order_id: str) -> Response:
    """Goodwill by staff, beside what cancellations and returns give back. The money goes back after this answer; the
    payment's `refunds` tell how far it has come."""
    wanted = http.body(RequestRefund)
    return http.once(
        lambda once: service.request_refund(
            order_id,
            wanted.amount,
            wanted.reason,
            credit_to=(lambda: _customer_of(order_id)) if wanted.to == "store_credit" else None,
            by=http.caller(),
            once=once,
            answer=_accepted,
        )
    )


def _customer_of(order_id: str) -> str:
    customer_id = orders.contact_of(order_id).customer_id
    if customer_id is None:
        raise NoCustomer("A guest has no store credit; refund to the tenders.")
    return customer_id


def _accepted(payment: Payment) -> Answer:
    location = f"/v1/orders/{payment.order_id}/payment"
    return http.answer(202, PaymentView.of(payment), version=payment.version, location=location)
