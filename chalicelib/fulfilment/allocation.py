"""The allocation engine: which location ships which units of an order. Pure, deterministic, and it explains itself.

Rules in order; the first that finds a plan decides:

1. `one_location`: the whole order from one location, the one with the best priority.
2. `fewest_locations`: the smallest set of locations that holds everything without splitting a line; among those the one with
   the best priorities. Tried exhaustively up to `Rules.exhaustive` locations.
3. `split_lines`: location by location in order of how much of the rest each can give, then priority; a line is split only now.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

Levels = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Demand:
    """Units of a SKU that an order line asks for."""

    line_id: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Site:
    """A location that may ship; a lower priority number is preferred."""

    id: str
    priority: int


@dataclass(frozen=True, slots=True)
class Rules:
    """What bounds the search."""

    exhaustive: int = 8


@dataclass(frozen=True, slots=True)
class Assignment:
    """Units of a line from a location."""

    line_id: str
    sku: str
    location_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Shortage:
    """A SKU that all locations together cannot give."""

    sku: str
    wanted: int
    left: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a location is in the plan."""

    rule: str
    location_id: str
    units: int
    priority: int

    def as_dict(self) -> dict[str, Any]:
        """As kept on the order."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Plan:
    """The allocation of all lines, or what is short; never both."""

    assignments: tuple[Assignment, ...]
    shortages: tuple[Shortage, ...]
    reasons: tuple[Reason, ...]


def allocate(demands: Sequence[Demand], levels: Levels, sites: Sequence[Site], rules: Rules | None = None) -> Plan:
    """Plan where each line's units come from. `levels` are sellable units by (sku, location).

    Everything is assigned, or nothing is and the short SKUs are named with what is left of them.
    """
    rules = rules or Rules()
    shortages = _shortages(demands, levels, sites)
    if shortages or not demands:
        return Plan((), shortages, ())
    ordered = sorted(sites, key=lambda site: (site.priority, site.id))
    for count in range(1, min(len(ordered), rules.exhaustive) + 1):
        for chosen in combinations(ordered, count):
            assignments = _whole_lines(demands, levels, chosen)
            if assignments is not None:
                return _plan("one_location" if count == 1 else "fewest_locations", assignments, sites)
    return _plan("split_lines", _split(demands, levels, ordered), sites)


def _shortages(demands: Sequence[Demand], levels: Levels, sites: Sequence[Site]) -> tuple[Shortage, ...]:
    wanted: dict[str, int] = {}
    for demand in demands:
        wanted[demand.sku] = wanted.get(demand.sku, 0) + demand.quantity
    left = {sku: sum(levels.get((sku, site.id), 0) for site in sites) for sku in wanted}
    return tuple(Shortage(sku, units, left[sku]) for sku, units in wanted.items() if left[sku] < units)


def _whole_lines(demands: Sequence[Demand], levels: Levels, chosen: Sequence[Site]) -> list[Assignment] | None:
    """Each line whole from the first of `chosen` that still has it, largest lines first; None if that does not work."""
    left = {(demand.sku, site.id): levels.get((demand.sku, site.id), 0) for demand in demands for site in chosen}
    taken: dict[str, str] = {}
    for demand in sorted(demands, key=lambda one: -one.quantity):
        site = next((site for site in chosen if left[demand.sku, site.id] >= demand.quantity), None)
        if site is None:
            return None
        left[demand.sku, site.id] -= demand.quantity
        taken[demand.line_id] = site.id
    return [Assignment(one.line_id, one.sku, taken[one.line_id], one.quantity) for one in demands]


def _split(demands: Sequence[Demand], levels: Levels, ordered: Sequence[Site]) -> list[Assignment]:
    left = {(demand.sku, site.id): levels.get((demand.sku, site.id), 0) for demand in demands for site in ordered}
    open_units = {demand.line_id: demand.quantity for demand in demands}
    assignments: list[Assignment] = []
    remaining = list(ordered)
    while any(open_units.values()):
        best = max(remaining, key=lambda site: _can_give(demands, open_units, left, site.id))
        remaining.remove(best)
        for demand in demands:
            units = min(open_units[demand.line_id], left[demand.sku, best.id])
            if units:
                left[demand.sku, best.id] -= units
                open_units[demand.line_id] -= units
                assignments.append(Assignment(demand.line_id, demand.sku, best.id, units))
    return assignments


def _can_give(
    demands: Sequence[Demand], open_units: Mapping[str, int], left: Mapping[tuple[str, str], int], location: str
) -> int:
    wanted: dict[str, int] = {}
    for demand in demands:
        wanted[demand.sku] = wanted.get(demand.sku, 0) + open_units[demand.line_id]
    return sum(min(units, left[sku, location]) for sku, units in wanted.items())


def _plan(rule: str, assignments: Sequence[Assignment], sites: Sequence[Site]) -> Plan:
    units: dict[str, int] = {}
    for assignment in assignments:
        units[assignment.location_id] = units.get(assignment.location_id, 0) + assignment.quantity
    priorities = {site.id: site.priority for site in sites}
    reasons = tuple(Reason(rule, location, count, priorities[location]) for location, count in units.items())
    return Plan(tuple(assignments), (), reasons)
