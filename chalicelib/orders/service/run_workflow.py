"""Starting place-order, and starting it again."""

from collections.abc import Callable

from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import NotFound
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.ids import new_ulid
from chalicelib.core.table import Transaction
from chalicelib.orders import gateways, store
from chalicelib.orders.domain import Decision, Order


def start_workflow(order_id: str, version: int) -> None:
    """Start place-order for an order that was just placed; the same order and version start it once.

    Execution names are free again after 90 days, so an order that was decided is not started at all.
    """
    order = store.get(order_id, consistent=True)
    if order is not None and order.decision is Decision.PENDING:
        gateways.start_place_order(order_id, f"{order_id}-v{version}")


def resume_workflow(order_id: str, *, by: Principal, once: Idempotency, answer: Callable[[Order], Answer]) -> Answer:
    """Run place-order again for an order whose execution was stopped. Every task finds what was done before."""
    by.require(Role.ADMIN)
    order = store.get(order_id, consistent=True)
    if order is None:
        raise NotFound(f"There is no order {order_id}.")
    final = answer(order)
    tx = Transaction()
    once.record(tx, final)
    gateways.start_place_order(order_id, f"{order_id}-r{once.fingerprint[:8]}-{new_ulid()}")
    tx.commit()
    return final
