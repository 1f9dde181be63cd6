"""Fields that several schemas share."""

from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from chalicelib.core.currencies import CURRENCIES
from chalicelib.promotions.domain import MAX_SELECTED

MAX_AMOUNT = 100_000_000_00
"""A hundred million of the major unit, as in orders."""


def _is_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError("not a currency of ISO 4217")
    return code


Text = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
CustomerId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
Channel = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Segment = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_is_currency)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{2,31}$")]
Amount = Annotated[int, Field(ge=0, le=MAX_AMOUNT)]
Amounts = Annotated[dict[Currency, Amount], Field(min_length=1, max_length=20, description="Minor units by currency")]
Bps = Annotated[int, Field(ge=1, le=10_000, description="Basis points: 2000 is 20 %, 10000 all of it")]
Units = Annotated[int, Field(ge=1, le=1_000_000)]
Skus = Annotated[list[Sku], Field(max_length=MAX_SELECTED)]
Ids = Annotated[list[Id], Field(max_length=MAX_SELECTED)]
Moment = AwareDatetime
