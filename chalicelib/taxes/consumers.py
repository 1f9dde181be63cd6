"""Queues that taxes read."""

from datetime import datetime

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.consumers import each_event
from chalicelib.core.outbox import Event
from chalicelib.core.settings import settings
from chalicelib.orders import service as orders
from chalicelib.orders.domain import Decision, Order, Status
from chalicelib.taxes import service
from chalicelib.taxes.service import TaxedLine, TaxedOrder

functions = Blueprint(__name__)


@functions.on_sqs_message(queue=settings().taxes_queue, name="taxes-on-order-event", batch_size=10)
@each_event
def on_order_event(event: Event, by: Principal) -> None:
    """Trigger: bus aisle, OrderConfirmed, OrderRefused, OrderCancelled, PaymentRefunded → queue taxes-order-events."""
    order_id = event.data.get("order_id") or event.aggregate.id
    at = datetime.fromisoformat(event.occurred_at)
    service.follow_order(order_id, lambda: as_taxed(orders.find_order(order_id)), at)


def as_taxed(order: Order) -> TaxedOrder:
    """What the ledger needs of an order. Charges below zero are in the discounts of its lines."""
    goods = [
        TaxedLine(line.tax_rate_bps, line.charged, line.tax, line.ordered, line.cancelled, line.returned)
        for line in order.lines
    ]
    charges = [TaxedLine(one.tax_rate_bps, one.amount, one.tax, units=1) for one in order.charges if one.amount > 0]
    return TaxedOrder(
        id=order.id,
        country=order.shipping_address["country"],
        region=order.shipping_address.get("region"),
        currency=order.currency,
        lines=(*goods, *charges),
        pending=order.decision is Decision.PENDING,
        void=order.status in (Status.REFUSED, Status.CANCELLED),
    )
