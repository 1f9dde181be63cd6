"""What the operator books by hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import NotFound, RuleBroken
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.ids import is_id, new_id
from chalicelib.core.table import Transaction
from chalicelib.ledger import domain, events, store
from chalicelib.ledger.domain import Account, Entry, supplier_account
from chalicelib.ledger.service.settle_terms import require_bookkeeper
from chalicelib.ledger.service.whose import is_supplier

SUPPLIER = "supplier"
"""What a request calls the account of the supplier that it names."""


class Unbalanced(RuleBroken):
    code = "unbalanced"
    title = "The postings do not add up to zero"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Postings to book (account, signed minor units, debits positive) and why. `supplier` is the account of `supplier_id`."""

    currency: str
    postings: Sequence[tuple[str, int]]
    reason: str
    supplier_id: str | None = None
    order_id: str | None = None


def adjust(wanted: Adjustment, *, by: Principal, once: Idempotency, answer: Callable[[Entry], Answer]) -> Answer:
    """Book by hand: a loss to write off, a compensation, a chargeback. It stands in the supplier's statement.

    Raises `Unbalanced`, `NotFound` for a supplier that there is not, and for an order of which nothing is booked.
    """
    require_bookkeeper(by)
    if wanted.supplier_id is not None and not is_supplier(wanted.supplier_id):
        raise NotFound(f"There is no supplier {wanted.supplier_id}.")
    if wanted.order_id is not None and not (is_id(wanted.order_id, "ord") and store.is_booked(wanted.order_id)):
        raise NotFound(f"Nothing is booked for an order {wanted.order_id}.")
    entry = _entry(wanted)
    final = answer(entry)
    tx = Transaction()
    store.add(tx, entry.id, [entry])
    events.adjusted(tx, entry, by)
    once.record(tx, final)
    tx.commit()
    observability.count("LedgerAdjustments")
    return final


def _entry(wanted: Adjustment) -> Entry:
    off = sum(amount for _, amount in wanted.postings)
    if off:
        raise Unbalanced(f"They are off by {off} (minor units).", off=off)
    made = domain.adjustment_entry(
        new_id("adj"),
        wanted.currency,
        [(_account(name, wanted.supplier_id), amount) for name, amount in wanted.postings],
        wanted.reason,
        supplier_id=wanted.supplier_id,
        order_id=wanted.order_id,
    )
    if not made.postings:
        raise Unbalanced("They move nothing.", off=0)
    return replace(made, posted_at=clock.rfc3339(clock.now()))


def _account(name: str, supplier_id: str | None) -> str:
    if name != SUPPLIER:
        return Account(name)
    if supplier_id is None:
        raise Unbalanced("A posting to `supplier` needs a supplier_id.", off=0)
    return supplier_account(supplier_id)
