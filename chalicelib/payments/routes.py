"""Routes of payments."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.http import Routes
from chalicelib.payments import service
from chalicelib.payments.schemas import PaymentView

routes = Routes(__name__, "payments")


@routes.endpoint(
    "GET",
    "/v1/orders/{order_id}/payment",
    summary="Read the payment of an order",
    answers={200: PaymentView},
    scopes=["orders.read"],
)
def read_payment(order_id: str) -> Response:
    """For staff: what is held, due, taken and given back."""
    payment = service.read_payment(order_id, http.caller())
    return http.ok(PaymentView.of(payment), version=payment.version)
