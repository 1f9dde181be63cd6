"""Held stock as callers send and get it."""

from pydantic import Field

from chalicelib.core import clock
from chalicelib.core.schemas import Schema, View
from chalicelib.inventory.domain import (
    Reservation,
    ReservationState,
    StockLine,
)
from chalicelib.inventory.schemas.fields import Channel, LocationId, Sku, Units

MAX_HOLD_LINES = 20


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
