"""Baskets to try promotions out on, and what would come off them."""

from typing import Any

from pydantic import Field

from chalicelib.core.schemas import Schema, View
from chalicelib.promotions.domain import MAX_CODES, Basket, Discounts, Finding, LineDiscount, Rule
from chalicelib.promotions.schemas.fields import (
    Amount,
    Channel,
    Currency,
    CustomerId,
    Moment,
    Segment,
    Sku,
    Text,
    Units,
)
from chalicelib.promotions.service import LineToTry

MAX_LINES = 60


class TriedLine(Schema):
    """A SKU and how many; `unit_price` (minor units) instead of the catalogue's."""

    sku: Sku
    quantity: Units
    unit_price: Amount | None = None


class TryPromotions(Schema):
    """A basket, as somebody might buy it now or `at` a moment to come."""

    channel: Channel = "web"
    currency: Currency
    customer_id: CustomerId | None = None
    segments: list[Segment] = Field(default_factory=list, max_length=20)
    lines: list[TriedLine] = Field(min_length=1, max_length=MAX_LINES)
    codes: list[Text] = Field(default_factory=list, max_length=MAX_CODES)
    shipping_charge: Amount | None = None
    at: Moment | None = None

    def as_basket(self) -> Basket:
        """The basket without its lines."""
        return Basket(
            channel=self.channel,
            currency=self.currency,
            customer_id=self.customer_id,
            lines=(),
            shipping_charge=self.shipping_charge,
            codes=tuple(self.codes),
            segments=frozenset(self.segments),
        )

    def as_lines(self) -> list[LineToTry]:
        return [LineToTry(line.sku, line.quantity, line.unit_price) for line in self.lines]


class TakenView(View):
    promotion_id: str
    amount: int


class LineDiscountView(View):
    """What comes off a line, by which promotion how much, in their order."""

    line_id: str
    amount: int
    discount: int
    taken: list[TakenView]

    @classmethod
    def of(cls, line: LineDiscount) -> "LineDiscountView":
        return cls.model_construct(
            line_id=line.line_id,
            amount=line.amount,
            discount=line.discount,
            taken=[TakenView.model_construct(promotion_id=id, amount=amount) for id, amount in line.taken],
        )


class FindingView(View):
    """Why a promotion or a code applied, or why it did not; `facts` are the numbers of the rule."""

    rule: Rule
    promotion_id: str | None
    name: str | None
    code: str | None
    goods: int
    shipping: int
    facts: dict[str, Any]

    @classmethod
    def of(cls, finding: Finding) -> "FindingView":
        return cls.model_construct(
            rule=finding.rule,
            promotion_id=finding.promotion_id,
            name=finding.name,
            code=finding.code,
            goods=finding.goods,
            shipping=finding.shipping,
            facts=dict(finding.facts),
        )


class DiscountsView(View):
    """What comes off: minor units, by line and off shipping. `trace` has every promotion in the order it was asked."""

    total: int
    goods: int
    shipping: int
    lines: list[LineDiscountView]
    trace: list[FindingView]

    @classmethod
    def of(cls, discounts: Discounts) -> "DiscountsView":
        return cls.model_construct(
            total=discounts.total,
            goods=discounts.goods,
            shipping=discounts.shipping,
            lines=[LineDiscountView.of(line) for line in discounts.lines],
            trace=[FindingView.of(finding) for finding in discounts.trace],
        )
