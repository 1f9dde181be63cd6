"""Reading payments."""

from chalicelib.core.auth import Principal, Role
from chalicelib.payments.domain import Payment
from chalicelib.payments.service.steps import must_find


def read_payment(order_id: str, by: Principal) -> Payment:
    """The payment of an order, for staff."""
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="orders.read")
    return must_find(order_id)[0]
