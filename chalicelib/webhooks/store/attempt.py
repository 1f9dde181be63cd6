"""What an attempt needs, in one round trip."""

from typing import cast

from chalicelib.core.table import find_many
from chalicelib.webhooks.domain.delivery import Delivery
from chalicelib.webhooks.domain.health import Health
from chalicelib.webhooks.domain.webhook import Webhook
from chalicelib.webhooks.store.delivery import MessageItem, message_key
from chalicelib.webhooks.store.health import HealthItem, health_from, health_key
from chalicelib.webhooks.store.webhook import WebhookItem, webhook_from, webhook_key


def needed_for(delivery: Delivery) -> tuple[Webhook | None, Health, str | None]:
    """The webhook, its endpoint's health and what is sent, as they are now; None for what is not there (any more)."""
    keys = [webhook_key(delivery.webhook_id), health_key(delivery.webhook_id), message_key(delivery)]
    found = find_many(keys, consistent=True)
    webhook, health, message = (found.get((pk, sk)) for _, pk, sk in keys)
    return (
        webhook_from(cast(WebhookItem, webhook)) if webhook else None,
        health_from(cast(HealthItem, health)) if health else Health(),
        cast(MessageItem, message).body if message else None,
    )
