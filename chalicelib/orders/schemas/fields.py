"""Fields that several bodies of orders share."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.core.schemas import Schema

Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=120)]
CustomerId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
Channel = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
PostalCode = Annotated[str, StringConstraints(min_length=1, max_length=20)]
LineId = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,4}$")]
MAX_AMOUNT = 100_000_000_00
"""A hundred million of the major unit: beyond any retail price, far below where sums could leave 64 bits."""


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


class PickupChoice(Schema):
    """Collected at a locker site. `within_reach`: from a wheelchair, say, so in no high compartment."""

    site_id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    within_reach: bool = False


class Address(Schema):
    """Where it goes."""

    name: Text
    line1: Text
    line2: Text | None = None
    city: Text
    postal_code: PostalCode | None = None
    region: Text | None = None
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = Field(description="ISO 3166-1 alpha-2")
