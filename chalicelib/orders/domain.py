"""What an order is: frozen amounts that add up, and counters on lines from which its status follows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from chalicelib.core.errors import Conflict, RuleBroken
from chalicelib.core.money import Money, share_of_units, split, tax_within

MAX_LINES = 60
"""Lines of one order. With its stock rows, the order and its records, they fit into one transaction of 100 actions even
when a third of the lines is split over two locations."""

MAX_FULFILMENT_LINES = 30
"""Lines of one fulfilment: shipping writes up to three items a line (stock, shipped, short) in one transaction."""


class Decision(StrEnum):
    """What was decided of the order as a whole."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


class Status(StrEnum):
    """How far the order has come; derived, never set."""

    PLACED = "placed"
    REFUSED = "refused"
    CONFIRMED = "confirmed"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    PARTIALLY_DELIVERED = "partially_delivered"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    RETURNED = "returned"


class TotalNegative(RuleBroken):
    code = "total_negative"
    title = "Discounts exceed what they apply to"


class NotPending(Conflict):
    code = "order_decided"
    title = "The order was decided before"


@dataclass(frozen=True, slots=True)
class Line:
    """One SKU of an order. Amounts are gross minor units; `discount` is this line's share of the order's discounts."""

    id: str
    sku: str
    product_id: str
    name: str
    ordered: int
    unit_price: int
    price_source: str
    amount: int
    discount: int
    tax_rate_bps: int
    tax: int
    allocated: int = 0
    shipped: int = 0
    delivered: int = 0
    cancelled: int = 0
    returned: int = 0

    @property
    def charged(self) -> int:
        """What the whole line costs after discounts, tax included."""
        return self.amount - self.discount

    @property
    def open(self) -> int:
        """Units that are still to be shipped."""
        return self.ordered - self.shipped - self.cancelled


@dataclass(frozen=True, slots=True)
class Charge:
    """What is charged beside goods (postage), or taken off (a negative amount), tax included."""

    code: str
    description: str
    amount: int
    tax_rate_bps: int
    tax: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """So many units of a line come from a location."""

    line_id: str
    location_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class FulfilmentNote:
    """What the order knows of one of its fulfilments."""

    id: str
    location_id: str
    status: str
    tracking: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it stands. Everything but decision, counters, allocations and fulfilments is frozen at placement."""

    id: str
    channel: str
    currency: str
    customer_id: str | None
    reference: str | None
    placed_at: str
    decision: Decision
    lines: tuple[Line, ...]
    charges: tuple[Charge, ...]
    contact: Mapping[str, Any]
    shipping_address: Mapping[str, Any]
    allocations: tuple[Allocation, ...] = ()
    reasons: tuple[Mapping[str, Any], ...] = ()
    fulfilments: tuple[FulfilmentNote, ...] = ()
    refusal: str | None = None
    version: int = 1

    @property
    def total(self) -> Money:
        """What the customer pays for all of it."""
        goods = sum(line.charged for line in self.lines)
        return Money(goods + sum(charge.amount for charge in self.charges if charge.amount > 0), self.currency)

    @property
    def tax(self) -> Money:
        """The tax inside the total."""
        return Money(
            sum(line.tax for line in self.lines) + sum(c.tax for c in self.charges if c.amount > 0), self.currency
        )

    @property
    def status(self) -> Status:
        """See `status_of`."""
        return status_of(self.decision, self.lines)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line as asked for and priced, before amounts are worked out."""

    sku: str
    product_id: str
    name: str
    quantity: int
    unit_price: int
    price_source: str
    tax_rate_bps: int


def price_lines(wanted: Sequence[Wanted], charges: Sequence[Charge]) -> tuple[Line, ...]:
    """Lines whose discounts are shared exactly and whose tax is inside what remains.

    Negative charges are shared over the lines in proportion to their amounts. Raises `TotalNegative` when they exceed
    the goods.
    """
    amounts = [want.unit_price * want.quantity for want in wanted]
    off = -sum(charge.amount for charge in charges if charge.amount < 0)
    if off > sum(amounts):
        raise TotalNegative(f"Discounts of {off} exceed goods of {sum(amounts)} (minor units).")
    discounts = split(off, amounts) if off else [0] * len(amounts)
    return tuple(
        Line(
            id=str(number),
            sku=want.sku,
            product_id=want.product_id,
            name=want.name,
            ordered=want.quantity,
            unit_price=want.unit_price,
            price_source=want.price_source,
            amount=amount,
            discount=discount,
            tax_rate_bps=want.tax_rate_bps,
            tax=tax_within(amount - discount, want.tax_rate_bps),
        )
        for number, (want, amount, discount) in enumerate(zip(wanted, amounts, discounts, strict=True), start=1)
    )


def status_of(decision: Decision, lines: Iterable[Line]) -> Status:
    """The status that the counters say. An order without goods is delivered once it is confirmed."""
    if decision is Decision.PENDING:
        return Status.PLACED
    if decision is Decision.REFUSED:
        return Status.REFUSED
    lines = tuple(lines)
    kept = sum(line.ordered - line.cancelled for line in lines)
    shipped = sum(line.shipped for line in lines)
    delivered = sum(line.delivered for line in lines)
    if lines and kept == 0:
        return Status.CANCELLED
    if delivered == kept:
        return Status.RETURNED if lines and sum(line.returned for line in lines) == delivered else Status.DELIVERED
    if delivered:
        return Status.PARTIALLY_DELIVERED
    if shipped == kept:
        return Status.SHIPPED
    return Status.PARTIALLY_SHIPPED if shipped else Status.CONFIRMED


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
    if order.decision is Decision.REFUSED or sent:
        raise NotPending(f"The order is {order.status}.")
    lines = tuple(replace(line, allocated=0) for line in order.lines)
    notes = tuple(replace(note, status="cancelled") for note in order.fulfilments)
    return replace(
        order, decision=Decision.REFUSED, lines=lines, fulfilments=notes, refusal=reason, version=order.version + 1
    )


def ship(order: Order, note: FulfilmentNote, shipped: Mapping[str, int], short: Mapping[str, int]) -> Order:
    """The order after a location shipped some units by line id and could not find others, which count as cancelled."""
    lines = tuple(
        replace(
            line,
            shipped=line.shipped + shipped.get(line.id, 0),
            cancelled=line.cancelled + short.get(line.id, 0),
            allocated=line.allocated - short.get(line.id, 0),
        )
        for line in order.lines
    )
    return replace(_with_note(order, note), lines=lines, version=order.version + 1)


def deliver(order: Order, note: FulfilmentNote, delivered: Mapping[str, int]) -> Order:
    """The order after some shipped units, by line id, reached the customer."""
    lines = tuple(replace(line, delivered=line.delivered + delivered.get(line.id, 0)) for line in order.lines)
    return replace(_with_note(order, note), lines=lines, version=order.version + 1)


def note_fulfilment(order: Order, note: FulfilmentNote) -> Order:
    """The order after something happened to a fulfilment that moves no counter (packed)."""
    return replace(_with_note(order, note), version=order.version + 1)


def _with_note(order: Order, note: FulfilmentNote) -> Order:
    return replace(order, fulfilments=tuple(note if known.id == note.id else known for known in order.fulfilments))


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
