"""Queues that routing reads."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.consumers import each_event, each_message, understood
from chalicelib.core.outbox import Event
from chalicelib.core.settings import settings
from chalicelib.orders import service as orders
from chalicelib.routing.service import use_cases as service

functions = Blueprint(__name__)


@functions.on_sqs_message(queue=settings().routing_requests_queue, name="routing-on-request", batch_size=1)
@each_message
def on_request(body: Any, by: Principal) -> None:
    """Trigger: queue routing-requests. A supplier is asked to ship, or told what to leave out, to wait, or where to send it; or the
    operator has it called again."""
    from chalicelib.routing.schemas.messages import Request  # late: the other function here needs it not

    request = understood(Request, body)
    allocation_id = request.fulfilment_id
    if request.type == "shipment":
        service.request_shipment(allocation_id, by)
    elif request.type == "recall":
        if service.recall_units(allocation_id, orders.decline_units, by):
            service.go_on(allocation_id)
    elif request.type == "retry":
        service.retry(allocation_id, orders.decline_units, by)
    else:
        service.change_shipment(allocation_id, by)


@functions.on_sqs_message(queue=settings().routing_answered_queue, name="routing-on-answered", batch_size=10)
@each_event
def on_answered(event: Event, by: Principal) -> None:
    """Trigger: bus aisle, OrderAcceptedBySupplier, OrderDeclinedBySupplier or UnitsRecalledFromSupplier → queue routing-answered. The
    workflow goes on; what a supplier cannot ship after all is sought elsewhere."""
    service.go_on(event.aggregate.id)
    if event.data.get("after_acceptance"):
        service.keep_in_line(event.aggregate.id, orders.decline_units, by)
