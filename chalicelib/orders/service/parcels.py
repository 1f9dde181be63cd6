"""From an allocation to the fulfilments that carry it out."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from chalicelib.fulfilment.service import FulfilmentLine, Parcel
from chalicelib.orders.domain import MAX_FULFILMENT_LINES, Allocation, Order


def parcels(order: Order, allocations: Sequence[Allocation]) -> list[Parcel]:
    """The allocation as parcels: by location, each small enough that shipping it is one transaction.

    What waits is a parcel for each SKU, so that no SKU waits for another.
    """
    lines = {line.id: line for line in order.lines}

    def belongs(one: Allocation) -> tuple[bool, str, str]:
        return one.waits, one.location_id, lines[one.line_id].sku if one.waits else ""

    return [
        Parcel(
            location_id,
            tuple(FulfilmentLine(one.line_id, lines[one.line_id].sku, one.quantity, terms=one.terms) for one in chunk),
            max(lines[one.line_id].promised_on or "" for one in chunk) if waits else None,
        )
        for (waits, location_id, _), group in groupby(sorted(allocations, key=belongs), key=belongs)
        for chunk in _chunks(list(group))
    ]


def pickup_of(order: Order) -> dict[str, Any] | None:
    """What fulfilments of an order that is collected have to know of that."""
    if order.pickup is None:
        return None
    return {name: order.pickup[name] for name in ("site_id", "within_reach")}


def _chunks(allocations: list[Allocation]) -> list[list[Allocation]]:
    starts = range(0, len(allocations), MAX_FULFILMENT_LINES)
    return [allocations[start : start + MAX_FULFILMENT_LINES] for start in starts]
