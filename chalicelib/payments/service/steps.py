"""What the steps of workflows share.

A step reads the payment, calls the provider with a key that is always the same for the same intent, and records the answer
under the version it read. Run again after a crash anywhere, it finds the provider's first answer or its own record.
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from operator import itemgetter

from chalicelib.core.auth import Principal
from chalicelib.core.errors import NotFound, Stale, Unavailable
from chalicelib.core.money import Money
from chalicelib.core.table import Transaction
from chalicelib.core.tasks import Outcome
from chalicelib.payments import domain, events, gateways, store
from chalicelib.payments.domain import EntryKind, Payment, Refund, RefundPart, Tender
from chalicelib.payments.gateways import Approved, Call, Declined, PaymentGateway, Unknown, Verb
from chalicelib.payments.service.booking import book_credited
from chalicelib.payments.store import stored_value as books

Gateways = Callable[[str], PaymentGateway]
Tokens = Sequence[str | None]

_ATTEMPTS = 8


class VoidDeclined(Exception):
    """The provider refuses to give back what it holds: a person has to look."""


def with_latest(order_id: str, step: Callable[[Payment, Tokens], Outcome]) -> Outcome:
    """Run a step on the payment as it is now, and again when another was quicker."""
    for _ in range(_ATTEMPTS):
        try:
            return step(*must_find(order_id))
        except Stale:
            continue
    raise Stale(f"The payment of {order_id} kept changing.")


def must_find(order_id: str) -> tuple[Payment, Tokens]:
    """The payment and its tokens. Raises `NotFound`."""
    found = store.get(order_id)
    if found is None:
        raise NotFound(f"Order {order_id} has no payment.")
    return found


def commit(payment: Payment, announce: Callable[[Transaction], None] | None = None) -> Payment:
    """Record the next version of a payment with its event. Raises `Stale` when another was quicker."""
    tx = Transaction()
    store.change(tx, payment)
    if announce is not None:
        announce(tx)
    tx.commit()
    return payment


def credit(tx: Transaction, before: Payment, after: Payment, by: Principal) -> None:
    """Write what of refunds became stored value between two versions, in the transaction that records the later one.

    An account is written once, with one entry per refund under the key of the first of its parts.
    """
    newly = domain.newly_credited(before, after)
    book_credited(tx, after, newly)
    given: dict[str, dict[str, tuple[Refund, int]]] = {}
    for refund, parts in groupby(newly, itemgetter(0)):
        credited = [part for _, part in parts]
        entry = refund_key(after, refund, credited[0])
        entries = given.setdefault(refund.to.removeprefix(domain.CREDIT), {})
        entries[entry] = (refund, sum(part.amount for part in credited))
        for part in credited:
            events.payment_refunded(tx, after, refund, part, by)
    for account, entries in given.items():
        books.add(tx, account, sum(amount for _, amount in entries.values()))
        for entry, (refund, amount) in entries.items():
            books.write_entry(tx, books.Entry(account, entry, EntryKind.REFUND, amount), reason=refund.reason, by=by)


def refund_key(payment: Payment, refund: Refund, part: RefundPart) -> str:
    """The key under which a part of a refund is given back: of its own per refund and capture."""
    return _key(payment, f"refund:{refund.key}:{part.capture}", part.tender)


def answered(call: Call, asked: PaymentGateway) -> Approved | Declined:
    """The provider's answer to a call; a missing one is looked up once, and left to a repetition after that."""
    answer: gateways.Answer | gateways.NotFound = gateways.make(call, asked)
    if isinstance(answer, Unknown):
        answer = asked.look_up(call)
    if isinstance(answer, Approved | Declined):
        return answer
    raise Unavailable("The payment provider does not answer; the same key will be tried again.")


def call_of(payment: Payment, tender: Tender, verb: Verb, intent: str, amount: int, on: str) -> Call:
    """The call for an intent, by a key that names order, intent and, but for the first, tender."""
    return Call(verb, _key(payment, intent, tender.id), Money(amount, payment.currency), on)


def _key(payment: Payment, intent: str, tender_id: str) -> str:
    return f"{payment.order_id}:{intent}" + ("" if tender_id == "1" else f"/{tender_id}")
