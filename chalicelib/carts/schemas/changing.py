"""What opens and changes carts."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from chalicelib.carts.domain import MAX_COUPONS, MAX_QUANTITY
from chalicelib.core.currencies import CURRENCIES
from chalicelib.core.schemas import Schema


def _is_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError("not a currency of ISO 4217")
    return code


def _in_one_spelling(codes: list[str]) -> list[str]:
    return list(dict.fromkeys(code.upper() for code in codes))


Channel = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_is_currency)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), Field(description="ISO 3166-1 alpha-2")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=120)]
CustomerId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
CartId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
MethodId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
SellerName = Annotated[
    str,
    StringConstraints(pattern=r"^(own|sup_[0-7][0-9A-HJKMNP-TV-Z]{25})$"),
    Field(description="Who is to sell it; `own` is the retailer itself", examples=["own"]),
]
Coupon = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]


class OpenGuestCart(Schema):
    """Where it is filled, and in which currency."""

    channel: Channel = "web"
    currency: Currency


class OpenCart(OpenGuestCart):
    """The customer's cart of a channel. Staff and machines name the customer."""

    customer_id: CustomerId | None = None


class LineQuery(Schema):
    """Which line of a SKU: a cart has one for each seller that is named, beside the one that names none."""

    seller: SellerName | None = None


class SetLine(Schema):
    """How many of it."""

    quantity: int = Field(ge=1, le=MAX_QUANTITY)


def _without_defaults(schema: dict[str, Any]) -> None:
    for described in schema["properties"].values():
        described.pop("default", None)
    schema["minProperties"] = 1


class ConfigureCart(Schema):
    """Fields to change; those left out stay. At least one is needed. `coupons` are all codes of the cart."""

    # Defaults stand for "not sent" and are no part of the contract.
    model_config = ConfigDict(json_schema_extra=_without_defaults)

    currency: Currency = ""
    country: Country | None = None
    region: Text | None = None
    shipping_method: MethodId | None = None
    coupons: Annotated[list[Coupon], Field(max_length=MAX_COUPONS), AfterValidator(_in_one_spelling)] = Field(
        default_factory=list
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        return self

    def changes(self) -> dict[str, Any]:
        """The fields that were sent, by name."""
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        return {**sent, "coupons": tuple(sent["coupons"])} if "coupons" in sent else sent


class MergeCarts(Schema):
    """The guest's cart that goes into the customer's; its token comes in the header Cart-Token."""

    guest_cart_id: CartId
