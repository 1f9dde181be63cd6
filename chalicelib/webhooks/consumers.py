"""Queues that webhooks read."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.core.auth import Principal
from chalicelib.core.consumers import Poison, each_event, each_message
from chalicelib.core.outbox import Event
from chalicelib.core.settings import settings
from chalicelib.webhooks import service

AT_A_TIME = 50
"""Attempts under way at once: receivers may take ten seconds each, and must not use up the account's concurrency."""

functions = Blueprint(__name__)


@functions.on_sqs_message(queue=settings().webhook_events_queue, name="webhooks-on-event", batch_size=10)
@each_event
def on_event(event: Event, by: Principal) -> None:
    """Trigger: bus aisle, every event → queue webhooks-events. Becomes a delivery for each webhook that wants it."""
    service.hand_out(event)


@functions.on_sqs_message(
    queue=settings().webhook_attempts_queue,
    name="webhooks-on-attempt",
    batch_size=1,  # ten slow receivers one after the other would outlast the function
    maximum_concurrency=AT_A_TIME,
)
@each_message
def on_attempt(body: Any, by: Principal) -> None:
    """Trigger: queue webhooks-attempts. Sends a delivery to its endpoint."""
    try:
        delivery_id, turn = str(body["delivery_id"]), int(body["turn"])
    except (KeyError, TypeError, ValueError) as error:
        raise Poison(f"not a request for an attempt: {error!r}") from error
    service.attempt_delivery(delivery_id, turn, by=by)
