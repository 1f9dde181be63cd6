"""Units that were sold before they were there: when they come, those who wait get them in the order of their orders.

Nobody overtakes them: what is there can be reserved only beyond all that is reserved already, theirs among it. So nothing is
urgent here. The events of stock make it quick, the schedule makes it sure: it also finds what cancelled orders left.
"""

from collections.abc import Iterable
from time import monotonic

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Stale
from chalicelib.core.table import Transaction, find_many
from chalicelib.fulfilment import service as fulfilment
from chalicelib.inventory import service as inventory
from chalicelib.inventory.service import StockLine
from chalicelib.orders import domain, store
from chalicelib.orders.service.notes import note_of

_ATTEMPTS = 8
_LINES_AT_ONCE = 100
"""One batch read."""


def serve_all_waiting(by: Principal, *, within: float) -> dict[str, int]:
    """Serve whoever waits for stock that is there, for at most `within` seconds; safe to run twice and at once.

    Returns how many fulfilments were `served`, are past the day they were promised for (`overdue`), how many lines `failed`
    (and are tried again next time), and are `left` for want of time.
    """
    today = clock.now().date().isoformat()
    lines: dict[tuple[str, str], None] = {}
    overdue = 0
    for place in fulfilment.all_in_line():
        lines[place.sku, place.location_id] = None
        overdue += place.promised_on < today
    outcome = serve_waiting(lines, by, within=within)
    if overdue:
        observability.count("BackordersOverdue", overdue)
    return {**outcome, "overdue": overdue}


def serve_waiting(lines: Iterable[tuple[str, str]], by: Principal, *, within: float) -> dict[str, int]:
    """Serve those who wait for these SKUs at these locations, as far as stock goes; see `serve_all_waiting`."""
    until = monotonic() + within
    outcome = {"served": 0, "failed": 0, "left": 0}
    for sku, location_id in _with_stock(list(dict.fromkeys(lines))):
        if monotonic() >= until:
            outcome["left"] += 1
            continue
        try:
            outcome["served"] += _serve_line(sku, location_id, by)
        except Exception:
            # One line that cannot be served must not keep the others from it.
            observability.log.exception("who waits was not served", sku=sku, location_id=location_id)
            outcome["failed"] += 1
    if outcome["served"]:
        observability.count("BackordersServed", outcome["served"])
    return outcome


def _with_stock(lines: list[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    for start in range(0, len(lines), _LINES_AT_ONCE):
        chunk = lines[start : start + _LINES_AT_ONCE]
        keys = [key for sku, location_id in chunk for key in inventory.stock_keys([sku], [location_id])]
        found = find_many(keys, consistent=True)
        yield from (at for at in chunk if inventory.uncommitted(found, *at) > 0)


def _serve_line(sku: str, location_id: str, by: Principal) -> int:
    """The first in line is served first; who cannot be is waited for, however little the next one wants."""
    served = 0
    for place in fulfilment.in_line(sku, location_id):
        if not _serve(place, by):
            break
        served += 1
    return served


def _serve(place: fulfilment.Place, by: Principal) -> bool:
    """Whether the next in line may be served: False while there is not enough for this one."""
    order_id, _ = fulfilment.order_of(place.fulfilment_id)
    stock = inventory.stock_keys([place.sku], [place.location_id])
    for _ in range(_ATTEMPTS):
        found = find_many([fulfilment.key_of(place.fulfilment_id), store.order_key(order_id), *stock], consistent=True)
        part, order = fulfilment.in_batch(found, place.fulfilment_id), store.in_batch(found, order_id)
        if part is None or order is None or part.status is not fulfilment.FulfilmentStatus.WAITING:
            # The index is behind.
            return True
        units = {line.line_id: line.wanted for line in part.lines}
        wanted = sum(units.values())
        if inventory.uncommitted(found, place.sku, place.location_id) < wanted:
            return False
        tx = Transaction()
        served = fulfilment.serve(tx, part, by)
        inventory.serve(tx, [StockLine(place.sku, place.location_id, wanted)], found=found)
        store.change(tx, domain.serve(order, note_of(served), units))
        try:
            tx.commit()
        except (Stale, inventory.StockTooLow):
            continue
        return True
    raise Stale(f"Stock of {place.sku} at {place.location_id} kept changing.")
