"""Carrying out what is owed: dues are captured, refunds made, and what is left of the authorisation given back."""

from collections.abc import Callable, Sequence
from functools import partial

from chalicelib.core import observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Unavailable
from chalicelib.core.money import Money
from chalicelib.core.table import Transaction
from chalicelib.core.tasks import Outcome
from chalicelib.payments import domain, events, gateways
from chalicelib.payments.domain import Payment, Refund, RefundPart, RefundStatus
from chalicelib.payments.gateways import Call, Declined, Verb
from chalicelib.payments.service.authorise import give_back, release
from chalicelib.payments.service.booking import book_capture, book_refund_paid
from chalicelib.payments.service.steps import (
    Gateways,
    Tokens,
    VoidDeclined,
    answered,
    call_of,
    commit,
    credit,
    refund_key,
    with_latest,
)

CHARGES = "charges"
"""The due of an order without goods."""


class CaptureDeclined(Exception):
    """The provider refuses to capture what it holds: a person has to look. The due stays."""


class RefundDeclined(Exception):
    """The provider refuses to give back what it took: a person has to look. The refund stays due."""


def capture(order_id: str, due: str, by: Principal, provider: Gateways = gateways.gateway) -> Outcome:
    """Take what fell due for a fulfilment; when nothing more will, give the rest of the authorisation back. Refunds that
    waited for this capture follow it.

    Outcomes: `captured` with the amount, `nothing_due`, and `held` for a due that is captured with the last one. Raises
    `CaptureDeclined`, `VoidDeclined`, `RefundDeclined`, and `Unavailable` while the provider does not say; all are safe
    to repeat.
    """

    def step(payment: Payment, tokens: Tokens) -> Outcome:
        payment = _settled(payment, [due] if due in payment.dues else [], provider, by)
        taken = payment.captures.get(due)
        if taken is None:
            return {"outcome": "held" if due in payment.dues else "nothing_due", "amount": 0}
        return {"outcome": "captured", "amount": taken}

    return with_latest(order_id, step)


def settle(order_id: str, by: Principal, provider: Gateways = gateways.gateway) -> Outcome:
    """Capture every due, make every refund asked for, and give the rest of the authorisation back when nothing more will
    fall due. What one provider refuses keeps nothing else from being done. A payment that was closed before it was decided
    is never authorised after this.

    Outcomes: `settled`, or `waiting` when a refund waits for a capture that is to come later and makes it; both with the
    amounts so far. Raises as `capture`.
    """

    def step(payment: Payment, tokens: Tokens) -> Outcome:
        if payment.closing:
            payment = release(payment, provider, by, tokens)
        else:
            payment = _settled(payment, list(payment.dues), provider, by)
        waiting = any(refund.status is not RefundStatus.DONE for refund in payment.refunds)
        return {
            "outcome": "waiting" if waiting else "settled",
            "captured": payment.captured,
            "refunded": payment.refunded,
            "voided": payment.voided,
        }

    return with_latest(order_id, step)


def _settled(payment: Payment, dues: Sequence[str], provider: Gateways, by: Principal) -> Payment:
    """Do what can be done, call by call; raise the first refusal at the end."""
    refused: list[Exception] = []
    for jobs in (_captures(dues), _voids, _refunds):
        for job in jobs(payment):
            try:
                payment = job(payment, provider, by)
            except (CaptureDeclined, VoidDeclined, RefundDeclined, Unavailable) as error:
                refused.append(error)
    if refused:
        raise refused[0]
    return payment


_Job = Callable[[Payment, Gateways, Principal], Payment]


def _captures(dues: Sequence[str]) -> Callable[[Payment], list[_Job]]:
    """One call per due and tender. A provider that captures once is asked for all dues together, when none can follow."""

    def jobs(payment: Payment) -> list[_Job]:
        found: list[_Job] = []
        for tender in payment.tenders:
            wanted = [key for key in dues if key in tender.dues]
            if not tender.once:
                found += [partial(_capture, tender.id, [key], f"capture:{key}") for key in wanted]
            elif wanted and payment.final:
                found.append(partial(_capture, tender.id, list(tender.dues), "capture"))
        return found

    return jobs


def _capture(
    tender_id: str, keys: Sequence[str], intent: str, payment: Payment, provider: Gateways, by: Principal
) -> Payment:
    tender = payment.tender(tender_id)
    amounts = {key: tender.dues[key] for key in keys}
    call = call_of(payment, tender, Verb.CAPTURE, intent, sum(amounts.values()), tender.authorisation or "")
    answer = answered(call, provider(tender.gateway))
    if isinstance(answer, Declined):
        raise CaptureDeclined(answer.reason)
    captured = domain.capture(payment, tender_id, keys, answer.reference)

    def announce(tx: Transaction) -> None:
        for key, amount in amounts.items():
            events.payment_captured(tx, captured, tender.type, key, amount, by)
        book_capture(tx, captured, tender, amounts)
        credit(tx, payment, captured, by)

    commit(captured, announce)
    observability.count("PaymentsCaptured")
    return captured


def _voids(payment: Payment) -> list[_Job]:
    return [
        partial(_void, tender.id)
        for tender in payment.tenders
        if payment.final and not tender.dues and tender.remainder
    ]


def _void(tender_id: str, payment: Payment, provider: Gateways, by: Principal) -> Payment:
    tender = payment.tender(tender_id)
    return give_back(payment, tender, provider(tender.gateway), by)


def _refunds(payment: Payment) -> list[_Job]:
    return [partial(_refund, refund, part) for refund in payment.refunds for part in refund.parts if part.due]


def _refund(refund: Refund, part: RefundPart, payment: Payment, provider: Gateways, by: Principal) -> Payment:
    tender = payment.tender(part.tender)
    captured = tender.captures[part.capture or ""]
    amount = Money(part.amount, payment.currency)
    call = Call(Verb.REFUND, refund_key(payment, refund, part), amount, captured.reference)
    answer = answered(call, provider(tender.gateway))
    if isinstance(answer, Declined):
        raise RefundDeclined(answer.reason)
    refunded = domain.refunded(payment, refund.key, part, answer.reference)

    def announce(tx: Transaction) -> None:
        events.payment_refunded(tx, refunded, refund, part, by)
        book_refund_paid(tx, refunded, tender, refund, part)

    commit(refunded, announce)
    observability.count("PaymentsRefunded")
    return refunded
