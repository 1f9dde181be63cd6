"""What happens to a return: pure transitions, each to the next version."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.core.errors import Conflict, Fault, RuleBroken
from chalicelib.returns.domain.model import (
    Disposition,
    Exchange,
    ExchangeState,
    InspectedLine,
    Inspection,
    Label,
    Return,
    ReturnLine,
)
from chalicelib.returns.domain.refunds import Share


class ReturnClosed(Conflict):
    code = "return_closed"
    title = "Nothing more is expected of this return"


class GoodsCame(Conflict):
    """Goods of the return have come, or lie in a locker: they are inspected, and it cannot be cancelled."""

    code = "return_received"
    title = "Goods of the return have come"


class NotInReturn(RuleBroken):
    """Lines of which the return holds nothing that comes back to this location: a supplier's units come back to the supplier, ours to
    a location of ours. Each has its fault."""

    code = "not_in_return"
    title = "The return does not hold these lines"


class MoreThanShipped(RuleBroken):
    """More units came than the customer can have; each line has its fault."""

    code = "more_than_shipped"
    title = "More units than were shipped"


class NotReceived(RuleBroken):
    """More units were inspected than wait for it; each line has its fault."""

    code = "not_received"
    title = "These units have not come, or were inspected before"


class LocationNeeded(RuleBroken):
    code = "location_needed"
    title = "Units wait at several locations"


class NothingCame(RuleBroken):
    code = "nothing_came"
    title = "The receipt names no unit"


@dataclass(frozen=True, slots=True)
class Arrived:
    """Units of a line that a receipt brought, and how many of them nobody announced."""

    line_id: str
    sku: str
    quantity: int
    extra: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What was decided on inspected units of a line."""

    line_id: str
    quantity: int
    disposition: Disposition
    note: str | None = None


def issue_labels(before: Return, labels: Mapping[str | None, Label]) -> Return:
    """The return with the labels for these sellers."""
    sent = (replace(one, label=labels.get(one.seller, one.label)) for one in before.send_to)
    return _next(before, send_to=tuple(sent))


def drop_off(before: Return, moment: str) -> Return | None:
    """The return of which a parcel lies in a locker of ours since a moment (RFC 3339); None when that is known, and when nothing more
    was expected, which is for a person to look at."""
    known = before.dropped_at is not None and before.dropped_at >= moment
    return None if known or before.is_closed else _next(before, dropped_at=moment)


def receive(
    before: Return,
    location_id: str,
    seller: str | None,
    units: Mapping[str, int],
    most: Mapping[str, int],
    *,
    complete: bool,
) -> tuple[Return, tuple[Arrived, ...]]:
    """The return after units by line id came to a location of their `seller`, and what to note of each line.

    What came beyond the announced units is `extra`. With `complete` no more of the seller's will come, so what is missing is given up.
    `most` are the units that the customer can have of each line, of which no seller can get more. Raises `ReturnClosed`, `NotInReturn`, `MoreThanShipped`, and
    `NothingCame` when nothing did and more is awaited.
    """
    check_awaited(before)
    _check_lines(before, seller, units, most)
    came_before = any(line.received for line in before.lines if line.seller == seller)
    if not any(units.values()) and not (complete and came_before):
        raise NothingCame("Name at least one unit that came.")
    lines, arrived = [], []
    for line in before.lines:
        if line.seller != seller:
            lines.append(line)
            continue
        came = units.get(line.line_id, 0)
        landed = min(came, line.expected)
        after = replace(line, waiting=_with(line.waiting, location_id, landed), extra=line.extra + came - landed)
        if complete:
            after = replace(after, given_up=after.given_up + after.expected)
        if came:
            arrived.append(Arrived(line.line_id, line.sku, came, came - landed))
        lines.append(after)
    return _next(before, lines=tuple(lines)), tuple(arrived)


def _check_lines(before: Return, seller: str | None, units: Mapping[str, int], most: Mapping[str, int]) -> None:
    held = {line.line_id for line in before.lines if line.seller == seller}
    foreign = [one for one in units if one not in held]
    if foreign:
        faults = [Fault(_at(units, one), NotInReturn.code, _not_there(before, seller, one)) for one in foreign]
        raise NotInReturn(faults[0].detail, faults=faults)
    # What another seller has counted is no reason to refuse what is here: a wrong count there cannot be taken back.
    came_before = {line.line_id: line.received + line.extra for line in before.lines if line.seller == seller}
    faults = [
        Fault(_at(units, one), MoreThanShipped.code, f"The customer can have {room} units of line {one}.")
        for one, came in units.items()
        if came > (room := most[one] - came_before[one])
    ]
    if faults:
        raise MoreThanShipped(faults[0].detail, faults=faults)


def _not_there(before: Return, seller: str | None, line_id: str) -> str:
    """Suppliers are not told of each other; the staff is."""
    others = [line.seller for line in before.lines if line.line_id == line_id and line.seller]
    if seller is None and others:
        return f"Line {line_id} comes back to {' and '.join(others)}: name that as the location."
    return f"{before.id} holds nothing of line {line_id} that {seller or 'we'} shipped."


def _at(units: Mapping[str, int], line_id: str) -> str:
    return f"/lines/{list(units).index(line_id)}"


def _with(waiting: Mapping[str, int], location_id: str, units: int) -> dict[str, int]:
    counted = {**waiting, location_id: waiting.get(location_id, 0) + units}
    return {location: count for location, count in counted.items() if count}


def inspecting_at(before: Return, location_id: str | None) -> str:
    """Where the inspection takes place: the given location, or the only one at which units wait.

    Raises `NotReceived` when none wait anywhere, `LocationNeeded` when they wait at several.
    """
    if location_id is not None:
        return location_id
    waiting = sorted({location for line in before.lines for location in line.waiting})
    if not waiting:
        raise NotReceived("Nothing of this return waits for inspection.")
    if len(waiting) > 1:
        words = f"Units wait at {', '.join(waiting)}: say where these are."
        raise LocationNeeded(words, faults=[Fault("/location_id", LocationNeeded.code, words)])
    return waiting[0]


def inspect(
    before: Return, location_id: str, seller: str | None, findings: Sequence[Finding]
) -> tuple[Return, tuple[InspectedLine, ...]]:
    """The return after units that waited at a location of their `seller` were inspected, and what was found of each line.

    Raises `NotInReturn`, and `NotReceived` for more units than wait there.
    """
    _check_findings(before, location_id, seller, findings)
    inspected, lines = [], []
    for line in before.lines:
        found = [one for one in findings if one.line_id == line.line_id and line.seller == seller]
        if not found:
            lines.append(line)
            continue
        units = {kind: sum(one.quantity for one in found if one.disposition is kind) for kind in Disposition}
        restocked, written_off, refused = (units[kind] for kind in Disposition)
        lines.append(
            replace(
                line,
                waiting=_with(line.waiting, location_id, -sum(units.values())),
                restocked=line.restocked + restocked,
                written_off=line.written_off + written_off,
                refused=line.refused + refused,
            )
        )
        notes = "; ".join(one.note for one in found if one.note) or None
        inspected.append(InspectedLine(line.line_id, restocked, written_off, refused, notes))
    return replace(before, lines=tuple(lines)), tuple(inspected)


def _check_findings(before: Return, location_id: str, seller: str | None, findings: Sequence[Finding]) -> None:
    waiting = {line.line_id: line.waiting.get(location_id, 0) for line in before.lines if line.seller == seller}
    foreign = [index for index, one in enumerate(findings) if one.line_id not in waiting]
    if foreign:
        faults = [
            Fault(f"/lines/{index}", NotInReturn.code, _not_there(before, seller, findings[index].line_id))
            for index in foreign
        ]
        raise NotInReturn(faults[0].detail, faults=faults)
    left, faults = dict(waiting), []
    for index, one in enumerate(findings):
        left[one.line_id] -= one.quantity
        if left[one.line_id] < 0:
            words = f"{waiting[one.line_id]} units of line {one.line_id} wait at {location_id}."
            faults.append(Fault(f"/lines/{index}/quantity", NotReceived.code, words))
    if faults:
        raise NotReceived(faults[0].detail, faults=faults)


def note_inspection(before: Return, inspection: Inspection, shares: Sequence[Share]) -> Return:
    """The return with the inspection and what it pays back: the next version of what `inspect` gave."""
    charged = {share.line_id: share.charged for share in shares}
    lines = tuple(
        replace(line, charged=line.charged + charged.get(line.line_id, 0)) if line.seller == inspection.seller else line
        for line in before.lines
    )
    return _next(before, lines=lines, inspections=(*before.inspections, inspection))


def cancel(before: Return) -> tuple[Return, dict[str, int]]:
    """The return, called off, and the units that its order has back. Raises `ReturnClosed`, and `GoodsCame`."""
    check_awaited(before)
    if before.dropped_at or any(line.received or line.extra for line in before.lines):
        raise GoodsCame(
            "Goods of this return have come; what is still on its way can be given up by a complete receipt."
        )
    after, units = _without_expected(before)
    return replace(after, cancelled=True), units


def expire(before: Return) -> tuple[Return, dict[str, int]]:
    """The return without what did not come in time, and the units that its order has back; none when all that is missing waits
    for inspection."""
    after, units = _without_expected(before)
    return (after, units) if units else (before, {})


def _without_expected(before: Return) -> tuple[Return, dict[str, int]]:
    units: Counter[str] = Counter()
    for line in before.lines:
        if line.expected:
            units[line.line_id] += line.expected
    lines = tuple(replace(line, given_up=line.given_up + line.expected) for line in before.lines)
    return _next(before, lines=lines), units


def place_exchange(before: Return, order_id: str, credit: int, difference: int) -> Return:
    """The return whose replacement was ordered, paid for by `credit` of what the goods are worth."""
    return _exchanged(
        before,
        state=ExchangeState.PLACED,
        order_id=order_id,
        credit=credit,
        difference=difference,
        owes_difference=difference > 0,
    )


def owe_difference(before: Return) -> Return:
    """The return of which the difference was asked for."""
    return _exchanged(before, owes_difference=False)


def fall_back(before: Return, reason: str, amount: int) -> Return:
    """The return whose replacement cannot be had: all that the goods are worth is refunded."""
    return _exchanged(before, state=ExchangeState.FELL_BACK, reason=reason, difference=amount)


def replacements(before: Return) -> dict[str, int]:
    """Units by SKU that replace what was accepted: at most as many as were."""
    wanted: dict[str, int] = {}
    accepted: Counter[str] = Counter()
    for line in before.lines:
        accepted[line.line_id] += line.accepted
    for one in before.exchange.wanted if before.exchange else ():
        units = min(one.quantity, accepted[one.line_id])
        accepted[one.line_id] -= units
        if units:
            wanted[one.sku] = wanted.get(one.sku, 0) + units
    return wanted


def _exchanged(before: Return, **changes: Any) -> Return:
    exchange: Exchange | None = before.exchange
    if exchange is None:
        raise ValueError(f"{before.id} is no exchange")
    return _next(before, exchange=replace(exchange, **changes))


def check_awaited(before: Return) -> None:
    """Raise `ReturnClosed` unless goods of it are expected, or to be inspected."""
    if before.is_closed:
        raise ReturnClosed(f"The return is {before.status}.")


def _next(before: Return, **changes: Any) -> Return:
    return replace(before, **changes, version=before.version + 1)


def line_of(a_return: Return, line_id: str, seller: str | None) -> ReturnLine:
    """What of the order line of this id comes back to a seller."""
    return next(line for line in a_return.lines if (line.line_id, line.seller) == (line_id, seller))
