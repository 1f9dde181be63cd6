"""Queues that notifications read."""

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.consumers import each_event
from chalicelib.core.outbox import Event
from chalicelib.core.settings import settings
from chalicelib.notifications import service
from chalicelib.notifications.domain import Notice, is_told
from chalicelib.orders import service as orders

functions = Blueprint(__name__)


@functions.on_sqs_message(queue=settings().notifications_queue, name="notifications-on-order-event", batch_size=10)
@each_event
def on_order_event(event: Event, by: Principal) -> None:
    """Trigger: bus aisle, OrderConfirmed, OrderRefused, FulfilmentShipped → queue notifications-order-events."""
    if not is_told(event.type):
        return
    order_id = event.data.get("order_id") or event.aggregate.id
    contact = orders.contact_of(order_id)
    tracking = event.data.get("tracking") or {}
    notice = Notice(
        event=event.type,
        order_id=order_id,
        reason=event.data.get("reason"),
        tracking=" ".join(str(tracking[part]) for part in ("carrier", "number") if part in tracking) or None,
    )
    service.tell(
        event.id,
        notice,
        name=contact.name,
        language=contact.language,
        phone=contact.phone,
        customer_id=contact.customer_id,
    )
