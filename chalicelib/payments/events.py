"""Events of payments. They stand in the order's timeline and hold no token."""

from chalicelib.core import outbox
from chalicelib.core.auth import Principal
from chalicelib.core.keys import key
from chalicelib.core.outbox import Aggregate
from chalicelib.core.table import Transaction
from chalicelib.payments.domain import CREDIT, Payment, Refund, RefundPart, RefundRequest, parts_of


def payment_authorised(tx: Transaction, payment: Payment, by: Principal) -> None:
    """The whole amount is held, by these tenders."""
    tenders = [[str(tender.type), tender.amount] for tender in payment.tenders]
    _publish(tx, "PaymentAuthorised", payment, by, amount=payment.authorised, tenders=tenders)


def payment_declined(tx: Transaction, payment: Payment, by: Principal) -> None:
    """A provider refused."""
    _publish(tx, "PaymentDeclined", payment, by, amount=payment.amount, reason=payment.reason)


def payment_captured(tx: Transaction, payment: Payment, tender: str, for_: str, amount: int, by: Principal) -> None:
    """So much was taken of a tender, for this fulfilment or for charges."""
    _publish(tx, "PaymentCaptured", payment, by, amount=amount, due=for_, tender=str(tender))


def payment_voided(tx: Transaction, payment: Payment, amount: int, by: Principal) -> None:
    """So much was given back before it was taken: the whole for a reason, or what was not shipped."""
    _publish(tx, "PaymentVoided", payment, by, amount=amount, reason=payment.reason or "not_shipped")


def refund_requested(
    tx: Transaction, payment: Payment, refund: RefundRequest, starts_workflow: bool, by: Principal
) -> None:
    """So much is to be given back. `workflow`: refund-payment is to carry it out; else who asked for it does."""
    data = {"refund": refund.key, "to": _where(refund.to), "workflow": starts_workflow}
    _publish(tx, "RefundRequested", payment, by, amount=refund.amount, **data)


def payment_refunded(tx: Transaction, payment: Payment, refund: Refund, part: RefundPart, by: Principal) -> None:
    """So much of a refund was given back, out of what was captured for this due."""
    tender = str(payment.tender(part.tender).type)
    data = {"refund": refund.key, "to": _where(refund.to), "due": part.capture, "tender": tender}
    _publish(tx, "PaymentRefunded", payment, by, amount=part.amount, **data)


def payment_disputed(
    tx: Transaction, payment: Payment, dispute_id: str, amount: int, status: str, by: Principal
) -> None:
    """The customer's bank takes so much back, or has decided; `status` is the provider's word."""
    _publish(tx, "PaymentDisputed", payment, by, dispute=dispute_id, amount=amount, status=status)


def refund_failed(tx: Transaction, payment: Payment, amount: int, reason: str, by: Principal) -> None:
    """A refund that the provider had accepted did not reach the customer."""
    _publish(tx, "RefundFailed", payment, by, amount=amount, reason=reason)


def stored_value_changed(tx: Transaction, type: str, account: str, entry: str, amount: int, by: Principal) -> None:
    """`GiftCardIssued`, `GiftCardToppedUp`, `GiftCardVoided`, `StoreCreditGranted`: staff changed a balance by so much. What
    payments hold, take and give back is told by the payment's own events."""
    holder, currency = parts_of(account)
    outbox.publish(
        tx,
        pk=key("CREDIT", holder),
        source="payments",
        type=type,
        aggregate=Aggregate("stored_value_entry", entry, 1),
        by=by,
        data={"holder": holder, "currency": currency, "amount": amount},
    )


def _where(to: str) -> str:
    return "credit" if to.startswith(CREDIT) else to


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
