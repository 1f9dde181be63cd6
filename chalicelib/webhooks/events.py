"""Events of webhooks. They hold ids and reasons, no URLs: those may contain their owner's tokens. Those of a supplier's webhook name it."""

from typing import Any

from chalicelib.core import outbox
from chalicelib.core.auth import Principal
from chalicelib.core.outbox import Aggregate
from chalicelib.core.table import Transaction
from chalicelib.webhooks.domain.webhook import Webhook
from chalicelib.webhooks.store import webhook_pk


def webhook_created(tx: Transaction, webhook: Webhook, by: Principal) -> None:
    """It hears of what happens from now on."""
    _publish(tx, "WebhookCreated", webhook, by, {"event_types": list(webhook.event_types)})


def webhook_changed(tx: Transaction, webhook: Webhook, by: Principal) -> None:
    """URL, types, filter, description or rate were replaced."""
    _publish(tx, "WebhookChanged", webhook, by, {"event_types": list(webhook.event_types)})


def webhook_paused(tx: Transaction, webhook: Webhook, by: Principal) -> None:
    """Its deliveries are held."""
    _publish(tx, "WebhookPaused", webhook, by, {})


def webhook_resumed(tx: Transaction, webhook: Webhook, delivers_missed: bool, by: Principal) -> None:
    """It is active again."""
    _publish(tx, "WebhookResumed", webhook, by, {"deliver_missed": delivers_missed})


def webhook_disabled(tx: Transaction, webhook: Webhook, failing_since: str | None, by: Principal) -> None:
    """Its endpoint is given up."""
    data = {"because": webhook.disabled_because, "failing_since": failing_since}
    _publish(tx, "WebhookDisabled", webhook, by, data)


def webhook_secret_rotated(tx: Transaction, webhook: Webhook, by: Principal) -> None:
    """Requests are signed with a new secret."""
    _publish(tx, "WebhookSecretRotated", webhook, by, {})


def webhook_deleted(tx: Transaction, webhook: Webhook, by: Principal) -> None:
    """Nothing is sent any more."""
    _publish(tx, "WebhookDeleted", webhook, by, {})


def _publish(tx: Transaction, type: str, webhook: Webhook, by: Principal, data: dict[str, Any]) -> None:
    whose = {"supplier_id": webhook.supplier_id} if webhook.supplier_id else {}
    outbox.publish(
        tx,
        pk=webhook_pk(webhook.id),
        source="webhooks",
        type=type,
        aggregate=Aggregate("webhook", webhook.id, webhook.version),
        by=by,
        data={**data, **whose},
    )
