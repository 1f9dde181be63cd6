"""What payments offers: its part in the transactions of orders, and the steps of the workflow.

A step reads the payment, calls the provider with a key that is always the same for the same intent, and records the answer
under the version it read. Run again after a crash anywhere, it finds the provider's first answer or its own record.
"""

from collections.abc import Callable, Mapping

from chalicelib.core import observability
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import NotFound, Stale, Unavailable
from chalicelib.core.money import Money
from chalicelib.core.settings import settings
from chalicelib.core.table import Item, Transaction
from chalicelib.core.tasks import Outcome
from chalicelib.payments import domain, events, gateways, store
from chalicelib.payments.domain import Payment, PaymentStatus
from chalicelib.payments.gateways import Approved, Declined, PaymentGateway, Unknown

__all__ = ["Payment", "PaymentStatus"]

CHARGES = "charges"
"""The due of an order without goods."""
_ATTEMPTS = 8


class CaptureDeclined(Exception):
    """The provider refuses to capture what it holds: a person has to look."""


class VoidDeclined(Exception):
    """The provider refuses to give back what it holds: a person has to look."""


# ---- in the transactions of orders --------------------------------------------------------------------------------------


def open_payment(tx: Transaction, order_id: str, amount: Money, token: str | None, by: Principal) -> None:
    """Add the payment of a new order. An order that costs nothing needs none."""
    status = PaymentStatus.PENDING if amount.amount else PaymentStatus.NOT_REQUIRED
    payment = Payment(order_id, amount.currency, amount.amount, settings().payment_gateway, status)
    store.add(tx, payment, token if amount.amount else None)


def payment_keys(order_id: str) -> list[tuple[type[Item], str, str]]:
    """Where the payment is, for a batch read."""
    return [store.payment_key(order_id)]


def payment_from(found: Mapping[tuple[str, str], Item], order_id: str) -> Payment:
    """The payment out of a batch read. Raises `NotFound`."""
    payment = store.in_batch(found, order_id)
    if payment is None:
        raise NotFound(f"Order {order_id} has no payment.")
    return payment


def add_due(tx: Transaction, payment: Payment, key: str, amount: int, *, final: bool, by: Principal) -> None:
    """Add "so much is to be captured for this fulfilment" to the shipping transaction; `final`: nothing more will be.

    `amount` is in minor units. Raises `PaymentOutOfTurn` when the payment is being given back.
    """
    store.change(tx, domain.add_due(payment, key, amount, final=final))


def close_dues(tx: Transaction, payment: Payment, by: Principal) -> None:
    """Add "nothing more will fall due" to the transaction of an order of which the last open units are called off."""
    if not payment.final:
        store.change(tx, domain.add_due(payment, "", 0, final=True))


# ---- reading ------------------------------------------------------------------------------------------------------------


def read_payment(order_id: str, by: Principal) -> Payment:
    """The payment of an order, for staff."""
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="orders.read")
    return _must_find(order_id)[0]


# ---- steps of the workflow ----------------------------------------------------------------------------------------------

Gateways = Callable[[str], PaymentGateway]


def authorise(order_id: str, by: Principal, provider: Gateways = gateways.gateway) -> Outcome:
    """Ask the provider to hold the order's amount.

    Outcomes: `authorised`, `not_required`, `declined` with a reason, `unknown`: to be looked up.
    """

    def step(payment: Payment, token: str | None) -> Outcome:
        if payment.decided or payment.closing:
            return _as_outcome(payment)
        if payment.status is PaymentStatus.UNKNOWN:
            return _look_up(payment, token, provider(payment.gateway), by)
        return _record(payment, _ask_to_hold(payment, token, provider(payment.gateway)), by)

    return _with_latest(order_id, step)


def look_up(order_id: str, by: Principal, provider: Gateways = gateways.gateway) -> Outcome:
    """Ask the provider what became of the authorisation; one it never got is sent again under the same key.

    Outcomes as of `authorise`.
    """

    def step(payment: Payment, token: str | None) -> Outcome:
        if payment.decided or payment.closing:
            return _as_outcome(payment)
        return _look_up(payment, token, provider(payment.gateway), by)

    return _with_latest(order_id, step)


def _look_up(payment: Payment, token: str | None, asked: PaymentGateway, by: Principal) -> Outcome:
    answer = asked.look_up(_key(payment, "authorise"))
    if isinstance(answer, gateways.NotFound):
        answer = _ask_to_hold(payment, token, asked)
    return _record(payment, answer, by)


def _ask_to_hold(payment: Payment, token: str | None, asked: PaymentGateway) -> gateways.Answer:
    if token is None:
        return Declined("no_payment_method")
    return asked.authorise(_key(payment, "authorise"), Money(payment.amount, payment.currency), token)


def _record(payment: Payment, answer: gateways.Answer, by: Principal) -> Outcome:
    if isinstance(answer, Unknown):
        if payment.status is not PaymentStatus.UNKNOWN:
            _commit(domain.leave_unknown(payment))
        return {"outcome": "unknown"}
    return _as_outcome(_record_decision(payment, answer, by))


def _record_decision(payment: Payment, answer: Approved | Declined, by: Principal) -> Payment:
    if isinstance(answer, Approved):
        authorised = domain.authorise(payment, answer.reference)
        return _commit(authorised, lambda tx: events.payment_authorised(tx, authorised, by))
    declined = domain.decline(payment, answer.reason)
    _commit(declined, lambda tx: events.payment_declined(tx, declined, by))
    observability.count("PaymentsDeclined")
    return declined


def _as_outcome(payment: Payment) -> Outcome:
    """What the workflow is told of a payment that is decided or being given back."""
    if payment.status in (PaymentStatus.AUTHORISED, PaymentStatus.NOT_REQUIRED) and not payment.closing:
        return {"outcome": str(payment.status)}
    return {"outcome": "declined", "reason": payment.reason or "void"}


def capture(order_id: str, due: str, by: Principal, provider: Gateways = gateways.gateway) -> Outcome:
    """Take what fell due for a fulfilment; when nothing more will, give the rest of the authorisation back.

    Outcomes: `captured` with the amount, `nothing_due`. Raises `CaptureDeclined`, `VoidDeclined`, and `Unavailable` while
    the provider does not say; all are safe to repeat.
    """

    def step(payment: Payment, token: str | None) -> Outcome:
        if due in payment.dues:
            payment = _capture_due(payment, due, provider(payment.gateway), by)
        if payment.final and not payment.dues and payment.remainder:
            payment = _give_back(payment, provider(payment.gateway), by)
        taken = payment.captures.get(due)
        return {"outcome": "captured", "amount": taken.amount} if taken else {"outcome": "nothing_due", "amount": 0}

    return _with_latest(order_id, step)


def _capture_due(payment: Payment, due: str, asked: PaymentGateway, by: Principal) -> Payment:
    amount = Money(payment.dues[due], payment.currency)
    held = payment.authorisation or ""
    answer = _answered(asked, _key(payment, f"capture:{due}"), lambda key: asked.capture(key, held, amount))
    if isinstance(answer, Declined):
        raise CaptureDeclined(answer.reason)
    captured = domain.capture(payment, due, answer.reference)
    _commit(captured, lambda tx: events.payment_captured(tx, captured, due, amount.amount, by))
    observability.count("PaymentsCaptured")
    return captured


def settle(order_id: str, by: Principal, provider: Gateways = gateways.gateway) -> Outcome:
    """Do what the payment still asks for: capture every due; when nothing more will fall due, give the rest back.

    Outcome `settled` with what was captured and given back in all. Raises as `capture`; safe to repeat.
    """

    def step(payment: Payment, token: str | None) -> Outcome:
        for due in tuple(payment.dues):
            payment = _capture_due(payment, due, provider(payment.gateway), by)
        if payment.decided and payment.final and payment.remainder:
            payment = _give_back(payment, provider(payment.gateway), by)
        return {"outcome": "settled", "captured": payment.captured, "voided": payment.voided}

    return _with_latest(order_id, step)


def void(order_id: str, reason: str, by: Principal, provider: Gateways = gateways.gateway) -> Outcome:
    """Undo of authorising: give back what is held, and see to it that nothing can be held later.

    The intent is recorded first; then an authorisation whose answer is missing is looked up, and one that the provider has
    not seen is forestalled. Outcomes: `voided` with the amount, `nothing_to_void`. Raises `PaymentOutOfTurn` when goods
    have left, `VoidDeclined`, and `Unavailable` while the provider does not say; the last two are safe to repeat.
    """

    def step(payment: Payment, token: str | None) -> Outcome:
        if payment.status not in (PaymentStatus.VOID, PaymentStatus.DECLINED, PaymentStatus.NOT_REQUIRED):
            payment = _given_back_whole(payment, reason, provider(payment.gateway), by)
        return {"outcome": "voided", "amount": payment.voided} if payment.voided else {"outcome": "nothing_to_void"}

    return _with_latest(order_id, step)


def _given_back_whole(payment: Payment, reason: str, asked: PaymentGateway, by: Principal) -> Payment:
    if not payment.closing:
        payment = _commit(domain.close(payment, reason))
    if not payment.decided:
        answer = asked.forestall(_key(payment, "authorise"))
        if isinstance(answer, Unknown):
            raise Unavailable(f"The provider does not say yet: {answer.why}.")
        if isinstance(answer, gateways.NotFound):
            return _commit(domain.void(payment))
        payment = _record_decision(payment, answer, by)
    return _give_back(payment, asked, by) if payment.remainder else payment


def _give_back(payment: Payment, asked: PaymentGateway, by: Principal) -> Payment:
    held = payment.authorisation or ""
    answer = _answered(asked, _key(payment, "void"), lambda key: asked.void(key, held))
    if isinstance(answer, Declined):
        raise VoidDeclined(answer.reason)
    voided = domain.void(payment)
    return _commit(voided, lambda tx: events.payment_voided(tx, voided, payment.remainder, by))


def _answered(asked: PaymentGateway, key: str, call: Callable[[str], gateways.Answer]) -> Approved | Declined:
    """The provider's answer to a call; a missing one is looked up once, and left to a repetition after that."""
    answer: gateways.Answer | gateways.NotFound = call(key)
    if isinstance(answer, Unknown):
        answer = asked.look_up(key)
    if isinstance(answer, Approved | Declined):
        return answer
    raise Unavailable("The payment provider does not answer; the same key will be tried again.")


def _commit(payment: Payment, announce: Callable[[Transaction], None] | None = None) -> Payment:
    tx = Transaction()
    store.change(tx, payment)
    if announce is not None:
        announce(tx)
    tx.commit()
    return payment


def _with_latest(order_id: str, step: Callable[[Payment, str | None], Outcome]) -> Outcome:
    for _ in range(_ATTEMPTS):
        payment, token = _must_find(order_id)
        try:
            return step(payment, token)
        except Stale:
            continue
    raise Stale(f"The payment of {order_id} kept changing.")


def _must_find(order_id: str) -> tuple[Payment, str | None]:
    found = store.get(order_id)
    if found is None:
        raise NotFound(f"Order {order_id} has no payment.")
    return found


def _key(payment: Payment, intent: str) -> str:
    return f"{payment.order_id}:{intent}"
