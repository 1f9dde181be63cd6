"""Carts as they are shown."""

from typing import Any

from chalicelib.carts.domain import Hint, State
from chalicelib.carts.service import CartSeen, LineSeen
from chalicelib.core import clock
from chalicelib.core.schemas import View
from chalicelib.orders.service import Quote
from chalicelib.promotions.service import Finding, Rule


class CartLineView(View):
    """A line at today's price. `was`: the price that was shown before, where it changed. `left`: units to be had, where they are
    few. `promised_on`: where units are still to come, the day for which the first of them would be promised. `seller`: who is to sell
    it, where that is named. A line with a `problem` (sku_unknown, not_active, no_price, seller_cannot_supply) cannot be ordered."""

    sku: str
    seller: str | None
    quantity: int
    name: str | None
    unit_price: int | None
    was: int | None
    amount: int
    discount: int
    availability: Hint | None
    left: int | None
    promised_on: str | None
    problem: str | None

    @classmethod
    def of(cls, line: LineSeen) -> "CartLineView":
        return cls.model_construct(
            sku=line.sku,
            seller=line.seller,
            quantity=line.quantity,
            name=line.name,
            unit_price=line.unit_price,
            was=line.was,
            amount=line.amount,
            discount=line.discount,
            availability=line.hint,
            left=line.left,
            promised_on=line.promised_on,
            problem=line.problem,
        )


class CartCouponView(View):
    """A code of the cart: what it takes off, or the rule that keeps it from it, with its numbers."""

    code: str
    rule: Rule
    amount: int
    facts: dict[str, Any]

    @classmethod
    def of(cls, finding: Finding) -> "CartCouponView":
        return cls.model_construct(
            code=finding.code or "",
            rule=finding.rule,
            amount=finding.goods + finding.shipping,
            facts=dict(finding.facts),
        )


class CartPromotionView(View):
    """A promotion that takes something off."""

    promotion_id: str
    name: str
    code: str | None
    amount: int

    @classmethod
    def of(cls, finding: Finding) -> "CartPromotionView":
        return cls.model_construct(
            promotion_id=finding.promotion_id or "",
            name=finding.name or "",
            code=finding.code,
            amount=finding.goods + finding.shipping,
        )


class CartShippingView(View):
    """How it would be sent, and the days on which it would arrive at the earliest and at the latest."""

    method: str
    name: str
    carrier: str
    promised_from: str
    promised_by: str


class CartTotalsView(View):
    """In minor units. `goods` before discounts; `charges` are shipping; `total` is what an order would cost, with its `tax`."""

    goods: int
    discount: int
    charges: int
    tax: int
    total: int

    @classmethod
    def of(cls, quote: Quote) -> "CartTotalsView":
        return cls.model_construct(
            goods=sum(line.amount for line in quote.lines),
            discount=sum(line.discount for line in quote.lines),
            charges=sum(charge.amount for charge in quote.charges),
            tax=quote.tax.amount,
            total=quote.total.amount,
        )


class CartView(View):
    """A cart at today's prices. Stock and prices are promised when it is ordered. `ready`: all of it could be ordered now.

    `totals` are of the lines that are for sale. With a `shipping_problem` (e.g. country_not_served) the
    cart's method cannot be had, and they are without shipping. One that has ended shows no totals and no stock: see its order.
    """

    id: str
    state: State
    channel: str
    currency: str
    customer_id: str | None
    lines: list[CartLineView]
    totals: CartTotalsView | None
    coupons: list[CartCouponView]
    promotions: list[CartPromotionView]
    country: str | None
    region: str | None
    shipping_method: str | None
    shipping: CartShippingView | None
    shipping_problem: str | None
    ready: bool
    expires_at: str
    order_id: str | None
    merged_into: str | None
    version: int

    @classmethod
    def of(cls, seen: CartSeen) -> "CartView":
        return cls.model_construct(**_fields(seen))


class OpenedGuestCart(CartView):
    """A new cart with its token, which is not shown again: whoever has it has the cart."""

    token: str

    @classmethod
    def opened(cls, seen: CartSeen, token: str) -> "OpenedGuestCart":
        return cls.model_construct(**_fields(seen), token=token)


def _fields(seen: CartSeen) -> dict[str, Any]:
    cart, quote = seen.cart, seen.quote
    trace = quote.discounts.trace if quote else ()
    return {
        "id": cart.id,
        "state": cart.state,
        "channel": cart.channel,
        "currency": cart.currency,
        "customer_id": cart.customer_id,
        "lines": [CartLineView.of(line) for line in seen.lines],
        "totals": CartTotalsView.of(quote) if quote else None,
        "coupons": [CartCouponView.of(finding) for finding in trace if finding.code is not None],
        "promotions": [CartPromotionView.of(finding) for finding in trace if finding.applied],
        "country": cart.country,
        "region": cart.region,
        "shipping_method": cart.shipping_method,
        "shipping": CartShippingView.model_validate(quote.shipping) if quote and quote.shipping else None,
        "shipping_problem": seen.shipping_problem,
        "ready": seen.is_ready,
        "expires_at": clock.rfc3339(cart.expires_at),
        "order_id": cart.order_id,
        "merged_into": cart.merged_into,
        "version": cart.version,
    }
