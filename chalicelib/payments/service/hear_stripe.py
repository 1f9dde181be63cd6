"""What Stripe tells of its own accord: answers that went missing, disputes, refunds that came back."""

from collections.abc import Callable

from chalicelib.core import observability
from chalicelib.core.auth import Principal, system
from chalicelib.core.errors import NotFound, Stale
from chalicelib.core.idempotency import Idempotency, Replay, no_answer
from chalicelib.core.table import Transaction
from chalicelib.payments import domain, events, store
from chalicelib.payments.domain import Payment, TenderStatus
from chalicelib.payments.gateways import stripe
from chalicelib.payments.gateways.stripe import AuthorisationTold, DisputeTold, RefundFailed, Told
from chalicelib.payments.service.authorise import authorisation_key, recorded
from chalicelib.payments.service.steps import must_find

Park = Callable[[str, str, str], object]
"""Keeps work for a person: of which order, what happened, and what was told of it."""

_ATTEMPTS = 5


def hear_stripe(payload: bytes, signature: str | None, park: Park) -> bool:
    """Take in a signed message; whether it told something new.

    Each event is recorded once, by its id. What a person has to act on, a new dispute or a refund that came back, is parked
    first. Raises `SignatureInvalid`, and `NotFound` where the stage has no Stripe.
    """
    event = stripe.verified(payload, signature)
    told = stripe.told_by(event)
    once = Idempotency.of("stripe webhook", str(event["id"]), b"")
    if told is None or once.earlier() is not None:
        return False
    for _ in range(_ATTEMPTS):
        try:
            return _record(told, once, system(stripe.NAME), park)
        except (Replay, NotFound):  # heard meanwhile, or of no order of ours
            return False
        except Stale:
            continue
    raise Stale("The payment kept changing.")


def _record(told: Told, once: Idempotency, by: Principal, park: Park) -> bool:
    if isinstance(told, AuthorisationTold):
        return _authorisation(told, once, by)
    return _dispute(told, once, by, park) if isinstance(told, DisputeTold) else _refund_failed(told, once, by, park)


def _authorisation(told: AuthorisationTold, once: Idempotency, by: Principal) -> bool:
    """Complete an outcome that is unknown; one that is being asked for just now gets its answer by itself."""
    payment, _ = must_find(told.order_id)
    for tender in payment.tenders:
        if tender.status is TenderStatus.UNKNOWN and authorisation_key(payment, tender) == told.key:
            recorded(payment, tender, told.answer, by, alongside=lambda tx: once.record(tx, no_answer()))
            return True
    return False


def _dispute(told: DisputeTold, once: Idempotency, by: Principal, park: Park) -> bool:
    payment = _payment_behind(told.intent)
    disputed = domain.dispute(payment, told.id, told.amount, told.status)
    if disputed is payment:
        return False
    if told.id not in payment.disputes:
        park(payment.order_id, "PaymentDisputed", f"{told.id}: {told.amount} ({told.status})")
        observability.count("PaymentsDisputed")
    tx = Transaction()
    store.change(tx, disputed)
    events.payment_disputed(tx, disputed, told.id, told.amount, told.status, by)
    once.record(tx, no_answer())
    tx.commit()
    return True


def _payment_behind(intent: str) -> Payment:
    order_id = store.order_behind(stripe.NAME, intent)
    if order_id is None:
        raise NotFound("No order of ours was paid so.")
    return must_find(order_id)[0]


def _refund_failed(told: RefundFailed, once: Idempotency, by: Principal, park: Park) -> bool:
    """The books say refunded and the customer has nothing: a person gives the money back in another way."""
    payment, _ = must_find(told.order_id)
    park(told.order_id, "RefundFailed", f"{told.amount} ({told.reason})")
    tx = Transaction()
    events.refund_failed(tx, payment, told.amount, told.reason, by)
    once.record(tx, no_answer())
    tx.commit()
    observability.count("RefundsFailed")
    return True
