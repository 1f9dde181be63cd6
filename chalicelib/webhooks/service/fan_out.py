"""An event of the bus becomes one delivery for each webhook that wants it."""

from datetime import datetime, timedelta

from chalicelib.core import clock
from chalicelib.core.outbox import Event
from chalicelib.webhooks import store
from chalicelib.webhooks.catalogue import is_sent
from chalicelib.webhooks.domain.delivery import GIVEN_UP_AFTER, Delivery, delivery_id
from chalicelib.webhooks.domain.webhook import Webhook, WebhookStatus, payload
from chalicelib.webhooks.gateways import Queue, SqsQueue

LISTED_FOR = timedelta(seconds=30)
"""How long a process keeps the list of webhooks, for events from before it was read. So a webhook hears of all that happens
after it was made, while a burst or a backlog of events costs one read of the list."""

_listed: tuple[datetime, list[Webhook]] | None = None


def hand_out(event: Event, *, queue: Queue | None = None) -> int:
    """Write a delivery for each webhook that wants the event and ask for its first attempt; returns for how many.

    However often the event comes, there is one delivery of it for each. Those that are there already are asked for
    again, since the message may be what was missing; an attempt that was made is not repeated by that.
    """
    type, happened = f"{event.source}.{event.type}", datetime.fromisoformat(event.occurred_at)
    if not is_sent(type):
        return 0
    wanted_by = [webhook for webhook in _webhooks(happened) if _hears(webhook, happened, type, event)]
    if not wanted_by:
        return 0
    now = clock.now()
    for version in {webhook.payload_version for webhook in wanted_by}:
        store.put_message(event.id, version, body_of(event, type), now)
    deliveries = [
        Delivery(
            id=delivery_id(event.id, webhook.id, happened),
            webhook_id=webhook.id,
            event_id=event.id,
            event_type=type,
            payload_version=webhook.payload_version,
            correlation_id=event.correlation_id,
            created_at=now,
            give_up_at=now + GIVEN_UP_AFTER,
        )
        for webhook in wanted_by
    ]
    for delivery in deliveries:
        store.add_delivery(delivery)
    (queue or SqsQueue()).send(deliveries, now)
    return len(deliveries)


def _hears(webhook: Webhook, happened: datetime, type: str, event: Event) -> bool:
    active = webhook.status is not WebhookStatus.DISABLED and webhook.created_at <= happened
    return active and webhook.wants(type, event.data)


def body_of(event: Event, type: str) -> str:
    """What is sent of an event: what it is about and its data. Who did it and the ids of our own requests stay here."""
    about = event.aggregate
    return payload(
        type,
        event.occurred_at,
        {
            "aggregate": {"type": about.type, "id": about.id, "version": about.version},
            "version": event.version,
            "data": event.data,
        },
    )


def _webhooks(happened: datetime) -> list[Webhook]:
    global _listed
    now = clock.now()
    if _listed is not None and happened <= _listed[0] and now - _listed[0] < LISTED_FOR:
        return _listed[1]
    _listed = (now, store.webhooks())
    return _listed[1]


def forget_webhooks() -> None:
    """Read the list anew next time; between tests."""
    global _listed
    _listed = None
