"""What of an order can still be cancelled, by whom, and from which of its fulfilments it is taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from chalicelib.core.errors import Conflict, Fault
from chalicelib.core.money import share_of_units
from chalicelib.orders.domain.order import Decision, Line, Order


class Rule(StrEnum):
    """What decided on a line.

    `not_confirmed`: all of it can be cancelled, or nothing. `packed`: the location has packed it, so staff decides.
    """

    OPEN = "open"
    NOT_CONFIRMED = "not_confirmed"
    PACKED = "packed"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    UNKNOWN_LINE = "unknown_line"


_WORDS = {
    Rule.OPEN: "It was not sent yet.",
    Rule.NOT_CONFIRMED: "The payment is being asked for: cancel all of the order, or some of it in a moment.",
    Rule.PACKED: "It is packed; ask the staff to stop the parcel.",
    Rule.SHIPPED: "It was shipped; it can be returned.",
    Rule.CANCELLED: "It was cancelled before.",
    Rule.REFUSED: "The order was refused.",
    Rule.UNKNOWN_LINE: "The order has no such line.",
}


class NotCancellable(Conflict):
    """Lines that cannot be cancelled as asked; each fault's code is the rule that decided."""

    code = "not_cancellable"
    title = "This cannot be cancelled any more"


@dataclass(frozen=True, slots=True)
class OpenPart:
    """A fulfilment that has not left: units it is still to ship, by line id."""

    id: str
    packed: bool
    units: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Refusal:
    """How many units of a line stay, and the rule that keeps them."""

    line_id: str
    units: int
    rule: Rule

    @property
    def words(self) -> str:
        """The rule for a person."""
        return _WORDS[self.rule]


@dataclass(frozen=True, slots=True)
class CancellationPlan:
    """Units to cancel by line id; those of them that a fulfilment gives up, by its id; and what stays."""

    units: Mapping[str, int]
    by_part: Mapping[str, Mapping[str, int]]
    stays: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Units of an order that were called off, and what they would have cost (minor units).

    `lines` are (line id, SKU, units), `recalled` units by line id for each fulfilment that gives some up; `to_release` (SKU,
    location, units, and how many of them waited if any did) is stock that did not fit into the command's own transaction.
    """

    id: str
    order_id: str
    reason: str
    actor: Mapping[str, str]
    at: str
    amount: int
    lines: Sequence[tuple[str, str, int]]
    recalled: Mapping[str, Mapping[str, int]]
    to_release: tuple[tuple[Any, ...], ...] = ()


def plan_cancellation(
    order: Order, parts: Sequence[OpenPart], wanted: Mapping[str, int] | None, *, staff: bool
) -> CancellationPlan:
    """What is cancelled when `wanted` units by line id are asked for, or, for None, all that still can be.

    Units that no location was asked for go first, then those of the fulfilments made last, those packed at the very end.
    Raises `NotCancellable` when something asked for cannot be, or nothing can.
    """
    whole = wanted is None or wanted == {line.id: line.ordered for line in order.lines}
    if order.decision is Decision.PENDING and whole:
        return CancellationPlan({line.id: line.ordered for line in order.lines}, {})
    usable = [part for part in sorted(parts, key=_last_first) if staff or not part.packed]
    free = {line.id: _cancellable(order, line, usable) for line in order.lines}
    asked = {line: units for line, units in free.items() if units} if wanted is None else dict(wanted)
    refused = _refused(order, parts, asked, free)
    if refused and wanted is not None:
        raise _not_cancellable(refused)
    stays = _refused(order, parts, {line.id: line.ordered for line in order.lines}, free) if wanted is None else ()
    if not any(asked.values()):
        raise _not_cancellable(stays)
    return CancellationPlan(asked, _taken(order, asked, usable), stays)


def options(order: Order, parts: Sequence[OpenPart], *, staff: bool) -> list[tuple[Line, int, Refusal | None]]:
    """Of each line: how many units could be cancelled, and what keeps the rest."""
    if order.decision is Decision.PENDING:
        return [(line, line.ordered, None) for line in order.lines]
    usable = [part for part in parts if staff or not part.packed]
    free = {line.id: _cancellable(order, line, usable) for line in order.lines}
    stays = {one.line_id: one for one in _refused(order, parts, {line.id: line.ordered for line in order.lines}, free)}
    return [(line, free[line.id], stays.get(line.id)) for line in order.lines]


def _last_first(part: OpenPart) -> tuple[bool, int]:
    return part.packed, -int(part.id.rpartition("_")[2])


def _cancellable(order: Order, line: Line, usable: Sequence[OpenPart]) -> int:
    if order.decision is not Decision.CONFIRMED:
        return 0
    return line.unassigned + sum(part.units.get(line.id, 0) for part in usable)


def _refused(
    order: Order, parts: Sequence[OpenPart], asked: Mapping[str, int], free: Mapping[str, int]
) -> tuple[Refusal, ...]:
    lines = {line.id: line for line in order.lines}
    return tuple(
        Refusal(line_id, units - free.get(line_id, 0), _rule(order, lines.get(line_id), parts))
        for line_id, units in asked.items()
        if units > free.get(line_id, 0)
    )


def _rule(order: Order, line: Line | None, parts: Sequence[OpenPart]) -> Rule:
    if line is None:
        return Rule.UNKNOWN_LINE
    if order.decision is Decision.PENDING:
        return Rule.NOT_CONFIRMED
    if order.decision is Decision.REFUSED:
        return Rule.REFUSED
    if any(part.packed and part.units.get(line.id) for part in parts):
        return Rule.PACKED
    return Rule.SHIPPED if line.shipped else Rule.CANCELLED


def _not_cancellable(refused: Sequence[Refusal]) -> NotCancellable:
    faults = [Fault(f"/lines/{one.line_id}", str(one.rule), one.words) for one in refused]
    words = "; ".join(f"line {one.line_id}, {one.units} units: {one.words}" for one in refused[:3])
    return NotCancellable(words or "Nothing of this order is open.", faults=faults)


def _taken(order: Order, asked: Mapping[str, int], usable: Sequence[OpenPart]) -> dict[str, dict[str, int]]:
    taken: dict[str, dict[str, int]] = {}
    for line in order.lines:
        missing = max(0, asked.get(line.id, 0) - line.unassigned)
        for part in usable:
            units = min(missing, part.units.get(line.id, 0))
            if units:
                taken.setdefault(part.id, {})[line.id] = units
                missing -= units
    return taken


def worth_of(order: Order, units: Mapping[str, int]) -> int:
    """What these units by line id, the last of their lines, would have cost (minor units): it will not be charged."""
    return sum(
        share_of_units(line.charged, line.ordered, line.ordered - line.cancelled - taken, taken)
        for line in order.lines
        if (taken := units.get(line.id, 0))
    )
