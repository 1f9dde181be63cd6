"""Queues that orders reads."""

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.consumers import each_event
from chalicelib.core.outbox import Event
from chalicelib.core.settings import settings
from chalicelib.orders import service

functions = Blueprint(__name__)


@functions.on_sqs_message(queue=settings().orders_placed_queue, name="orders-on-order-placed", batch_size=10)
@each_event
def on_order_placed(event: Event, by: Principal) -> None:
    """Trigger: bus aisle, OrderPlaced → queue orders-placed. Starts place-order, once per order."""
    service.start_workflow(event.aggregate.id)
