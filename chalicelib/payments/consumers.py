"""Queues that payments reads."""

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.consumers import each_event
from chalicelib.core.outbox import Event
from chalicelib.core.settings import settings
from chalicelib.payments import service

functions = Blueprint(__name__)


@functions.on_sqs_message(queue=settings().refunds_requested_queue, name="payments-on-refund-requested", batch_size=10)
@each_event
def on_refund_requested(event: Event, by: Principal) -> None:
    """Trigger: bus aisle, RefundRequested with `workflow` → queue payments-refunds-requested. Starts refund-payment, once
    per refund."""
    service.start_refund_workflow(event.data["order_id"], event.data["refund"])
