"""Allocation of what is still to come: only what no set of locations has is backordered. Pure and deterministic.

What is there ships from where `allocate` says. The units that are missing then, those of the last lines first, wait at the
location that promises them soonest; of equal promises the best priority counts. They are spread over several only where no
location may sell so many.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from chalicelib.fulfilment.allocation import (
    Assignment,
    Demand,
    Levels,
    Plan,
    Reason,
    Rules,
    Shortage,
    Site,
    allocate,
)


@dataclass(frozen=True, slots=True)
class Later:
    """Units that a location may sell before they are there, promised within so many days."""

    units: int
    days: int


Backorders = Mapping[tuple[str, str], Later]


def allocate_with_backorders(
    demands: Sequence[Demand],
    levels: Levels,
    backorders: Backorders,
    sites: Sequence[Site],
    rules: Rules | None = None,
) -> Plan:
    """`allocate`, but what is short waits, as far as `backorders` (by SKU and location) allow.

    Everything is assigned, or nothing is and the short SKUs are named with what could be had of them, now and later.
    """
    plan = allocate(demands, levels, sites, rules)
    if not plan.shortages:
        return plan
    shortages = tuple(
        replace(short, left=possible)
        for short in plan.shortages
        if (possible := short.left + _backorderable(short.sku, backorders, sites)) < short.wanted
    )
    if shortages:
        return Plan((), shortages, ())
    now, later = _divided(demands, plan.shortages)
    shipped = allocate(now, levels, sites, rules)
    waiting = _wait(later, backorders, sites)
    return Plan((*shipped.assignments, *waiting), (), (*shipped.reasons, *_reasons(waiting, sites)))


def _backorderable(sku: str, backorders: Backorders, sites: Sequence[Site]) -> int:
    return sum(later.units for site in sites if (later := backorders.get((sku, site.id))))


def _divided(demands: Sequence[Demand], shortages: Sequence[Shortage]) -> tuple[list[Demand], list[Demand]]:
    """The demands as far as stock goes, the first ones first, and what waits of them."""
    left = {short.sku: short.left for short in shortages}
    now, later = [], []
    for demand in demands:
        there = min(demand.quantity, left.get(demand.sku, demand.quantity))
        if demand.sku in left:
            left[demand.sku] -= there
        now.append(replace(demand, quantity=there))
        later.append(replace(demand, quantity=demand.quantity - there))
    return now, [demand for demand in later if demand.quantity]


def _wait(demands: Sequence[Demand], backorders: Backorders, sites: Sequence[Site]) -> tuple[Assignment, ...]:
    left = {at: later.units for at, later in backorders.items()}
    wanted: dict[str, int] = {}
    for demand in demands:
        wanted[demand.sku] = wanted.get(demand.sku, 0) + demand.quantity
    assignments: list[Assignment] = []
    for demand in demands:
        missing = demand.quantity
        for site in _choices(demand.sku, wanted[demand.sku], backorders, sites):
            units = min(missing, left[demand.sku, site.id])
            if units:
                left[demand.sku, site.id] -= units
                missing -= units
                days = backorders[demand.sku, site.id].days
                assignments.append(Assignment(demand.line_id, demand.sku, site.id, units, days))
    return tuple(assignments)


def _choices(sku: str, wanted: int, backorders: Backorders, sites: Sequence[Site]) -> list[Site]:
    """Where units of the SKU may wait, first choice first: a location that may sell all that is missing, if any may."""
    offering = [site for site in sites if (sku, site.id) in backorders]
    return sorted(
        offering,
        key=lambda site: (
            backorders[sku, site.id].units < wanted,
            backorders[sku, site.id].days,
            site.priority,
            site.id,
        ),
    )


def _reasons(waiting: Sequence[Assignment], sites: Sequence[Site]) -> tuple[Reason, ...]:
    units: dict[str, int] = {}
    for one in waiting:
        units[one.location_id] = units.get(one.location_id, 0) + one.quantity
    ordered = sorted(sites, key=lambda site: (site.priority, site.id))
    return tuple(Reason("backordered", site.id, units[site.id], site.priority) for site in ordered if site.id in units)
