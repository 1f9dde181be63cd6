"""Queues that returns reads."""

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.consumers import each_event
from chalicelib.core.outbox import Event
from chalicelib.core.settings import settings
from chalicelib.returns import service

functions = Blueprint(__name__)


@functions.on_sqs_message(queue=settings().returns_authorised_queue, name="returns-on-return-authorised", batch_size=10)
@each_event
def on_return_authorised(event: Event, by: Principal) -> None:
    """Trigger: bus aisle, ReturnAuthorised → queue returns-authorised. Starts return-order, once per return."""
    service.start_workflow(event.aggregate.id)


@functions.on_sqs_message(queue=settings().returns_progressed_queue, name="returns-on-return-progressed", batch_size=10)
@each_event
def on_return_progressed(event: Event, by: Principal) -> None:
    """Trigger: bus aisle, ReturnInspected, ReturnSettled or ReturnCancelled → queue returns-progressed. The workflow goes on."""
    service.go_on(event.aggregate.id)
