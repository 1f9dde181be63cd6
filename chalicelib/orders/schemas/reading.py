"""Orders as they are shown."""

from datetime import date
from typing import Any

from chalicelib.core.schemas import PageQuery, View
from chalicelib.orders.domain import Order, Status
from chalicelib.orders.schemas.fields import CustomerId


class MoneyView(View):
    """Minor units of an ISO 4217 currency."""

    amount: int
    currency: str


class LineView(View):
    """A line: frozen amounts (gross minor units) and counters."""

    id: str
    sku: str
    name: str
    unit_price: int
    price_source: str
    amount: int
    discount: int
    tax_rate_bps: int
    tax: int
    ordered: int
    allocated: int
    shipped: int
    delivered: int
    cancelled: int
    returned: int


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
            contact=dict(order.contact),
            shipping_address=dict(order.shipping_address),
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


class TimelineView(View):
    items: list[TimelineEntry]
