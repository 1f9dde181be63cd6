"""Queues that fulfilment reads."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.consumers import each_event, each_message, understood
from chalicelib.core.errors import AisleError
from chalicelib.core.idempotency import Idempotency, Replay
from chalicelib.core.outbox import Event
from chalicelib.core.settings import settings
from chalicelib.fulfilment import service

functions = Blueprint(__name__)


@functions.on_sqs_message(
    queue=settings().fulfilment_shipped_queue, name="fulfilment-on-fulfilment-shipped", batch_size=10
)
@each_event
def on_fulfilment_shipped(event: Event, by: Principal) -> None:
    """Trigger: bus aisle, FulfilmentShipped or FulfilmentShort → queue fulfilment-shipped. The workflow goes on."""
    service.complete(event.aggregate.id)


@functions.on_sqs_message(
    queue=settings().fulfilment_order_changes_queue, name="fulfilment-on-order-changed", batch_size=10
)
@each_event
def on_order_changed(event: Event, by: Principal) -> None:
    """Trigger: bus aisle, OrderHeld, OrderReleased, OrderReaddressed, OrderRedelivered, OrderReassigned → queue fulfilment-order-changes. The
    locations are told."""
    if event.type == "OrderReassigned":
        if event.data["left"] is not None:
            service.call_off(event.data["left"], event.id)
        return
    change = _CHANGES[event.type]
    for fulfilment_id in event.data["fulfilments"]:
        service.tell(fulfilment_id, change)


_CHANGES = {
    "OrderHeld": "held",
    "OrderReleased": "released",
    "OrderReaddressed": "readdressed",
    "OrderRedelivered": "released",
}


@functions.on_sqs_message(queue=settings().fulfilment_pickups_queue, name="fulfilment-on-pickup", batch_size=10)
@each_event
def on_pickup(event: Event, by: Principal) -> None:
    """Trigger: bus aisle, PickupCollected → queue fulfilment-pickups. The order is delivered; orders of other systems are theirs."""
    from chalicelib.orders import service as orders  # late: the other functions here need it not

    fulfilment_id = event.data["fulfilment_id"]
    if fulfilment_id is None:
        return
    once = Idempotency.of("pickups", event.id, fulfilment_id.encode())
    try:
        orders.record_answer(fulfilment_id, orders.WarehouseAnswer("collected"), by=by, once=once)
    except Replay:
        return
    except AisleError:
        if once.earlier() is None:
            raise


@functions.on_sqs_message(
    queue=settings().warehouse_answers_queue, name="fulfilment-on-warehouse-answer", batch_size=10
)
@each_message
def on_warehouse_answer(body: Any, by: Principal) -> None:
    """Trigger: queue fulfilment-warehouse-answers. The warehouse packed, shipped or delivered; once per `message_id`."""
    from chalicelib.fulfilment.schemas import QueuedAnswer  # late: the other functions here need neither
    from chalicelib.orders import service as orders

    message = understood(QueuedAnswer, body)
    once = Idempotency.of("warehouse answers", message.message_id, message.model_dump_json().encode())
    try:
        orders.record_answer(message.fulfilment_id, message.as_answer(), by=by, once=once)
    except Replay:
        return
    except AisleError:
        # A repetition may find the fulfilment further on, which is no failure: it was recorded when it came first.
        if once.earlier() is None:
            raise
