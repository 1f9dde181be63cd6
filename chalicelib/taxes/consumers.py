"""Queues that taxes read."""

from datetime import datetime

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.consumers import each_event
from chalicelib.core.money import share_of_units
from chalicelib.core.outbox import Event
from chalicelib.core.settings import settings
from chalicelib.orders import service as orders
from chalicelib.orders.domain import Decision, Line, Order, Status
from chalicelib.payments import service as payments
from chalicelib.taxes import service
from chalicelib.taxes.service import TaxedLine, TaxedOrder

functions = Blueprint(__name__)


@functions.on_sqs_message(queue=settings().taxes_queue, name="taxes-on-order-event", batch_size=10)
@each_event
def on_order_event(event: Event, by: Principal) -> None:
    """Trigger: bus aisle, OrderConfirmed, OrderRefused, OrderCancelled, RefundRequested → queue taxes-order-events."""
    order_id = event.data.get("order_id") or event.aggregate.id

    def read() -> TaxedOrder:
        # The payment first: a refund is then never seen without the units that came back with it in one transaction.
        asked_back = sum(refund.amount for refund in payments.read_payment(order_id, by).refunds)
        return as_taxed(orders.find_order(order_id), asked_back)

    service.follow_order(order_id, read, datetime.fromisoformat(event.occurred_at))


def as_taxed(order: Order, asked_back: int) -> TaxedOrder:
    """What the ledger needs of an order of which so much money (minor units) was asked back.

    Charges below zero are in the discounts of its lines. What was asked back beyond the worth of the units that came back
    is a credit; less than that is a fee that was kept, which is no price.
    """
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
        credited=max(0, asked_back - sum(_worth_back(line) for line in order.lines)),
    )


def _worth_back(line: Line) -> int:
    return share_of_units(line.charged, line.ordered, 0, line.returned)
