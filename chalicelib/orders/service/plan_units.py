"""Which location ships which units of lines, and which of them are still to come."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from chalicelib.fulfilment import service as fulfilment
from chalicelib.inventory import service as inventory
from chalicelib.orders.domain import Line
from chalicelib.orders.service.price_order import Found
from chalicelib.orders.service.sell_lines import Selling


def plan_units(
    lines: Sequence[Line],
    found: Found,
    sites: Sequence[inventory.Location],
    channel: str,
    selling: Selling | None = None,
) -> fulfilment.Plan:
    """The allocation of what the retailer sells of the lines, out of a batch read with `inventory.stock_keys`: units wait only where
    no set of locations has enough."""
    skus = list(dict.fromkeys(line.sku for line in lines))
    ids = [site.id for site in sites]
    choices = [fulfilment.Site(site.id, site.priority) for site in sites]
    demands = [
        fulfilment.Demand(line.id, line.sku, selling.own_units(line.id, line.ordered) if selling else line.ordered)
        for line in lines
    ]
    plan = fulfilment.allocate(demands, inventory.levels(found, skus, ids, channel), choices)
    if not plan.shortages:
        return plan
    short = [one.sku for one in plan.shortages]
    backorders = inventory.backorders(found, short, ids, channel)
    later = {at: fulfilment.Later(one.units, one.days) for at, one in backorders.items()}
    levels = inventory.levels(found, skus, ids, channel)
    return fulfilment.allocate_with_backorders(demands, levels, later, choices)


def waits(plan: fulfilment.Plan) -> bool:
    """Whether any unit of the plan is still to come."""
    return any(one.days is not None for one in plan.assignments)


def with_waiting(lines: Sequence[Line], plan: fulfilment.Plan, today: date) -> tuple[Line, ...]:
    """The lines with the units that wait, and the day by which the last of them is promised."""
    if not waits(plan):
        return tuple(lines)
    units: dict[str, int] = {}
    days: dict[str, int] = {}
    for one in plan.assignments:
        if one.days is not None:
            units[one.line_id] = units.get(one.line_id, 0) + one.quantity
            days[one.line_id] = max(days.get(one.line_id, 0), one.days)
    return tuple(
        replace(line, waiting=units[line.id], promised_on=(today + timedelta(days=days[line.id])).isoformat())
        if line.id in units
        else line
        for line in lines
    )
