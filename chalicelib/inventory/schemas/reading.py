"""Stock, movements and availability as callers ask for and get them."""

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from chalicelib.core.schemas import PageQuery, Schema, View
from chalicelib.inventory.domain import (
    MovementKind,
)
from chalicelib.inventory.schemas.fields import Channel, LocationId, Sku
from chalicelib.inventory.service import Availability

MAX_SKUS = 20


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
    def for_channel(cls, availability: Availability, channel: str) -> "AvailabilityView":
        return cls(
            sku=availability.sku,
            channel=channel,
            available=availability.total,
            locations=[AvailableAt(location_id=at, available=units) for at, units in availability.by_location],
        )
