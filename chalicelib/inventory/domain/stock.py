"""How much there is, how much is promised, and the units that commands speak of.

At every location `on_hand = available + reserved`. Units on hand and reserved are at least zero. `available` falls below zero,
as far as the line's backorder limit, when units are sold that are still to come; of the reserved ones `waiting` wait for them.
The others are always on hand, for nobody can reserve, promise or take out what the waiting ones need: `reserved - waiting <=
on_hand`. The conditions that keep it so are in `store/stock.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.core.errors import AisleError, Conflict, RuleBroken

MAX_UNITS = 1_000_000_000
"""Units of one SKU at one location."""

MAX_LINES = 40
"""Lines of one stock command: each is a counter and a movement, and 100 actions fit into a transaction."""


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


class NotOnHand(Conflict):
    """Reserved units shall be shipped that are still to come."""

    code = "not_on_hand"
    title = "These units are not there yet"


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


class TooManyUnits(RuleBroken):
    code = "too_many_units"
    title = "More units than one location can hold"


@dataclass(frozen=True, slots=True)
class StockPolicy:
    """How a SKU is sold at a location: units kept back, by channel, and how many may be sold before they are there.

    Who buys those is promised them within `backorder_days`. The counters are split into so many `shards` (1: not at all).
    `version` counts its changes, not those of the counters.
    """

    safety: Mapping[str, int] = field(default_factory=dict)
    backorder_limit: int = 0
    backorder_days: int = 0
    version: int = 0
    shards: int = 1


@dataclass(frozen=True, slots=True)
class Backorder:
    """Units that may be sold before they are there, promised within so many days."""

    units: int
    days: int


@dataclass(frozen=True, slots=True)
class Stock:
    """Counters of a SKU at a location: on_hand = available + reserved. Of the reserved units `waiting` wait for stock.

    They lie in so many `rows`: `domain/shards.py`.
    """

    sku: str
    location_id: str
    on_hand: int = 0
    available: int = 0
    reserved: int = 0
    waiting: int = 0
    policy: StockPolicy = StockPolicy()
    version: int = 0
    rows: int = 1

    def sellable(self, channel: str) -> int:
        """Units that are there and that this channel may still promise."""
        return max(0, self._beyond_safety(channel))

    def backorderable(self, channel: str) -> int:
        """Units that this channel may promise on top, before they are there."""
        return max(0, self.policy.backorder_limit + min(0, self._beyond_safety(channel)))

    @property
    def uncommitted(self) -> int:
        """Units on hand that nobody who is being served needs: those that wait can have them."""
        return self.available + self.waiting

    def _beyond_safety(self, channel: str) -> int:
        return self.available - self.policy.safety.get(channel, 0)


@dataclass(frozen=True, slots=True)
class StockLine:
    """Units of a SKU at a location; of a reservation's, `waiting` are not there yet."""

    sku: str
    location_id: str
    quantity: int
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class ReturnedUnits:
    """Goods that came back: so many can be sold again, so many are written off."""

    sku: str
    location_id: str
    restock: int
    write_off: int


@dataclass(frozen=True, slots=True)
class Move:
    """Reserved units that another location shall ship instead, which has them; `waited` if the first had not."""

    sku: str
    from_location: str
    to_location: str
    quantity: int
    waited: bool = False


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


def summed(lines: Iterable[StockLine]) -> list[StockLine]:
    """The lines with one entry per SKU and location (a transaction may touch an item once), without those of no units."""
    units: dict[tuple[str, str], tuple[int, int]] = {}
    for line in lines:
        at = (line.sku, line.location_id)
        quantity, waiting = units.get(at, (0, 0))
        units[at] = (quantity + line.quantity, waiting + line.waiting)
    return [StockLine(sku, location_id, *counts) for (sku, location_id), counts in units.items() if counts[0]]


def summed_settlements(settlements: Iterable[Settlement]) -> list[Settlement]:
    """The settlements with one entry per SKU and location."""
    units: dict[tuple[str, str], tuple[int, int]] = {}
    for one in settlements:
        shipped, short = units.get((one.sku, one.location_id), (0, 0))
        units[one.sku, one.location_id] = (shipped + one.shipped, short + one.short)
    return [Settlement(sku, location_id, *counts) for (sku, location_id), counts in units.items() if any(counts)]


def summed_returns(returned: Iterable[ReturnedUnits]) -> list[ReturnedUnits]:
    """The returned units with one entry per SKU and location, without those of no units."""
    units: dict[tuple[str, str], tuple[int, int]] = {}
    for one in returned:
        restock, write_off = units.get((one.sku, one.location_id), (0, 0))
        units[one.sku, one.location_id] = (restock + one.restock, write_off + one.write_off)
    return [ReturnedUnits(sku, location_id, *counts) for (sku, location_id), counts in units.items() if any(counts)]


def net_of_moves(moves: Iterable[Move]) -> list[StockLine]:
    """By how much the reserved units of each SKU and location change; what moves on cancels out."""
    return summed(
        line
        for move in moves
        for line in (
            StockLine(move.sku, move.from_location, -move.quantity, -move.quantity if move.waited else 0),
            StockLine(move.sku, move.to_location, move.quantity),
        )
    )
