"""Places that hold stock, and which of them orders are sourced from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from chalicelib.core.errors import Fault, RuleBroken

MAX_SOURCES = 8
"""Locations that one order is sourced from; bounds what placing an order reads."""


class LocationType(StrEnum):
    """What kind of place holds stock. A supplier's is the supplier: it has the supplier's id, and orders come to it by the
    supplier's offers, not by channels."""

    WAREHOUSE = "warehouse"
    STORE = "store"
    LOCKER_SITE = "locker_site"
    SUPPLIER = "supplier"


class LocationStatus(StrEnum):
    """Orders are sourced from active locations. A paused one still counts, receives and ships what it holds."""

    ACTIVE = "active"
    PAUSED = "paused"


class LocationUnknown(RuleBroken):
    code = "location_unknown"
    title = "There is no such location"

    @classmethod
    def at(cls, pointer: str, location_id: str) -> "LocationUnknown":
        """The error of a request that names it at `pointer`."""
        return cls(f"There is no location {location_id}.", faults=[Fault(pointer, cls.code, "Create it first.")])


class LocationOfSupplier(RuleBroken):
    code = "location_of_supplier"
    title = "The location follows its supplier"


@dataclass(frozen=True, slots=True)
class Location:
    """A place that holds stock. It is never removed: a closed one is paused.

    A lower priority number is preferred when orders are allocated. Orders after `cutoff` (`HH:MM`, UTC) leave the next day.
    `rows` says of each SKU whose stock is split here in how many rows it lies.
    """

    id: str
    name: str
    type: LocationType
    priority: int
    channels: tuple[str, ...]
    address: Mapping[str, Any]
    status: LocationStatus = LocationStatus.ACTIVE
    cutoff: str | None = None
    version: int = 1
    rows: Mapping[str, int] = field(default_factory=dict)

    def serves(self, channel: str) -> bool:
        """Whether orders of this channel may be shipped from here."""
        return self.status is LocationStatus.ACTIVE and channel in self.channels


def sources(locations: Iterable[Location], channel: str) -> tuple[Location, ...]:
    """Where orders of the channel are sourced from, first choice first, at most `MAX_SOURCES`."""
    serving = sorted((one for one in locations if one.serves(channel)), key=lambda one: (one.priority, one.id))
    return tuple(serving[:MAX_SOURCES])
