"""Stock that somebody else counts: a supplier says how many units it has, and is believed."""

from chalicelib.core.auth import Principal
from chalicelib.core.ids import new_id
from chalicelib.core.table import Transaction, find_many
from chalicelib.inventory import events, store
from chalicelib.inventory.domain import Count, Movement, MovementKind, StockLine
from chalicelib.inventory.service.change_stock import record_movement
from chalicelib.inventory.service.split_stock import change_count, line_keys


def restate_stock(
    tx: Transaction, location_id: str, sku: str, on_hand: int, *, cause: str, by: Principal
) -> Movement | None:
    """Add to the transaction that a location has `on_hand` units, those reserved and not yet shipped among them.

    What is reserved stays: when fewer are told of, so many remain on hand as are promised, and none is available. Returns None,
    and adds nothing, when that is what is known already. Reads the stock; at commit `CountOutdated` when it moved meanwhile:
    the caller does it again. The location exists. `cause` is recorded with the movement.
    """
    line = StockLine(sku, location_id, 0)
    found = find_many(line_keys([line]), consistent=True)
    now = store.in_batch(found, sku, location_id)
    kept = now.on_hand - max(0, now.available)
    target = max(on_hand, kept)
    if target == now.on_hand:
        return None
    change_count(tx, location_id, Count(sku, now.on_hand, target), found)
    changed = StockLine(sku, location_id, target - now.on_hand)
    movement = record_movement(tx, changed, MovementKind.COUNTED, cause=cause, by=by)
    events.stock_changed(tx, "StockCounted", new_id("cnt"), [movement], by)
    return movement
