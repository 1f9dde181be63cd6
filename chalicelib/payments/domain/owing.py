"""What falls due and is captured, what is asked back and refunded: every penny of it has a tender and a capture."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from chalicelib.core.errors import RuleBroken, Stale
from chalicelib.payments.domain.payment import (
    CREDIT,
    Capture,
    Payment,
    PaymentOutOfTurn,
    PaymentStatus,
    Refund,
    RefundPart,
    Tender,
    next_version,
    with_tender,
)


class RefundExceedsPaid(RuleBroken):
    code = "refund_exceeds_paid"
    title = "More is asked back than was paid"


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """Money to give back, in minor units, under a key of its own within the order.

    `to` is `original`, which is the tenders, the card first, or `credit:<account id>`, a stored value account.
    """

    key: str
    amount: int
    reason: str
    to: str = "original"


def owe(
    payment: Payment, *, due: tuple[str, int] | None = None, refund: RefundRequest | None = None, final: bool = False
) -> Payment:
    """One change: so much more is to be captured under a key, so much given back, nothing more will fall due.

    Raises `PaymentOutOfTurn` when nothing may fall due (any more), `RefundExceedsPaid`, ValueError for a due beyond what is
    authorised, and `Stale` for a key used before: what it was decided on was read before that, and is to be read again.
    """
    if payment.status not in (PaymentStatus.AUTHORISED, PaymentStatus.NOT_REQUIRED):
        raise PaymentOutOfTurn(f"The payment is {payment.state}; nothing can fall due.")
    if due is not None:
        payment = replace(payment, tenders=_with_due(payment, *due))
    if refund is not None:
        payment = _planned(_with_refund(payment, refund))
    return next_version(payment, final=payment.final or final)


def _with_due(payment: Payment, key: str, amount: int) -> tuple[Tender, ...]:
    if payment.final:
        raise PaymentOutOfTurn(f"The payment is {payment.state} and final; nothing can fall due.")
    if key in payment.dues or key in payment.captures:
        raise Stale(f"due {key} was asked for before")
    if not 0 <= amount <= payment.remainder:
        raise ValueError(f"due {key} of {amount} does not fit: {payment.remainder} remain")
    takes = dict(_spread(amount, [(tender.id, tender.remainder) for tender in payment.tenders]))
    return tuple(
        replace(tender, dues={**tender.dues, key: takes[tender.id]}) if tender.id in takes else tender
        for tender in payment.tenders
    )


def _with_refund(payment: Payment, request: RefundRequest) -> Payment:
    """The refund, shared over tenders by what each has paid or will: the card first, so that money goes back where
    it was lent, and stored value after it. Credit is taken from stored value first, which leaves the card its own."""
    if request.amount < 0:
        raise ValueError(f"refund {request.key} of {request.amount} is negative")
    if any(known.key == request.key for known in payment.refunds):
        raise Stale(f"refund {request.key} was asked for before")
    if request.amount > payment.refundable:
        raise RefundExceedsPaid(
            f"{payment.refundable} of what was paid is left to refund, not {request.amount} (minor units).",
            left={"amount": payment.refundable, "currency": payment.currency},
        )
    if not request.amount:
        return payment
    tenders = payment.tenders if request.to.startswith(CREDIT) else payment.tenders[::-1]
    room = [(one.id, one.captured + one.due - payment.asked_back_of(one.id)) for one in tenders]
    parts = tuple(RefundPart(tender_id, amount) for tender_id, amount in _spread(request.amount, room))
    refund = Refund(request.key, request.amount, request.reason, request.to, parts)
    return replace(payment, refunds=(*payment.refunds, refund))


def capture(payment: Payment, tender_id: str, keys: Iterable[str], reference: str) -> Payment:
    """The dues of a tender under `keys` were captured, by one call. Captured before is no change."""
    tender = payment.tender(tender_id)
    taken = {key: Capture(tender.dues[key], reference) for key in keys if key in tender.dues}
    if not taken:
        return payment
    dues = {key: amount for key, amount in tender.dues.items() if key not in taken}
    after = with_tender(payment, replace(tender, dues=dues, captures={**tender.captures, **taken}))
    return _planned(after)


def refunded(payment: Payment, key: str, part: RefundPart, reference: str) -> Payment:
    """A due part of the refund under `key` was given back. Given back before is no change."""

    def after(refund: Refund) -> Refund:
        done = replace(part, reference=reference)
        return replace(refund, parts=tuple(done if known == part else known for known in refund.parts))

    if not any(refund.key == key and part in refund.parts for refund in payment.refunds):
        return payment
    refunds = tuple(after(refund) if refund.key == key else refund for refund in payment.refunds)
    return next_version(payment, refunds=refunds)


def newly_credited(before: Payment, after: Payment) -> list[tuple[Refund, RefundPart]]:
    """Parts of refunds that went to stored value accounts between two versions."""
    earlier = {(refund.key, part) for refund in before.refunds for part in refund.parts}
    return [
        (refund, part)
        for refund in after.refunds
        for part in refund.parts
        if refund.to.startswith(CREDIT) and part.done and (refund.key, part) not in earlier
    ]


def _planned(payment: Payment) -> Payment:
    """Parts of refunds that waited are taken from captures, oldest first, as far as these reach.

    What is taken from which capture is so decided once, under the payment's version, before a provider is asked: the
    amount behind a key never changes. Credit is in our own books, and is given in the same transaction.
    """
    if not any(part.waits for refund in payment.refunds for part in refund.parts):
        return payment
    left = {(tender.id, key): capture.amount for tender in payment.tenders for key, capture in tender.captures.items()}
    for refund in payment.refunds:
        for part in refund.parts:
            if part.capture is not None:
                left[part.tender, part.capture] -= part.amount

    def pieces(refund: Refund, part: RefundPart) -> list[RefundPart]:
        if not part.waits:
            return [part]
        found = _spread(
            part.amount, [(key, room) for (tender_id, key), room in left.items() if tender_id == part.tender]
        )
        for key, amount in found:
            left[part.tender, key] -= amount
        waiting = part.amount - sum(amount for _, amount in found)
        credited = refund.to if refund.to.startswith(CREDIT) else None
        made = [RefundPart(part.tender, amount, key, credited) for key, amount in found]
        return [*made, replace(part, amount=waiting)] if waiting else made

    refunds = tuple(
        replace(refund, parts=tuple(piece for part in refund.parts for piece in pieces(refund, part)))
        for refund in payment.refunds
    )
    return replace(payment, refunds=refunds)


def _spread(amount: int, room: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """`amount` laid into what each has room for, the first first; as far as there is room."""
    laid = []
    for name, most in room:
        part = min(amount, most)
        if part > 0:
            laid.append((name, part))
            amount -= part
    return laid
