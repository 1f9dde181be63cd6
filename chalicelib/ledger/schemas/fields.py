"""Fields that bodies and queries of the books share."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from chalicelib.core.currencies import CURRENCIES


def _is_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError("not a currency of ISO 4217")
    return code


MAX_AMOUNT = 100_000_000_00
"""A hundred million of the major unit: beyond any retail price, far below where sums could leave 64 bits."""

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_is_currency)]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Amount = Annotated[int, Field(ge=0, le=MAX_AMOUNT, description="Minor units")]
Signed = Annotated[int, Field(ge=-MAX_AMOUNT, le=MAX_AMOUNT, description="Minor units")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Day = Annotated[date, Field(strict=False)]
