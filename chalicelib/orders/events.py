"""Events of orders. Their data is versioned: a field is added, never changed in meaning."""

from collections.abc import Sequence

from chalicelib.core import outbox
from chalicelib.core.auth import Principal
from chalicelib.core.outbox import Aggregate
from chalicelib.core.table import Transaction
from chalicelib.orders.domain import Cancellation, Order, Status
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


def order_cancelled(tx: Transaction, order: Order, cancellation: Cancellation, by: Principal) -> None:
    """Units are called off; `whole` when nothing of the order is left."""
    data = {
        "cancellation_id": cancellation.id,
        "reason": cancellation.reason,
        "whole": order.status is Status.CANCELLED,
        "amount": cancellation.amount,
        "units": sum(units for _, _, units in cancellation.lines),
        "fulfilments": list(cancellation.recalled),
    }
    _publish(tx, "OrderCancelled", order, by, data)


def units_missing(tx: Transaction, order: Order, fulfilment_id: str, by: Principal, reason: str = "not_found") -> None:
    """A location could not find, or a supplier declined, units that the order asked for; they have no location now."""
    missing = [[line.id, line.sku, line.unassigned] for line in order.lines if line.unassigned]
    _publish(tx, "OrderUnitsMissing", order, by, {"fulfilment_id": fulfilment_id, "lines": missing, "reason": reason})


def order_reassigned(
    tx: Transaction, order: Order, fulfilments: Sequence[str], by: Principal, left: str | None = None
) -> None:
    """These fulfilments were made for units that had no location, or in place of `left`, and want their workflow."""
    _publish(tx, "OrderReassigned", order, by, {"fulfilments": list(fulfilments), "left": left})


def order_changed(tx: Transaction, type: str, order: Order, fulfilments: Sequence[str], by: Principal) -> None:
    """OrderHeld, OrderReleased or OrderReaddressed; the locations of these fulfilments are to be told."""
    _publish(tx, type, order, by, {"fulfilments": list(fulfilments), "holds": len(order.holds)})


def promise_changed(tx: Transaction, order: Order, fulfilment_id: str, before: str, now: str, by: Principal) -> None:
    """BackorderDelayed or PromiseChanged: what a fulfilment waits for is promised for a later day, or for an earlier one."""
    type = "BackorderDelayed" if now > before else "PromiseChanged"
    _publish(tx, type, order, by, {"fulfilment_id": fulfilment_id, "before": before, "promised": now})


def order_claimed(tx: Transaction, order: Order, by: Principal) -> None:
    """A guest's order is a customer's now."""
    _publish(tx, "OrderClaimed", order, by, {"customer_id": order.customer_id})


def person_forgotten(tx: Transaction, order: Order, by: Principal) -> None:
    """Nothing in the order tells any more whose it was."""
    _publish(tx, "OrderPersonForgotten", order, by, {})


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
