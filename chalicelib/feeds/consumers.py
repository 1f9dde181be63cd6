"""Queues that feeds reads."""

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.consumers import Poison, each_event
from chalicelib.core.outbox import Event
from chalicelib.core.settings import settings
from chalicelib.feeds.domain import Kind
from chalicelib.feeds.service.receive_feed import start_next

functions = Blueprint(__name__)


@functions.on_sqs_message(queue=settings().feeds_received_queue, name="feeds-on-feed-received", batch_size=10)
@each_event
def on_feed_received(event: Event, by: Principal) -> None:
    """Trigger: bus aisle, FeedReceived, FeedFinished, FeedFailed or FeedCancelled → queue feeds-received. Starts import-feed for the
    feed whose turn it is."""
    try:
        supplier_id, kind = event.data["supplier_id"], Kind(event.data["kind"])
    except (KeyError, ValueError) as error:
        raise Poison(f"not of a feed: {error!r}") from error
    start_next(supplier_id, kind)
