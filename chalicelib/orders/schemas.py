"""What callers send and get of orders."""

from datetime import date
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from chalicelib.core.schemas import PageQuery, Schema, View
from chalicelib.orders.domain import MAX_LINES, Cancellation, Line, Order, Refusal, Rule, Status
from chalicelib.orders.service import LineRequest, OrderRequest

Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=120)]
CustomerId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
Channel = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
LineId = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,4}$")]
MAX_AMOUNT = 100_000_000_00
"""A hundred million of the major unit: beyond any retail price, far below where sums could leave 64 bits."""


class PlaceOrderLine(Schema):
    """A SKU and how many. `unit_price` (gross, minor units) overrides the catalogue's; staff only."""

    sku: Sku
    quantity: int = Field(ge=1, le=1_000_000)
    unit_price: int | None = Field(default=None, ge=0, le=MAX_AMOUNT)


class PlaceOrderCharge(Schema):
    """Postage and the like, gross; negative for a discount over the goods. Staff only."""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_ -]{1,32}$")]
    description: Text
    amount: int = Field(ge=-MAX_AMOUNT, le=MAX_AMOUNT)
    tax_rate_bps: int = Field(default=0, ge=0, le=10_000)


class ContactDetails(Schema):
    """Whom to tell."""

    name: Text
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]{1,64}@[^@\s]{1,190}$")] | None = None
    phone: Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")] | None = Field(
        default=None, description="E.164"
    )
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = Field(
        default="en", description="BCP 47"
    )


class Address(Schema):
    """Where it goes."""

    name: Text
    line1: Text
    line2: Text | None = None
    city: Text
    postal_code: Annotated[str, StringConstraints(min_length=1, max_length=20)] | None = None
    region: Text | None = None
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = Field(description="ISO 3166-1 alpha-2")


class PaymentMethod(Schema):
    """A token of the payment provider, never a card number."""

    token: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,128}$")]


class PlaceOrder(Schema):
    """An order directly from lines."""

    channel: Channel = "web"
    currency: Currency
    customer_id: CustomerId | None = None
    reference: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    lines: list[PlaceOrderLine] = Field(default_factory=list, max_length=MAX_LINES)
    charges: list[PlaceOrderCharge] = Field(default_factory=list, max_length=20)
    contact: ContactDetails
    shipping_address: Address
    payment: PaymentMethod | None = None

    def as_request(self) -> OrderRequest:
        return OrderRequest(
            channel=self.channel,
            currency=self.currency,
            customer_id=self.customer_id,
            reference=self.reference,
            lines=[LineRequest(line.sku, line.quantity, line.unit_price) for line in self.lines],
            charges=[(one.code, one.description, one.amount, one.tax_rate_bps) for one in self.charges],
            contact=self.contact.model_dump(),
            shipping_address=self.shipping_address.model_dump(exclude_none=True),
            payment_token=self.payment.token if self.payment else None,
        )


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
            contact=dict(order.contact),
            shipping_address=dict(order.shipping_address),
        )


class CancelLine(Schema):
    """Units of a line."""

    line_id: LineId
    quantity: int = Field(ge=1, le=1_000_000)


class CancelOrder(Schema):
    """What to cancel: the lines named, or, without `lines`, all that was not sent yet."""

    lines: list[CancelLine] | None = Field(default=None, min_length=1, max_length=MAX_LINES)
    reason: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")] = Field(
        default="customer_request", examples=["customer_request", "fraud", "out_of_stock"]
    )

    def units(self) -> dict[str, int] | None:
        if self.lines is None:
            return None
        units: dict[str, int] = {}
        for line in self.lines:
            units[line.line_id] = units.get(line.line_id, 0) + line.quantity
        return units


class CancelledLineView(View):
    line_id: str
    sku: str
    quantity: int


class CancellationView(View):
    """Units of an order that were called off. `amount` (minor units) is what they would have cost."""

    id: str
    order_id: str
    reason: str
    at: str
    amount: int
    currency: str
    lines: list[CancelledLineView]
    order_status: Status

    @classmethod
    def for_order(cls, order: Order, cancellation: Cancellation) -> "CancellationView":
        return cls(
            id=cancellation.id,
            order_id=order.id,
            reason=cancellation.reason,
            at=cancellation.at,
            amount=cancellation.amount,
            currency=order.currency,
            lines=[
                CancelledLineView(line_id=line_id, sku=sku, quantity=units)
                for line_id, sku, units in cancellation.lines
            ],
            order_status=order.status,
        )


class CancellationsView(View):
    items: list[CancellationView]


class CancellationOptionView(View):
    """How many units of a line can be cancelled, and what keeps the rest, if any."""

    line_id: str
    sku: str
    cancellable: int
    kept: int
    rule: Rule
    words: str

    @classmethod
    def of(cls, option: tuple[Line, int, Refusal | None]) -> "CancellationOptionView":
        line, units, stays = option
        stays = stays or Refusal(line.id, 0, Rule.OPEN)
        return cls(
            line_id=line.id, sku=line.sku, cancellable=units, kept=stays.units, rule=stays.rule, words=stays.words
        )


class CancellationOptionsView(View):
    items: list[CancellationOptionView]


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


class ReviewView(View):
    """Work that a workflow could not finish."""

    id: str
    order_id: str
    state: str
    reason: str | None
    fulfilment_id: str | None
    parked_at: str
    error: Any

    @classmethod
    def of(cls, row: dict[str, Any]) -> "ReviewView":
        return cls(
            id=row["id"],
            order_id=row["order_id"],
            state=row["state"],
            reason=row.get("reason"),
            fulfilment_id=row.get("fulfilment_id"),
            parked_at=row["parked_at"],
            error=row["error"],
        )
