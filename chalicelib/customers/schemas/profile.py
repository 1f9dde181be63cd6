"""Profiles, proofs and erasures as callers send and get them."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from chalicelib.core import clock, contacts
from chalicelib.core.schemas import PageQuery, Schema, View
from chalicelib.customers.domain import Customer, CustomerState, ErasureStep, Means, Verification
from chalicelib.customers.schemas.fields import Country, Email, Language, Phone, Text


class CreateCustomer(Schema):
    """Somebody without an account, as staff enter them."""

    name: Text
    email: Email | None = None
    phone: Phone | None = None
    language: Language = "en"


def _without_defaults(schema: dict[str, Any]) -> None:
    for described in schema["properties"].values():
        described.pop("default", None)
    schema["minProperties"] = 1


class ChangeProfile(Schema):
    """Fields to change; those left out stay, null clears. At least one is needed."""

    # Defaults stand for "not sent" and are no part of the contract.
    model_config = ConfigDict(json_schema_extra=_without_defaults)

    name: Text | None = None
    email: Email | None = None
    phone: Phone | None = None
    language: Language = "en"

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        return self

    def changes(self) -> dict[str, str | None]:
        """The fields that were sent, by name."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class CustomersQuery(PageQuery):
    """Exactly one of `email` and `phone`. With a `country`, the phone number may be as it is dialled there."""

    email: Email | None = None
    phone: Annotated[str, StringConstraints(min_length=3, max_length=40)] | None = None
    country: Country | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.email is None) == (self.phone is None):
            raise ValueError("give either email or phone")
        if self.phone is not None:
            contacts.phone_number(self.phone, self.country)
        return self

    def contact(self) -> tuple[Means, str]:
        """By what to look them up, in normal form."""
        if self.phone is not None:
            return Means.PHONE, contacts.phone_number(self.phone, self.country)
        return Means.EMAIL, str(self.email)


class CustomerView(View):
    """A customer. While `state` is not active they asked to be forgotten, and the profile is empty."""

    id: str
    state: CustomerState
    name: str | None
    email: str | None
    email_verified: bool
    phone: str | None
    phone_verified: bool
    language: str
    created_at: str
    version: int

    @classmethod
    def of(cls, customer: Customer) -> "CustomerView":
        return cls(
            id=customer.id,
            state=customer.state,
            name=customer.name,
            email=customer.email,
            email_verified=Means.EMAIL in customer.verified,
            phone=customer.phone,
            phone_verified=Means.PHONE in customer.verified,
            language=customer.language,
            created_at=customer.created_at,
            version=customer.version,
        )


class VerificationView(View):
    """A code is on its way, if there is such an address or number."""

    means: Means
    expires_at: str

    @classmethod
    def of(cls, begun: Verification) -> "VerificationView":
        return cls(means=begun.means, expires_at=clock.rfc3339(begun.expires_at))


class ConfirmVerification(Schema):
    """The code that was sent."""

    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


class ClaimedView(View):
    """Orders that are the customer's now. With `more`, asking again (with a new key) brings others."""

    order_ids: list[str]
    more: bool


class ErasureView(View):
    """How far the customer is forgotten. Orders under way keep their address until the goods have arrived."""

    customer_id: str
    step: ErasureStep
    requested_at: str
    finished_at: str | None
    orders_forgotten: int = Field(validation_alias="forgotten")
    orders_waiting: int = Field(validation_alias="waiting")


class RecordView(View):
    """One thing that is held: what kind of thing, and all that it says."""

    kind: str
    content: dict[str, Any]
