"""What returns add to their transactions: units that came back for good."""

from collections.abc import Mapping

from chalicelib.core.errors import NotFound
from chalicelib.core.table import Transaction
from chalicelib.orders import domain, store
from chalicelib.orders.domain import Order


def find_order(order_id: str) -> Order:
    """The order as it is now. For other contexts, which decide themselves who may see it. Raises `NotFound`."""
    order = store.get(order_id, consistent=True)
    if order is None:
        raise NotFound(f"There is no order {order_id}.")
    return order


def record_returned(tx: Transaction, order: Order, units: Mapping[str, int]) -> Order:
    """Add to the transaction that units by line id came back for good. `Stale` at commit when the order changed since.

    Raises ValueError beyond what was shipped and has not come back. With no units it only holds the order to its version.
    """
    after = domain.take_back(order, units)
    store.change(tx, after)
    return after
