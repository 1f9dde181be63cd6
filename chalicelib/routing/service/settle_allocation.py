"""The end of route-order: the deadline, and what follows from the answer."""

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Stale
from chalicelib.core.observability import count
from chalicelib.core.table import Transaction
from chalicelib.core.tasks import Outcome
from chalicelib.routing import events
from chalicelib.routing.domain import allocation as life
from chalicelib.routing.domain.allocation import Allocation
from chalicelib.routing.service.converse import must_find
from chalicelib.routing.service.give_up import has_changed
from chalicelib.routing.service.keep_in_line import Decline, add_recall, keep_in_line
from chalicelib.routing.service.note_call import add_counts, is_open
from chalicelib.routing.service.offer_order import progress
from chalicelib.routing.service.tell_supplier import open_recalls
from chalicelib.routing.store import items as store

_ATTEMPTS = 8


def settle_allocation(allocation_id: str, decline: Decline, by: Principal) -> Outcome:
    """Have the answer take effect: units that the supplier does not ship go back to their order. Past the deadline a supplier that
    said nothing is silent, and is told that the order is not for it any more. Safe to repeat.

    Outcomes: `settled` · `to_tell`, the supplier has to hear of a recall or a change · `waiting`, the deadline is still to come.
    """
    value = must_find(allocation_id).value
    if is_open(value):
        value = _at_deadline(value, by)
    if is_open(value):
        keep_in_line(allocation_id, decline, by)
        value = must_find(allocation_id).value
    if is_open(value):
        return progress(value, clock.now())
    changed = has_changed(value, by)
    value = keep_in_line(allocation_id, decline, by)
    told = {"allocation_id": value.id, "next": "settle", "wait_seconds": 1}
    return {"outcome": "to_tell" if changed or open_recalls(allocation_id) else "settled", **told}


def _at_deadline(value: Allocation, by: Principal) -> Allocation:
    """The allocation as silent, if its time is over and nobody was quicker: of answer and deadline one is written."""
    for _ in range(_ATTEMPTS):
        now = clock.now()
        if not is_open(value) or not value.is_late_at(now):
            return value
        after = life.fall_silent(value, now)
        tx = Transaction()
        store.change_allocation(tx, after)
        if after.called:
            add_recall(tx, after, {line.line_id: line.quantity for line in after.lines})
        events.supplier_silent(tx, after, by)
        add_counts(tx, after, {"silent": 1, "units_refused": sum(after.refused_units.values())})
        try:
            tx.commit()
        except Stale:
            value = must_find(value.id).value
            continue
        count("SuppliersSilent")
        return after
    raise Stale(f"Allocation {value.id} kept changing.")
