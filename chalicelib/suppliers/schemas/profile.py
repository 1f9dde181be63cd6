"""A profile as it is sent: its shape is checked here; what stands in it is checked, and put right, by the workflow."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from chalicelib.core.schemas import Schema
from chalicelib.suppliers.domain.record import MAX_BRANDS

SEEN = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
"""One line in which something can be seen. Control characters are named because not everybody takes the same ones for spaces."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=SEEN)]
Short = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=SEEN)]
Country = Annotated[Text, Field(description="ISO 3166-1 alpha-2; a country's name is understood", examples=["GB"])]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Attestations = Annotated[
    list[Code], Field(max_length=20, default_factory=list, description="Requirements that you give your word for")
]


class BrandBody(Schema):
    """A brand, and by which right it is sold."""

    name: Text
    attestation: Literal["owner", "authorised_seller"] | None = None


class LegalEntityBody(Schema):
    name: Text | None = None
    registration_number: Short | None = None
    country: Country | None = None


class TaxIdBody(Schema):
    scheme: Literal["vat", "ein", "gst"] | None = None
    country: Country | None = None
    value: Short | None = None


class ContactBody(Schema):
    role: Literal["primary", "orders", "finance", "returns"]
    name: Text | None = None
    email: Annotated[str, StringConstraints(min_length=1, max_length=254, pattern=SEEN)] | None = None
    phone: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=SEEN)] | None = None


class AddressBody(Schema):
    line1: Text | None = None
    line2: Text | None = None
    city: Text | None = None
    region: Text | None = None
    postal_code: Short | None = None
    country: Country | None = None


class ProfileBody(Schema):
    """What a supplier says of itself. What is missing or wrong is found by the verification, which also says what would mend
    it."""

    trading_name: Text | None = None
    brands: Annotated[list[BrandBody], Field(max_length=MAX_BRANDS)] | None = None
    legal_entity: LegalEntityBody | None = None
    tax_id: TaxIdBody | None = None
    contacts: Annotated[list[ContactBody], Field(max_length=20)] | None = None
    address: AddressBody | None = None
    return_address: AddressBody | None = None
    service_countries: Annotated[list[Country], Field(max_length=250)] | None = Field(
        default=None, description="Where it ships to; empty: everywhere"
    )
    endpoint_url: Annotated[str, StringConstraints(min_length=1, max_length=1_000, pattern=SEEN)] | None = Field(
        default=None, description="Base of its Order Acceptance API (docs/supplier-api.md)"
    )
    timezone: Short | None = None
    default_currency: Short | None = None
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)] | None = (
        Field(default=None, description="What it is written to in (BCP 47); English, unless told")
    )

    def as_profile(self) -> dict[str, Any]:
        """The document, without what was not said."""
        return self.model_dump(exclude_none=True)


class ChangeProfile(ProfileBody):
    """Each part that is sent replaces what was there; null takes it away."""

    def as_changes(self) -> dict[str, Any]:
        """The parts that were sent."""
        sent = self.model_dump(exclude_none=True)
        return {name: sent.get(name) for name in self.model_fields_set}


class Apply(Schema):
    """An application."""

    profile: ProfileBody
    attestations: Attestations


class AcceptInvitation(Apply):
    """An application by invitation."""

    token: Annotated[str, StringConstraints(min_length=10, max_length=100)] = Field(repr=False)


class Invite(Schema):
    """Whom to invite, and what is known of them."""

    email: Annotated[str, StringConstraints(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
    profile: ProfileBody = ProfileBody()
