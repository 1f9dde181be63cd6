"""What is asked of suppliers beside their profile."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints

from chalicelib.core.schemas import PageQuery, Schema
from chalicelib.suppliers.domain import SupplierStatus
from chalicelib.suppliers.domain.documents import MAX_BYTES
from chalicelib.suppliers.domain.requirements import Kind, Requirement
from chalicelib.suppliers.domain.screening import ScreeningList
from chalicelib.suppliers.schemas.profile import Code, Text

Reason = Annotated[str, StringConstraints(min_length=1, max_length=500)]
CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), Field(description="ISO 3166-1 alpha-2")]
CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), Field(description="ISO 4217")]
Number = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class SuppliersQuery(PageQuery):
    """Which suppliers to list."""

    model_config = ConfigDict(strict=False)

    status: SupplierStatus


class GiveReason(Schema):
    """Why; for the supplier and whoever looks at it later."""

    reason: Reason


class AddMember(Schema):
    """A machine client, by its id in the user pool."""

    client_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+-]{1,128}$")]


class BankAccountBody(Schema):
    """An IBAN, or an account number with a routing number or sort code."""

    holder: Text = Field(repr=False)
    country: CountryCode
    currency: CurrencyCode
    iban: Number | None = Field(default=None, repr=False)
    account_number: Number | None = Field(default=None, repr=False)
    routing_number: Number | None = Field(default=None, repr=False, description="Routing number, sort code, BSB, IFSC")
    bic: Number | None = Field(default=None, repr=False)

    def as_given(self) -> dict[str, Any]:
        return self.model_dump()


class BearerToken(Schema):
    """What the supplier's own gateway wants to see; null: nothing."""

    bearer_token: Annotated[str, StringConstraints(pattern=r"^[!-~]{1,2000}$")] | None = Field(repr=False)


class RequirementBody(Schema):
    """A line of the checklist."""

    code: Code
    kind: Annotated[Kind, Field(strict=False)]
    title: Text
    required: bool = True
    applies_to: Annotated[list[CountryCode], Field(max_length=250, default_factory=list)]

    def as_requirement(self) -> Requirement:
        return Requirement(self.code, self.kind, self.title, self.required, tuple(self.applies_to))


class ChecklistBody(Schema):
    """All that is asked of suppliers."""

    items: Annotated[list[RequirementBody], Field(max_length=50)]

    def as_items(self) -> list[Requirement]:
        return [item.as_requirement() for item in self.items]


class ScreeningBody(Schema):
    """`countries` and `names` are looked at by a person; whoever is of `refused_countries` is turned away at once."""

    countries: Annotated[list[CountryCode], Field(max_length=250, default_factory=list)]
    names: Annotated[list[Text], Field(max_length=2_000, default_factory=list)]
    refused_countries: Annotated[list[CountryCode], Field(max_length=250, default_factory=list)]

    def as_list(self) -> ScreeningList:
        return ScreeningList(0, tuple(self.countries), tuple(self.names), tuple(self.refused_countries))


class Attest(Schema):
    """The code of a requirement that you give your word for."""

    code: Code


class Waive(Schema):
    """A requirement that this supplier need not meet."""

    code: Code
    reason: Reason


class AnnounceDocument(Schema):
    """A file that will be uploaded; `type` is the code of the requirement that it is for."""

    type: Code
    filename: Annotated[str, StringConstraints(pattern=r"^[^/\\\x00-\x1f]{1,120}$")]
    content_type: Literal["application/pdf", "image/png", "image/jpeg"]
    bytes: Annotated[int, Field(ge=1, le=MAX_BYTES)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class DecideDocument(Schema):
    """What the operator thinks of a document; why it is refused."""

    decision: Literal["verified", "refused"]
    reason: Reason | None = None
