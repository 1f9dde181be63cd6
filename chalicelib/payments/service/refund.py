"""Refunds that staff ask for; those of cancellations and returns are asked for by `owe`, in their own transactions."""

from collections.abc import Callable

from chalicelib.core import observability
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Contended, Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.ids import new_id
from chalicelib.core.table import Transaction
from chalicelib.payments.domain import CREDIT, Payment, RefundRequest, store_credit_account
from chalicelib.payments.gateways import workflows
from chalicelib.payments.service.booking import book_goodwill
from chalicelib.payments.service.steps import must_find
from chalicelib.payments.service.take_part import owed

_ATTEMPTS = 5


def request_refund(
    order_id: str,
    amount: int,
    reason: str,
    *,
    credit_to: Callable[[], str] | None,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Payment], Answer],
) -> Answer:
    """Have `amount` (minor units) of what was paid for an order given back: to the tenders, the card first, or to the store
    credit of the customer that `credit_to` names.

    It is only asked for here; the workflow refund-payment carries it out. Raises `PaymentOutOfTurn` before the payment is
    authorised, `RefundExceedsPaid` with what is left.
    """
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="payments.refund")
    key = new_id("rfd")
    for _ in range(_ATTEMPTS):
        payment, _ = must_find(order_id)
        tx = Transaction()
        to = "original" if credit_to is None else CREDIT + store_credit_account(credit_to(), payment.currency)
        request = RefundRequest(key, amount, reason, to)
        asked = owed(tx, payment, refund=request, starts_workflow=True, by=by)
        book_goodwill(tx, payment, request)
        final = answer(asked)
        once.record(tx, final)
        try:
            tx.commit()
        except Stale:
            continue
        observability.count("RefundsRequested")
        return final
    raise Contended(f"The payment of {order_id} kept changing.")


def start_refund_workflow(order_id: str, refund: str) -> None:
    """Start refund-payment for a refund that was asked for; it is started once, however often this is called.

    Execution names are free again after 90 days: a later one finds the refund made.
    """
    workflows.start_refund_payment(order_id, f"{order_id}-{refund}")
