"""Authorising a payment tender by tender, and giving it back before it is taken."""

from dataclasses import replace

from chalicelib.payments.domain.payment import (
    Dispute,
    Payment,
    PaymentOutOfTurn,
    Tender,
    TenderStatus,
    next_version,
    with_tender,
)


def next_undecided(payment: Payment) -> Tender | None:
    """The tender to ask for next. One is asked for only after those before it were approved."""
    return next((tender for tender in payment.tenders if not tender.decided), None)


def authorise(payment: Payment, tender_id: str, authorisation: str, *, once: bool = False) -> Payment:
    """The provider holds the tender's whole amount. Raises `PaymentOutOfTurn` when it was decided otherwise before."""
    tender = _undecided(payment, tender_id)
    held = replace(tender, status=TenderStatus.AUTHORISED, authorisation=authorisation, once=once)
    return with_tender(payment, held)


def decline(payment: Payment, tender_id: str, reason: str) -> Payment:
    """The provider refused this tender, so the payment as a whole: what others hold is to be given back.

    Tenders that are still pending come after this one and were never asked for.
    """
    refused = _undecided(payment, tender_id)
    tenders = tuple(
        replace(tender, status=TenderStatus.DECLINED)
        if tender.id == refused.id
        else replace(tender, status=TenderStatus.VOID)
        if tender.status is TenderStatus.PENDING
        else tender
        for tender in payment.tenders
    )
    return next_version(payment, tenders=tenders, final=True, reason=reason)


def leave_unknown(payment: Payment, tender_id: str) -> Payment:
    """The provider was asked; whether it acted is not known."""
    return with_tender(payment, replace(_undecided(payment, tender_id), status=TenderStatus.UNKNOWN))


def close(payment: Payment, reason: str) -> Payment:
    """It is to be given back whole: from here on nothing is authorised and nothing falls due.

    Recorded before the provider is asked, so that neither a late authorisation nor a shipment can slip in between.
    Raises `PaymentOutOfTurn` when goods have left: what they cost is owed.
    """
    if payment.dues or payment.captures:
        raise PaymentOutOfTurn("Part of the payment is due or captured; it cannot be given back whole.")
    return next_version(payment, final=True, reason=reason)


def void(payment: Payment, tender_id: str) -> Payment:
    """What is left of a tender was given back; one not yet decided can never be authorised. Raises `PaymentOutOfTurn`
    before it is known that nothing more falls due."""
    tender = payment.tender(tender_id)
    if not payment.final or tender.dues:
        raise PaymentOutOfTurn("More may be captured of this payment.")
    status = tender.status if tender.captures else TenderStatus.VOID
    return with_tender(payment, replace(tender, status=status, voided=tender.voided + tender.remainder))


def dispute(payment: Payment, id: str, amount: int, status: str) -> Payment:
    """How a dispute stands now. Known like this is no change."""
    stands = Dispute(amount, status)
    if payment.disputes.get(id) == stands:
        return payment
    return next_version(payment, disputes={**payment.disputes, id: stands})


def _undecided(payment: Payment, tender_id: str) -> Tender:
    tender = payment.tender(tender_id)
    if tender.decided:
        raise PaymentOutOfTurn(f"The {tender.type} is {tender.status}.")
    return tender
