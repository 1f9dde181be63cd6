"""What callers send and get of inventory."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, field_validator

from chalicelib.core import clock
from chalicelib.core.http import PageQuery, Schema, View
from chalicelib.inventory.domain import (
    MAX_LINES,
    MAX_TRANSFER_LINES,
    MAX_UNITS,
    AdjustmentReason,
    Count,
    Location,
    LocationStatus,
    LocationType,
    Movement,
    MovementKind,
    Reservation,
    ReservationState,
    Stock,
    StockLine,
    Transfer,
    TransferStatus,
)
from chalicelib.inventory.service import Availability, Booked

Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
LocationId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Channel = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Units = Annotated[int, Field(ge=1, le=1_000_000)]
UnitsOrNone = Annotated[int, Field(ge=0, le=1_000_000)]
MAX_HOLD_LINES = 20
MAX_SKUS = 20

# JSON has no enums: strict models would refuse the strings.
Lax = Field(strict=False)


# ---- locations ----------------------------------------------------------------------------------------------------------


class LocationAddress(Schema):
    """Where it is."""

    line1: Text
    line2: Text | None = None
    city: Text
    postal_code: Annotated[str, StringConstraints(min_length=1, max_length=16)] | None = None
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class ChangeLocation(Schema):
    """All of a location but its id. Orders after `cutoff` (UTC) leave the next day; lower `priority` is asked first."""

    name: Text
    type: Annotated[LocationType, Lax]
    status: Annotated[LocationStatus, Lax] = LocationStatus.ACTIVE
    priority: int = Field(ge=0, le=9_999)
    channels: list[Channel] = Field(max_length=20)
    address: LocationAddress
    cutoff: Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] | None = None

    def as_changes(self) -> dict[str, Any]:
        """The fields of a `Location` that this sets."""
        return {
            "name": self.name,
            "type": self.type,
            "status": self.status,
            "priority": self.priority,
            "channels": tuple(dict.fromkeys(self.channels)),
            "address": self.address.model_dump(),
            "cutoff": self.cutoff,
        }


class CreateLocation(ChangeLocation):
    """A new location."""

    id: LocationId

    def as_location(self) -> Location:
        """The location, at its first version."""
        return Location(id=self.id, **self.as_changes())


class LocationView(View):
    """A place that holds stock."""

    id: str
    name: str
    type: LocationType
    status: LocationStatus
    priority: int
    channels: list[str]
    address: dict[str, str | None]
    cutoff: str | None
    version: int

    @classmethod
    def of(cls, location: Location) -> "LocationView":
        return cls(
            id=location.id,
            name=location.name,
            type=location.type,
            status=location.status,
            priority=location.priority,
            channels=list(location.channels),
            address=dict(location.address),
            cutoff=location.cutoff,
            version=location.version,
        )


# ---- commands -----------------------------------------------------------------------------------------------------------


class ReceiptLine(Schema):
    """Units of a SKU that came in."""

    sku: Sku
    quantity: Units


class ReceiveStock(Schema):
    """Goods that came in at one location, e.g. from a supplier or as opening stock."""

    location_id: LocationId
    lines: list[ReceiptLine] = Field(min_length=1, max_length=MAX_LINES)
    reference: Reference | None = None

    def units(self) -> list[tuple[str, int]]:
        """Units by SKU, line by line."""
        return [(line.sku, line.quantity) for line in self.lines]


class AdjustmentLine(Schema):
    """By how many units on-hand stock changes."""

    sku: Sku
    quantity: int = Field(ge=-1_000_000, le=1_000_000)


class AdjustStock(Schema):
    """Stock written up or down by hand. Losses go down, finds go up, corrections go either way."""

    location_id: LocationId
    reason: Annotated[AdjustmentReason, Lax]
    lines: list[AdjustmentLine] = Field(min_length=1, max_length=MAX_LINES)
    reference: Reference | None = None

    def units(self) -> list[tuple[str, int]]:
        """Units by SKU, line by line."""
        return [(line.sku, line.quantity) for line in self.lines]


class CountLine(Schema):
    """What was counted of a SKU, and what the counter was told is on hand."""

    sku: Sku
    expected_on_hand: int = Field(ge=0, le=MAX_UNITS)
    counted: int = Field(ge=0, le=MAX_UNITS)


class CountStock(Schema):
    """A stock count at one location: on hand becomes what was counted, unless it changed meanwhile. Each SKU once."""

    location_id: LocationId
    lines: list[CountLine] = Field(min_length=1, max_length=MAX_LINES)
    reference: Reference | None = None

    @field_validator("lines")
    @classmethod
    def _each_once(cls, lines: list[CountLine]) -> list[CountLine]:
        if len({line.sku for line in lines}) < len(lines):
            raise ValueError("each SKU once")
        return lines

    def counts(self) -> list[Count]:
        """The counts."""
        return [Count(line.sku, line.expected_on_hand, line.counted) for line in self.lines]


class SafetyLine(Schema):
    """Units of a SKU to keep back from each channel; those not named keep back none."""

    sku: Sku
    safety: dict[Channel, UnitsOrNone] = Field(max_length=20)


class SetSafetyStock(Schema):
    """Safety stock at one location, in place of what was set before. The last line of a SKU counts."""

    location_id: LocationId
    lines: list[SafetyLine] = Field(min_length=1, max_length=MAX_LINES)

    def by_sku(self) -> dict[str, Mapping[str, int]]:
        """Units to keep back, by channel, by SKU."""
        return {line.sku: line.safety for line in self.lines}


class BookedLine(View):
    sku: str
    quantity: int


class BookedView(View):
    """What a stock command booked: one movement per SKU."""

    id: str
    location_id: str
    lines: list[BookedLine]
    booked_at: str

    @classmethod
    def of(cls, booked: Booked) -> "BookedView":
        return cls(
            id=booked.id,
            location_id=booked.location_id,
            lines=[BookedLine(sku=one.sku, quantity=one.quantity) for one in booked.movements],
            booked_at=booked.movements[0].at,
        )


# ---- reading ------------------------------------------------------------------------------------------------------------


class StockQuery(PageQuery):
    """Whose stock to list."""

    location: LocationId


class StockView(View):
    """Counters of a SKU at a location: on_hand = available + reserved."""

    sku: str
    location_id: str
    on_hand: int
    available: int
    reserved: int
    safety: dict[str, int]
    version: int

    @classmethod
    def of(cls, stock: Stock) -> "StockView":
        return cls(
            sku=stock.sku,
            location_id=stock.location_id,
            on_hand=stock.on_hand,
            available=stock.available,
            reserved=stock.reserved,
            safety=dict(stock.safety),
            version=stock.version,
        )


class MovementView(View):
    """One change of on-hand stock. `cause` is the id of the command, transfer or parcel behind it."""

    id: str
    sku: str
    location_id: str
    kind: MovementKind
    quantity: int
    reason: str | None
    cause: str
    reference: str | None
    actor: dict[str, str]
    at: str

    @classmethod
    def of(cls, movement: Movement) -> "MovementView":
        return cls(
            id=movement.id,
            sku=movement.sku,
            location_id=movement.location_id,
            kind=movement.kind,
            quantity=movement.quantity,
            reason=movement.reason,
            cause=movement.cause,
            reference=movement.reference,
            actor=dict(movement.actor),
            at=movement.at,
        )


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


class AvailabilityQuery(Schema):
    """Which SKUs (`sku` may be given up to 20 times), for which channel."""

    model_config = ConfigDict(strict=False)

    sku: Annotated[list[Sku], BeforeValidator(_as_list)] = Field(min_length=1, max_length=MAX_SKUS)
    channel: Channel = "web"


class AvailableAt(View):
    location_id: str
    available: int


class AvailabilityView(View):
    """Units that a channel may sell, in all and by location, first choice first."""

    sku: str
    channel: str
    available: int
    locations: list[AvailableAt]

    @classmethod
    def of(cls, availability: Availability, channel: str) -> "AvailabilityView":
        return cls(
            sku=availability.sku,
            channel=channel,
            available=availability.total,
            locations=[AvailableAt(location_id=at, available=units) for at, units in availability.by_location],
        )


# ---- reservations -------------------------------------------------------------------------------------------------------


class HoldLine(Schema):
    """Units at a location to hold."""

    sku: Sku
    location_id: LocationId
    quantity: Units


class HoldStock(Schema):
    """Units that a till holds for a customer, for so many seconds."""

    channel: Channel
    lines: list[HoldLine] = Field(min_length=1, max_length=MAX_HOLD_LINES)
    seconds: int = Field(ge=10, le=3_600)

    def stock_lines(self) -> list[StockLine]:
        """The lines to reserve."""
        return [StockLine(line.sku, line.location_id, line.quantity) for line in self.lines]


class HeldLine(View):
    sku: str
    location_id: str
    quantity: int


class ReservationView(View):
    """Units held. Past `expires_at` they are lost, even while the state still reads open."""

    id: str
    state: ReservationState
    channel: str
    lines: list[HeldLine]
    expires_at: str
    version: int

    @classmethod
    def of(cls, reservation: Reservation) -> "ReservationView":
        return cls(
            id=reservation.id,
            state=reservation.state,
            channel=reservation.channel,
            lines=[
                HeldLine(sku=line.sku, location_id=line.location_id, quantity=line.quantity)
                for line in reservation.lines
            ],
            expires_at=clock.rfc3339(reservation.expires_at),
            version=reservation.version,
        )


# ---- transfers ----------------------------------------------------------------------------------------------------------


class DispatchTransfer(Schema):
    """Goods that leave one location for another."""

    from_location: LocationId
    to_location: LocationId
    lines: list[ReceiptLine] = Field(min_length=1, max_length=MAX_TRANSFER_LINES)
    reference: Reference | None = None

    def units(self) -> list[tuple[str, int]]:
        """Units by SKU, line by line."""
        return [(line.sku, line.quantity) for line in self.lines]


class ArrivedLine(Schema):
    """Units of a SKU that arrived."""

    sku: Sku
    quantity: UnitsOrNone


class ReceiveTransfer(Schema):
    """What arrived of a transfer. `complete`: no more will come, so what is missing is booked as a discrepancy."""

    lines: list[ArrivedLine] = Field(max_length=MAX_TRANSFER_LINES)
    complete: bool

    def units(self) -> dict[str, int]:
        """Units that arrived by SKU."""
        units: dict[str, int] = {}
        for line in self.lines:
            units[line.sku] = units.get(line.sku, 0) + line.quantity
        return units


class TransfersQuery(PageQuery):
    """Which transfers to list."""

    status: TransferStatus = TransferStatus.IN_TRANSIT


class TransferLineView(View):
    """`missing` is negative where more came than was sent; `outstanding` units are on their way."""

    sku: str
    sent: int
    arrived: int
    missing: int
    outstanding: int


class TransferView(View):
    """Goods on their way between locations."""

    id: str
    from_location: str
    to_location: str
    status: TransferStatus
    lines: list[TransferLineView]
    reference: str | None
    version: int

    @classmethod
    def of(cls, transfer: Transfer) -> "TransferView":
        # What was called back is on its way no more.
        on_the_way: Literal[0, 1] = 0 if transfer.status is TransferStatus.CANCELLED else 1
        return cls(
            id=transfer.id,
            from_location=transfer.from_location,
            to_location=transfer.to_location,
            status=transfer.status,
            lines=[
                TransferLineView(
                    sku=line.sku,
                    sent=line.sent,
                    arrived=line.arrived,
                    missing=line.missing,
                    outstanding=line.outstanding * on_the_way,
                )
                for line in transfer.lines
            ],
            reference=transfer.reference,
            version=transfer.version,
        )
