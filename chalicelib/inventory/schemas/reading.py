"""Stock, movements and availability as callers ask for and get them."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from chalicelib.core import clock
from chalicelib.core.schemas import PageQuery, Schema, View
from chalicelib.inventory.domain import (
    MovementKind,
    Stock,
)
from chalicelib.inventory.schemas.fields import Channel, LocationId, Sku
from chalicelib.inventory.service import Availability

MAX_SKUS = 20


class StockQuery(PageQuery):
    """Whose stock to list."""

    location: LocationId


class StockView(View):
    """Counters of a SKU at a location: on_hand = available + reserved. `waiting` of the reserved units were sold before they
    are there, which may take `available` below zero, as far as `backorder_limit`."""

    sku: str
    location_id: str
    on_hand: int
    available: int
    reserved: int
    waiting: int
    safety: dict[str, int]
    backorder_limit: int
    backorder_days: int
    shards: int
    version: int

    @classmethod
    def of(cls, stock: Stock) -> "StockView":
        return cls(
            sku=stock.sku,
            location_id=stock.location_id,
            on_hand=stock.on_hand,
            available=stock.available,
            reserved=stock.reserved,
            waiting=stock.waiting,
            safety=dict(stock.policy.safety),
            backorder_limit=stock.policy.backorder_limit,
            backorder_days=stock.policy.backorder_days,
            shards=stock.policy.shards,
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


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


class AvailabilityQuery(Schema):
    """Which SKUs (`sku` may be given up to 20 times), for which channel."""

    model_config = ConfigDict(strict=False)

    sku: Annotated[list[Sku], BeforeValidator(_as_list)] = Field(min_length=1, max_length=MAX_SKUS)
    channel: Channel = "web"


class AvailableAt(View):
    """What a location has to sell, and may sell before it is there; bought today, that is promised for `promised_on`."""

    location_id: str
    available: int
    backorderable: int
    promised_on: str | None


class AvailabilityView(View):
    """Units that a channel may sell, in all and by location, first choice first. `backorderable` ones are still to come;
    the first of them are promised for `promised_on` (UTC) if they are bought today."""

    sku: str
    channel: str
    available: int
    backorderable: int
    promised_on: str | None
    locations: list[AvailableAt]

    @classmethod
    def for_channel(cls, availability: Availability, channel: str) -> "AvailabilityView":
        return cls(
            sku=availability.sku,
            channel=channel,
            available=availability.total,
            backorderable=availability.backorderable,
            promised_on=_day(availability.days),
            locations=[_at(availability, site, units) for site, units in availability.by_location],
        )


def _at(availability: Availability, location_id: str, units: int) -> AvailableAt:
    later = availability.backorders.get(location_id)
    return AvailableAt(
        location_id=location_id,
        available=units,
        backorderable=later.units if later else 0,
        promised_on=_day(later.days if later else None),
    )


def _day(days: int | None) -> str | None:
    return None if days is None else (clock.now().date() + timedelta(days=days)).isoformat()
