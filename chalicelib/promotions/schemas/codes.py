"""Coupon codes as callers send and get them."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from chalicelib.core.schemas import Schema, View
from chalicelib.promotions.domain import CouponCode
from chalicelib.promotions.schemas.fields import Code, Units

MAX_NAMED = 50
MAX_GENERATED = 500


class AddCodes(Schema):
    """Codes by name, or so many generated ones: one of the two. Each serves at most `most` orders (left out: any number).

    A bounded code is counted in the orders' transactions, which suits up to some fifty orders a second; leave a code for a
    crowd unbounded, or generate one for each customer.
    """

    codes: list[Code] | None = Field(default=None, min_length=1, max_length=MAX_NAMED)
    generate: Annotated[int, Field(ge=1, le=MAX_GENERATED)] | None = None
    prefix: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{0,12}$")] = ""
    most: Units | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.codes is None) == (self.generate is None):
            raise ValueError("give codes or generate, and not both")
        return self


def _without_defaults(schema: dict[str, Any]) -> None:
    for described in schema["properties"].values():
        described.pop("default", None)
    schema["minProperties"] = 1


class ChangeCode(Schema):
    """Fields to change; those left out stay, `most: null` lifts the bound. At least one is needed."""

    # Defaults stand for "not sent" and are no part of the contract.
    model_config = ConfigDict(json_schema_extra=_without_defaults)

    most: Units | None = None
    enabled: bool = True

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        return self

    def changes(self) -> dict[str, Any]:
        """The fields that were sent, by name."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class CodeView(View):
    """A code. `used` counts the orders of a bounded code; an unbounded one is not counted."""

    code: str
    promotion_id: str
    most: int | None
    used: int
    enabled: bool
    version: int


class CodesAdded(View):
    """The codes, in normal form."""

    codes: list[str]

    @classmethod
    def of(cls, codes: list[CouponCode]) -> "CodesAdded":
        return cls.model_construct(codes=[code.code for code in codes])
