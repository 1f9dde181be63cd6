"""A pickup: an order, or a part of one, on its way through a locker. Pure transitions, each to the next version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from chalicelib.core.clock import rfc3339
from chalicelib.core.errors import Conflict, RuleBroken
from chalicelib.lockers.domain.packing import Choice, Package
from chalicelib.lockers.domain.sites import HoldPolicy


class PickupStatus(StrEnum):
    """The life of a pickup. `waitlisted`: no compartment is free. `allocated`: staff is to put it in. `ready`: it may be collected.
    `opening`: its code was right, and the doors are told to open. `faulted`: a door did not, and staff is called. `expired` and
    `cancelled`: nobody may collect it any more, and staff takes out what is in. `cleared`: nothing of it is in a locker."""

    WAITLISTED = "waitlisted"
    ALLOCATED = "allocated"
    READY = "ready"
    OPENING = "opening"
    COLLECTED = "collected"
    FAULTED = "faulted"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    CLEARED = "cleared"


class PlaceState(StrEnum):
    """Of a compartment, for one pickup. `emptied`: its door was opened for the shopper, or staff gave them what was in. `cleared`:
    staff took it out, to go back into stock."""

    EMPTY = "empty"
    LOADED = "loaded"
    EMPTIED = "emptied"
    CLEARED = "cleared"


class PickupOutOfTurn(Conflict):
    code = "pickup_out_of_turn"
    title = "The pickup is not in a state for this"


class NotThisCompartment(RuleBroken):
    code = "not_this_compartment"
    title = "What was scanned is not where this belongs"


class NoMoreExtensions(RuleBroken):
    code = "no_more_extensions"
    title = "It cannot be kept any longer"


@dataclass(frozen=True, slots=True)
class Place:
    """A compartment that holds some packages of a pickup."""

    cabinet_id: str
    number: str
    package_ids: tuple[str, ...]
    state: PlaceState = PlaceState.EMPTY

    @property
    def label(self) -> str:
        """As on the compartment's sticker."""
        return f"{self.cabinet_id}/{self.number}"


@dataclass(frozen=True, slots=True)
class Pickup:
    """What waits for one shopper at one site.

    `fulfilment_id` is None for an order of another system, which `reference` and `source` name; its `contact` is kept here.
    `codes`: the stored names of the passcodes that may open it, by whose they are (`shopper`, `delegate`); `issue` counts them.
    `expires_at` and `remind_at` are known once it is ready.
    """

    id: str
    site_id: str
    order_id: str
    fulfilment_id: str | None
    status: PickupStatus
    packages: tuple[Package, ...]
    hold: HoldPolicy
    places: tuple[Place, ...] = ()
    within_reach: bool = False
    ready_at: str | None = None
    expires_at: str | None = None
    remind_at: str | None = None
    reminded: bool = False
    confirmed_at: str | None = None
    extensions: int = 0
    issue: int = 0
    codes: Mapping[str, str] = field(default_factory=dict)
    source: str | None = None
    contact: Mapping[str, Any] | None = None
    reason: str | None = None
    version: int = 1

    @property
    def has_goods_inside(self) -> bool:
        """Whether something of it is behind a door."""
        return any(place.state is PlaceState.LOADED for place in self.places)

    def place(self, cabinet_id: str, number: str) -> Place | None:
        """Its place in a compartment, if it has one there."""
        return next((one for one in self.places if (one.cabinet_id, one.number) == (cabinet_id, number)), None)


def pickup_id(fulfilment_id: str) -> str:
    """`pck_<the order's ULID>_<n>`: the pickup of a fulfilment, found without an index."""
    return "pck_" + fulfilment_id.removeprefix("ful_")


def allocate(pickup: Pickup, plan: Sequence[Choice]) -> Pickup:
    """The pickup with its compartments. Raises `PickupOutOfTurn` unless it waits for some."""
    _check(pickup, PickupStatus.WAITLISTED)
    return _next(pickup, status=PickupStatus.ALLOCATED, places=_places(plan))


def _places(plan: Sequence[Choice]) -> tuple[Place, ...]:
    return tuple(Place(one.compartment.cabinet_id, one.compartment.number, one.package_ids) for one in plan)


def load(pickup: Pickup, cabinet_id: str, number: str, package_ids: Sequence[str]) -> Pickup:
    """The pickup after staff scanned a compartment and the packages that they put in; `all_loaded` tells whether it was the last.

    Raises `NotThisCompartment` when these packages belong elsewhere, `PickupOutOfTurn` when it was loaded before.
    """
    _check(pickup, PickupStatus.ALLOCATED)
    place = pickup.place(cabinet_id, number)
    if place is None or set(place.package_ids) != set(package_ids):
        raise NotThisCompartment(
            f"Compartment {cabinet_id}/{number} is not for packages {', '.join(package_ids)} of {pickup.id}.",
            places=[{"compartment": one.label, "packages": list(one.package_ids)} for one in pickup.places],
        )
    if place.state is not PlaceState.EMPTY:
        raise PickupOutOfTurn(f"Compartment {place.label} was loaded before.")
    return _next(pickup, places=_with(pickup, place, PlaceState.LOADED))


def all_loaded(pickup: Pickup) -> bool:
    """Whether everything is behind its door."""
    return all(place.state is PlaceState.LOADED for place in pickup.places)


def ready(pickup: Pickup, now: datetime) -> Pickup:
    """The loaded pickup, to be collected from now on (in the version that `load` brought it to). Raises `PickupOutOfTurn`."""
    _check(pickup, PickupStatus.ALLOCATED)
    expires_at = now + timedelta(seconds=pickup.hold.window_seconds)
    return replace(
        pickup,
        status=PickupStatus.READY,
        ready_at=rfc3339(now),
        expires_at=rfc3339(expires_at),
        remind_at=rfc3339(max(now, expires_at - timedelta(seconds=pickup.hold.reminder_seconds))),
    )


TOO_LARGE = "too_large_for_locker"


def turn_away(pickup: Pickup) -> Pickup:
    """The new pickup that no compartment of its site could ever take; nothing of it was ever in a locker."""
    return _over(pickup, PickupStatus.CLEARED, TOO_LARGE)


def issue_code(pickup: Pickup, whose: str, name: str) -> Pickup:
    """The pickup with another passcode for whose it is; the one before opens nothing any more. Raises `PickupOutOfTurn` unless it
    is ready."""
    _check(pickup, PickupStatus.READY)
    return _next(pickup, codes={**pickup.codes, whose: name}, issue=pickup.issue + 1)


def revoke_code(pickup: Pickup, whose: str) -> Pickup:
    """The pickup without a passcode for whose it was."""
    return _next(pickup, codes={other: name for other, name in pickup.codes.items() if other != whose})


def is_collectable(pickup: Pickup, now: datetime) -> bool:
    """Whether a right code opens it."""
    return pickup.status is PickupStatus.READY and pickup.expires_at is not None and rfc3339(now) < pickup.expires_at


def confirm(pickup: Pickup, now: datetime) -> Pickup:
    """The pickup whose code was right: it has no codes any more, and its doors are to open. Raises `PickupOutOfTurn`."""
    if not is_collectable(pickup, now):
        raise PickupOutOfTurn(f"The pickup is {pickup.status}.")
    return _next(pickup, status=PickupStatus.OPENING, codes={}, confirmed_at=rfc3339(now))


def emptied(pickup: Pickup, cabinet_id: str, number: str) -> Pickup:
    """The pickup after a door of it opened; collected when it was the last. One that had faulted goes on from there.

    Raises `PickupOutOfTurn` when no door of it was to open.
    """
    _check(pickup, PickupStatus.OPENING, PickupStatus.FAULTED)
    place = pickup.place(cabinet_id, number)
    if place is None:
        raise NotThisCompartment(f"Compartment {cabinet_id}/{number} holds nothing of {pickup.id}.")
    return _when_emptied(_next(pickup, places=_with(pickup, place, PlaceState.EMPTIED)))


def opened_offline(pickup: Pickup, cabinet_id: str, number: str, at: str) -> Pickup | None:
    """The pickup after a cabinet opened a door of it by itself, at a moment (RFC 3339): it is gone from there, whatever was decided
    meanwhile. None when it had been called off, cleared or collected before, which is for a person to look at.

    What expired and still lay there counts as collected in time: its grant was good when it was used.
    """
    place = pickup.place(cabinet_id, number)
    if pickup.status not in _MAY_OPEN_OFFLINE or place is None or place.state is not PlaceState.LOADED:
        return None
    after = _next(
        pickup,
        status=PickupStatus.OPENING,
        places=_with(pickup, place, PlaceState.EMPTIED),
        codes={},
        confirmed_at=pickup.confirmed_at or at,
    )
    return _when_emptied(after)


def is_told_already(pickup: Pickup, cabinet_id: str, number: str, at: datetime) -> bool:
    """Whether a door that a cabinet opened by itself, at a moment, is the one that its shopper was let in by: the answer to their code
    was slow, the keypad did not wait for it, and the acknowledgement of the command that followed came first."""
    place = pickup.place(cabinet_id, number)
    if place is None or place.state is not PlaceState.EMPTIED or pickup.confirmed_at is None:
        return False
    return abs(at - datetime.fromisoformat(pickup.confirmed_at)) <= _ONE_VISIT


_ONE_VISIT = timedelta(minutes=2)
_MAY_OPEN_OFFLINE = (PickupStatus.READY, PickupStatus.OPENING, PickupStatus.FAULTED, PickupStatus.EXPIRED)


def fault(pickup: Pickup, reason: str) -> Pickup:
    """The pickup of which a door did not open: staff is called."""
    _check(pickup, PickupStatus.OPENING, PickupStatus.FAULTED)
    return _next(pickup, status=PickupStatus.FAULTED, reason=reason)


def relocate(pickup: Pickup, cabinet_id: str, number: str, to_cabinet_id: str, to_number: str, now: datetime) -> Pickup:
    """The pickup after staff moved what was behind a door that did not open into another compartment. With nothing else in the
    way it is ready again, for as long as it had been before. Raises `PickupOutOfTurn`, `NotThisCompartment`."""
    _check(pickup, PickupStatus.FAULTED)
    place = pickup.place(cabinet_id, number)
    if place is None or place.state is not PlaceState.LOADED:
        raise NotThisCompartment(f"Compartment {cabinet_id}/{number} holds nothing of {pickup.id}.")
    moved = replace(place, cabinet_id=to_cabinet_id, number=to_number)
    kept = [moved if one is place else one for one in pickup.places]
    again = max(datetime.fromisoformat(str(pickup.expires_at)), now + timedelta(seconds=pickup.hold.extension_seconds))
    return _next(
        pickup,
        status=PickupStatus.READY,
        # What was taken out of other compartments meanwhile is with the shopper.
        places=tuple(one for one in kept if one.state is PlaceState.LOADED),
        expires_at=rfc3339(again),
        remind_at=rfc3339(max(now, again - timedelta(seconds=pickup.hold.reminder_seconds))),
        reminded=False,
        reason=None,
    )


def hand_out(pickup: Pickup) -> Pickup:
    """The pickup that staff gave to its shopper in person. Raises `PickupOutOfTurn` unless it lies there."""
    _check(pickup, PickupStatus.READY, PickupStatus.OPENING, PickupStatus.FAULTED)
    places = tuple(replace(one, state=PlaceState.EMPTIED) for one in pickup.places)
    return _over(_next(pickup, places=places, codes={}), PickupStatus.COLLECTED, "handed_out")


def remind(pickup: Pickup) -> Pickup:
    """The pickup whose shopper was reminded."""
    _check(pickup, PickupStatus.READY)
    return _next(pickup, reminded=True)


def due(pickup: Pickup, now: datetime) -> str | None:
    """What the time asks for: `remind`, `expire`, or nothing yet."""
    if pickup.status is not PickupStatus.READY:
        return None
    if not is_collectable(pickup, now):
        return "expire"
    return "remind" if not pickup.reminded and rfc3339(now) >= str(pickup.remind_at) else None


def next_moment(pickup: Pickup) -> str:
    """When the time asks for something next, of a pickup that is ready."""
    return str(pickup.expires_at if pickup.reminded else pickup.remind_at)


def extend(pickup: Pickup, now: datetime) -> Pickup:
    """The pickup, kept longer. Raises `NoMoreExtensions`, `PickupOutOfTurn` when it is not there to be collected any more."""
    if not is_collectable(pickup, now):
        raise PickupOutOfTurn(f"The pickup is {pickup.status}.")
    if pickup.extensions >= pickup.hold.max_extensions:
        raise NoMoreExtensions(f"It was extended {pickup.extensions} times.")
    until = datetime.fromisoformat(str(pickup.expires_at)) + timedelta(seconds=pickup.hold.extension_seconds)
    remind_at = max(now, until - timedelta(seconds=pickup.hold.reminder_seconds))
    return _next(
        pickup,
        extensions=pickup.extensions + 1,
        expires_at=rfc3339(until),
        remind_at=rfc3339(remind_at),
        reminded=False,
    )


def expire(pickup: Pickup, now: datetime) -> Pickup:
    """The pickup that nobody came for in time. Raises `PickupOutOfTurn` when somebody did, or still may."""
    _check(pickup, PickupStatus.READY)
    if is_collectable(pickup, now):
        raise PickupOutOfTurn(f"The pickup may be collected until {pickup.expires_at}.")
    return _next(pickup, status=PickupStatus.EXPIRED, codes={}, reason="not_collected")


def cancel(pickup: Pickup, reason: str) -> Pickup:
    """The pickup, called off; cleared at once when nothing of it is in a locker. Raises `PickupOutOfTurn` once it is confirmed."""
    _check(pickup, PickupStatus.WAITLISTED, PickupStatus.ALLOCATED, PickupStatus.READY)
    off = _next(pickup, status=PickupStatus.CANCELLED, codes={}, reason=reason)
    return off if off.has_goods_inside else _over(off, PickupStatus.CLEARED, reason)


def clear(pickup: Pickup, cabinet_id: str, number: str) -> Pickup:
    """The pickup after staff took out what was in a compartment, to go back into stock; cleared when it was the last."""
    _check(pickup, PickupStatus.EXPIRED, PickupStatus.CANCELLED, PickupStatus.FAULTED)
    place = pickup.place(cabinet_id, number)
    if place is None:
        raise NotThisCompartment(f"Compartment {cabinet_id}/{number} holds nothing of {pickup.id}.")
    after = _next(pickup, places=_with(pickup, place, PlaceState.CLEARED))
    if after.has_goods_inside:
        return after
    return _partly(after) if _some(after, PlaceState.EMPTIED) else _over(after, PickupStatus.CLEARED, after.reason)


def _with(pickup: Pickup, place: Place, state: PlaceState) -> tuple[Place, ...]:
    return tuple(replace(one, state=state) if one is place else one for one in pickup.places)


def _when_emptied(after: Pickup) -> Pickup:
    if after.has_goods_inside:
        return after
    return _partly(after) if _some(after, PlaceState.CLEARED) else _over(after, PickupStatus.COLLECTED)


def _partly(pickup: Pickup) -> Pickup:
    """The pickup of which the shopper has some, and staff took out the rest: a case for a person, who hands it over, or has the
    shopper give back what they have."""
    return replace(pickup, status=PickupStatus.FAULTED, reason="partly_collected")


def _some(pickup: Pickup, state: PlaceState) -> bool:
    return any(place.state is state for place in pickup.places)


def _over(pickup: Pickup, status: PickupStatus, reason: str | None = None) -> Pickup:
    """The pickup at its end, when whose it was is nobody's business any more."""
    return replace(pickup, status=status, reason=reason, contact=None)


def _check(pickup: Pickup, *statuses: PickupStatus) -> None:
    if pickup.status not in statuses:
        raise PickupOutOfTurn(f"The pickup is {pickup.status}.")


def _next(pickup: Pickup, **changes: Any) -> Pickup:
    return replace(pickup, **changes, version=pickup.version + 1)
