"""What a supplier says by our own API: its answer, its shipment, what it cannot ship after all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.core import clock
from chalicelib.core.auth import Principal, system
from chalicelib.core.errors import NotFound, Stale
from chalicelib.core.idempotency import Answer as Recorded
from chalicelib.core.idempotency import Idempotency
from chalicelib.core.observability import count
from chalicelib.core.table import Transaction
from chalicelib.fulfilment import service as fulfilments
from chalicelib.routing import events
from chalicelib.routing.domain import allocation as life
from chalicelib.routing.domain.allocation import (
    Allocation,
    AllocationState,
    Answer,
    AnswerTooLate,
    Decision,
    NotAccepted,
)
from chalicelib.routing.service.converse import must_find
from chalicelib.routing.service.note_call import add_counts, counts_of_answer, is_open
from chalicelib.routing.store import items as store
from chalicelib.suppliers import service as suppliers

_ATTEMPTS = 8
_ROUTING = system("routing")
"""Reads the fulfilment of an allocation for its supplier, who may not."""

Reply = Callable[[Allocation], Recorded]


def must_be_theirs(supplier_id: str, allocation_id: str, by: Principal) -> Allocation:
    """A supplier's allocation. Raises `NotFound` for another's, as for one that never was."""
    suppliers.require_access(supplier_id, by)
    found = store.get_allocation(allocation_id)
    if found is None or found.value.supplier_id != supplier_id:
        raise NotFound(f"There is no order {allocation_id}.")
    return found.value


def answer_order(
    supplier_id: str, allocation_id: str, given: Answer, *, by: Principal, once: Idempotency, answer: Reply
) -> Recorded:
    """Take a supplier's answer, once; the same again changes nothing.

    Raises `AnswerTooLate` after the deadline, also when nobody has noted it yet, `AlreadyAnswered` when another answer stands,
    `MoreThanAsked`.
    """
    for _ in range(_ATTEMPTS):
        value = must_be_theirs(supplier_id, allocation_id, by)
        said = _in_full(value, given)
        tx = Transaction()
        after = value
        if not life.is_same(value, said):
            after = _decided(value, said)
            _add_answer(tx, after, by)
        final = answer(after)
        once.record(tx, final)
        try:
            tx.commit()
        except Stale:
            continue
        return final
    raise Stale(f"Allocation {allocation_id} kept changing.")


def _decided(value: Allocation, given: Answer) -> Allocation:
    try:
        return life.decide(value, given, clock.now())
    except AnswerTooLate:
        if value.state is not AllocationState.CANCELLED and given.decision is not Decision.REJECTED:
            _count_late(value)
        raise


def _in_full(value: Allocation, given: Answer) -> Answer:
    if given.decision is not Decision.ACCEPTED:
        return given
    return replace(given, units={line.line_id: line.quantity for line in value.lines})


def _count_late(value: Allocation) -> None:
    tx = Transaction()
    add_counts(tx, value, {"late_answers": 1})
    tx.commit()
    count("LateAnswers")


def _add_answer(tx: Transaction, after: Allocation, by: Principal) -> None:
    store.change_allocation(tx, after)
    events.order_answered(tx, after, by)
    add_counts(tx, after, counts_of_answer(after))


def give_back_units(
    supplier_id: str,
    allocation_id: str,
    units: Mapping[str, int],
    reason: str,
    *,
    by: Principal,
    once: Idempotency,
    answer: Reply,
) -> Recorded:
    """Take back an acceptance: these units, by line, the supplier cannot ship after all. The event has them sought elsewhere.

    Raises `NotAccepted`, `MoreThanAsked`.
    """
    for _ in range(_ATTEMPTS):
        value = must_be_theirs(supplier_id, allocation_id, by)
        after = life.give_back(value, units, reason)
        tx = Transaction()
        store.change_allocation(tx, after)
        events.units_declined(tx, after, units, reason, by, late=True)
        add_counts(tx, after, {"cancelled_after_acceptance": 1, "units_refused": sum(units.values())})
        final = answer(after)
        once.record(tx, final)
        try:
            tx.commit()
        except Stale:
            continue
        return final
    raise Stale(f"Allocation {allocation_id} kept changing.")


# ---- shipments ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shipment:
    """What left: units by line, for all lines that are held unless told; how the parcel can be followed; and when."""

    units: Mapping[str, int] | None
    tracking: Mapping[str, str] | None
    shipped_at: datetime


class ShipmentPlan:
    """What shipping an allocation means for it: `units` by line are in the parcel, and it is `shipped` in the transaction that ships the
    fulfilment, or that transaction is `Stale`. One that was not answered yet counts as accepted by it."""

    def __init__(self, value: Allocation, shipment: Shipment, by: Principal) -> None:
        self._shipment, self._by = shipment, by
        wanted = _wanted(value)
        self.units = _units(value, wanted, shipment)
        self.after = _shipped(value, self.units, wanted, shipment)

    def alongside(self, tx: Transaction) -> None:
        """Add to the transaction of the order, from how the allocation is now."""
        before = must_find(self.after.id).value
        self.after = _shipped(before, self.units, _wanted(before), self._shipment)
        store.change_allocation(tx, self.after)
        if is_open(before):
            events.order_answered(tx, self.after, self._by)
        add_counts(tx, self.after, _counts(before, self.after))


def plan_shipment(supplier_id: str, allocation_id: str, shipment: Shipment, by: Principal) -> ShipmentPlan:
    """What shipping the allocation will mean, and do.

    Raises `NotAccepted` for one that was refused or called off, `AnswerTooLate`, `MoreThanAsked`.
    """
    return ShipmentPlan(must_be_theirs(supplier_id, allocation_id, by), shipment, by)


def _wanted(value: Allocation) -> dict[str, int]:
    """Units that the order wants of the supplier, by line."""
    return {line.line_id: line.wanted for line in fulfilments.read(value.id, _ROUTING).lines}


def _units(value: Allocation, wanted: Mapping[str, int], shipment: Shipment) -> dict[str, int]:
    """Unless told, all that the supplier holds and that is still wanted."""
    if shipment.units is not None:
        return dict(shipment.units)
    held = {line.line_id: line.quantity if is_open(value) else line.held for line in value.lines}
    return {line_id: min(units, wanted.get(line_id, 0)) for line_id, units in held.items()}


def _shipped(before: Allocation, units: Mapping[str, int], wanted: Mapping[str, int], shipment: Shipment) -> Allocation:
    """What was called off and is not in the parcel was recalled, though nobody has said so yet; the supplier did not refuse it."""
    if before.state in (AllocationState.SILENT, AllocationState.CANCELLED, AllocationState.REJECTED):
        raise NotAccepted(f"The allocation is {before.state}.", state=str(before.state))
    accepted = before
    if is_open(before):
        everything = {line.line_id: line.quantity for line in before.lines}
        accepted = life.decide(before, Answer(Decision.ACCEPTED, everything), clock.now())
    life.within(units, {line.line_id: line.held for line in accepted.lines})
    kept = {line.line_id: max(wanted.get(line.line_id, 0), units.get(line.line_id, 0)) for line in accepted.lines}
    beyond = {line.line_id: line.held - kept[line.line_id] for line in accepted.lines if line.held > kept[line.line_id]}
    if beyond:
        accepted = life.recall(accepted, beyond)
    return replace(life.ship(accepted, units, shipment.shipped_at), version=before.version + 1)


def _counts(before: Allocation, after: Allocation) -> dict[str, int]:
    refused = sum(after.refused_units.values()) - sum(before.refused_units.values())
    return {
        "accepted": int(is_open(before)),
        "shipped": 1,
        "shipped_late": int(life.is_shipped_late(after)),
        "cancelled_after_acceptance": int(refused > 0),
        "units_refused": refused,
    }
