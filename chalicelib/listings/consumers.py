"""Queues that listings reads."""

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.consumers import each_event
from chalicelib.core.outbox import Event
from chalicelib.core.settings import settings
from chalicelib.listings.service.start_workflow import start_workflow

functions = Blueprint(__name__)


@functions.on_sqs_message(
    queue=settings().listings_submitted_queue, name="listings-on-listing-submitted", batch_size=10
)
@each_event
def on_listing_submitted(event: Event, by: Principal) -> None:
    """Trigger: bus aisle, ListingSubmitted → queue listings-submitted. Starts register-product, once per proposal."""
    start_workflow(event.aggregate.id, event.aggregate.version)
