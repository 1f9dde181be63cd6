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


def settle(tx: Transaction, lines: Sequence[Settlement], *, reference: str, by: Principal) -> None:
    """Add to the transaction that reserved units left (`shipped`) or could not be found (`short`).

    On hand and reserved go down, with a movement for each of the two: two actions per SKU and location, three where some
    are short. At commit `ReservedTooLow` when fewer are reserved: they were settled before; `NotOnHand` when they are still
    to come.
    """
    for line in summed_settlements(lines):
        store.settle(tx, line)
        for kind, units in ((MovementKind.SHIPPED, line.shipped), (MovementKind.SHORT, line.short)):
            if units:
                entry = StockLine(line.sku, line.location_id, -units)
                record_movement(tx, entry, kind, cause=reference, by=by)


def move_reserved(tx: Transaction, moves: Sequence[Move]) -> None:
    """Add to the transaction that other locations hold reserved units: available at the old ones, reserved at the new.

    An action per SKU and location whose reserved units change in the end. At commit `ReservedTooLow` or `StockTooLow`.
    """
    for line in net_of_moves(moves):
        if line.quantity > 0:
            # Safety stock is kept back from selling; these units are sold already.
            store.promise(tx, line, channel=None, safety=0)
        else:
            store.free(tx, replace(line, quantity=-line.quantity, waiting=-line.waiting))


def promise_more(tx: Transaction, lines: Sequence[StockLine]) -> None:
    """Add to the transaction that further units are reserved for an order whose reservation is committed, in place of some
    that could not be found: an action per SKU and location. At commit `StockTooLow`."""
    for line in summed(lines):
        store.promise(tx, line, channel=None, safety=0)
