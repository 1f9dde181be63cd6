"""Returned goods: what can be sold again, and what is written off."""

from collections.abc import Sequence

from chalicelib.core.auth import Principal
from chalicelib.core.table import Transaction
from chalicelib.inventory import store
from chalicelib.inventory.domain import (
    AdjustmentReason,
    MovementKind,
    ReturnedUnits,
    StockLine,
    summed_returns,
)
from chalicelib.inventory.service.change_stock import record_movement


def take_back(tx: Transaction, lines: Sequence[ReturnedUnits], *, reference: str, by: Principal) -> None:
    """Add to the transaction that goods came back, for what the caller calls `reference` (e.g. a return's id).

    Units to `restock` are on hand and available. Those to `write_off` never are: the books say that they came (a movement
    `returned`) and went (a movement `adjusted` for damage). At most three actions per SKU and location, two where nothing
    is written off. The locations exist (`check_location`). At commit `TooManyUnits` beyond `MAX_UNITS`.
    """
    for line in summed_returns(lines):
        if line.restock:
            store.bring_in(tx, StockLine(line.sku, line.location_id, line.restock))
        came = StockLine(line.sku, line.location_id, line.restock + line.write_off)
        record_movement(tx, came, MovementKind.RETURNED, cause=reference, by=by)
        if line.write_off:
            gone = StockLine(line.sku, line.location_id, -line.write_off)
            record_movement(tx, gone, MovementKind.ADJUSTED, reason=AdjustmentReason.DAMAGE, cause=reference, by=by)
