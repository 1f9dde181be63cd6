"""What becomes of reserved units: they leave, cannot be found, or another location ships them."""

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.core.auth import Principal
from chalicelib.core.table import Transaction
from chalicelib.inventory import store
from chalicelib.inventory.domain import (
    Move,
    MovementKind,
    Settlement,
    StockLine,
    net_of_moves,
    summed,
    summed_settlements,
)
from chalicelib.inventory.service.change_stock import record_movement
from chalicelib.inventory.service.reserve_stock import put_back
from chalicelib.inventory.service.split_stock import read_split, to_give_up, to_promise


def settle(tx: Transaction, lines: Sequence[Settlement], *, reference: str, by: Principal) -> None:
    """Add to the transaction that reserved units left (`shipped`) or could not be found (`short`).

    On hand and reserved go down, with a movement for each of the two: two actions per SKU and location, three where some
    are short. At commit `ReservedTooLow` when fewer are reserved: they were settled before; `NotOnHand` when they are still
    to come; `StockMoved` when a split line is to be read again.
    """
    together = summed_settlements(lines)
    found = read_split(_units(line) for line in together)
    for line in together:
        for row, part in to_give_up(found, _units(line), reference):
            store.settle(tx, part, row)
        for kind, units in ((MovementKind.SHIPPED, line.shipped), (MovementKind.SHORT, line.short)):
            if units:
                entry = StockLine(line.sku, line.location_id, -units)
                record_movement(tx, entry, kind, cause=reference, by=by)


def _units(line: Settlement) -> StockLine:
    return StockLine(line.sku, line.location_id, line.shipped + line.short)


def move_reserved(tx: Transaction, moves: Sequence[Move], *, of: str) -> None:
    """Add to the transaction that other locations hold units reserved for `of`: available at the old, reserved at the new.

    An action per SKU and location whose reserved units change in the end. At commit `ReservedTooLow`, `StockTooLow`, or
    `StockMoved` when a split line is to be read again.
    """
    net = net_of_moves(moves)
    promise_more(tx, [line for line in net if line.quantity > 0], of=of)
    freed = [replace(line, quantity=-line.quantity, waiting=-line.waiting) for line in net if line.quantity < 0]
    put_back(tx, freed, of=of)


def promise_more(tx: Transaction, lines: Sequence[StockLine], *, of: str) -> None:
    """Add to the transaction that further units are reserved for `of`, whose reservation is committed, in place of some that
    could not be found: an action per SKU and location. At commit `StockTooLow` or `StockMoved`, like `put_back`."""
    together = summed(lines)
    found = read_split(together)
    for line in together:
        # Safety stock is kept back from selling; these units are sold already.
        for one in to_promise(found, line, None, of):
            store.promise(tx, one.line, channel=None, safety=0, row=one.row)
