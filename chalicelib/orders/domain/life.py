"""What happens to an order after it was placed: pure transitions, each to the next version."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chalicelib.core.errors import Conflict, NotFound, RuleBroken
from chalicelib.core.money import share_of_units
from chalicelib.orders.domain.order import Allocation, Decision, FulfilmentNote, Hold, Line, Order, Shortage


class NothingOpen(Conflict):
    code = "nothing_open"
    title = "Nothing of the order is still to be sent"


class AddressFixed(RuleBroken):
    code = "address_fixed"
    title = "The country decides on tax and postage, and does not change"


class HasCustomer(Conflict):
    code = "order_has_customer"
    title = "The order belongs to a customer"


class StillOpen(Conflict):
    code = "order_still_open"
    title = "The order is under way and needs to be told where it goes"


class NotPending(Conflict):
    code = "order_decided"
    title = "The order was decided before"


def confirm(order: Order, fulfilments: Sequence[FulfilmentNote], allocations: Sequence[Allocation]) -> Order:
    """The order, paid for and allocated. Raises `NotPending` when it was decided before."""
    if order.decision is not Decision.PENDING:
        raise NotPending(f"The order is {order.status}.")
    allocated = {line.id: sum(a.quantity for a in allocations if a.line_id == line.id) for line in order.lines}
    lines = tuple(replace(line, allocated=allocated[line.id]) for line in order.lines)
    return replace(
        order,
        decision=Decision.CONFIRMED,
        lines=lines,
        allocations=tuple(allocations),
        fulfilments=tuple(fulfilments),
        version=order.version + 1,
    )


def refuse(order: Order, reason: str) -> Order:
    """The order, refused. A confirmed one can still be while nothing of it was sent out. Raises `NotPending` else."""
    sent = any(line.shipped or line.cancelled for line in order.lines)
    if order.decision in (Decision.REFUSED, Decision.CANCELLED) or sent:
        raise NotPending(f"The order is {order.status}.")
    lines = tuple(replace(line, allocated=0, waiting=0) for line in order.lines)
    notes = tuple(replace(note, status="cancelled") for note in order.fulfilments)
    return replace(
        order, decision=Decision.REFUSED, lines=lines, fulfilments=notes, refusal=reason, version=order.version + 1
    )


def cancel(
    order: Order,
    units: Mapping[str, int],
    notes: Sequence[FulfilmentNote] = (),
    waited: Mapping[str, int] | None = None,
    missing_of: str | None = None,
) -> Order:
    """The order without these units, by line id, of which some `waited`; `notes` are its fulfilments that changed with it.

    Before the confirmation all of it is cancelled or none. What no location was asked for goes first, before all what the fulfilment
    `missing_of` came short of; then what one was.
    """
    if order.decision is Decision.PENDING:
        gone = tuple(replace(line, cancelled=line.ordered, waiting=0) for line in order.lines)
        return replace(order, decision=Decision.CANCELLED, lines=gone, version=order.version + 1)
    left = _fewer_waiting(order, waited or {})
    lines = tuple(_without(line, units.get(line.id, 0)) for line in left)
    settled = {line.id: min(units.get(line.id, 0), line.unassigned) for line in order.lines}
    return replace(
        _with_notes(order, notes),
        lines=lines,
        shortages=_settled(order, settled, missing_of),
        version=order.version + 1,
    )


def _settled(order: Order, units: Mapping[str, int], first: str | None) -> tuple[Shortage, ...]:
    """The shortages after units by line id found somebody or were called off: those of the fulfilment `first` before others."""
    left = dict(units)
    after = {}
    for one in sorted(order.shortages, key=lambda one: one.fulfilment_id != first):
        taken = min(one.open, left.get(one.line_id, 0))
        after[one.fulfilment_id, one.line_id] = replace(one, open=one.open - taken)
        left[one.line_id] = left.get(one.line_id, 0) - taken
    return tuple(after[one.fulfilment_id, one.line_id] for one in order.shortages)


def _without(line: Line, units: int) -> Line:
    if not 0 <= units <= line.open:
        raise ValueError(f"line {line.id} has {line.open} open units, not {units}")
    assigned = max(0, units - line.unassigned)
    return replace(line, cancelled=line.cancelled + units, allocated=line.allocated - assigned)


def reassign(order: Order, units: Mapping[str, int], notes: Sequence[FulfilmentNote], missing_of: str) -> Order:
    """The order after units that the fulfilment `missing_of` came short of, by line id, found a location: `notes` are their new
    fulfilments."""
    lines = tuple(replace(line, allocated=line.allocated + units.get(line.id, 0)) for line in order.lines)
    return replace(
        order,
        lines=lines,
        fulfilments=(*order.fulfilments, *notes),
        shortages=_settled(order, units, missing_of),
        version=order.version + 1,
    )


def ship(order: Order, note: FulfilmentNote, shipped: Mapping[str, int], short: Mapping[str, int]) -> Order:
    """The order after a location shipped some units by line id and could not find others, which have none now."""
    lines = tuple(
        replace(line, shipped=line.shipped + shipped.get(line.id, 0), allocated=line.allocated - short.get(line.id, 0))
        for line in order.lines
    )
    return replace(
        _with_notes(order, [note]), lines=lines, shortages=_short(order, note.id, short), version=order.version + 1
    )


def _short(order: Order, fulfilment_id: str, units: Mapping[str, int]) -> tuple[Shortage, ...]:
    """The shortages of the order, with these units by line id that a fulfilment came short of now."""
    known = {(one.fulfilment_id, one.line_id): one for one in order.shortages}
    for line_id, count in units.items():
        if count:
            at = fulfilment_id, line_id
            before = known.get(at, Shortage(*at, 0, 0))
            known[at] = replace(before, units=before.units + count, open=before.open + count)
    return tuple(known.values())


def take_back(order: Order, units: Mapping[str, int]) -> Order:
    """The order after units by line id came back for good. Raises ValueError beyond what was shipped."""
    for line in order.lines:
        if not 0 <= units.get(line.id, 0) <= line.shipped - line.returned:
            raise ValueError(f"line {line.id}: {units[line.id]} cannot come back of {line.shipped - line.returned}")
    lines = tuple(replace(line, returned=line.returned + units.get(line.id, 0)) for line in order.lines)
    return replace(order, lines=lines, version=order.version + 1)


def deliver(order: Order, note: FulfilmentNote, delivered: Mapping[str, int]) -> Order:
    """The order after some shipped units, by line id, reached the customer."""
    lines = tuple(replace(line, delivered=line.delivered + delivered.get(line.id, 0)) for line in order.lines)
    return replace(_with_notes(order, [note]), lines=lines, version=order.version + 1)


def note_fulfilment(order: Order, note: FulfilmentNote) -> Order:
    """The order after something happened to a fulfilment that moves no counter (packed)."""
    return replace(_with_notes(order, [note]), version=order.version + 1)


def hold(order: Order, hold: Hold) -> Order:
    """The order of which nothing may leave. Raises `NothingOpen` when all has left or is called off."""
    _check_open(order)
    return replace(order, holds=(*order.holds, hold), version=order.version + 1)


def release(order: Order, hold_id: str) -> Order:
    """The order without one of its holds. Raises `NotFound` for one that it has not."""
    left = tuple(one for one in order.holds if one.id != hold_id)
    if left == order.holds:
        raise NotFound(f"The order has no hold {hold_id}.")
    return replace(order, holds=left, version=order.version + 1)


def readdress(order: Order, address: Mapping[str, Any], contact: Mapping[str, Any]) -> Order:
    """The order, what is still to be sent of it going elsewhere. Raises `NothingOpen`, `AddressFixed`."""
    _check_open(order)
    if address["country"] != order.shipping_address["country"]:
        raise AddressFixed(f"It was ordered to {order.shipping_address['country']}: cancel it, and order anew.")
    return replace(order, shipping_address=address, contact=contact, version=order.version + 1)


def promise(order: Order, days: Mapping[str, str]) -> Order:
    """The order, whose lines are promised for other days, by line id."""
    lines = tuple(replace(line, promised_on=days.get(line.id, line.promised_on)) for line in order.lines)
    return replace(order, lines=lines, version=order.version + 1)


def claim(order: Order, customer_id: str) -> Order:
    """The guest's order, a customer's now. Raises `HasCustomer` when it is somebody's."""
    if order.customer_id is not None:
        raise HasCustomer("It is a customer's already.")
    return replace(order, customer_id=customer_id, guest=None, version=order.version + 1)


NAMELESS = "forgotten"
"""What stands where a person did."""


def forget(order: Order) -> Order:
    """The order of nobody: amounts and lines stay, and the country for the tax on them. Raises `StillOpen`."""
    called_off = order.decision in (Decision.REFUSED, Decision.CANCELLED)
    if not called_off and any(line.delivered + line.cancelled < line.ordered for line in order.lines):
        raise StillOpen(f"The order is {order.status}.")
    country, region = order.shipping_address["country"], order.shipping_address.get("region")
    address = {"name": NAMELESS, "line1": NAMELESS, "city": NAMELESS, "country": country}
    return replace(
        order,
        contact={"name": NAMELESS},
        shipping_address={**address, "region": region} if region else address,
        vat_number=None,
        guest=None,
        reference=None,
        pickup={name: value for name, value in order.pickup.items() if name != "home_address"}
        if order.pickup
        else None,
        version=order.version + 1,
    )


def _check_open(order: Order) -> None:
    if order.decision in (Decision.REFUSED, Decision.CANCELLED) or is_settled(order):
        raise NothingOpen(f"The order is {order.status}.")


def move(order: Order, old: FulfilmentNote, new: FulfilmentNote, waited: Mapping[str, int]) -> Order:
    """The order after another location took over what a fulfilment had to ship; units by line id that `waited` do so no
    more."""
    noted = _with_notes(order, [old])
    return replace(
        noted,
        lines=_fewer_waiting(order, waited),
        fulfilments=(*noted.fulfilments, new),
        version=order.version + 1,
    )


def serve(order: Order, note: FulfilmentNote, units: Mapping[str, int]) -> Order:
    """The order after units by line id that one of its fulfilments waited for are there."""
    return replace(_with_notes(order, [note]), lines=_fewer_waiting(order, units), version=order.version + 1)


def _fewer_waiting(order: Order, units: Mapping[str, int]) -> tuple[Line, ...]:
    return tuple(replace(line, waiting=line.waiting - units.get(line.id, 0)) for line in order.lines)


def _with_notes(order: Order, notes: Sequence[FulfilmentNote]) -> Order:
    changed = {note.id: note for note in notes}
    return replace(order, fulfilments=tuple(changed.get(known.id, known) for known in order.fulfilments))


def due_on_shipment(order: Order, shipped: Mapping[str, int]) -> int:
    """What shipping these units (by line id) makes due, in minor units, seen from the order before it.

    Units of a line share its price exactly however they are parcelled out; charges fall due with the first parcel.
    """
    goods = sum(
        share_of_units(line.charged, line.ordered, line.shipped, shipped.get(line.id, 0)) for line in order.lines
    )
    first = not any(line.shipped for line in order.lines)
    charges = (
        sum(charge.amount for charge in order.charges if charge.amount > 0) if first and any(shipped.values()) else 0
    )
    return goods + charges


def is_settled(order: Order) -> bool:
    """Whether nothing more will be shipped, so nothing more falls due."""
    return all(line.open == 0 for line in order.lines)
