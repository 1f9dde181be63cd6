"""Queues that taxes read."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.consumers import each_event
from chalicelib.core.money import share_of_units
from chalicelib.core.outbox import Event
from chalicelib.core.settings import settings
from chalicelib.core.table import find_many
from chalicelib.fulfilment import service as fulfilment
from chalicelib.ledger import service as ledger
from chalicelib.ledger.service import TaxOwedBy, Terms
from chalicelib.orders import service as orders
from chalicelib.orders.domain import Decision, Line, Order, Status
from chalicelib.payments import service as payments
from chalicelib.suppliers.service import is_supplier
from chalicelib.taxes import service
from chalicelib.taxes.service import TaxedLine, TaxedOrder

functions = Blueprint(__name__)


@functions.on_sqs_message(queue=settings().taxes_queue, name="taxes-on-order-event", batch_size=10)
@each_event
def on_order_event(event: Event, by: Principal) -> None:
    """Trigger: bus aisle, OrderConfirmed, OrderReassigned, OrderRefused, OrderCancelled, RefundRequested → queue taxes-order-events."""
    order_id = event.data.get("order_id") or event.aggregate.id
    service.follow_order(order_id, lambda: read_taxed(order_id, by), datetime.fromisoformat(event.occurred_at))


def read_taxed(order_id: str, by: Principal) -> TaxedOrder:
    """What the ledger needs of an order, as it is now. Raises `NotFound`."""
    # The payment first: a refund is then never seen without the units that came back with it in one transaction.
    asked_back = sum(refund.amount for refund in payments.read_payment(order_id, by).refunds)
    order = orders.find_order(order_id)
    return as_taxed(order, asked_back, _apart(order))


def _apart(order: Order) -> Counter[str]:
    """Units by line id, of those left, whose suppliers owe the tax: by who ships them, or has, and has not got them back."""
    ids = [note.id for note in order.fulfilments if is_supplier(note.location_id)]
    if not ids:
        return Counter()
    found = find_many([fulfilment.key_of(id) for id in ids], consistent=True)
    back = _back(order)
    apart: Counter[str] = Counter()
    for part in (part for id in ids if (part := fulfilment.in_batch(found, id)) is not None):
        for line in part.lines:
            if _owes_tax(line.terms):
                units = line.wanted if part.status in fulfilment.OPEN else line.shipped
                apart[line.line_id] += units - back[part.id, line.line_id]
    return apart


def _back(order: Order) -> Counter[tuple[str, str]]:
    """Units that came back, by the parcel that they had left with and line id."""
    back: Counter[tuple[str, str]] = Counter()
    if any(line.returned for line in order.lines):
        for sale in ledger.sales_of(order.id):
            back.update({(sale.fulfilment_id, line_id): line.back for line_id, line in sale.lines.items()})
    return back


def _owes_tax(terms: Mapping[str, Any] | None) -> bool:
    """Whether who ships units owes their tax: a supplier, unless its terms say that the operator does."""
    return terms is not None and Terms.of(terms.get("commission") or {}).tax_owed_by != TaxOwedBy.OPERATOR


def as_taxed(order: Order, asked_back: int, apart: Mapping[str, int]) -> TaxedOrder:
    """What the ledger needs of an order of which so much money (minor units) was asked back. Of its units that are left, those
    `apart`, by line id, are of suppliers that owe their tax themselves.

    Charges below zero are in the discounts of its lines. What was asked back beyond the worth of the units that came back
    is a credit; less than that is a fee that was kept, which is no price.
    """
    at_first: Counter[str] = Counter()
    for one in order.allocations:
        at_first[one.line_id] += one.quantity if _owes_tax(one.terms) else 0
    goods = [
        TaxedLine(
            line.tax_rate_bps,
            line.charged,
            line.tax,
            line.ordered,
            line.cancelled,
            line.returned,
            apart=apart.get(line.id, 0),
            apart_at_first=at_first[line.id],
        )
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
