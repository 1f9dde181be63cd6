"""Keeping an allocation and its fulfilment in line: what the supplier does not ship goes back to the order, and what the order does
not want any more is recalled from the supplier."""

from collections.abc import Callable, Mapping
from typing import Protocol

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended, Stale
from chalicelib.core.idempotency import Idempotency
from chalicelib.core.table import Transaction
from chalicelib.fulfilment import service as fulfilments
from chalicelib.fulfilment.service import Fulfilment, FulfilmentStatus
from chalicelib.routing import events
from chalicelib.routing.domain import allocation as life
from chalicelib.routing.domain.allocation import Allocation, AllocationState
from chalicelib.routing.service.converse import must_find
from chalicelib.routing.service.note_call import is_open
from chalicelib.routing.store import items as store
from chalicelib.routing.store.items import Recall

_ATTEMPTS = 8
_ASKED_FOR = (FulfilmentStatus.REQUESTED, FulfilmentStatus.PACKED)
UNCALLED = "uncalled"
"""Of recalls for suppliers whose endpoint was never called: they read them."""


class Decline(Protocol):
    """As `orders.service.decline_units`, which only the rims may call."""

    def __call__(
        self,
        fulfilment_id: str,
        units: Mapping[str, int],
        reason: str,
        *,
        by: Principal,
        once: Idempotency,
        alongside: Callable[[Transaction], None] = ...,
    ) -> None: ...


def keep_in_line(allocation_id: str, decline: Decline, by: Principal) -> Allocation:
    """Recall from the supplier what it holds beyond what the fulfilment wants, and decline what the fulfilment wants beyond what the
    supplier holds. Safe to repeat, and at any time: of several at once one does it.
    """
    for _ in range(_ATTEMPTS):
        value = must_find(allocation_id).value
        part = fulfilments.read(allocation_id, by)
        try:
            if not _step(value, part, decline, by):
                return value
        except (Stale, Contended, fulfilments.OutOfTurn):
            continue
    raise Stale(f"Allocation {allocation_id} kept changing.")


def is_in_line(value: Allocation, by: Principal) -> bool:
    """Whether the fulfilment wants just what the supplier ships, as far as that is known: `keep_in_line` has nothing to do."""
    wanted = wanted_units(fulfilments.read(value.id, by))
    if wanted is None:
        return True
    if is_open(value):
        return any(wanted.values())
    recallable = value.state is AllocationState.ACCEPTED
    return not any(units < 0 or (units and recallable) for units in _beyond(value, wanted).values())


def _beyond(value: Allocation, wanted: Mapping[str, int]) -> dict[str, int]:
    """Units that the supplier holds beyond what is wanted, by line; below zero where it holds less."""
    return {line.line_id: line.held - wanted.get(line.line_id, 0) for line in value.lines}


def _step(value: Allocation, part: Fulfilment, decline: Decline, by: Principal) -> bool:
    """Do one thing that is to be done; whether there was any."""
    wanted = wanted_units(part)
    if wanted is None:
        return False
    if is_open(value):
        if any(wanted.values()):
            return False
        call_off(value, by)
        return True
    beyond = _beyond(value, wanted)
    recalled = {line_id: units for line_id, units in beyond.items() if units > 0}
    if recalled and value.state is AllocationState.ACCEPTED:
        _recall(value, recalled, by)
        return True
    declined = {line_id: -units for line_id, units in beyond.items() if units < 0}
    if declined:
        _decline(value, part, declined, decline, by)
        return True
    return False


def wanted_units(part: Fulfilment) -> dict[str, int] | None:
    """Units that are still to be shipped, by line; None for a parcel that has left, or whose units were all declined."""
    if part.status is FulfilmentStatus.CANCELLED:
        return {}
    if part.status not in _ASKED_FOR:
        return None
    return {line.line_id: line.wanted for line in part.lines}


def call_off(value: Allocation, by: Principal) -> None:
    """Nothing of it is wanted any more, before there was an answer."""
    after = life.cancel(value, clock.now())
    units = {line.line_id: line.quantity for line in value.lines}
    tx = Transaction()
    store.change_allocation(tx, after)
    add_recall(tx, after, units)
    events.units_recalled(tx, after, units, by)
    tx.commit()


def _recall(value: Allocation, units: Mapping[str, int], by: Principal) -> None:
    after = life.recall(value, units)
    tx = Transaction()
    store.change_allocation(tx, after)
    add_recall(tx, after, units)
    events.units_recalled(tx, after, units, by)
    tx.commit()


def add_recall(tx: Transaction, after: Allocation, units: Mapping[str, int]) -> None:
    """Add to the transaction that the supplier is to be told to leave these units out, if it was ever called. The recall's name follows
    from the version of the allocation, so each is made once."""
    state = store.OPEN if after.called else UNCALLED
    recall = Recall(f"{after.id}.c{after.version}", dict(units), clock.rfc3339(clock.now()), state)
    store.add_recall(tx, after.id, recall)


def _decline(value: Allocation, part: Fulfilment, units: Mapping[str, int], decline: Decline, by: Principal) -> None:
    """The version of the allocation names the deed: of two who want to do the same, one does it, together with the next version."""
    # The fulfilment's next version is this deed, and no news to whoever knew the last one.
    told = part.version + 1 if value.told_version == part.version else value.told_version
    after = life.note(value, told_version=told)
    once = Idempotency.of("routing declines", f"{value.id}#{value.version}", repr(sorted(units.items())).encode())

    def alongside(tx: Transaction) -> None:
        store.change_allocation(tx, after)

    if must_find(value.id).value.version == value.version:
        decline(value.id, units, value.reason or "other", by=by, once=once, alongside=alongside)
