"""An event of the bus becomes one delivery for each webhook that wants it."""

from datetime import datetime, timedelta

from chalicelib.core import clock
from chalicelib.core.ids import is_id
from chalicelib.core.outbox import Event
from chalicelib.webhooks import store
from chalicelib.webhooks.catalogue import is_sent, suppliers_hear
from chalicelib.webhooks.domain.delivery import GIVEN_UP_AFTER, Delivery, delivery_id
from chalicelib.webhooks.domain.webhook import Webhook, WebhookStatus, payload, supplier_named
from chalicelib.webhooks.gateways import Queue, SqsQueue

LISTED_FOR = timedelta(seconds=30)
"""How long a process keeps a list of webhooks, for events from before it was read. So a webhook hears of all that happens
after it was made, while a burst or a backlog of events costs one read of the list."""
LISTS_KEPT = 500
"""Lists that a process keeps: the operator's, and those of suppliers that events named lately."""

_listed: dict[str | None, tuple[datetime, list[Webhook]]] = {}


def hand_out(event: Event, *, queue: Queue | None = None) -> int:
    """Write a delivery for each webhook that wants the event and ask for its first attempt; returns for how many.

    However often the event comes, there is one delivery of it for each. Those that are there already are asked for
    again, since the message may be what was missing; an attempt that was made is not repeated by that.
    """
    type, happened = f"{event.source}.{event.type}", datetime.fromisoformat(event.occurred_at)
    if not is_sent(type):
        return 0
    wanted_by = _wanted_by(event, type, happened)
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


def _wanted_by(event: Event, type: str, happened: datetime) -> list[Webhook]:
    """Of the operator's webhooks and, where suppliers may hear of such events, of those of the supplier that is named."""
    about, named = event.aggregate, None
    if suppliers_hear(type):
        named = supplier_named(about.type, about.id, event.data)
    listening = _webhooks(None, happened)
    if named is not None and is_id(named, "sup"):
        listening = listening + _webhooks(named, happened)
    return [webhook for webhook in listening if webhook.may_hear(named) and _hears(webhook, happened, type, event)]


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


def _webhooks(supplier_id: str | None, happened: datetime) -> list[Webhook]:
    now = clock.now()
    known = _listed.get(supplier_id)
    if known is not None and happened <= known[0] and now - known[0] < LISTED_FOR:
        return known[1]
    _listed.pop(supplier_id, None)
    if len(_listed) >= LISTS_KEPT:
        del _listed[next(iter(_listed))]  # the one read longest ago
    found = store.webhooks(supplier_id)
    _listed[supplier_id] = (now, found)
    return found


def forget_webhooks() -> None:
    """Read the lists anew next time; between tests."""
    _listed.clear()
