"""What payments offers: its part in the transactions of orders, and the steps of the workflow.

A step reads the payment, calls the provider with a key that is always the same for the same intent, and records the answer
under the version it read. Run again after a crash anywhere, it finds the provider's first answer or its own record.
"""

from collections.abc import Callable, Mapping

from chalicelib.core import observability
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import NotFound, Stale, Unavailable
from chalicelib.core.money import Money
from chalicelib.core.table import Item, Transaction
from chalicelib.core.tasks import Outcome
from chalicelib.payments import domain, events, gateways, store
from chalicelib.payments.domain import Payment, PaymentStatus
from chalicelib.payments.gateways import Approved, Declined, PaymentGateway, Unknown

__all__ = ["Payment", "PaymentStatus"]

_ATTEMPTS = 6


class CaptureDeclined(Exception):
    """The provider refuses to capture what it holds: a person has to look."""


class VoidDeclined(Exception):
    """The provider refuses to give back what it holds: a person has to look."""


# ---- in the transactions of orders --------------------------------------------------------------------------------------


def open_payment(tx: Transaction, order_id: str, amount: Money, token: str | None, by: Principal) -> None:
    """Add the payment of a new order. An order that costs nothing needs none."""
    status = PaymentStatus.PENDING if amount.amount else PaymentStatus.NOT_REQUIRED
    store.add(tx, Payment(order_id, amount.currency, amount.amount, status), token)


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
    """Add "so much is to be captured for this fulfilment" to the shipping transaction; `final`: nothing more will be."""
    store.change(tx, domain.add_due(payment, key, amount, final=final))


# ---- reading ------------------------------------------------------------------------------------------------------------


def read_payment(order_id: str, by: Principal) -> Payment:
    """The payment of an order, for staff."""
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="orders.read")
    return _must_find(order_id)[0]


# ---- steps of the workflow ----------------------------------------------------------------------------------------------


def authorise(order_id: str, by: Principal, gateway: PaymentGateway | None = None) -> Outcome:
    """Ask the provider to hold the order's amount.

    Outcomes: `authorised`, `not_required`, `declined` with a reason, `unknown`: to be looked up.
    """
    provider = gateway or gateways.gateway()

    def step(payment: Payment, token: str | None) -> Outcome:
        known = _decided(payment)
        if known is not None:
            return known
        amount = Money(payment.amount, payment.currency)
        return _record_authorisation(payment, provider.authorise(_key(order_id, "authorise"), amount, token), by)

    return _with_latest(order_id, step)


def look_up(order_id: str, by: Principal, gateway: PaymentGateway | None = None) -> Outcome:
    """Ask the provider what became of the authorisation; one it never got is sent again under the same key."""
    provider = gateway or gateways.gateway()

    def step(payment: Payment, token: str | None) -> Outcome:
        known = _decided(payment)
        if known is not None:
            return known
        key = _key(order_id, "authorise")
        answer = provider.look_up(key)
        if isinstance(answer, gateways.NotFound):
            answer = provider.authorise(key, Money(payment.amount, payment.currency), token)
        return _record_authorisation(payment, answer, by)

    return _with_latest(order_id, step)


def capture(order_id: str, due: str, by: Principal, gateway: PaymentGateway | None = None) -> Outcome:
    """Take what fell due for a fulfilment; when nothing more will, give the rest of the authorisation back.

    Outcomes: `captured` with the amount, `nothing_due`. Raises `CaptureDeclined`, `VoidDeclined`, and `Unavailable` while
    the provider does not say; all are safe to repeat.
    """
    provider = gateway or gateways.gateway()

    def step(payment: Payment, token: str | None) -> Outcome:
        amount = payment.dues.get(due)
        if amount:
            answer = _asked(
                provider,
                _key(order_id, f"capture:{due}"),
                lambda key: provider.capture(key, payment.reference or "", Money(amount, payment.currency)),
            )
            if isinstance(answer, Declined):
                raise CaptureDeclined(answer.reason)
            payment = domain.capture(payment, due)
            tx = Transaction()
            store.change(tx, payment)
            events.payment_captured(tx, payment, due, amount, by)
            tx.commit()
            observability.count("PaymentsCaptured")
        if payment.final and not payment.dues and payment.remainder:
            _give_back(payment, "not shipped", by, provider)
        taken = payment.captures.get(due, 0)
        return {"outcome": "captured", "amount": taken} if taken else {"outcome": "nothing_due"}

    return _with_latest(order_id, step)


def void(order_id: str, reason: str, by: Principal, gateway: PaymentGateway | None = None) -> Outcome:
    """Undo of authorising: give back what is held, and see to it that nothing can be held later.

    An authorisation whose answer is missing is looked up first. Outcomes: `voided` with the amount, `nothing_to_void`.
    """
    provider = gateway or gateways.gateway()

    def step(payment: Payment, token: str | None) -> Outcome:
        if payment.status in (PaymentStatus.VOID, PaymentStatus.DECLINED, PaymentStatus.NOT_REQUIRED):
            return {"outcome": "voided", "amount": payment.voided} if payment.voided else {"outcome": "nothing_to_void"}
        if payment.status in (PaymentStatus.PENDING, PaymentStatus.UNKNOWN):
            answer = provider.look_up(_key(order_id, "authorise"))
            if isinstance(answer, Unknown):
                raise Unavailable(f"The provider does not say yet: {answer.why}.")
            if isinstance(answer, Approved):
                payment = domain.authorise(payment, answer.reference)
                tx = Transaction()
                store.change(tx, payment)
                events.payment_authorised(tx, payment, by)
                tx.commit()
        return _give_back(payment, reason, by, provider)

    return _with_latest(order_id, step)


def _give_back(payment: Payment, reason: str, by: Principal, provider: PaymentGateway) -> Outcome:
    amount = payment.remainder
    if amount:
        answer = _asked(
            provider,
            _key(payment.order_id, "void"),
            lambda key: provider.void(key, payment.reference or "", Money(amount, payment.currency)),
        )
        if isinstance(answer, Declined):
            raise VoidDeclined(answer.reason)
    voided = domain.void(payment, reason)
    tx = Transaction()
    store.change(tx, voided)
    events.payment_voided(tx, voided, amount, by)
    tx.commit()
    return {"outcome": "voided", "amount": amount} if amount else {"outcome": "nothing_to_void"}


def _record_authorisation(payment: Payment, answer: gateways.Answer, by: Principal) -> Outcome:
    tx = Transaction()
    if isinstance(answer, Approved):
        payment = domain.authorise(payment, answer.reference)
        events.payment_authorised(tx, payment, by)
    elif isinstance(answer, Declined):
        payment = domain.decline(payment, answer.reason)
        events.payment_declined(tx, payment, by)
        observability.count("PaymentsDeclined")
    elif payment.status is PaymentStatus.UNKNOWN:
        return {"outcome": "unknown"}
    else:
        payment = domain.leave_unknown(payment)
    store.change(tx, payment)
    tx.commit()
    return _decided(payment) or {"outcome": "unknown"}


def _decided(payment: Payment) -> Outcome | None:
    match payment.status:
        case PaymentStatus.AUTHORISED | PaymentStatus.NOT_REQUIRED:
            return {"outcome": str(payment.status)}
        case PaymentStatus.DECLINED | PaymentStatus.VOID:
            return {"outcome": "declined", "reason": payment.reason or "void"}
        case _:
            return None


def _asked(provider: PaymentGateway, key: str, call: Callable[[str], gateways.Answer]) -> Approved | Declined:
    """The provider's answer to a call; a missing one is looked up once, and left to a repetition after that."""
    answer: gateways.Answer | gateways.NotFound = call(key)
    if isinstance(answer, Unknown):
        answer = provider.look_up(key)
    if isinstance(answer, Approved | Declined):
        return answer
    raise Unavailable("The payment provider does not answer; the same key will be tried again.")


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


def _key(order_id: str, intent: str) -> str:
    return f"{order_id}:{intent}"
