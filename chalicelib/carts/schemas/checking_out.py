"""What orders a cart, and what became of it."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from chalicelib.carts.schemas.changing import Country, MethodId, Text
from chalicelib.carts.service import CheckoutRequest
from chalicelib.core.schemas import Schema, View
from chalicelib.orders.domain import Order, Status
from chalicelib.payments.service import TenderRequest

MAX_AMOUNT = 100_000_000_00
"""A hundred million of the major unit, as in orders."""

MAX_TENDERS = 5
Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
Amount = Annotated[int, Field(ge=0, le=MAX_AMOUNT)]


class CheckoutContact(Schema):
    """Whom to tell."""

    name: Text
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]{1,64}@[^@\s]{1,190}$")] | None = None
    phone: Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")] | None = Field(
        default=None, description="E.164"
    )
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = Field(
        default="en", description="BCP 47"
    )


class CheckoutAddress(Schema):
    """Where it goes."""

    name: Text
    line1: Text
    line2: Text | None = None
    city: Text
    postal_code: Annotated[str, StringConstraints(min_length=1, max_length=20)] | None = None
    region: Text | None = None
    country: Country


class CheckoutPickup(Schema):
    """Collected at a locker site. `within_reach`: from a wheelchair, say, so in no high compartment."""

    site_id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    within_reach: bool = False


class CheckoutTender(Schema):
    """One way of paying, as of an order. Without an `amount` (minor units) it pays what the others leave."""

    type: Literal["card", "gift_card", "store_credit"]
    token: Token
    amount: Annotated[int, Field(ge=1, le=MAX_AMOUNT)] | None = None


class CheckOut(Schema):
    """What an order needs beside the cart. With `expected_total` (minor units) it is placed at that total or not at all.

    Left out, `shipping_method` is the cart's.
    """

    contact: CheckoutContact
    shipping_address: CheckoutAddress | None = Field(
        default=None, description="Where it goes; with `pickup`, where it would be sent if it cannot be collected"
    )
    pickup: CheckoutPickup | None = None
    tenders: list[CheckoutTender] = Field(default_factory=list, max_length=MAX_TENDERS)
    shipping_method: MethodId | None = None
    expected_total: Amount | None = None
    reference: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    vat_number: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2}[A-Za-z0-9 .-]{2,20}$")] | None = None

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if self.shipping_address is None and self.pickup is None:
            raise ValueError("give shipping_address or pickup")
        return self

    @model_validator(mode="after")
    def _has_one_rest(self) -> Self:
        if sum(tender.amount is None for tender in self.tenders) > 1:
            raise ValueError("one tender at most pays what the others leave")
        return self

    def as_request(self) -> CheckoutRequest:
        return CheckoutRequest(
            contact=self.contact.model_dump(),
            shipping_address=self.shipping_address.model_dump(exclude_none=True) if self.shipping_address else {},
            pickup=self.pickup.model_dump() if self.pickup else None,
            tenders=[TenderRequest(one.type, one.token, one.amount) for one in self.tenders],
            shipping_method=self.shipping_method,
            expected_total=self.expected_total,
            reference=self.reference,
            vat_number=self.vat_number,
        )


class OrderedView(View):
    """The order that came of a cart."""

    cart_id: str
    order_id: str
    status: Status
    total: int
    currency: str

    @classmethod
    def of_cart(cls, cart_id: str, order: Order) -> "OrderedView":
        return cls.model_construct(
            cart_id=cart_id,
            order_id=order.id,
            status=order.status,
            total=order.total.amount,
            currency=order.currency,
        )
