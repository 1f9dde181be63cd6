"""Queues that reviews reads. The queue reviews-manual is not among them: back-office tools read it."""

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.consumers import each_event
from chalicelib.core.outbox import Event
from chalicelib.core.settings import settings
from chalicelib.reviews import service

functions = Blueprint(__name__)


@functions.on_sqs_message(queue=settings().reviews_decided_queue, name="reviews-on-review-decided", batch_size=10)
@each_event
def on_review_decided(event: Event, by: Principal) -> None:
    """Trigger: bus aisle, ReviewDecided, ReviewSuperseded or ReviewWithdrawn → queue reviews-decided. What waits goes on."""
    service.complete(event.aggregate.id)
