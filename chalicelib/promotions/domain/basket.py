"""What promotions are asked about, and what they answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

MAX_CODES = 5
"""Coupon codes of one basket: each bounded one is an action in the order's transaction."""


@dataclass(frozen=True, slots=True)
class BasketLine:
    """Units of a SKU at the catalogue's price in minor units, at least zero. `category_path`: the product's category and all
    above."""

    id: str
    sku: str
    product_id: str
    quantity: int
    unit_price: int
    category_path: tuple[str, ...] = ()

    @property
    def amount(self) -> int:
        """What the line costs before discounts."""
        return self.unit_price * self.quantity


@dataclass(frozen=True, slots=True)
class Basket:
    """What somebody wants to buy. `segments` are the customer's tags; `shipping_charge` is None while it is not known."""

    channel: str
    currency: str
    customer_id: str | None
    lines: tuple[BasketLine, ...]
    shipping_charge: int | None = None
    codes: tuple[str, ...] = ()
    segments: frozenset[str] = frozenset()

    @property
    def goods(self) -> int:
        """What the lines cost before discounts."""
        return sum(line.amount for line in self.lines)


class Rule(StrEnum):
    """Why a promotion applied, or what kept it. Numbers are in the finding's `facts`."""

    APPLIED = "applied"
    # the promotion itself
    NOT_STARTED = "not_started"
    ENDED = "ended"
    OTHER_CHANNEL = "other_channel"
    OTHER_CURRENCY = "other_currency"
    NOT_IN_SEGMENT = "not_in_segment"
    # the basket
    GOODS_BELOW_THRESHOLD = "goods_below_threshold"
    UNITS_BELOW_THRESHOLD = "units_below_threshold"
    NOTHING_SELECTED = "nothing_selected"
    NOT_ENOUGH_UNITS = "not_enough_units"
    NO_SHIPPING_CHARGE = "no_shipping_charge"
    NOTHING_LEFT = "nothing_left"
    # other promotions
    NOT_ALONE = "not_alone"
    EXCLUDED = "excluded"
    STOPPED = "stopped"
    # the code
    CODE_UNKNOWN = "code_unknown"
    CODE_DISABLED = "code_disabled"
    CODE_NOT_ACTIVE = "code_not_active"
    CODE_USED_UP = "code_used_up"
    CODE_USED_BY_CUSTOMER = "code_used_by_customer"
    CODE_NEEDS_CUSTOMER = "code_needs_customer"
    CODE_OF_SAME_PROMOTION = "code_of_same_promotion"


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one promotion, or of one code: the rule that decided, its numbers, and what was taken off."""

    rule: Rule
    promotion_id: str | None = None
    name: str | None = None
    code: str | None = None
    goods: int = 0
    shipping: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def applied(self) -> bool:
        return self.rule is Rule.APPLIED


@dataclass(frozen=True, slots=True)
class LineDiscount:
    """What is taken off a line: `taken` says by which promotion how much, in the order in which they applied."""

    line_id: str
    amount: int
    discount: int = 0
    taken: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Redemption:
    """A code that took something off and is used by the order. `slot`: the customer's use of the promotion, if bounded."""

    code: str
    promotion_id: str
    amount: int
    bounded: bool
    slot: str | None = None


@dataclass(frozen=True, slots=True)
class Discounts:
    """The answer: what is taken off each line of the basket (in its order) and off shipping, and why."""

    lines: tuple[LineDiscount, ...]
    shipping: int = 0
    trace: tuple[Finding, ...] = ()
    redemptions: tuple[Redemption, ...] = ()
    customer_id: str | None = None

    @property
    def goods(self) -> int:
        """What is taken off all lines."""
        return sum(line.discount for line in self.lines)

    @property
    def total(self) -> int:
        """What is taken off goods and shipping."""
        return self.goods + self.shipping

    @property
    def applied(self) -> tuple[Finding, ...]:
        """The promotions that took something off, in order."""
        return tuple(finding for finding in self.trace if finding.applied)

    @property
    def refused_codes(self) -> tuple[Finding, ...]:
        """The codes that took nothing off, each with its reason."""
        return tuple(finding for finding in self.trace if finding.code is not None and not finding.applied)

    def of_line(self, line_id: str) -> LineDiscount:
        """What is taken off a line of the basket."""
        return next(line for line in self.lines if line.line_id == line_id)
