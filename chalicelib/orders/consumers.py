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


@functions.on_sqs_message(queue=settings().orders_cancelled_queue, name="orders-on-order-cancelled", batch_size=10)
@each_event
def on_order_cancelled(event: Event, by: Principal) -> None:
    """Trigger: bus aisle, OrderCancelled → queue orders-cancelled. Starts cancel-order, once per cancellation."""
    service.start_cancellation(event.aggregate.id, event.data["cancellation_id"])


@functions.on_sqs_message(queue=settings().orders_reassigned_queue, name="orders-on-units-missing", batch_size=10)
@each_event
def on_units_missing(event: Event, by: Principal) -> None:
    """Trigger: bus aisle, OrderUnitsMissing, OrderReassigned, FulfilmentReady, ReviewDecided, and what brings stock in → queue
    orders-reassigned. Units that a location could not find are sought elsewhere, or given up if the operator says so; who waits for
    what came in is served; fulfilments that came of either get their workflow."""
    if event.type == "OrderUnitsMissing":
        service.reassign_units(event.aggregate.id, event.data["fulfilment_id"], by)
    elif event.type == "OrderReassigned":
        service.start_parts(event.aggregate.id, event.data["fulfilments"])
    elif event.type == "FulfilmentReady":
        service.start_parts(event.data["order_id"], [event.aggregate.id])
    elif event.type == "ReviewDecided":
        service.decide_reviewed(event.data["subject_type"], event.data["subject_id"], event.data["outcome"], by)
    else:
        location_id = event.data[_ARRIVES_AT.get(event.type, "location_id")]
        service.serve_waiting([(line["sku"], location_id) for line in event.data["lines"]], by, within=SECONDS)


SECONDS = 15.0
"""What an event of stock takes at most: what it leaves, the schedule does within a minute."""

_ARRIVES_AT = {"TransferReceived": "to_location", "TransferCancelled": "from_location"}
"""Where an event of stock names the location. The others are StockReceived, StockAdjusted, StockCounted, ReturnInspected."""
