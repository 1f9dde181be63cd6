"""What a promotion gives and what it is for, as callers send and get it."""

from typing import Annotated, Literal

from pydantic import Field

from chalicelib.core.schemas import Schema
from chalicelib.promotions import domain
from chalicelib.promotions.domain import WHOLE, Reward
from chalicelib.promotions.schemas.fields import Amounts, Bps, Ids, Skus, Units


class Selection(Schema):
    """Lines by SKU, product or category (also one above); any of them will do. Empty: all lines."""

    skus: Skus = Field(default_factory=list)
    product_ids: Ids = Field(default_factory=list)
    category_ids: Ids = Field(default_factory=list)

    def as_domain(self) -> domain.Selection:
        return domain.Selection(frozenset(self.skus), frozenset(self.product_ids), frozenset(self.category_ids))

    @classmethod
    def of(cls, selection: domain.Selection) -> "Selection":
        return cls.model_construct(
            skus=sorted(selection.skus),
            product_ids=sorted(selection.product_ids),
            category_ids=sorted(selection.category_ids),
        )


class Percentage(Schema):
    """Off the selected lines."""

    type: Literal["percentage"]
    bps: Bps

    def as_domain(self) -> Reward:
        return domain.Percentage(self.bps)


class AmountOff(Schema):
    """Off the selected lines together, or off each of their units."""

    type: Literal["amount_off"]
    amounts: Amounts
    each_unit: bool = False

    def as_domain(self) -> Reward:
        return domain.AmountOff(self.amounts, self.each_unit)


class FixedPrice(Schema):
    """The selected lines cost this a unit, unless they cost less already."""

    type: Literal["fixed_price"]
    prices: Amounts

    def as_domain(self) -> Reward:
        return domain.FixedPrice(self.prices)


class BuyGet(Schema):
    """For every `buy_units` bought of `buy` (left out: of the selected lines), `get_units` of the selected lines at `bps` off."""

    type: Literal["buy_get"]
    buy_units: Units
    get_units: Units
    bps: Bps = WHOLE
    buy: Selection | None = None
    most_times: Units | None = None

    def as_domain(self) -> Reward:
        buy = self.buy.as_domain() if self.buy else None
        return domain.BuyGet(self.buy_units, self.get_units, self.bps, buy, self.most_times)


class ShippingPercentage(Schema):
    """Off the shipping charge; 10000 is free shipping."""

    type: Literal["shipping_percentage"]
    bps: Bps

    def as_domain(self) -> Reward:
        return domain.ShippingPercentage(self.bps)


class ShippingPrice(Schema):
    """Shipping for this, unless it costs less already."""

    type: Literal["shipping_price"]
    prices: Amounts

    def as_domain(self) -> Reward:
        return domain.ShippingPrice(self.prices)


AnyReward = Annotated[
    Percentage | AmountOff | FixedPrice | BuyGet | ShippingPercentage | ShippingPrice, Field(discriminator="type")
]


def reward_view(reward: Reward) -> AnyReward:
    """The reward as it is shown."""
    match reward:
        case domain.Percentage(bps):
            return Percentage.model_construct(type="percentage", bps=bps)
        case domain.AmountOff(amounts, each_unit):
            return AmountOff.model_construct(type="amount_off", amounts=dict(amounts), each_unit=each_unit)
        case domain.FixedPrice(prices):
            return FixedPrice.model_construct(type="fixed_price", prices=dict(prices))
        case domain.ShippingPercentage(bps):
            return ShippingPercentage.model_construct(type="shipping_percentage", bps=bps)
        case domain.ShippingPrice(prices):
            return ShippingPrice.model_construct(type="shipping_price", prices=dict(prices))
        case domain.BuyGet(buy_units, get_units, bps, buy, most_times):
            return BuyGet.model_construct(
                type="buy_get",
                buy_units=buy_units,
                get_units=get_units,
                bps=bps,
                buy=Selection.of(buy) if buy else None,
                most_times=most_times,
            )
