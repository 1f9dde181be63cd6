"""What an order is: frozen amounts that add up, and counters on lines from which its status follows."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from chalicelib.core.money import Money

MAX_LINES = 2_000
"""Lines of one order."""

INLINE_LINES = 60
"""Up to so many lines stand in the order's own item and are placed in one transaction: with its stock rows, the order and
its records they fit into 100 actions even when a third of the lines is split over two locations. Longer orders are
reserved in parts."""

MAX_FULFILMENTS = 90
"""Fulfilments of one order: confirming, refusing or cancelling all of it writes each in one transaction."""

MAX_FULFILMENT_LINES = 30
"""Lines of one fulfilment: shipping writes up to three items a line (stock, shipped, short) in one transaction."""


class Decision(StrEnum):
    """What was decided of the order as a whole. `cancelled`: called off before it was confirmed."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    CANCELLED = "cancelled"


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


@dataclass(frozen=True, slots=True)
class Line:
    """One SKU of an order, in minor units. `discount` is its share of the order's discounts.

    `tax` is within the amounts, or, when not `tax_included`, comes on top. `tax_relief` is taken off: a tax that the price
    holds, at the rate `relieved_bps`, and that is not due here (reverse charge). Of the units that are still to be shipped, `waiting` were sold before they
    were there, promised for `promised_on`.
    """

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
    tax_included: bool = True
    tax_relief: int = 0
    relieved_bps: int = 0
    allocated: int = 0
    shipped: int = 0
    delivered: int = 0
    cancelled: int = 0
    returned: int = 0
    waiting: int = 0
    promised_on: str | None = None

    @property
    def charged(self) -> int:
        """What the whole line costs after discounts, with its tax."""
        return self.amount - self.discount - self.tax_relief + (0 if self.tax_included else self.tax)

    @property
    def open(self) -> int:
        """Units that are still to be shipped."""
        return self.ordered - self.shipped - self.cancelled

    @property
    def unassigned(self) -> int:
        """Units of a confirmed order that are to be shipped and that no location is asked for."""
        return self.ordered - self.allocated - self.cancelled


@dataclass(frozen=True, slots=True)
class Charge:
    """What is charged beside goods (postage), or taken off (a negative amount), with its tax."""

    code: str
    description: str
    amount: int
    tax_rate_bps: int
    tax: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """So many units of a line come from a location; those that wait are not there yet.

    At a supplier, `terms` freeze what was agreed when the order was placed: `supplier_id`, `supplier_sku`, `listing_id`, the
    `name` of the goods, `unit_price` (what its offer asked, minor units of `currency`) and `commission` (the ledger's terms).
    """

    line_id: str
    location_id: str
    quantity: int
    waits: bool = False
    terms: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class FulfilmentNote:
    """What the order knows of one of its fulfilments."""

    id: str
    location_id: str
    status: str
    tracking: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Shortage:
    """Units of a line that a fulfilment came short of, of which `open` nobody else is asked for, nor were they called off."""

    fulfilment_id: str
    line_id: str
    units: int
    open: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Why nothing of the order may leave until a person releases it."""

    id: str
    reason: str
    at: str


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it stands. Amounts, lines and charges are frozen at placement.

    `promotions` tells what each that applied took off goods and shipping, and why. `guest`: a keyed hash of the e-mail
    address of one who ordered without an account, by which the order can be claimed. `shipping`: how it is sent, and between which days it is to arrive.
    `pickup`: the `site_id` where the customer collects it, whose address is its `shipping_address` then, whether the compartment
    has to be `within_reach`, and the `home_address` where it would be sent instead.
    """

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
    shortages: tuple[Shortage, ...] = ()
    refusal: str | None = None
    holds: tuple[Hold, ...] = ()
    coupons: tuple[str, ...] = ()
    promotions: tuple[Mapping[str, Any], ...] = ()
    vat_number: str | None = None
    guest: str | None = None
    shipping: Mapping[str, str] | None = None
    pickup: Mapping[str, Any] | None = None
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

    def missing(self, fulfilment_id: str) -> dict[str, int]:
        """Units by line id that nobody is asked for since this fulfilment came short of them. Those that another came short of are
        that one's."""
        if self.decision is not Decision.CONFIRMED:
            return {}
        others = Counter[str]()
        for one in self.shortages:
            if one.fulfilment_id != fulfilment_id:
                others[one.line_id] += one.open
        units = {line.id: line.unassigned - others[line.id] for line in self.lines}
        return {line_id: count for line_id, count in units.items() if count > 0}

    @property
    def status(self) -> Status:
        """See `status_of`."""
        return status_of(self.decision, self.lines)


def status_of(decision: Decision, lines: Iterable[Line]) -> Status:
    """The status that the counters say. An order without goods is delivered once it is confirmed."""
    if decision is Decision.PENDING:
        return Status.PLACED
    if decision is Decision.REFUSED:
        return Status.REFUSED
    if decision is Decision.CANCELLED:
        return Status.CANCELLED
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
