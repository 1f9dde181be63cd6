"""What suppliers send and see."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from chalicelib.core import clock
from chalicelib.core.schemas import PageQuery, Schema, View
from chalicelib.fulfilment.service import TrackingCode, TrackingEvent
from chalicelib.routing.domain.allocation import AllocationState, Answer, Decision
from chalicelib.routing.domain.invoices import Invoice
from chalicelib.routing.service.use_cases import InvoiceGiven, Scorecard, Shipment, SupplierOrder

LineId = Annotated[str, Field(pattern=r"^[0-9]{1,4}$")]
Reason = Literal["out_of_stock", "discontinued", "price", "address", "capacity", "other"]
Amount = Annotated[int, Field(ge=0, le=10**12, description="Minor units")]
Reference = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[ -~]+$")]
Moment = Annotated[datetime, Field(strict=False, description="RFC 3339, with its offset")]


class OrdersQuery(PageQuery):
    """Which orders to list."""

    state: AllocationState = AllocationState.REQUESTED


class Units(Schema):
    """Units of a line."""

    line_id: LineId
    quantity: int = Field(ge=0, le=1_000_000)


def _by_line(lines: list[Units]) -> dict[str, int]:
    return {one.line_id: one.quantity for one in lines}


def _named_once(lines: list[Units] | None) -> list[Units] | None:
    if lines and len({one.line_id for one in lines}) < len(lines):
        raise ValueError("each line may be named once")
    return lines


def _not_nothing(lines: list[Units] | None) -> list[Units] | None:
    if lines is not None and not any(one.quantity for one in lines):
        raise ValueError("name some units")
    return lines


def _with_offset(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("the time needs an offset, e.g. Z")
    return at


class AnswerBody(Schema):
    """As the body of an answer to `POST {base}/orders` (docs/supplier-api.md). `lines` belong to `partial`."""

    decision: Literal["accepted", "partial", "rejected"]
    lines: list[Units] | None = Field(default=None, max_length=60)
    reason: Reason | None = None
    supplier_reference: Reference | None = None
    ship_by: Annotated[date, Field(strict=False)] | None = None

    _once = field_validator("lines")(_named_once)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.decision == "partial") is not bool(self.lines):
            raise ValueError("lines belong to partial, and to nothing else")
        return self

    def as_answer(self) -> Answer:
        """The answer; the units of `accepted` are all that were asked for."""
        return Answer(
            Decision(self.decision),
            _by_line(self.lines or []),
            self.reason,
            self.supplier_reference,
            self.ship_by.isoformat() if self.ship_by else None,
        )


class Tracking(Schema):
    """How the parcel can be followed."""

    carrier: str = Field(min_length=1, max_length=60)
    number: str = Field(min_length=1, max_length=60)


class ShipmentBody(Schema):
    """What left, in one parcel, and when, if not now; without `lines` all that is to be shipped. What is not named is not shipped any
    more."""

    lines: list[Units] | None = Field(default=None, min_length=1, max_length=60)
    tracking: Tracking | None = None
    shipped_at: Moment | None = None

    _once = field_validator("lines")(_named_once)
    _some = field_validator("lines")(_not_nothing)

    @field_validator("shipped_at")
    @classmethod
    def _has_happened(cls, at: datetime | None) -> datetime | None:
        if at is not None and _with_offset(at) > clock.now():
            raise ValueError("it cannot have left in the future")
        return at

    def as_shipment(self) -> Shipment:
        units = None if self.lines is None else _by_line(self.lines)
        return Shipment(units, self.tracking.model_dump() if self.tracking else None, self.shipped_at or clock.now())


class TrackingBody(Schema):
    """What a carrier says of a parcel. `id` is the carrier's name for it, so that it counts once."""

    id: str = Field(min_length=1, max_length=255)
    code: Literal["picked_up", "in_transit", "out_for_delivery", "attempted", "exception", "returning", "delivered"]
    at: Moment
    place: str | None = Field(default=None, max_length=120)
    words: str | None = Field(default=None, max_length=300)

    _offset = field_validator("at")(_with_offset)

    def as_event(self) -> TrackingEvent:
        return TrackingEvent(self.id, TrackingCode(self.code), clock.rfc3339(self.at), self.place, self.words)


class CancellationBody(Schema):
    """Units that were accepted and cannot be shipped after all."""

    lines: list[Units] = Field(min_length=1, max_length=60)
    reason: Reason

    _once = field_validator("lines")(_named_once)
    _some = field_validator("lines")(_not_nothing)

    def units(self) -> dict[str, int]:
        return {line_id: units for line_id, units in _by_line(self.lines).items() if units}


class InvoiceBody(Schema):
    """An invoice for an order. The `total` holds the `tax`."""

    number: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$")
    issued_on: Annotated[date, Field(strict=False)]
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    total: Amount
    tax: Amount = 0

    def as_given(self) -> InvoiceGiven:
        return InvoiceGiven(self.number, self.issued_on.isoformat(), self.currency, self.total, self.tax)


# ---- what is shown ------------------------------------------------------------------------------------------------------


class OrderSummary(View):
    """An order in a supplier's list."""

    id: str
    order_id: str
    state: AllocationState
    decision: str | None
    answer_by: str
    ship_by: str | None
    created_at: str
    units: int


class OrderLineView(View):
    """A line in the supplier's terms; `unit_price` in minor units."""

    line_id: str
    supplier_sku: str
    sku: str
    name: str
    quantity: int
    unit_price: int
    accepted: int
    refused: int
    recalled: int
    shipped: int


class RecallView(View):
    """Units to leave out."""

    id: str
    lines: dict[str, int]
    at: str
    state: str


class OrderView(View):
    """What a supplier is asked to ship. While `held` nothing may leave; `recalls` are units that are not wanted any more."""

    id: str
    order_id: str
    state: AllocationState
    decision: str | None
    reason: str | None
    currency: str
    placed_at: str
    answer_by: str
    ship_by: str | None
    supplier_reference: str | None
    shipped_at: str | None
    lines: list[OrderLineView]
    ship_to: dict[str, Any]
    held: bool
    recalls: list[RecallView]

    @classmethod
    def of(cls, order: SupplierOrder, /) -> Self:
        value = order.value
        kept = {name: getattr(value, name) for name in cls.model_fields if hasattr(value, name) and name != "lines"}
        return cls(
            **kept,
            lines=[OrderLineView.of(line) for line in value.lines],
            ship_to=order.ship_to,
            held=order.held,
            recalls=[RecallView.of(recall) for recall in order.recalls],
        )


class InvoiceView(View):
    """An invoice as it was received; `expected` is what the order is worth to the supplier, before commission, less what its matched
    invoices asked for before."""

    number: str
    allocation_id: str
    order_id: str
    issued_on: str
    currency: str
    total: int
    tax: int
    expected: int
    difference: int
    state: str
    received_at: str

    @classmethod
    def of(cls, invoice: Invoice, /) -> Self:
        return cls.model_validate(invoice)


class ScorecardView(View):
    """Counters by month, the latest first; the rating (0 to 100) is of the latest two."""

    supplier_id: str
    rating: int
    months: dict[str, dict[str, int]]

    @classmethod
    def of(cls, scorecard: Scorecard, /) -> Self:
        return cls.model_validate(scorecard)
