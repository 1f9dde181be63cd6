"""What systems beside Aisle announce on the bus."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator

from chalicelib.core.schemas import Schema
from chalicelib.lockers.schemas.sites import SiteId, Text

Label = Annotated[str, StringConstraints(pattern=r"^cab_[0-9A-Z]{26}/[A-Z0-9]{1,4}$")]


class ForeignContact(Schema):
    """Whom to tell: at least a phone number or an e-mail address."""

    name: Text
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]{1,64}@[^@\s]{1,190}$")] | None = None
    phone: Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")] | None = Field(
        default=None, description="E.164"
    )
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = "en"

    @model_validator(mode="after")
    def _can_be_reached(self) -> "ForeignContact":
        if self.email is None and self.phone is None:
            raise ValueError("give a phone number or an e-mail address")
        return self


class OrderReadyElsewhere(Schema):
    """`detail` of OrderReadyForPickup from another system: its order lies in these compartments of a site, and its shopper is to be
    let in. Fields of a later version are ignored."""

    model_config = ConfigDict(extra="ignore")

    order: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    site_id: SiteId
    compartments: list[Label] = Field(min_length=1, max_length=20)
    contact: ForeignContact

    @field_validator("compartments")
    @classmethod
    def _differ(cls, compartments: list[str]) -> list[str]:
        if len(set(compartments)) < len(compartments):
            raise ValueError("name each compartment once")
        return compartments

    def as_announcement(self) -> dict[str, Any]:
        """What lockers need of it."""
        return {
            "reference": self.order,
            "site_id": self.site_id,
            "labels": self.compartments,
            "contact": self.contact.model_dump(),
        }
