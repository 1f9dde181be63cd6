"""How much a promotion takes off, given what earlier ones have left. Money is split and rounded by `core.money` alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chalicelib.core.money import round_half_up, share_of_units, split
from chalicelib.promotions.domain.basket import BasketLine, Rule
from chalicelib.promotions.domain.definition import (
    WHOLE,
    AmountOff,
    Amounts,
    BuyGet,
    FixedPrice,
    Percentage,
    Promotion,
    ShippingPercentage,
    ShippingPrice,
)


@dataclass(frozen=True, slots=True)
class Remainder:
    """What is left to take from: minor units per line, and of shipping (None: no charge is known)."""

    lines: Sequence[int]
    shipping: int | None


@dataclass(frozen=True, slots=True)
class Cut:
    """What a promotion takes off: by index of the line, and off shipping. `units` are those that a BuyGet made cheaper."""

    by_line: Mapping[int, int] = field(default_factory=dict)
    shipping: int = 0
    units: int | None = None

    @property
    def goods(self) -> int:
        return sum(self.by_line.values())


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why it takes nothing off."""

    rule: Rule
    facts: Mapping[str, int] = field(default_factory=dict)


def cut(promotion: Promotion, lines: Sequence[BasketLine], left: Remainder, currency: str) -> Cut | Refusal:
    """What the promotion's reward takes off; never more of a line, or of shipping, than is left."""
    reward = promotion.reward
    if isinstance(reward, ShippingPercentage | ShippingPrice):
        return _off_shipping(reward, left.shipping, currency)
    if isinstance(reward, BuyGet):
        return _buy_get(promotion, reward, lines, left)
    chosen = [index for index, line in enumerate(lines) if promotion.reduces(line)]
    if not chosen:
        return Refusal(Rule.NOTHING_SELECTED)
    match reward:
        case Percentage(bps):
            return Cut(_percentage({index: left.lines[index] for index in chosen}, bps))
        case AmountOff():
            return _amount_off(reward, chosen, lines, left, currency)
        case FixedPrice(prices):
            return _fixed_price(prices, chosen, lines, left, currency)


def _percentage(of: Mapping[int, int], bps: int) -> dict[int, int]:
    """Basis points of all the amounts together, rounded once, shared in proportion."""
    off = round_half_up(sum(of.values()) * bps, WHOLE)
    return _shared(off, of)


def _shared(off: int, over: Mapping[int, int]) -> dict[int, int]:
    """`off` in proportion to the amounts. A largest-remainder share of no more than their sum exceeds no amount."""
    return dict(zip(over, split(off, list(over.values())), strict=True)) if off else {}


def _amount_off(
    reward: AmountOff, chosen: Sequence[int], lines: Sequence[BasketLine], left: Remainder, currency: str
) -> Cut | Refusal:
    amount = reward.amounts.get(currency)
    if amount is None:
        return Refusal(Rule.OTHER_CURRENCY)
    if reward.each_unit:
        return Cut({index: min(left.lines[index], amount * lines[index].quantity) for index in chosen})
    over = {index: left.lines[index] for index in chosen}
    return Cut(_shared(min(amount, sum(over.values())), over))


def _fixed_price(
    prices: Amounts, chosen: Sequence[int], lines: Sequence[BasketLine], left: Remainder, currency: str
) -> Cut | Refusal:
    price = prices.get(currency)
    if price is None:
        return Refusal(Rule.OTHER_CURRENCY)
    return Cut({index: max(0, left.lines[index] - price * lines[index].quantity) for index in chosen})


def _off_shipping(reward: ShippingPercentage | ShippingPrice, left: int | None, currency: str) -> Cut | Refusal:
    if left is None:
        return Refusal(Rule.NO_SHIPPING_CHARGE)
    if isinstance(reward, ShippingPercentage):
        return Cut(shipping=round_half_up(left * reward.bps, WHOLE))
    price = reward.prices.get(currency)
    return Refusal(Rule.OTHER_CURRENCY) if price is None else Cut(shipping=max(0, left - price))


# ---- buy so many, get so many ---------------------------------------------------------------------------------------------


def _buy_get(promotion: Promotion, reward: BuyGet, lines: Sequence[BasketLine], left: Remainder) -> Cut | Refusal:
    bought = reward.buy or promotion.selection
    buyable = {index for index, line in enumerate(lines) if bought.holds(line) and promotion.counts(line)}
    gettable = {index for index, line in enumerate(lines) if promotion.reduces(line)}
    if not buyable or not gettable:
        return Refusal(Rule.NOTHING_SELECTED)
    shares = _Units.of(lines, buyable, gettable)
    times = shares.most_times(reward)
    if not times:
        facts = {"buy": reward.buy_units, "get": reward.get_units, "has": shares.all}
        return Refusal(Rule.NOT_ENOUGH_UNITS, facts)
    chosen = shares.cheapest(lines, buyable, gettable, times, reward)
    worth = {
        index: share_of_units(left.lines[index], lines[index].quantity, 0, units) for index, units in chosen.items()
    }
    return Cut(_percentage(worth, reward.bps), units=sum(chosen.values()))


@dataclass(frozen=True, slots=True)
class _Units:
    """How many units can only be the bought ones, only the cheaper ones, or either. No unit is both."""

    buy_only: int
    get_only: int
    either: int

    @classmethod
    def of(cls, lines: Sequence[BasketLine], buyable: set[int], gettable: set[int]) -> "_Units":
        def units(indexes: set[int]) -> int:
            return sum(lines[index].quantity for index in indexes)

        return cls(units(buyable - gettable), units(gettable - buyable), units(buyable & gettable))

    @property
    def all(self) -> int:
        return self.buy_only + self.get_only + self.either

    def suffice(self, times: int, reward: BuyGet) -> bool:
        """Whether the units can be dealt out for so many rounds."""
        more_to_buy = max(0, times * reward.buy_units - self.buy_only)
        more_to_get = max(0, times * reward.get_units - self.get_only)
        return more_to_buy + more_to_get <= self.either

    def most_times(self, reward: BuyGet) -> int:
        """The most rounds there are units for: by bisection, because fewer rounds never need more units."""
        low, high = 0, self.all // (reward.buy_units + reward.get_units)
        if reward.most_times is not None:
            high = min(high, reward.most_times)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.suffice(middle, reward) else (low, middle - 1)
        return low

    def cheapest(
        self, lines: Sequence[BasketLine], buyable: set[int], gettable: set[int], times: int, reward: BuyGet
    ) -> dict[int, int]:
        """The cheapest units, by price before discounts, that can be the cheaper ones while enough are left to be bought."""
        wanted = times * reward.get_units
        spare = self.either - max(0, times * reward.buy_units - self.buy_only)
        chosen: dict[int, int] = {}
        for index in sorted(gettable, key=lambda index: (lines[index].unit_price, index)):
            units = min(wanted, lines[index].quantity)
            if index in buyable:
                units = min(units, spare)
                spare -= units
            if units:
                chosen[index] = units
                wanted -= units
        return chosen
