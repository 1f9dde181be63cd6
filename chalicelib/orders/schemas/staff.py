"""What staff changes of an order by hand."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from chalicelib.core.schemas import Schema, View
from chalicelib.orders.schemas.fields import Address, ContactDetails


class HoldOrder(Schema):
    """Why nothing of the order may leave, in a word."""

    reason: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")] = Field(
        examples=["fraud_check", "address_check", "customer_request"]
    )


class ChangeAddress(Schema):
    """Where what has not left goes instead, in the same country, and whom to tell."""

    shipping_address: Address
    contact: ContactDetails | None = None


class WriteNote(Schema):
    """A note; `shown` ones are read by the customer, too."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
    shown: bool = False


class NoteView(View):
    id: str
    at: str
    actor: dict[str, str]
    text: str
    shown: bool


class NotesView(View):
    items: list[NoteView]


class AuditEntryView(View):
    """What somebody changed by hand."""

    id: str
    at: str
    actor: dict[str, str]
    what: str
    before: Any
    after: Any


class AuditView(View):
    items: list[AuditEntryView]


class ResolveReview(Schema):
    """`done`: a person saw to it. `retry`: the workflow is run again; whatever was done before is not done again."""

    action: Literal["done", "retry"]
    note: Annotated[str, StringConstraints(min_length=1, max_length=500)]


class ReviewView(View):
    """Work that a workflow could not finish."""

    id: str
    order_id: str
    state: str
    reason: str | None
    fulfilment_id: str | None
    parked_at: str
    error: Any
    resolution: dict[str, Any] | None

    @classmethod
    def of(cls, row: dict[str, Any]) -> "ReviewView":
        return cls(
            id=row["id"],
            order_id=row["order_id"],
            state=row["state"],
            reason=row.get("reason"),
            fulfilment_id=row.get("fulfilment_id"),
            parked_at=row["parked_at"],
            error=row["error"],
            resolution=row.get("resolution"),
        )
