"""Giving up to tell a supplier what its endpoint did not hear for a day: from then on it is for a person, with an alarm."""

from collections.abc import Callable

from chalicelib.core.auth import Principal
from chalicelib.core.errors import Stale
from chalicelib.core.observability import count, log
from chalicelib.core.table import Transaction
from chalicelib.fulfilment import service as fulfilments
from chalicelib.reviews.service import CaseExists, NewerCase
from chalicelib.routing.domain import allocation as life
from chalicelib.routing.domain.allocation import Allocation, AllocationState
from chalicelib.routing.domain.waits import CALL_OFF_HOURS
from chalicelib.routing.service.ask_operator import ask_about_unheard_change, ask_about_unheard_recalls
from chalicelib.routing.service.converse import must_find
from chalicelib.routing.store import items as store

_ATTEMPTS = 8


def give_up_recall(allocation_id: str, recall_id: str, by: Principal) -> None:
    """Note that the supplier was not told of a recall, and have a person tell it of all of which that is so. Safe to repeat."""

    def add(tx: Transaction, after: Allocation) -> None:
        recalls = {one.id: one for one in store.recalls_of(allocation_id)}
        if recalls[recall_id].state == store.OPEN:
            unheard = [one for one in recalls.values() if one.state == store.GIVEN_UP or one.id == recall_id]
            store.close_recall(tx, allocation_id, recalls[recall_id], store.GIVEN_UP)
            ask_about_unheard_recalls(tx, after, unheard, by)

    _parked(allocation_id, add)


def give_up_change(allocation_id: str, by: Principal) -> None:
    """Have a person tell the supplier how its parcel stands. Safe to repeat: each state of it is asked about once."""
    why = f"The supplier's endpoint could not be told for {CALL_OFF_HOURS} hours."

    def add(tx: Transaction, after: Allocation) -> None:
        if has_changed(after, by):
            ask_about_unheard_change(tx, after, fulfilments.read(allocation_id, by), why, by)

    _parked(allocation_id, add)


def _parked(allocation_id: str, add: Callable[[Transaction, Allocation], None]) -> None:
    """Commit what is added, if anything is, with the next version of the allocation: of who tells and who gives up, one comes first."""
    for _ in range(_ATTEMPTS):
        after, tx = life.note(must_find(allocation_id).value), Transaction()
        try:
            add(tx, after)
            if not len(tx):
                return
            store.change_allocation(tx, after)
            tx.commit()
        except (Stale, CaseExists, NewerCase):
            continue
        count("CompensationParked")
        log.error("parked for a person: the supplier was not told", allocation_id=allocation_id)
        return
    raise Stale(f"Allocation {allocation_id} kept changing.")


def has_changed(value: Allocation, by: Principal) -> bool:
    """Whether the parcel changed since the supplier was told of it."""
    return (
        value.state is AllocationState.ACCEPTED
        and value.called
        and fulfilments.read(value.id, by).version > value.told_version
    )
