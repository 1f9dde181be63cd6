"""Locations in the table."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import NumberAttribute

from chalicelib.core import clock
from chalicelib.core.errors import AisleError, Conflict, Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, RawItem, Transaction, find
from chalicelib.inventory.domain import (
    Location,
    LocationStatus,
    LocationType,
)

LISTED_FOR = timedelta(seconds=30)
"""How long a process keeps the list of locations: a paused location may get orders for so long."""

_listed: tuple[datetime, list[Location]] | None = None


class LocationItem(Item):
    """pk = LOCATION#<id>, sk = LOCATION."""

    version = NumberAttribute()


def _location_item(location: Location) -> LocationItem:
    summary = {
        "name": location.name,
        "type": location.type,
        "priority": location.priority,
        "channels": list(location.channels),
        "address": dict(location.address),
        "status": location.status,
        "cutoff": location.cutoff,
        "version": location.version,
        **({"rows": dict(location.rows)} if location.rows else {}),
    }
    # Whoever places an order reads the list of our own locations; there may be thousands of suppliers.
    listed = location.type is not LocationType.SUPPLIER
    return LocationItem(
        key("LOCATION", location.id),
        "LOCATION",
        version=location.version,
        summary=summary,
        gsi1pk="LOCATIONS" if listed else None,
        gsi1sk=location.id if listed else None,
    )


def _location(id: str, summary: Mapping[str, Any]) -> Location:
    return Location(
        id=id,
        name=summary["name"],
        type=LocationType(summary["type"]),
        priority=summary["priority"],
        channels=tuple(summary["channels"]),
        address=summary["address"],
        status=LocationStatus(summary["status"]),
        cutoff=summary["cutoff"],
        version=summary["version"],
        rows=summary.get("rows", {}),
    )


def add_location(tx: Transaction, location: Location) -> None:
    """Write a new location."""
    tx.create(_location_item(location), lambda _: Conflict(f"Location {location.id} exists."))


def change_location(tx: Transaction, location: Location, error: type[AisleError] = Stale) -> None:
    """Write the next version of a location. Raises `error` at commit when it is at another."""

    def stale(raw: RawItem | None) -> AisleError:
        return error(f"The location is not at version {location.version - 1} any more.")

    tx.put(_location_item(location), LocationItem.version == location.version - 1, stale)


def get_location(location_id: str) -> Location | None:
    """The location, or None."""
    item = find(LocationItem, key("LOCATION", location_id), "LOCATION", consistent=True)
    return _location(location_id, item.summary) if item else None


def locations(after: str | None = None, count: int | None = None) -> list[Location]:
    """Our own locations by id."""
    condition = LocationItem.gsi1sk > after if after else None
    rows = LocationItem.by_owner.query("LOCATIONS", condition, limit=count)
    return [_location(str(row.gsi1sk), row.summary) for row in rows]


def listed_locations() -> list[Location]:
    """All locations, up to `LISTED_FOR` old."""
    global _listed
    now = clock.now()
    if _listed is not None and timedelta() <= now - _listed[0] < LISTED_FOR:
        return _listed[1]
    found = locations()
    # An empty list is not kept: the first location of a new shop counts at once.
    _listed = (now, found) if found else None
    return found


def forget_locations() -> None:
    """Read the list anew next time; after a change, and between tests."""
    global _listed
    _listed = None
