"""Stock and what moves it. Pure values and rules.

At every location `on_hand = available + reserved`, each at least zero; the conditions that keep it so are in `store/stock.py`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import AisleError, Conflict, Fault, NotFound, RuleBroken

MAX_UNITS = 1_000_000_000
"""Units of one SKU at one location."""

MAX_LINES = 40
"""Lines of one stock command: each is a counter and a movement, and 100 actions fit into a transaction."""

MAX_TRANSFER_LINES = 30
"""Lines of one transfer: each is a counter and up to two movements when it arrives."""

MAX_SOURCES = 8
"""Locations that one order is sourced from; bounds what placing an order reads."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def is_name(text: str) -> bool:
    """Whether a SKU, location, reservation or transfer could be called so; nothing else is looked up."""
    return _NAME.fullmatch(text) is not None


class LocationType(StrEnum):
    """What kind of place holds stock."""

    WAREHOUSE = "warehouse"
    STORE = "store"
    LOCKER_SITE = "locker_site"


class LocationStatus(StrEnum):
    """Orders are sourced from active locations. A paused one still counts, receives and ships what it holds."""

    ACTIVE = "active"
    PAUSED = "paused"


class MovementKind(StrEnum):
    """Why on-hand stock changed. `transfer_discrepancy`: what arrived differs from what was sent."""

    RECEIVED = "received"
    SHIPPED = "shipped"
    SHORT = "short"
    ADJUSTED = "adjusted"
    COUNTED = "counted"
    TRANSFER_OUT = "transfer_out"
    TRANSFER_IN = "transfer_in"
    TRANSFER_DISCREPANCY = "transfer_discrepancy"
    TRANSFER_CANCELLED = "transfer_cancelled"


class AdjustmentReason(StrEnum):
    """Why a person corrects stock."""

    DAMAGE = "damage"
    EXPIRED = "expired"
    LOST = "lost"
    THEFT = "theft"
    SAMPLE = "sample"
    WRITE_OFF = "write_off"
    FOUND = "found"
    CORRECTION = "correction"


_UP = frozenset({AdjustmentReason.FOUND})
_EITHER = frozenset({AdjustmentReason.CORRECTION})


class ReservationState(StrEnum):
    """`open` expires; `committed` is bound to an order that is paid for; the others hold nothing any more."""

    OPEN = "open"
    COMMITTED = "committed"
    RELEASED = "released"
    EXPIRED = "expired"


class StockTooLow(Conflict):
    """Units that cannot be had; `shortages` names each SKU with what was wanted and what is left to sell."""

    code = "stock_too_low"
    title = "Not enough stock"

    @classmethod
    def of(cls, shortages: Sequence[Mapping[str, Any]]) -> "StockTooLow":
        """The error for these shortages."""
        words = ", ".join(f"{short['sku']}: {short['wanted']} wanted, {short['left']} left" for short in shortages)
        return cls(words, shortages=list(shortages))

    @classmethod
    def combine(cls, errors: Sequence[AisleError]) -> AisleError:
        return cls.of([short for error in errors for short in error.members["shortages"]])


class ReservedTooLow(Conflict):
    """Fewer units are reserved than shall be shipped, moved or freed: they were settled before."""

    code = "reserved_too_low"
    title = "These units are not reserved any more"


class CountOutdated(Conflict):
    """Stock moved while it was counted; `counts` says for each SKU what is on hand and reserved now."""

    code = "count_outdated"
    title = "The stock changed since it was counted"

    @classmethod
    def of(cls, counts: Sequence[Mapping[str, Any]]) -> "CountOutdated":
        """The error for these SKUs, each with `expected_on_hand`, `on_hand` and `reserved`."""
        words = ", ".join(f"{one['sku']}: {one['on_hand']} on hand, {one['reserved']} reserved" for one in counts)
        return cls(words, counts=list(counts))

    @classmethod
    def combine(cls, errors: Sequence[AisleError]) -> AisleError:
        return cls.of([one for error in errors for one in error.members["counts"]])


class CountBelowReserved(CountOutdated):
    """Fewer are there than are promised: ship those orders short, or release them, before counting again."""

    code = "count_below_reserved"
    title = "Fewer were counted than are reserved"


class ReservationLost(Conflict):
    code = "reservation_lost"
    title = "The reservation has expired or was released"


class AlreadySettled(Conflict):
    code = "reservation_settled"
    title = "The reservation holds nothing any more"


class TransferSettled(Conflict):
    code = "transfer_settled"
    title = "The transfer was received or cancelled before"


class NotInTransfer(RuleBroken):
    code = "not_in_transfer"
    title = "The transfer does not hold these SKUs"


class SameLocation(RuleBroken):
    code = "same_location"
    title = "A transfer needs two locations"


class TooManyUnits(RuleBroken):
    code = "too_many_units"
    title = "More units than one location can hold"


class NothingToDo(RuleBroken):
    code = "nothing_to_do"
    title = "The lines change nothing"


class WrongDirection(RuleBroken):
    code = "wrong_direction"
    title = "The reason does not go with the sign"


class LocationUnknown(RuleBroken):
    code = "location_unknown"
    title = "There is no such location"

    @classmethod
    def at(cls, pointer: str, location_id: str) -> "LocationUnknown":
        """The error of a request that names it at `pointer`."""
        return cls(f"There is no location {location_id}.", faults=[Fault(pointer, cls.code, "Create it first.")])


@dataclass(frozen=True, slots=True)
class Location:
    """A place that holds stock. It is never removed: a closed one is paused.

    A lower priority number is preferred when orders are allocated. Orders after `cutoff` (`HH:MM`, UTC) leave the next day.
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

    def serves(self, channel: str) -> bool:
        """Whether orders of this channel may be shipped from here."""
        return self.status is LocationStatus.ACTIVE and channel in self.channels


def sources(locations: Iterable[Location], channel: str) -> tuple[Location, ...]:
    """Where orders of the channel are sourced from, first choice first, at most `MAX_SOURCES`."""
    serving = sorted((one for one in locations if one.serves(channel)), key=lambda one: (one.priority, one.id))
    return tuple(serving[:MAX_SOURCES])


@dataclass(frozen=True, slots=True)
class Stock:
    """Counters of a SKU at a location: on_hand = available + reserved. `safety` is kept back, by channel."""

    sku: str
    location_id: str
    on_hand: int = 0
    available: int = 0
    reserved: int = 0
    safety: Mapping[str, int] = field(default_factory=dict)
    version: int = 0

    def sellable(self, channel: str) -> int:
        """Units that this channel may still promise."""
        return max(0, self.available - self.safety.get(channel, 0))


@dataclass(frozen=True, slots=True)
class StockLine:
    """Units of a SKU at a location."""

    sku: str
    location_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Move:
    """Reserved units that another location shall ship instead."""

    sku: str
    from_location: str
    to_location: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Count:
    """A SKU as counted, with the units on hand that the counter was told of."""

    sku: str
    expected_on_hand: int
    counted: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of reserved units: so many left, so many could not be found."""

    sku: str
    location_id: str
    shipped: int
    short: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """Units held for an owner. `lines` are summed per SKU and location."""

    id: str
    state: ReservationState
    lines: tuple[StockLine, ...]
    channel: str
    owner: str
    expires_at: datetime
    version: int = 1

    @property
    def holds_stock(self) -> bool:
        """Whether its units are still reserved."""
        return self.state in (ReservationState.OPEN, ReservationState.COMMITTED)


@dataclass(frozen=True, slots=True)
class Movement:
    """One change of on-hand stock; never altered.

    `cause` is the id of the command, transfer or parcel behind it, `reference` what the caller calls that.
    """

    id: str
    sku: str
    location_id: str
    kind: MovementKind
    quantity: int
    reason: str | None
    cause: str
    reference: str | None
    actor: Mapping[str, str]
    at: str


def summed(lines: Iterable[StockLine]) -> list[StockLine]:
    """The lines with one entry per SKU and location (a transaction may touch an item once), without those of no units."""
    units: dict[tuple[str, str], int] = {}
    for line in lines:
        at = (line.sku, line.location_id)
        units[at] = units.get(at, 0) + line.quantity
    return [StockLine(sku, location_id, quantity) for (sku, location_id), quantity in units.items() if quantity]


def summed_settlements(settlements: Iterable[Settlement]) -> list[Settlement]:
    """The settlements with one entry per SKU and location."""
    units: dict[tuple[str, str], tuple[int, int]] = {}
    for one in settlements:
        shipped, short = units.get((one.sku, one.location_id), (0, 0))
        units[one.sku, one.location_id] = (shipped + one.shipped, short + one.short)
    return [Settlement(sku, location_id, *counts) for (sku, location_id), counts in units.items() if any(counts)]


def net_of_moves(moves: Iterable[Move]) -> list[StockLine]:
    """By how much the reserved units of each SKU and location change; what moves on cancels out."""
    return summed(
        line
        for move in moves
        for line in (
            StockLine(move.sku, move.from_location, -move.quantity),
            StockLine(move.sku, move.to_location, move.quantity),
        )
    )


def check_direction(reason: AdjustmentReason, quantities: Iterable[int]) -> None:
    """What was found adds, losses take, corrections do either. Raises `WrongDirection` that names the lines."""
    if reason in _EITHER:
        return
    sign, word = (1, "above") if reason in _UP else (-1, "below")
    faults = [
        Fault(f"/lines/{index}/quantity", WrongDirection.code, f"{reason} needs a quantity {word} zero.")
        for index, quantity in enumerate(quantities)
        if quantity * sign < 0
    ]
    if faults:
        raise WrongDirection(faults[0].detail, faults=faults)


def hold_owner(by: Principal) -> str:
    """How a reservation made through the API names whose it is."""
    return f"{by.kind}:{by.id}"


def check_own_hold(reservation: Reservation, by: Principal) -> None:
    """A hold is read and given back by who made it and by administrators; what is held for an order belongs to the order.

    Raises `NotFound` for another's, as for one that never was.
    """
    made_through_api = reservation.owner.partition(":")[0] in {"user", "machine"}
    if not made_through_api or not (reservation.owner == hold_owner(by) or by.may(Role.ADMIN)):
        raise NotFound(f"There is no reservation {reservation.id}.")


# ---- transfers ----------------------------------------------------------------------------------------------------------


class TransferStatus(StrEnum):
    """`in_transit` until all of it arrived or was written off, or it is called back."""

    IN_TRANSIT = "in_transit"
    RECEIVED = "received"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class TransferLine:
    """Units of a SKU: how many were `sent`, have `arrived`, and are `missing` for good (negative: more came than was sent)."""

    sku: str
    sent: int
    arrived: int = 0
    missing: int = 0

    @property
    def outstanding(self) -> int:
        """Units still on their way."""
        return self.sent - self.arrived - self.missing


@dataclass(frozen=True, slots=True)
class Transfer:
    """Goods on their way from one location to another; until they arrive they are at neither."""

    id: str
    from_location: str
    to_location: str
    status: TransferStatus
    lines: tuple[TransferLine, ...]
    reference: str | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Arrival:
    """What one receipt books for a SKU: `landed` units end their way, `discrepancy` of them are not there (< 0) or extra."""

    sku: str
    landed: int
    discrepancy: int

    @property
    def came(self) -> int:
        """Units that are there."""
        return self.landed + self.discrepancy


def arrive(transfer: Transfer, units: Mapping[str, int], *, complete: bool) -> tuple[Transfer, list[Arrival]]:
    """The transfer after `units` (by SKU) arrived, and what to book.

    What came beyond the units on their way is booked as a discrepancy; with `complete` no more will come, so what is
    missing is booked too. Raises `TransferSettled` when nothing is on its way, `NotInTransfer` for foreign SKUs,
    `NothingToDo` when nothing came and more is awaited.
    """
    _check_in_transit(transfer)
    foreign = sorted(units.keys() - {line.sku for line in transfer.lines})
    if foreign:
        raise NotInTransfer(f"Transfer {transfer.id} holds no {', '.join(foreign)}.", skus=foreign)
    lines: list[TransferLine] = []
    arrivals: list[Arrival] = []
    for line in transfer.lines:
        came = units.get(line.sku, 0)
        landed = line.outstanding if complete else min(came, line.outstanding)
        if landed or came:
            arrivals.append(Arrival(line.sku, landed, came - landed))
        lines.append(replace(line, arrived=line.arrived + came, missing=line.missing + landed - came))
    if not arrivals:
        raise NothingToDo("No unit arrived.")
    on_the_way = any(line.outstanding for line in lines)
    status = TransferStatus.IN_TRANSIT if on_the_way else TransferStatus.RECEIVED
    return replace(transfer, lines=tuple(lines), status=status, version=transfer.version + 1), arrivals


def call_back(transfer: Transfer) -> tuple[Transfer, list[StockLine]]:
    """The transfer, cancelled, and the units that return to where they came from. Raises `TransferSettled`."""
    _check_in_transit(transfer)
    back = [
        StockLine(line.sku, transfer.from_location, line.outstanding) for line in transfer.lines if line.outstanding
    ]
    return replace(transfer, status=TransferStatus.CANCELLED, version=transfer.version + 1), back


def _check_in_transit(transfer: Transfer) -> None:
    if transfer.status is not TransferStatus.IN_TRANSIT:
        raise TransferSettled(f"Transfer {transfer.id} is {transfer.status}.")
