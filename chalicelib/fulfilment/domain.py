"""A fulfilment: the part of an order that one location ships, as one parcel or refusal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from chalicelib.core.errors import Conflict, RuleBroken


class FulfilmentStatus(StrEnum):
    """The life of a fulfilment. `waiting`: its units are still to come, and the location was not asked yet. `ready`: it lies where
    the customer collects it. `short`: nothing of it could be found. `cancelled`: the order was refused."""

    WAITING = "waiting"
    REQUESTED = "requested"
    PACKED = "packed"
    READY = "ready"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    SHORT = "short"
    CANCELLED = "cancelled"


PACKED_OR_READY = frozenset({FulfilmentStatus.PACKED, FulfilmentStatus.READY})

ASKED_FOR = PACKED_OR_READY | {FulfilmentStatus.REQUESTED}
"""The location has it to ship."""

OPEN = ASKED_FOR | {FulfilmentStatus.WAITING}
"""It has not left, and is to."""


class OutOfTurn(Conflict):
    code = "fulfilment_out_of_turn"
    title = "The fulfilment is not in a state for this answer"
    retryable = True


class OnHold(Conflict):
    code = "fulfilment_on_hold"
    title = "The order is on hold: the parcel may not leave"


class Collected(Conflict):
    code = "collected_by_customer"
    title = "The customer collects it: it is not shipped"


class InLocker(Conflict):
    code = "in_locker"
    title = "It lies in a locker, and is taken out whole or not at all"


class MoreThanRequested(RuleBroken):
    code = "more_than_requested"
    title = "The answer names lines or units that were not requested"


class TrackingCode(StrEnum):
    """What a carrier says of a parcel, in the words that carriers share."""

    PICKED_UP = "picked_up"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    ATTEMPTED = "attempted"
    EXCEPTION = "exception"
    RETURNING = "returning"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class TrackingEvent:
    """A carrier's word on a parcel, at a moment (RFC 3339); `id` is the carrier's name for it."""

    id: str
    code: TrackingCode
    at: str
    place: str | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class FulfilmentLine:
    """Units of an order line that this location ships, but for those cancelled since; `shipped` and `short` once it has
    answered. A supplier's have the frozen `terms` of their allocation (`orders.domain.Allocation`)."""

    line_id: str
    sku: str
    quantity: int
    shipped: int = 0
    short: int = 0
    cancelled: int = 0
    terms: Mapping[str, Any] | None = None

    @property
    def wanted(self) -> int:
        """Units that are to be in the parcel."""
        return self.quantity - self.cancelled


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """One location's part of an order. While it is `held` it may be packed, and does not leave.

    `whereabouts`: `code` and `at` of the carrier's latest word. `promised_on`: the day for which units that were still to come
    when they were sold are promised; such a fulfilment is of one SKU. `pickup`: the `site_id` where it is collected, whether the
    compartment has to be `within_reach`, and, once packed, its `packages`. `handing_over`: its customer is at the door, so
    nobody takes it from them.
    """

    id: str
    order_id: str
    location_id: str
    status: FulfilmentStatus
    lines: tuple[FulfilmentLine, ...]
    address: Mapping[str, Any]
    tracking: Mapping[str, str] | None = None
    held: bool = False
    whereabouts: Mapping[str, str] | None = None
    promised_on: str | None = None
    pickup: Mapping[str, Any] | None = None
    handing_over: bool = False
    version: int = 1


@dataclass(frozen=True, slots=True)
class Parcel:
    """Lines that a location is to ship together; with `promised_on` they wait until they are there."""

    location_id: str
    lines: tuple[FulfilmentLine, ...]
    promised_on: str | None = None


def fulfilment_id(order_id: str, number: int) -> str:
    """`ful_<the order's ULID>_<n>`: sortable, and tells its order without an index."""
    return f"ful_{order_id.removeprefix('ord_')}_{number}"


def order_of(fulfilment_id: str) -> tuple[str, str]:
    """The order id and number in a fulfilment id; an id of another shape gives an order that does not exist."""
    ulid, _, number = fulfilment_id.removeprefix("ful_").rpartition("_")
    return f"ord_{ulid}", number


def serve(fulfilment: Fulfilment) -> Fulfilment:
    """The fulfilment that waited, its units being there. Raises `OutOfTurn` unless it waits."""
    if fulfilment.status is not FulfilmentStatus.WAITING:
        raise OutOfTurn(f"The fulfilment is {fulfilment.status}; it does not wait.")
    return replace(fulfilment, status=FulfilmentStatus.REQUESTED, version=fulfilment.version + 1)


def promise(fulfilment: Fulfilment, promised_on: str) -> Fulfilment:
    """The fulfilment that waits, promised for another day. Raises `OutOfTurn` unless it waits."""
    if fulfilment.status is not FulfilmentStatus.WAITING:
        raise OutOfTurn(f"The fulfilment is {fulfilment.status}; it does not wait.")
    return replace(fulfilment, promised_on=promised_on, version=fulfilment.version + 1)


def pack(fulfilment: Fulfilment, packages: Sequence[Mapping[str, Any]] = ()) -> Fulfilment:
    """The fulfilment, packed into `packages` if it is collected. Raises `OutOfTurn` unless it was just requested."""
    if fulfilment.status is not FulfilmentStatus.REQUESTED:
        raise OutOfTurn(f"The fulfilment is {fulfilment.status}; only a requested one is packed.")
    pickup = {**fulfilment.pickup, "packages": [dict(one) for one in packages]} if fulfilment.pickup else None
    return replace(fulfilment, status=FulfilmentStatus.PACKED, pickup=pickup, version=fulfilment.version + 1)


def make_ready(fulfilment: Fulfilment) -> Fulfilment:
    """The packed fulfilment, lying where it is collected. Raises `OutOfTurn` for any other."""
    if fulfilment.status is not FulfilmentStatus.PACKED or fulfilment.pickup is None:
        raise OutOfTurn(f"The fulfilment is {fulfilment.status}; one that is packed to be collected is made ready.")
    return replace(fulfilment, status=FulfilmentStatus.READY, version=fulfilment.version + 1)


def hand_over(fulfilment: Fulfilment, *, gone: bool = False) -> Fulfilment:
    """The ready fulfilment, whose customer is at the door: from now on it is neither cancelled nor held. Raises `OnHold` unless it
    is `gone` already, `OutOfTurn`."""
    if fulfilment.status is not FulfilmentStatus.READY:
        raise OutOfTurn(f"The fulfilment is {fulfilment.status}; only a ready one is collected.")
    if fulfilment.held and not gone:
        raise OnHold("The order is on hold.")
    return replace(fulfilment, handing_over=True, version=fulfilment.version + 1)


def keep_back(fulfilment: Fulfilment) -> Fulfilment:
    """The fulfilment that could not be handed over, because a door did not open."""
    return replace(fulfilment, handing_over=False, version=fulfilment.version + 1)


def redeliver(fulfilment: Fulfilment, address: Mapping[str, Any]) -> Fulfilment:
    """The fulfilment that nobody collected, or that no locker takes, to be shipped to an address instead. Raises `OutOfTurn` unless
    it was packed or ready to be collected."""
    to_collect = fulfilment.pickup is not None and fulfilment.status in PACKED_OR_READY
    if not to_collect or fulfilment.handing_over:
        raise OutOfTurn(f"The fulfilment is {fulfilment.status}; only one to be collected is sent instead.")
    return replace(
        fulfilment,
        status=FulfilmentStatus.REQUESTED,
        address=address,
        pickup=None,
        version=fulfilment.version + 1,
    )


def collect(fulfilment: Fulfilment) -> Fulfilment:
    """The ready fulfilment, all of it with its customer. Raises `OutOfTurn` unless it was ready."""
    if fulfilment.status is not FulfilmentStatus.READY:
        raise OutOfTurn(f"The fulfilment is {fulfilment.status}; only a ready one is collected.")
    lines = tuple(replace(line, shipped=line.wanted) for line in fulfilment.lines)
    return replace(
        fulfilment,
        status=FulfilmentStatus.DELIVERED,
        lines=lines,
        handing_over=False,
        version=fulfilment.version + 1,
    )


def ship(fulfilment: Fulfilment, shipped: Mapping[str, int], tracking: Mapping[str, str] | None) -> Fulfilment:
    """The fulfilment after its one parcel left; units of its lines that are not in `shipped` are short.

    With no unit shipped it is `short`. Raises `OutOfTurn` when it left before, `OnHold`, `Collected` when its customer fetches
    it, `MoreThanRequested` for foreign lines.
    """
    if fulfilment.status not in ASKED_FOR:
        raise OutOfTurn(f"The fulfilment is {fulfilment.status}; it cannot be shipped.")
    if fulfilment.held:
        raise OnHold("Keep the parcel until the order is released.")
    if fulfilment.pickup and (any(shipped.values()) or fulfilment.status is FulfilmentStatus.READY):
        raise Collected(f"It is collected at {fulfilment.pickup['site_id']}.")
    _within(fulfilment, shipped, {line.line_id: line.wanted for line in fulfilment.lines})
    lines = tuple(
        replace(line, shipped=shipped.get(line.line_id, 0), short=line.wanted - shipped.get(line.line_id, 0))
        for line in fulfilment.lines
    )
    status = FulfilmentStatus.SHIPPED if any(line.shipped for line in lines) else FulfilmentStatus.SHORT
    return replace(fulfilment, status=status, lines=lines, tracking=tracking, version=fulfilment.version + 1)


def deliver(fulfilment: Fulfilment) -> Fulfilment:
    """The fulfilment after its parcel reached the customer. Raises `OutOfTurn` unless it was shipped."""
    if fulfilment.status is not FulfilmentStatus.SHIPPED:
        raise OutOfTurn(f"The fulfilment is {fulfilment.status}; only a shipped one is delivered.")
    return replace(fulfilment, status=FulfilmentStatus.DELIVERED, version=fulfilment.version + 1)


def cancel(fulfilment: Fulfilment) -> Fulfilment:
    """The fulfilment, called off before it left. Raises `OutOfTurn` after."""
    if fulfilment.status not in OPEN or fulfilment.handing_over:
        raise OutOfTurn(f"The fulfilment is {fulfilment.status}; it cannot be cancelled.")
    return replace(fulfilment, status=FulfilmentStatus.CANCELLED, version=fulfilment.version + 1)


def hold(fulfilment: Fulfilment, held: bool) -> Fulfilment:
    """The fulfilment, kept back or released. Raises `OutOfTurn` when it left before."""
    return _while_open(fulfilment, held=held)


def readdress(fulfilment: Fulfilment, address: Mapping[str, Any]) -> Fulfilment:
    """The fulfilment, going elsewhere. Raises `OutOfTurn` when it left before."""
    return _while_open(fulfilment, address=address)


def track(fulfilment: Fulfilment, event: TrackingEvent) -> Fulfilment:
    """The fulfilment after a carrier's word; an older one than the latest known changes nothing but the version.

    Raises `OutOfTurn` for a parcel that has not left.
    """
    if fulfilment.status not in (FulfilmentStatus.SHIPPED, FulfilmentStatus.DELIVERED):
        raise OutOfTurn(f"The fulfilment is {fulfilment.status}; no parcel of it is on its way.")
    known = fulfilment.whereabouts
    latest = known if known and known["at"] > event.at else {"code": str(event.code), "at": event.at}
    return replace(fulfilment, whereabouts=latest, version=fulfilment.version + 1)


def forget_address(fulfilment: Fulfilment) -> Fulfilment:
    """The fulfilment of nobody, but for the country."""
    country = {"country": fulfilment.address["country"]}
    return replace(fulfilment, address=country, version=fulfilment.version + 1)


def _while_open(fulfilment: Fulfilment, **changes: Any) -> Fulfilment:
    if fulfilment.status not in OPEN or fulfilment.handing_over:
        raise OutOfTurn(f"The fulfilment is {fulfilment.status}; it has left, or never will.")
    return replace(fulfilment, **changes, version=fulfilment.version + 1)


def withdraw(fulfilment: Fulfilment, units: Mapping[str, int]) -> Fulfilment:
    """The fulfilment without these units by line id; cancelled when none is left.

    Raises `OutOfTurn` when it left before, `InLocker` when some of what lies there would stay, `MoreThanRequested` for units that
    it does not hold.
    """
    if fulfilment.status not in OPEN or fulfilment.handing_over:
        raise OutOfTurn(f"The fulfilment is {fulfilment.status}; nothing can be withdrawn.")
    _within(fulfilment, units, {line.line_id: line.wanted for line in fulfilment.lines})
    lines = tuple(replace(line, cancelled=line.cancelled + units.get(line.line_id, 0)) for line in fulfilment.lines)
    status = fulfilment.status if any(line.wanted for line in lines) else FulfilmentStatus.CANCELLED
    if status is FulfilmentStatus.READY:
        raise InLocker("Cancel all of it, or give some back once it is collected.")
    return replace(fulfilment, status=status, lines=lines, version=fulfilment.version + 1)


def decline(fulfilment: Fulfilment, units: Mapping[str, int]) -> Fulfilment:
    """The fulfilment without units, by line id, that whoever was asked for them will not ship; `short` when none is left.

    Raises `OutOfTurn` when it left before, or is not asked for, and `MoreThanRequested` for units that it does not hold.
    """
    if fulfilment.status not in ASKED_FOR or fulfilment.handing_over:
        raise OutOfTurn(f"The fulfilment is {fulfilment.status}; nothing of it can be declined.")
    _within(fulfilment, units, {line.line_id: line.wanted for line in fulfilment.lines})
    if all(units.get(line.line_id, 0) == line.wanted for line in fulfilment.lines):
        lines = tuple(replace(line, short=line.wanted) for line in fulfilment.lines)
        return replace(fulfilment, status=FulfilmentStatus.SHORT, lines=lines, version=fulfilment.version + 1)
    lines = tuple(replace(line, cancelled=line.cancelled + units.get(line.line_id, 0)) for line in fulfilment.lines)
    return replace(fulfilment, lines=lines, version=fulfilment.version + 1)


def _within(fulfilment: Fulfilment, given: Mapping[str, int], most: Mapping[str, int]) -> None:
    for line_id, quantity in given.items():
        if not 0 <= quantity <= most.get(line_id, -1):
            raise MoreThanRequested(
                f"Line {line_id} of {fulfilment.id}: {quantity} answered, {most.get(line_id, 0)} requested."
            )
