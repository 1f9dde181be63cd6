"""What warehouse systems and staff exchange with fulfilment."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from chalicelib.core import clock
from chalicelib.core.schemas import PageQuery, Schema, View
from chalicelib.fulfilment.domain import FulfilmentStatus, TrackingCode, TrackingEvent
from chalicelib.orders.service import WarehouseAnswer

LineId = Annotated[str, Field(pattern=r"^[0-9]{1,4}$")]


class AnsweredLine(Schema):
    """Units of an order line."""

    line_id: LineId
    quantity: int = Field(ge=0, le=1_000_000)


class Tracking(Schema):
    """How the parcel can be followed."""

    carrier: str = Field(min_length=1, max_length=60)
    number: str = Field(min_length=1, max_length=60)


Millimetres = Annotated[int, Field(ge=1, le=3_000)]


class PackageBody(Schema):
    """A parcel for a locker: its outer measures in millimetres, in any order, or the size of compartment that it needs."""

    id: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,40}$", description="As on its label, for whoever scans it")
    size: Literal["S", "M", "L", "XL"] = "M"
    outer_mm: Annotated[list[Millimetres], Field(min_length=3, max_length=3)] | None = None
    temperature: Literal["ambient", "chilled", "frozen"] = "ambient"


class Answer(Schema):
    """What a warehouse did. `shipped` names the units in the parcel; the others of the fulfilment are short. `packed` names the
    `packages` of one that is collected at a locker; left out, it is one that needs a compartment of size M."""

    type: Literal["packed", "shipped", "delivered"]
    lines: list[AnsweredLine] = Field(default_factory=list, max_length=60)
    tracking: Tracking | None = None
    packages: list[PackageBody] = Field(default_factory=list, max_length=20)

    @field_validator("packages")
    @classmethod
    def _differ(cls, packages: list[PackageBody]) -> list[PackageBody]:
        if len({one.id for one in packages}) < len(packages):
            raise ValueError("each package needs an id of its own")
        return packages

    def as_answer(self) -> WarehouseAnswer:
        quantities: dict[str, int] = {}
        for line in self.lines:
            quantities[line.line_id] = quantities.get(line.line_id, 0) + line.quantity
        return WarehouseAnswer(
            self.type,
            quantities,
            self.tracking.model_dump() if self.tracking else None,
            [one.model_dump() for one in self.packages],
        )


class QueuedAnswer(Answer):
    """An answer that comes by queue; `message_id` is the same when it is sent again."""

    message_id: str = Field(min_length=1, max_length=255)
    fulfilment_id: str = Field(pattern=r"^ful_[0-9A-Z]{26}_[0-9]{1,3}$")
    correlation_id: str | None = Field(default=None, max_length=64)


class TrackParcel(Schema):
    """What a carrier says of a parcel. `id` is the carrier's name for it, so that it counts once."""

    id: str = Field(min_length=1, max_length=255)
    code: Literal["picked_up", "in_transit", "out_for_delivery", "attempted", "exception", "returning", "delivered"]
    at: Annotated[datetime, Field(strict=False, description="RFC 3339, with its offset")]
    place: str | None = Field(default=None, max_length=120)
    words: str | None = Field(default=None, max_length=300)

    @field_validator("at")
    @classmethod
    def _has_an_offset(cls, at: datetime) -> datetime:
        if at.tzinfo is None:
            raise ValueError("the time needs an offset, e.g. Z")
        return at

    def as_event(self) -> TrackingEvent:
        return TrackingEvent(self.id, TrackingCode(self.code), clock.rfc3339(self.at), self.place, self.words)


class ReallocateFulfilment(Schema):
    """The location that is to ship it instead."""

    location_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")


class PromiseFulfilment(Schema):
    """The day (UTC) for which units that are still to come are promised now."""

    promised_on: Annotated[date, Field(strict=False)]


class FulfilmentQuery(PageQuery):
    """Which fulfilments to list."""

    location: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")
    status: FulfilmentStatus = FulfilmentStatus.REQUESTED


class FulfilmentLineView(View):
    line_id: str
    sku: str
    quantity: int
    shipped: int
    short: int
    cancelled: int


class FulfilmentView(View):
    """One location's part of an order. `promised_on`: the day for which units that were still to come are promised."""

    id: str
    order_id: str
    location_id: str
    status: FulfilmentStatus
    lines: list[FulfilmentLineView]
    tracking: dict[str, str] | None
    held: bool
    whereabouts: dict[str, str] | None
    promised_on: str | None
    pickup: dict[str, Any] | None
    version: int


class FulfilmentSummary(View):
    """A fulfilment in a list."""

    id: str
    order_id: str
    location_id: str
    status: FulfilmentStatus
    promised_on: str | None = None
