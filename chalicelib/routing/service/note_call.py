"""Writing down what a call came to, in one transaction with what it changes."""

from collections.abc import Callable

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Stale
from chalicelib.core.observability import count
from chalicelib.core.table import Transaction
from chalicelib.reviews.service import CaseExists, NewerCase
from chalicelib.routing import events
from chalicelib.routing.domain import allocation as life
from chalicelib.routing.domain.allocation import Allocation, AllocationState
from chalicelib.routing.domain.answers import Kind
from chalicelib.routing.service.converse import Talk, must_find
from chalicelib.routing.store import items as store

_ATTEMPTS = 8

Change = Callable[[Allocation, Transaction], tuple[Allocation, dict[str, int]]]
"""What a call means for an allocation, with what it adds to the scorecard; it may add to the transaction. The same allocation back:
nothing."""


def note_call(allocation_id: str, talk: Talk, change: Change, by: Principal) -> Allocation:
    """Add the call to the log, and make the change, to the allocation as it is now. Nonsense is told, and counted."""
    for _ in range(_ATTEMPTS):
        try:
            after = _noted(allocation_id, talk, change, by)
        except (Stale, CaseExists, NewerCase):
            continue
        if talk.heard.kind is Kind.NONSENSE:
            count("SuppliersMisbehaved")
        return after
    raise Stale(f"Allocation {allocation_id} kept changing.")


def _noted(allocation_id: str, talk: Talk, change: Change, by: Principal) -> Allocation:
    before = must_find(allocation_id).value
    tx = Transaction()
    store.add_call(tx, allocation_id, talk.call)
    after, counts = change(before, tx)
    if talk.heard.kind is Kind.NONSENSE:
        counts = {**counts, "misbehaved": counts.get("misbehaved", 0) + 1}
        events.supplier_misbehaved(tx, after, talk.call.what, talk.heard.reason, by)
    if after is not before:
        store.change_allocation(tx, after)
    add_counts(tx, after, counts)
    tx.commit()
    return after


def add_counts(tx: Transaction, value: Allocation, counts: dict[str, int]) -> None:
    """Add to the supplier's scorecard of this month."""
    store.add_to_scorecard(tx, value.supplier_id, clock.rfc3339(clock.now())[:7], value.id, counts)


def counts_of_answer(value: Allocation) -> dict[str, int]:
    """What an allocation that was just answered adds to the scorecard."""
    return {str(value.decision): 1, "units_refused": sum(value.refused_units.values())}


def count_try(before: Allocation, tx: Transaction) -> tuple[Allocation, dict[str, int]]:
    """One more call without an answer."""
    return life.note(before, tries=before.tries + 1), {}


def is_open(value: Allocation) -> bool:
    """Whether an answer is still waited for."""
    return value.state is AllocationState.REQUESTED
