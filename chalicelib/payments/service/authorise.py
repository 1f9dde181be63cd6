"""Authorising a payment tender by tender, and undoing it."""

from collections.abc import Callable

from chalicelib.core import observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Unavailable
from chalicelib.core.table import Transaction
from chalicelib.core.tasks import Outcome
from chalicelib.payments import domain, events, gateways, store
from chalicelib.payments.domain import Payment, PaymentStatus, Tender, TenderStatus
from chalicelib.payments.gateways import Approved, Call, Declined, PaymentGateway, Unknown, Verb
from chalicelib.payments.service.steps import Gateways, Tokens, VoidDeclined, answered, call_of, commit, with_latest


def authorise(order_id: str, by: Principal, provider: Gateways = gateways.gateway) -> Outcome:
    """Have the order's amount held: stored value first, then the card. One declined tender declines the payment.

    Outcomes: `authorised`, `not_required`, `unknown`: to be looked up, `declined` with a reason. What other tenders held is
    given back before `declined` is returned; while that is not certain, raises `Unavailable` or `VoidDeclined`.
    """

    def step(payment: Payment, tokens: Tokens) -> Outcome:
        while not payment.closing and (tender := domain.next_undecided(payment)):
            asked = provider(tender.gateway)
            answer = _ask(payment, tender, tokens, asked)
            if isinstance(answer, Unknown):
                return _left_unknown(payment, tender)
            payment = recorded(payment, tender, answer, by)
        if payment.status is PaymentStatus.DECLINED:
            payment = release(payment, provider, by)
        return _as_outcome(payment)

    return with_latest(order_id, step)


look_up = authorise
"""Ask what became of an authorisation, which is what authorising again begins with; one that a provider never got is
sent again under the same key."""


def _ask(payment: Payment, tender: Tender, tokens: Tokens, asked: PaymentGateway) -> gateways.Answer:
    token = tokens[int(tender.id) - 1]
    if token is None:
        return Declined("no_payment_method")
    call = _authorisation(payment, tender, token)
    if tender.status is TenderStatus.UNKNOWN:
        answer = asked.look_up(call)
        if not isinstance(answer, gateways.NotFound):
            return answer
    return gateways.make(call, asked)


def authorisation_key(payment: Payment, tender: Tender) -> str:
    """The key under which a tender is authorised."""
    return _authorisation(payment, tender, "").key


def _authorisation(payment: Payment, tender: Tender, token: str) -> Call:
    return call_of(payment, tender, Verb.AUTHORISE, "authorise", tender.amount, token)


def _left_unknown(payment: Payment, tender: Tender) -> Outcome:
    if tender.status is not TenderStatus.UNKNOWN:
        commit(domain.leave_unknown(payment, tender.id))
    return {"outcome": "unknown"}


def recorded(
    payment: Payment,
    tender: Tender,
    answer: Approved | Declined,
    by: Principal,
    alongside: Callable[[Transaction], None] = lambda _: None,
) -> Payment:
    """Record what a provider decided on a tender; `alongside` adds to the same transaction."""
    if isinstance(answer, Declined):
        declined = domain.decline(payment, tender.id, answer.reason)

        def announce_refusal(tx: Transaction) -> None:
            events.payment_declined(tx, declined, by)
            alongside(tx)

        commit(declined, announce_refusal)
        observability.count("PaymentsDeclined")
        return declined
    held = domain.authorise(payment, tender.id, answer.reference, once=answer.once)

    def announce(tx: Transaction) -> None:
        if held.was_authorised:
            events.payment_authorised(tx, held, by)
        if tender.gateway in gateways.TELL_BY_REFERENCE:
            name = answer.reference.partition(":")[0]  # what follows it is the adapter's own
            store.remember(tx, tender.gateway, name, payment.order_id)
        alongside(tx)

    return commit(held, announce)


def _as_outcome(payment: Payment) -> Outcome:
    """What the workflow is told of a payment that is decided or being given back."""
    if payment.status in (PaymentStatus.AUTHORISED, PaymentStatus.NOT_REQUIRED) and not payment.closing:
        return {"outcome": str(payment.status)}
    return {"outcome": "declined", "reason": payment.reason or "void"}


def void(order_id: str, reason: str, by: Principal, provider: Gateways = gateways.gateway) -> Outcome:
    """Undo of authorising: give back what is held, and see to it that nothing can be held later.

    The intent is recorded first; then an authorisation whose answer is missing is looked up, and one that the provider has
    not seen is forestalled. Outcomes: `voided` with the amount, `nothing_to_void`. Raises `PaymentOutOfTurn` when goods
    have left, `VoidDeclined`, and `Unavailable` while the provider does not say; the last two are safe to repeat.
    """

    def step(payment: Payment, tokens: Tokens) -> Outcome:
        if any(tender.status not in _OVER for tender in payment.tenders):
            if not payment.closing:
                payment = commit(domain.close(payment, reason))
            payment = release(payment, provider, by, tokens)
        return {"outcome": "voided", "amount": payment.voided} if payment.voided else {"outcome": "nothing_to_void"}

    return with_latest(order_id, step)


_OVER = (TenderStatus.VOID, TenderStatus.DECLINED)


def release(payment: Payment, provider: Gateways, by: Principal, tokens: Tokens = ()) -> Payment:
    """Give back all that is held of a closed payment, and see to it that nothing can be held later. Raises as `void`."""
    for id in [tender.id for tender in payment.tenders]:
        tender = payment.tender(id)
        if not tender.decided:
            payment = _forestalled(payment, tender, tokens, provider(tender.gateway), by)
        if payment.tender(id).remainder:
            payment = give_back(payment, payment.tender(id), provider(tender.gateway), by)
    return payment


def _forestalled(payment: Payment, tender: Tender, tokens: Tokens, asked: PaymentGateway, by: Principal) -> Payment:
    token = tokens[int(tender.id) - 1]
    answer = asked.forestall(_authorisation(payment, tender, token)) if token else gateways.NotFound()
    if isinstance(answer, Unknown):
        raise Unavailable(f"The provider does not say yet: {answer.why}.")
    if isinstance(answer, gateways.NotFound):
        return commit(domain.void(payment, tender.id))
    return recorded(payment, tender, answer, by)


def give_back(payment: Payment, tender: Tender, asked: PaymentGateway, by: Principal) -> Payment:
    """Void what is left of a tender's authorisation. Raises `VoidDeclined`, `Unavailable`.

    It is announced as far as the authorisation was: of a payment that never came about as a whole, nobody was told.
    """
    amount = tender.remainder
    answer = answered(call_of(payment, tender, Verb.VOID, "void", amount, tender.authorisation or ""), asked)
    if isinstance(answer, Declined):
        raise VoidDeclined(answer.reason)
    voided = domain.void(payment, tender.id)
    return commit(voided, lambda tx: events.payment_voided(tx, voided, amount, by) if voided.was_authorised else None)
