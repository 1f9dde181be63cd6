"""Fields that several schemas share."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from chalicelib.catalog.domain import Prices, Status
from chalicelib.core.currencies import CURRENCIES
from chalicelib.core.schemas import Schema

MAX_AMOUNT = 100_000_000_00
"""A hundred million of the major unit, as in orders."""


def _is_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError("not a currency of ISO 4217")
    return code


def _is_distinct(prices: "list[Price]") -> "list[Price]":
    if len({(price.channel, price.currency) for price in prices}) < len(prices):
        raise ValueError("two prices for one channel and currency")
    return prices


StatusName = Literal["draft", "active", "archived"]
TaxCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,32}$")]
Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Reference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_./:-]{0,63}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Description = Annotated[str, StringConstraints(max_length=10_000)]
Channel = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_is_currency)]
Gtin = Annotated[str, StringConstraints(pattern=r"^([0-9]{8}|[0-9]{12,14})$")]
AttributeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Attributes = Annotated[dict[AttributeName, Text], Field(max_length=30)]
Bps = Annotated[int, Field(ge=0, le=10_000, description="Basis points: 2000 is 20 %")]
TaxCategory = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$"), Field(description="What the tax rates are kept by")
]
Grams = Annotated[int, Field(ge=0, le=10_000_000)]


def _without_defaults(schema: dict[str, Any]) -> None:
    for described in schema["properties"].values():
        described.pop("default", None)
    schema["minProperties"] = 1


class Price(Schema):
    """What a channel asks for one unit, tax included; without it where the tax settings of a country say so."""

    channel: Channel
    currency: Currency = Field(examples=["GBP"])
    amount: int = Field(ge=0, le=MAX_AMOUNT, description="In minor units", examples=[1299])

    @classmethod
    def listing(cls, prices: Prices) -> "list[Price]":
        return [
            cls.model_construct(channel=channel, currency=currency, amount=amount)
            for channel, amounts in prices.items()
            for currency, amount in amounts.items()
        ]


PriceList = Annotated[list[Price], Field(max_length=30), AfterValidator(_is_distinct)]


def as_prices(prices: Sequence[Price]) -> dict[str, dict[str, int]]:
    """The domain's shape of a price list."""
    by_channel: dict[str, dict[str, int]] = {}
    for price in prices:
        by_channel.setdefault(price.channel, {})[price.currency] = price.amount
    return by_channel


class Changes(Schema):
    """Fields to change; those left out stay. At least one is needed."""

    # Defaults stand for "not sent" and are no part of the contract.
    model_config = ConfigDict(json_schema_extra=_without_defaults)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        return self

    def changes(self) -> dict[str, Any]:
        """The fields that were sent, by name."""
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        return {**sent, "status": Status(sent["status"])} if "status" in sent else sent
