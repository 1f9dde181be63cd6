"""Events of orders. Their data is versioned: a field is added, never changed in meaning."""

from chalicelib.core import outbox
from chalicelib.core.auth import Principal
from chalicelib.core.outbox import Aggregate
from chalicelib.core.table import Transaction
from chalicelib.orders.domain import Order
from chalicelib.orders.store import order_pk

SOURCE = "orders"


def order_placed(tx: Transaction, order: Order, by: Principal) -> None:
    """Stock is reserved, payment is not yet asked for."""
    lines = [[line.sku, line.ordered] for line in order.lines]
    _publish(tx, "OrderPlaced", order, by, {"channel": order.channel, "customer_id": order.customer_id, "lines": lines})


def order_confirmed(tx: Transaction, order: Order, by: Principal) -> None:
    """Paid for and allocated; its fulfilments go out now."""
    fulfilments = [{"id": note.id, "location_id": note.location_id} for note in order.fulfilments]
    _publish(tx, "OrderConfirmed", order, by, {"fulfilments": fulfilments})


def order_refused(tx: Transaction, order: Order, by: Principal) -> None:
    """Nothing is charged, the stock is free again."""
    _publish(tx, "OrderRefused", order, by, {"reason": order.refusal})


def _publish(tx: Transaction, type: str, order: Order, by: Principal, data: dict[str, object]) -> None:
    total = {"amount": order.total.amount, "currency": order.currency}
    outbox.publish(
        tx,
        pk=order_pk(order.id),
        source=SOURCE,
        type=type,
        aggregate=Aggregate("order", order.id, order.version),
        by=by,
        data={"total": total, **data},
    )
