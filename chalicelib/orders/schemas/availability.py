"""What can be sold, as callers ask for and get it."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from chalicelib.core import clock
from chalicelib.core.schemas import Schema, View
from chalicelib.inventory.service import Availability
from chalicelib.orders.schemas.fields import Channel, Sku
from chalicelib.orders.service import Sellable

MAX_SKUS = 20


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
    """Units that a channel may sell out of the own stock, in all and by location, first choice first. `backorderable` ones are still
    to come; the first of them are promised for `promised_on` (UTC) if they are bought today. `marketplace` are units of suppliers, on
    top: it can be sold where any of the three is above zero."""

    sku: str
    channel: str
    available: int
    backorderable: int
    promised_on: str | None
    marketplace: int
    locations: list[AvailableAt]

    @classmethod
    def for_channel(cls, sellable: Sellable, channel: str) -> "AvailabilityView":
        own = sellable.own
        return cls(
            sku=own.sku,
            channel=channel,
            available=own.total,
            backorderable=own.backorderable,
            promised_on=_day(own.days),
            marketplace=sellable.marketplace,
            locations=[_at(own, site, units) for site, units in own.by_location],
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
