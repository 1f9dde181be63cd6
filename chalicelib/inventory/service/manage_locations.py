"""Locations: where stock is, and which of them a channel is sourced from."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import AisleError, NotFound, Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.paging import Page, page_of
from chalicelib.core.table import Transaction
from chalicelib.inventory import store
from chalicelib.inventory.domain import (
    Location,
    LocationOfSupplier,
    LocationType,
    LocationUnknown,
    is_name,
    sources,
)


def sourcing_locations(channel: str, *, fresh: bool = False) -> tuple[Location, ...]:
    """Active locations that serve the channel, first choice first, at most `MAX_SOURCES`; up to 30 s old unless `fresh`."""
    if fresh:
        store.forget_locations()
    return sources(store.listed_locations(), channel)


def create_location(
    location: Location, *, by: Principal, once: Idempotency, answer: Callable[[Location], Answer]
) -> Answer:
    """Add a location. Raises `Conflict` when its id is taken."""
    by.require(Role.ADMIN, scope="inventory.write")
    tx = Transaction()
    store.add_location(tx, location)
    final = answer(location)
    once.record(tx, final)
    tx.commit()
    store.forget_locations()
    return final


def open_location(tx: Transaction, location: Location) -> None:
    """Add a location to another context's transaction, e.g. that of a supplier. Raises `Conflict` at commit when its id is taken."""
    store.add_location(tx, location)


def describe_location(
    tx: Transaction,
    location_id: str,
    *,
    name: str | None = None,
    address: Mapping[str, Any] | None = None,
    error: type[AisleError] = Stale,
) -> None:
    """Change what a location is called, or where it is, in another context's transaction; None leaves it. Raises `NotFound`, and
    `error` at commit when the location was changed meanwhile."""
    before = _must_find(location_id)
    after = replace(before, name=name or before.name, address=address or before.address, version=before.version + 1)
    store.change_location(tx, after, error)


def change_location(location_id: str, expected_version: int, changes: dict[str, Any], *, by: Principal) -> Location:
    """Replace everything but the id. Raises `NotFound`, `LocationOfSupplier`, and `Stale` unless it is at `expected_version`."""
    by.require(Role.ADMIN, scope="inventory.write")
    before = _must_find(location_id)
    if before.type is LocationType.SUPPLIER:
        raise LocationOfSupplier(f"{location_id} is called, and is, as supplier {location_id} says of itself.")
    if before.version != expected_version:
        raise Stale(f"Location {location_id} is at version {before.version}, not {expected_version}.")
    changed = replace(before, **changes, version=expected_version + 1)
    tx = Transaction()
    store.change_location(tx, changed)
    tx.commit()
    store.forget_locations()
    return changed


def read_location(location_id: str, by: Principal) -> Location:
    """The location, for staff. Raises `NotFound`."""
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="inventory.write")
    return _must_find(location_id)


def list_locations(limit: int, cursor: str | None, by: Principal) -> Page[Location]:
    """All locations by id, for staff."""
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="inventory.write")
    return page_of("locations", limit, cursor, store.locations, lambda location: location.id)


def check_location(location_id: str, pointer: str) -> None:
    """Raise `LocationUnknown` at `pointer` unless there is one.

    Read, not a condition of the command: locations are never removed, so one that was there is there.
    """
    if not is_name(location_id) or store.get_location(location_id) is None:
        raise LocationUnknown.at(pointer, location_id)


def _must_find(location_id: str) -> Location:
    location = store.get_location(location_id) if is_name(location_id) else None
    if location is None:
        raise NotFound(f"There is no location {location_id}.")
    return location
