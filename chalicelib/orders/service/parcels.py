"""From an allocation to the fulfilments that carry it out."""

from collections.abc import Sequence
from itertools import groupby

from chalicelib.fulfilment.service import FulfilmentLine
from chalicelib.orders.domain import MAX_FULFILMENT_LINES, Allocation, Order


def parcels(order: Order, allocations: Sequence[Allocation]) -> list[tuple[str, Sequence[FulfilmentLine]]]:
    """The allocation as parcels: by location, each small enough that shipping it is one transaction."""
    skus = {line.id: line.sku for line in order.lines}
    by_location = sorted(allocations, key=_location)
    return [
        (location_id, [FulfilmentLine(a.line_id, skus[a.line_id], a.quantity) for a in chunk])
        for location_id, group in groupby(by_location, key=_location)
        for chunk in _chunks(list(group))
    ]


def _location(allocation: Allocation) -> str:
    return allocation.location_id


def _chunks(allocations: list[Allocation]) -> list[list[Allocation]]:
    starts = range(0, len(allocations), MAX_FULFILMENT_LINES)
    return [allocations[start : start + MAX_FULFILMENT_LINES] for start in starts]
