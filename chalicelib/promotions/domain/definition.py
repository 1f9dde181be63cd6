"""What the back office defines: a promotion, whom and what it is for, and what it gives."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from chalicelib.core.errors import Conflict, Fault, Invalid
from chalicelib.promotions.domain.basket import BasketLine

Amounts = Mapping[str, int]
"""Minor units by currency (ISO 4217). A promotion says nothing in a currency that is missing."""

WHOLE = 10_000
"""All of an amount, in basis points."""

MAX_SELECTED = 200
"""Names of one kind in a selection, so that a definition stays a few kilobytes: categories say more in fewer words."""


class PromotionInvalid(Invalid):
    code = "promotion_invalid"
    title = "The parts of the promotion do not go together"


class PromotionArchived(Conflict):
    code = "promotion_archived"
    title = "The promotion is archived for good"


class Status(StrEnum):
    """Only active promotions take anything off. An archived one stays archived, and its codes are void."""

    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class Selection:
    """Lines by SKU, product or category (also one above); any of them will do. Naming nothing selects everything."""

    skus: frozenset[str] = frozenset()
    product_ids: frozenset[str] = frozenset()
    category_ids: frozenset[str] = frozenset()

    @property
    def is_everything(self) -> bool:
        return not (self.skus or self.product_ids or self.category_ids)

    def names(self, line: BasketLine) -> bool:
        """Whether the line is named by SKU, product or category."""
        return (
            line.sku in self.skus
            or line.product_id in self.product_ids
            or not self.category_ids.isdisjoint(line.category_path)
        )

    def holds(self, line: BasketLine) -> bool:
        """Whether the line is selected."""
        return self.is_everything or self.names(line)


EVERYTHING = Selection()


# ---- what is given --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Percentage:
    """So many basis points (1 to 10,000) off what is left of the selected lines."""

    bps: int


@dataclass(frozen=True, slots=True)
class AmountOff:
    """An amount off the selected lines together, or off each of their units."""

    amounts: Amounts
    each_unit: bool = False


@dataclass(frozen=True, slots=True)
class FixedPrice:
    """The selected lines cost this a unit, unless they cost less already."""

    prices: Amounts


@dataclass(frozen=True, slots=True)
class BuyGet:
    """For every `buy_units` that are bought, `get_units` of the selected lines at `bps` off (10,000: free).

    `buy` names what has to be bought; None: the selected lines themselves. At most `most_times` in one order.
    """

    buy_units: int
    get_units: int
    bps: int = WHOLE
    buy: Selection | None = None
    most_times: int | None = None


@dataclass(frozen=True, slots=True)
class ShippingPercentage:
    """So many basis points off the shipping charge; 10,000 is free shipping."""

    bps: int


@dataclass(frozen=True, slots=True)
class ShippingPrice:
    """Shipping for this, unless it costs less already."""

    prices: Amounts


Reward = Percentage | AmountOff | FixedPrice | BuyGet | ShippingPercentage | ShippingPrice


# ---- the whole ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a basket has to hold first: goods worth so much at their prices before discounts, and so many units.

    Counted are the lines in `of`, without those that the promotion excludes.
    """

    goods: Amounts = field(default_factory=dict)
    units: int = 0
    of: Selection = EVERYTHING


@dataclass(frozen=True, slots=True)
class Promotion:
    """A promotion. Empty `channels` are all channels, empty `segments` all customers.

    `starts_at` is in, `ends_at` is out. `excluded` lines are neither counted nor reduced. `by_code`: only with a coupon
    code; then `per_customer` bounds how many orders of one customer it serves, over all of its codes. A lower `priority` number
    is asked first; `exclusive` promotions apply alone, `stops` lets nothing follow.
    """

    id: str
    name: str
    reward: Reward
    status: Status = Status.ACTIVE
    selection: Selection = EVERYTHING
    excluded: Selection = field(default_factory=Selection)
    threshold: Threshold = field(default_factory=Threshold)
    channels: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    by_code: bool = False
    per_customer: int | None = None
    priority: int = 100
    exclusive: bool = False
    stops: bool = False
    version: int = 1

    @property
    def order(self) -> tuple[int, str]:
        """Its place among others: by priority, then the older one first (ids sort by creation)."""
        return self.priority, self.id

    def counts(self, line: BasketLine) -> bool:
        """Whether the promotion looks at the line at all."""
        return self.excluded.is_everything or not self.excluded.names(line)

    def reduces(self, line: BasketLine) -> bool:
        """Whether the line is one that the promotion makes cheaper."""
        return self.selection.holds(line) and self.counts(line)


def checked(promotion: Promotion) -> Promotion:
    """The promotion, if its parts go together. Raises `PromotionInvalid` with every fault."""
    faults = list(_faults(promotion))
    if faults:
        raise PromotionInvalid(" ".join(fault.detail for fault in faults), faults=faults)
    return promotion


def _faults(promotion: Promotion) -> Iterable[Fault]:
    code = PromotionInvalid.code
    if promotion.starts_at and promotion.ends_at and promotion.ends_at <= promotion.starts_at:
        yield Fault("/ends_at", code, "It would end before it starts.")
    if promotion.per_customer is not None and not promotion.by_code:
        yield Fault("/per_customer", code, "Only what needs a code can be counted by customer.")
    if isinstance(promotion.reward, FixedPrice) and promotion.selection.is_everything:
        yield Fault("/selection", code, "A fixed price needs to know of what.")
    off_shipping = isinstance(promotion.reward, ShippingPercentage | ShippingPrice)
    if off_shipping and not promotion.selection.is_everything:
        yield Fault("/selection", code, "Shipping is charged once; say in threshold.of what has to be bought.")


# ---- codes ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CouponCode:
    """A code of a promotion: at most `most` orders use it (None: any number); `used` counts those where it is bounded."""

    code: str
    promotion_id: str
    most: int | None = None
    used: int = 0
    enabled: bool = True
    version: int = 1

    @property
    def is_used_up(self) -> bool:
        return self.most is not None and self.used >= self.most


def normal_code(text: str) -> str:
    """The code as it is kept: case and blanks around it do not matter."""
    return text.strip().upper()
