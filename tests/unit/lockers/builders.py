"""Locker sites, compartments, packages, pickups and commands for tests, as small as the test needs them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from chalicelib.core.clock import rfc3339
from chalicelib.lockers.domain.cabinets import Compartment, Reach, Size
from chalicelib.lockers.domain.commands import Command, CommandPurpose
from chalicelib.lockers.domain.packing import Choice, Package
from chalicelib.lockers.domain.pickups import Pickup, PickupStatus, Place, PlaceState
from chalicelib.lockers.domain.sites import WEEKDAYS, HoldPolicy, Position, Site

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
CABINET = "cab_1"
PICKUP_ID = "pck_01J00000000000000000000000_1"


def utc(moment: str) -> datetime:
    """`2026-03-31T12:00` in UTC."""
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


def every_day(*spans: tuple[str, str]) -> dict[str, tuple[tuple[str, str], ...]]:
    """The same opening hours all week."""
    return dict.fromkeys(WEEKDAYS, spans)


def a_site(timezone: str = "UTC", **fields) -> Site:
    given = {
        "id": "site_1",
        "name": "Nicollet Avenue",
        "position": Position(44.9778, -93.265),
        "address": {},
        "opening_hours": every_day(("08:00", "20:00")),
        **fields,
    }
    return Site(timezone=timezone, **given)


def a_compartment(number: int | str = 1, size: Size = Size.M, cabinet: str = CABINET, **fields) -> Compartment:
    return Compartment(cabinet, str(number), "site_1", size, **{"reach": Reach.MIDDLE, **fields})


def a_package(id: str = "p1", size: Size = Size.M, **fields) -> Package:
    return Package(id, size, **fields)


def a_plan(places: int = 1) -> tuple[Choice, ...]:
    """A compartment for each package: `p1` goes into the first."""
    return tuple(Choice(a_compartment(number), (f"p{number}",)) for number in range(1, places + 1))


def a_pickup(status: PickupStatus = PickupStatus.WAITLISTED, places: int = 1, **fields) -> Pickup:
    """A pickup of a package in each place, as it is in a status. It was made ready at noon, and is kept for three days."""
    given = {"hold": HoldPolicy(), **fields}
    until = NOON + timedelta(seconds=given["hold"].window_seconds)
    waiting = Pickup(
        PICKUP_ID,
        "site_1",
        "ord_01J00000000000000000000000",
        "ful_01J00000000000000000000000_1",
        PickupStatus.WAITLISTED,
        tuple(a_package(f"p{number}") for number in range(1, places + 1)),
        **given,
    )
    if status is PickupStatus.WAITLISTED:
        return waiting
    inside = {PickupStatus.ALLOCATED: PlaceState.EMPTY}
    inside |= dict.fromkeys((PickupStatus.COLLECTED, PickupStatus.CLEARED), PlaceState.EMPTIED)
    pickup = replace(
        waiting,
        status=status,
        places=tuple(
            Place(CABINET, one.compartment.number, one.package_ids, inside.get(status, PlaceState.LOADED))
            for one in a_plan(places)
        ),
    )
    if status is PickupStatus.ALLOCATED:
        return pickup
    codes = {"shopper": "code-1", "delegate": "code-2"} if status is PickupStatus.READY else {}
    return replace(
        pickup, ready_at=rfc3339(NOON), expires_at=rfc3339(until), codes=codes, issue=2, **_known_later(status)
    )


def _known_later(status: PickupStatus) -> dict[str, str]:
    confirmed = (PickupStatus.OPENING, PickupStatus.FAULTED, PickupStatus.COLLECTED)
    return {"confirmed_at": rfc3339(NOON + timedelta(hours=1))} if status in confirmed else {}


def a_command(**fields) -> Command:
    given = {
        "purpose": CommandPurpose.PICKUP,
        "issued_at": rfc3339(NOON),
        "expires_at": rfc3339(NOON + timedelta(seconds=30)),
        "pickup_id": PICKUP_ID,
        **fields,
    }
    return Command("cmd_1", CABINET, "1", **given)
