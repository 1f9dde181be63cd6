"""What places an order."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from chalicelib.core.schemas import Schema
from chalicelib.orders.domain import MAX_LINES
from chalicelib.orders.schemas.fields import (
    MAX_AMOUNT,
    Address,
    Channel,
    ContactDetails,
    Currency,
    CustomerId,
    PickupChoice,
    PostalCode,
    Sku,
    Text,
)
from chalicelib.orders.schemas.sourcing import SellerName
from chalicelib.orders.service import LineRequest, OrderRequest, PriceRequest
from chalicelib.payments.service import TenderRequest

MAX_COUPONS = 10
ShippingMethod = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
VatNumber = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2}[A-Za-z0-9 .-]{2,20}$")]
Coupon = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class PlaceOrderLine(Schema):
    """A SKU and how many. `unit_price` (gross, minor units) overrides the catalogue's; staff only. `seller`: who is to sell it, where
    suppliers offer it, too."""

    sku: Sku
    quantity: int = Field(ge=1, le=1_000_000)
    unit_price: int | None = Field(default=None, ge=0, le=MAX_AMOUNT)
    seller: SellerName | None = None


class PlaceOrderCharge(Schema):
    """Postage and the like, gross; negative for a discount over the goods. Staff only."""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_ -]{1,32}$")]
    description: Text
    amount: int = Field(ge=-MAX_AMOUNT, le=MAX_AMOUNT)
    tax_rate_bps: int = Field(default=0, ge=0, le=10_000)


Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
MAX_TENDERS = 5


class TenderBody(Schema):
    """One way of paying. Without an `amount` (minor units) it pays what the others leave; one at most may do so.

    `token`: the payment provider's name for a card, never its number; a gift card's code; or a store credit account.
    """

    type: Literal["card", "gift_card", "store_credit"]
    token: Token
    amount: int | None = Field(default=None, ge=1, le=MAX_AMOUNT)


class PaymentMethod(Schema):
    """How it is paid: a card's `token`, or several `tenders`."""

    token: Token | None = None
    tenders: list[TenderBody] = Field(default_factory=list, max_length=MAX_TENDERS)

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.token is None) == (not self.tenders):
            raise ValueError("give either token or tenders")
        if sum(tender.amount is None for tender in self.tenders) > 1:
            raise ValueError("one tender at most pays what the others leave")
        return self

    def as_tenders(self) -> list[TenderRequest]:
        if self.token is not None:
            return [TenderRequest("card", self.token)]
        return [TenderRequest(one.type, one.token, one.amount) for one in self.tenders]


class QuoteOrder(Schema):
    """What to price: as an order, with no more of the address than tax, postage and the choice of sellers need."""

    channel: Channel = "web"
    currency: Currency
    customer_id: CustomerId | None = None
    lines: list[PlaceOrderLine] = Field(min_length=1, max_length=MAX_LINES)
    coupons: list[Coupon] = Field(default_factory=list, max_length=MAX_COUPONS)
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = Field(
        default=None, description="ISO 3166-1 alpha-2"
    )
    region: Text | None = None
    postal_code: PostalCode | None = None
    vat_number: VatNumber | None = None
    shipping_method: ShippingMethod | None = None

    def as_request(self) -> PriceRequest:
        return PriceRequest(
            channel=self.channel,
            currency=self.currency,
            lines=[LineRequest(line.sku, line.quantity, line.unit_price, line.seller) for line in self.lines],
            customer_id=self.customer_id,
            coupons=self.coupons,
            country=self.country,
            region=self.region,
            postal_code=self.postal_code,
            vat_number=self.vat_number,
            shipping_method=self.shipping_method,
        )


class PlaceOrder(Schema):
    """An order directly from lines."""

    channel: Channel = "web"
    currency: Currency
    customer_id: CustomerId | None = None
    reference: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    lines: list[PlaceOrderLine] = Field(default_factory=list, max_length=MAX_LINES)
    charges: list[PlaceOrderCharge] = Field(default_factory=list, max_length=20)
    contact: ContactDetails
    shipping_address: Address | None = Field(
        default=None, description="Where it goes; with `pickup`, where it would be sent if it cannot be collected"
    )
    pickup: PickupChoice | None = None
    payment: PaymentMethod | None = None
    coupons: list[Coupon] = Field(default_factory=list, max_length=MAX_COUPONS)
    shipping_method: ShippingMethod | None = Field(default=None, description="A code of GET /v1/shipping-options")
    vat_number: VatNumber | None = Field(
        default=None, description="Of the business that buys; in another country of the EU the reverse charge applies"
    )

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if self.shipping_address is None and self.pickup is None:
            raise ValueError("give shipping_address or pickup")
        return self

    def as_request(self) -> OrderRequest:
        return OrderRequest(
            channel=self.channel,
            currency=self.currency,
            customer_id=self.customer_id,
            reference=self.reference,
            lines=[LineRequest(line.sku, line.quantity, line.unit_price, line.seller) for line in self.lines],
            charges=[(one.code, one.description, one.amount, one.tax_rate_bps) for one in self.charges],
            contact=self.contact.model_dump(),
            shipping_address=self.shipping_address.model_dump(exclude_none=True) if self.shipping_address else {},
            pickup=self.pickup.model_dump() if self.pickup else None,
            tenders=self.payment.as_tenders() if self.payment else [],
            coupons=self.coupons,
            vat_number=self.vat_number,
            shipping_method=self.shipping_method,
        )
