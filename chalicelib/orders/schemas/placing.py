"""What places an order."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.core.schemas import Schema
from chalicelib.orders.domain import MAX_LINES
from chalicelib.orders.schemas.fields import (
    MAX_AMOUNT,
    Address,
    Channel,
    ContactDetails,
    Currency,
    CustomerId,
    Sku,
    Text,
)
from chalicelib.orders.service import LineRequest, OrderRequest


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
