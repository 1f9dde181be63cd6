"""Orders as they are shown."""

from datetime import date
from typing import Any

from chalicelib.core.schemas import PageQuery, View
from chalicelib.orders.domain import Order, Status
from chalicelib.orders.schemas.fields import CustomerId
from chalicelib.orders.service import Quote


class MoneyView(View):
    """Minor units of an ISO 4217 currency."""

    amount: int
    currency: str


class LineView(View):
    """A line: frozen amounts (minor units) and counters. `charged` is what all of it costs, with its tax. `waiting` of its
    units are still to come, and were promised for `promised_on`."""

    id: str
    sku: str
    name: str
    unit_price: int
    price_source: str
    amount: int
    discount: int
    tax_rate_bps: int
    tax: int
    tax_included: bool
    tax_relief: int
    charged: int
    ordered: int
    allocated: int
    shipped: int
    delivered: int
    cancelled: int
    returned: int
    waiting: int
    promised_on: str | None


class ChargeView(View):
    code: str
    description: str
    amount: int
    tax_rate_bps: int
    tax: int


class FulfilmentNoteView(View):
    id: str
    location_id: str
    status: str
    tracking: dict[str, str] | None


class HoldView(View):
    """Why nothing of the order may leave."""

    id: str
    reason: str
    at: str


class AppliedPromotionView(View):
    """What a promotion took off goods and shipping (minor units); `code` if it was presented by one."""

    promotion_id: str
    name: str
    code: str | None
    rule: str
    goods: int
    shipping: int


class OrderView(View):
    """An order as it stands. `status` follows from the counters of its lines."""

    id: str
    status: Status
    version: int
    channel: str
    customer_id: str | None
    reference: str | None
    placed_at: str
    total: MoneyView
    tax: MoneyView
    lines: list[LineView]
    charges: list[ChargeView]
    fulfilments: list[FulfilmentNoteView]
    allocation_reasons: list[dict[str, Any]]
    refusal: str | None
    holds: list[HoldView]
    coupons: list[str]
    promotions: list[AppliedPromotionView]
    shipping: dict[str, str] | None
    pickup: dict[str, Any] | None
    contact: dict[str, Any]
    shipping_address: dict[str, Any]

    @classmethod
    def of(cls, order: Order) -> "OrderView":
        return cls.model_construct(
            id=order.id,
            status=order.status,
            version=order.version,
            channel=order.channel,
            customer_id=order.customer_id,
            reference=order.reference,
            placed_at=order.placed_at,
            total=MoneyView.model_construct(amount=order.total.amount, currency=order.currency),
            tax=MoneyView.model_construct(amount=order.tax.amount, currency=order.currency),
            lines=[LineView.of(line) for line in order.lines],
            charges=[ChargeView.of(charge) for charge in order.charges],
            fulfilments=[FulfilmentNoteView.of(note) for note in order.fulfilments],
            allocation_reasons=[dict(reason) for reason in order.reasons],
            refusal=order.refusal,
            holds=[HoldView.of(hold) for hold in order.holds],
            coupons=list(order.coupons),
            promotions=[AppliedPromotionView(**one) for one in order.promotions],
            shipping=dict(order.shipping) if order.shipping else None,
            pickup=dict(order.pickup) if order.pickup else None,
            contact=dict(order.contact),
            shipping_address=dict(order.shipping_address),
        )


class QuotedLineView(View):
    """A line as it would be frozen (minor units). `waiting` of its units would be still to come, and be promised for
    `promised_on`."""

    id: str
    sku: str
    name: str
    ordered: int
    unit_price: int
    price_source: str
    amount: int
    discount: int
    tax_rate_bps: int
    tax: int
    tax_included: bool
    tax_relief: int
    charged: int
    waiting: int
    promised_on: str | None


class FindingView(View):
    """What a promotion or a code did, or why it did nothing: `rule` decided, by `facts`."""

    rule: str
    promotion_id: str | None
    name: str | None
    code: str | None
    goods: int
    shipping: int
    facts: dict[str, Any]


class QuoteView(View):
    """What an order would cost now, and who would sell what suppliers offer, too."""

    lines: list[QuotedLineView]
    sellers: list[dict[str, Any]]
    charges: list[ChargeView]
    promotions: list[FindingView]
    shipping: dict[str, str] | None
    total: MoneyView
    tax: MoneyView

    @classmethod
    def of(cls, quote: Quote) -> "QuoteView":
        return cls(
            lines=[QuotedLineView.of(line) for line in quote.lines],
            sellers=[dict(one) for one in quote.sellers],
            charges=[ChargeView.of(charge) for charge in quote.charges],
            promotions=[FindingView.of(finding) for finding in quote.discounts.trace],
            shipping=quote.shipping,
            total=MoneyView.of(quote.total),
            tax=MoneyView.of(quote.tax),
        )


class OrderSummary(View):
    """An order in a list."""

    id: str
    status: Status
    total: int
    currency: str
    placed_at: str
    reference: str | None
    customer_id: str | None
    channel: str


class OrdersQuery(PageQuery):
    """With `day` and `status`: the orders of a UTC day, for staff. Else the caller's own, or for staff `customer_id`'s."""

    customer_id: CustomerId | None = None
    day: date | None = None
    status: Status | None = None


class TimelineEntry(View):
    """Who did what, when."""

    id: str
    type: str
    occurred_at: str
    actor: dict[str, str]
    correlation_id: str
    data: dict[str, Any]


class TrackingView(View):
    """What a carrier said of a parcel of the order."""

    fulfilment_id: str
    code: str
    at: str
    place: str | None
    words: str | None


class TrackingsView(View):
    items: list[TrackingView]


class TimelineView(View):
    items: list[TimelineEntry]
