"""Events of payments. They stand in the order's timeline and hold no token."""

from chalicelib.core import outbox
from chalicelib.core.auth import Principal
from chalicelib.core.keys import key
from chalicelib.core.outbox import Aggregate
from chalicelib.core.table import Transaction
from chalicelib.payments.domain import Payment


def payment_authorised(tx: Transaction, payment: Payment, by: Principal) -> None:
    """The provider holds the amount."""
    _publish(tx, "PaymentAuthorised", payment, by, amount=payment.authorised)


def payment_declined(tx: Transaction, payment: Payment, by: Principal) -> None:
    """The provider refused."""
    _publish(tx, "PaymentDeclined", payment, by, amount=payment.amount, reason=payment.reason)


def payment_captured(tx: Transaction, payment: Payment, for_: str, amount: int, by: Principal) -> None:
    """So much was taken, for this fulfilment or for charges."""
    _publish(tx, "PaymentCaptured", payment, by, amount=amount, due=for_)


def payment_voided(tx: Transaction, payment: Payment, amount: int, by: Principal) -> None:
    """So much was given back before it was taken: the whole for a reason, or what was not shipped."""
    _publish(tx, "PaymentVoided", payment, by, amount=amount, reason=payment.reason or "not_shipped")


def _publish(tx: Transaction, type: str, payment: Payment, by: Principal, **data: object) -> None:
    outbox.publish(
        tx,
        pk=key("ORDER", payment.order_id),
        source="payments",
        type=type,
        aggregate=Aggregate("payment", payment.order_id, payment.version),
        by=by,
        data={"order_id": payment.order_id, "currency": payment.currency, **data},
    )
