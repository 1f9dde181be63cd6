"""What returned units are worth: exact shares of what was paid for them, however they are parcelled out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from chalicelib.core.money import round_half_up, share_of_units

_WHOLE = 10_000
"""All of an amount, in basis points."""


@dataclass(frozen=True, slots=True)
class Sold:
    """A line of an order. Amounts (minor units) are of all its `ordered` units: `charged` gross and after its `discount`, `tax`
    within. Of these units some were `shipped`, some of those have `returned`, and some are `open`, still to be shipped."""

    line_id: str
    ordered: int
    shipped: int
    open: int
    returned: int
    charged: int
    discount: int
    tax: int


@dataclass(frozen=True, slots=True)
class Postage:
    """What an order was charged beside its goods, and the tax within."""

    amount: int
    tax: int


@dataclass(frozen=True, slots=True)
class PostageTally:
    """What of the postage came back so far: `refunded`. It follows from what goods have cost that take their share of it with
    them (`shared`), and from how many units were sent back in time or for a fault (`entitled`)."""

    shared: int = 0
    entitled: int = 0
    refunded: int = 0


@dataclass(frozen=True, slots=True)
class Back:
    """Units of a line that came back for good, on these terms. `before`: what earlier units of the same return cost."""

    line_id: str
    units: int
    fee_bps: int = 0
    shares_postage: bool = False
    withdrawn: bool = False
    before: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """What units of a line are worth: `goods` before `discount`, `tax` within what remains, `fee` kept of it."""

    line_id: str
    units: int
    goods: int
    discount: int
    tax: int
    fee: int

    @property
    def charged(self) -> int:
        """What the customer has paid for them."""
        return self.goods - self.discount


@dataclass(frozen=True, slots=True)
class Refund:
    """What is paid back (minor units): the goods without their discount, and postage, less the fee and what is `withheld`
    because no more is left of what was paid: some was refunded apart from returns. `tax` is within what was paid for them."""

    goods: int = 0
    discount: int = 0
    tax: int = 0
    shipping: int = 0
    fee: int = 0
    withheld: int = 0

    @property
    def amount(self) -> int:
        """What the customer gets."""
        return self.goods - self.discount + self.shipping - self.fee - self.withheld

    def within(self, left: int) -> "Refund":
        """The refund, of which no more than `left` is paid."""
        return replace(self, withheld=self.withheld + max(0, self.amount - left))

    def __add__(self, other: "Refund") -> "Refund":
        return Refund(
            self.goods + other.goods,
            self.discount + other.discount,
            self.tax + other.tax,
            self.shipping + other.shipping,
            self.fee + other.fee,
            self.withheld + other.withheld,
        )


def refund_of(
    lines: Sequence[Sold], postage: Postage, tally: PostageTally, back: Sequence[Back]
) -> tuple[Refund, tuple[Share, ...], PostageTally]:
    """What these units are worth, line by line, and what of the postage is then paid back.

    Each line is named once in `back`. Whatever the order and the parts in which units come back: their shares add up to what was
    captured for them, and never exceed it. Raises ValueError for units that were not shipped or are back already.
    """
    sold = {line.line_id: line for line in lines}
    shares = tuple(_share(sold[one.line_id], one) for one in back)
    after = _tallied(lines, postage, tally, back, shares)
    shipping = after.refunded - tally.refunded
    tax = _tax_of(postage, after.refunded) - _tax_of(postage, tally.refunded)
    refund = Refund(
        goods=sum(share.goods for share in shares),
        discount=sum(share.discount for share in shares),
        tax=sum(share.tax for share in shares) + tax,
        shipping=shipping,
        fee=sum(share.fee for share in shares),
    )
    return refund, shares, after


def _share(line: Sold, back: Back) -> Share:
    if not 0 <= back.units <= line.shipped - line.returned:
        raise ValueError(f"{back.units} of line {line.line_id}: {line.shipped - line.returned} can come back")
    charged, discount, tax = (
        share_of_units(whole, line.ordered, line.returned, back.units)
        for whole in (line.charged, line.discount, line.tax)
    )
    fee = _fee(back.before + charged, back.fee_bps) - _fee(back.before, back.fee_bps)
    return Share(back.line_id, back.units, charged + discount, discount, tax, fee)


def _fee(charged: int, fee_bps: int) -> int:
    return round_half_up(charged * fee_bps, _WHOLE)


def _tallied(
    lines: Sequence[Sold], postage: Postage, tally: PostageTally, back: Sequence[Back], shares: Iterable[Share]
) -> PostageTally:
    sharing = {one.line_id for one in back if one.shares_postage}
    shared = tally.shared + sum(share.charged for share in shares if share.line_id in sharing)
    entitled = tally.entitled + sum(one.units for one in back if one.shares_postage or one.withdrawn)
    units = {one.line_id: one.units for one in back}
    if _all_back(lines, units) and entitled == sum(line.shipped for line in lines):
        target = postage.amount
    else:
        goods = sum(line.charged for line in lines)
        target = round_half_up(postage.amount * shared, goods) if goods else 0
    return PostageTally(shared, entitled, max(tally.refunded, target))


def _all_back(lines: Iterable[Sold], units: Mapping[str, int]) -> bool:
    return all(not line.open and line.returned + units.get(line.line_id, 0) == line.shipped for line in lines)


def _tax_of(postage: Postage, refunded: int) -> int:
    return round_half_up(postage.tax * refunded, postage.amount) if postage.amount else 0
