"""Units that were sold before they were there: what came in goes to them first."""

from collections.abc import Iterable, Mapping

from chalicelib.core.table import Item, Transaction
from chalicelib.inventory import store
from chalicelib.inventory.domain import StockLine


def uncommitted(found: Mapping[tuple[str, str], Item], sku: str, location_id: str) -> int:
    """Units on hand that who waits for the SKU at the location can have, out of a batch read with `stock_keys`."""
    return store.in_batch(found, sku, location_id).uncommitted


def serve(tx: Transaction, lines: Iterable[StockLine], *, found: Mapping[tuple[str, str], Item]) -> None:
    """Add to the transaction that waiting units of the lines are there: an action per line; a SKU and location once.

    `found` is a batch read with `stock_keys`. At commit `StockTooLow` when others were quicker: read again.
    """
    for line in lines:
        store.serve(tx, line, store.in_batch(found, line.sku, line.location_id))
