"""An allocation: the part of an order that one supplier is asked to ship, and the one final answer to it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib.core import clock
from chalicelib.core.errors import Conflict, RuleBroken
from chalicelib.routing.domain.waits import whole_seconds

PREFIX = "sup_"
"""Of the ids of suppliers, which are the ids of their locations, too."""


class AllocationState(StrEnum):
    """`requested`: no answer yet. `accepted`: all of it or a part. `silent`: no answer in time. `cancelled`: nothing of it is wanted any
    more. All but the first two are final."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SILENT = "silent"
    CANCELLED = "cancelled"
    SHIPPED = "shipped"


class Decision(StrEnum):
    """What a supplier says of an allocation."""

    ACCEPTED = "accepted"
    PARTIAL = "partial"
    REJECTED = "rejected"


REASONS = ("out_of_stock", "discontinued", "price", "address", "capacity", "other")
"""Why a supplier refuses (docs/supplier-api.md)."""

SILENT = "no_answer"
"""The reason of units that a silent supplier does not ship."""

NOT_SELLING = "not_selling"
"""The reason of units that a supplier was not asked for, because it was suspended or left before."""


class AnswerTooLate(Conflict):
    code = "answer_too_late"
    title = "The time to answer is over: the units have gone to somebody else"


class AlreadyAnswered(Conflict):
    """`state` tells what stands."""

    code = "already_answered"
    title = "Another answer was given before"


class NotAccepted(Conflict):
    code = "allocation_not_accepted"
    title = "Only an allocation that is accepted allows this"


class MoreThanAsked(RuleBroken):
    code = "more_than_asked"
    title = "The answer names lines or units that were not asked for"


@dataclass(frozen=True, slots=True)
class Line:
    """Units that a supplier is asked for, in its own terms; `unit_price` is in minor units.

    `accepted` are those it ships or has shipped, `refused` those it said no to, `recalled` those of the accepted that it was told to
    leave out.
    """

    line_id: str
    sku: str
    supplier_sku: str
    name: str
    quantity: int
    unit_price: int
    accepted: int = 0
    refused: int = 0
    recalled: int = 0
    shipped: int = 0

    @property
    def held(self) -> int:
        """Units that the supplier is to ship, as far as it knows."""
        return self.accepted - self.recalled


@dataclass(frozen=True, slots=True)
class Answer:
    """A supplier's decision, in units of each line that it ships. `ship_by` is a date (ISO 8601)."""

    decision: Decision
    units: Mapping[str, int]
    reason: str | None = None
    supplier_reference: str | None = None
    ship_by: str | None = None


@dataclass(frozen=True, slots=True)
class Allocation:
    """What a supplier is asked to ship, until when it may answer (RFC 3339), and what became of it.

    `offered`: it was put before the supplier. `called`: its endpoint was called with it, so it may have arrived. `waits`: the
    supplier said that it answers later. `tries` are calls without an answer. `told_version` is the version of the fulfilment
    that the supplier knows of. `invoiced` is what its matched invoices ask for, in minor units.
    """

    id: str
    supplier_id: str
    order_id: str
    currency: str
    placed_at: str
    created_at: str
    answer_by: str
    lines: tuple[Line, ...]
    state: AllocationState = AllocationState.REQUESTED
    decision: str | None = None
    reason: str | None = None
    supplier_reference: str | None = None
    ship_by: str | None = None
    decided_at: str | None = None
    shipped_at: str | None = None
    offered: bool = False
    called: bool = False
    waits: bool = False
    tries: int = 0
    told_version: int = 0
    invoiced: int = 0
    version: int = 1

    def is_late_at(self, now: datetime) -> bool:
        """Whether an answer is not taken any more."""
        return now >= datetime.fromisoformat(self.answer_by)

    def seconds_left(self, now: datetime) -> int:
        """Whole seconds until the deadline, rounded up; 0 after it."""
        return whole_seconds(datetime.fromisoformat(self.answer_by) - now)

    @property
    def refused_units(self) -> dict[str, int]:
        """What the supplier does not ship, by line."""
        return {line.line_id: line.refused for line in self.lines if line.refused}


def decide(allocation: Allocation, answer: Answer, now: datetime) -> Allocation:
    """The allocation with the supplier's answer.

    Raises `AnswerTooLate` when its time is over or it was called off, `AlreadyAnswered` when another answer stands, `MoreThanAsked`.
    """
    if allocation.state in (AllocationState.SILENT, AllocationState.CANCELLED):
        raise AnswerTooLate("The allocation is not to be answered any more.")
    if allocation.state is not AllocationState.REQUESTED:
        raise AlreadyAnswered(f"The allocation is {allocation.state}.", state=str(allocation.state))
    if allocation.is_late_at(now):
        raise AnswerTooLate(f"An answer was due by {allocation.answer_by}.")
    return _decided(allocation, answer, now)


def _decided(allocation: Allocation, answer: Answer, now: datetime) -> Allocation:
    within(answer.units, {line.line_id: line.quantity for line in allocation.lines})
    lines = tuple(
        replace(line, accepted=(units := answer.units.get(line.line_id, 0)), refused=line.quantity - units)
        for line in allocation.lines
    )
    decision = _by_units(lines)
    refused = decision is not Decision.ACCEPTED
    return _next(
        allocation,
        lines=lines,
        state=AllocationState.REJECTED if decision is Decision.REJECTED else AllocationState.ACCEPTED,
        decision=str(decision),
        reason=(answer.reason or "other") if refused else None,
        supplier_reference=answer.supplier_reference,
        ship_by=answer.ship_by if decision is not Decision.REJECTED else None,
        decided_at=clock.rfc3339(now),
        tries=0,
    )


def within(units: Mapping[str, int], most: Mapping[str, int]) -> None:
    """Raise `MoreThanAsked` for lines that are not among `most`, or more units than that."""
    for line_id, quantity in units.items():
        if not 0 <= quantity <= most.get(line_id, -1):
            raise MoreThanAsked(f"Line {line_id}: {quantity} answered, {most.get(line_id, 0)} asked for.")


def _by_units(lines: tuple[Line, ...]) -> Decision:
    """What an answer comes to: a part that is all of it is an acceptance, one without units a refusal."""
    if not any(line.accepted for line in lines):
        return Decision.REJECTED
    return Decision.PARTIAL if any(line.refused for line in lines) else Decision.ACCEPTED


def replace_told(allocation: Allocation, version: int) -> Allocation:
    """The allocation whose supplier knows of this version of the fulfilment; no version of its own."""
    return replace(allocation, told_version=version)


def is_same(allocation: Allocation, answer: Answer) -> bool:
    """Whether this answer is the one that stands."""
    if allocation.decision is None or allocation.state is AllocationState.SILENT:
        return False
    return all(line.quantity - line.refused == answer.units.get(line.line_id, 0) for line in allocation.lines)


def fall_silent(allocation: Allocation, now: datetime) -> Allocation:
    """The allocation whose supplier did not answer in time: all of it counts as refused."""
    lines = tuple(replace(line, refused=line.quantity) for line in allocation.lines)
    return _next(allocation, lines=lines, state=AllocationState.SILENT, reason=SILENT, decided_at=clock.rfc3339(now))


def withhold(allocation: Allocation, now: datetime) -> Allocation:
    """The allocation that is not put before its supplier, who may not sell any more: all of it counts as refused."""
    lines = tuple(replace(line, refused=line.quantity) for line in allocation.lines)
    return _next(
        allocation, lines=lines, state=AllocationState.REJECTED, reason=NOT_SELLING, decided_at=clock.rfc3339(now)
    )


def cancel(allocation: Allocation, now: datetime) -> Allocation:
    """The allocation of which nothing is wanted any more."""
    return _next(allocation, state=AllocationState.CANCELLED, decided_at=allocation.decided_at or clock.rfc3339(now))


def recall(allocation: Allocation, units: Mapping[str, int]) -> Allocation:
    """The accepted allocation without these units, which the supplier is told to leave out."""
    lines = tuple(replace(line, recalled=line.recalled + units.get(line.line_id, 0)) for line in allocation.lines)
    state = allocation.state if any(line.held for line in lines) else AllocationState.CANCELLED
    return _next(allocation, lines=lines, state=state)


def give_back(allocation: Allocation, units: Mapping[str, int], reason: str) -> Allocation:
    """The accepted allocation without units that the supplier cannot ship after all. Raises `NotAccepted`, `MoreThanAsked`."""
    if allocation.state is not AllocationState.ACCEPTED:
        raise NotAccepted(f"The allocation is {allocation.state}.", state=str(allocation.state))
    within(units, {line.line_id: line.held for line in allocation.lines})
    lines = tuple(
        replace(line, accepted=line.accepted - given, refused=line.refused + given)
        for line in allocation.lines
        for given in (units.get(line.line_id, 0),)
    )
    state = allocation.state if any(line.held for line in lines) else AllocationState.REJECTED
    return _next(allocation, lines=lines, state=state, reason=reason)


def ship(allocation: Allocation, units: Mapping[str, int], shipped_at: datetime) -> Allocation:
    """The accepted allocation after its one parcel left; what was accepted and is not in it is refused."""
    if allocation.state is not AllocationState.ACCEPTED:
        raise NotAccepted(f"The allocation is {allocation.state}.", state=str(allocation.state))
    lines = tuple(
        replace(line, shipped=left, accepted=line.recalled + left, refused=line.refused + line.held - left)
        for line in allocation.lines
        for left in (units.get(line.line_id, 0),)
    )
    return _next(allocation, lines=lines, state=AllocationState.SHIPPED, shipped_at=clock.rfc3339(shipped_at))


def is_shipped_late(allocation: Allocation) -> bool:
    """Whether the parcel left after the day for which the supplier had promised it (UTC)."""
    return bool(allocation.ship_by and allocation.shipped_at and allocation.shipped_at[:10] > allocation.ship_by)


def note(allocation: Allocation, **changes: Any) -> Allocation:
    """The next version, with what a call has shown."""
    return _next(allocation, **changes)


def _next(allocation: Allocation, **changes: Any) -> Allocation:
    return replace(allocation, **changes, version=allocation.version + 1)
