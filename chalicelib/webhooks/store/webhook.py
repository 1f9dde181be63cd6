"""Webhooks themselves."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core import clock
from chalicelib.core.errors import AisleError, Conflict, Contended, Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, OnConflict, Transaction, find
from chalicelib.webhooks.domain.webhook import (
    MOST_OF_SUPPLIER,
    DisabledBecause,
    Secret,
    TooManyWebhooks,
    Webhook,
    WebhookStatus,
)
from chalicelib.webhooks.store.due import falls_due
from chalicelib.webhooks.store.health import HealthItem


class WebhookItem(Item):
    """pk = WEBHOOK#<id>, sk = WEBHOOK. `secrets` stay out of the index."""

    version = NumberAttribute()
    status = UnicodeAttribute()
    secrets = Json()


class WebhookCountItem(Item):
    """pk = WEBHOOKCOUNT#<supplier>, sk = WEBHOOKCOUNT. How many webhooks a supplier has."""

    webhooks = NumberAttribute()


def webhook_pk(webhook_id: str) -> str:
    return key("WEBHOOK", webhook_id)


def _list_pk(supplier_id: str | None) -> str:
    """Suppliers' webhooks are many, and an event concerns one supplier at most: each has a list of its own."""
    return "WEBHOOKS" if supplier_id is None else key("WEBHOOKS", supplier_id)


def _count_of(supplier_id: str) -> WebhookCountItem:
    return WebhookCountItem(key("WEBHOOKCOUNT", supplier_id), "WEBHOOKCOUNT")


def _time(at: datetime | None) -> str | None:
    return clock.rfc3339(at) if at else None


def _item(webhook: Webhook) -> WebhookItem:
    summary = {
        "url": webhook.url,
        "event_types": list(webhook.event_types),
        "filter": {name: list(values) for name, values in webhook.filter.items()},
        "description": webhook.description,
        "payload_version": webhook.payload_version,
        "rate_per_minute": webhook.rate_per_minute,
        "created_at": _time(webhook.created_at),
        "status": webhook.status,
        "disabled_because": webhook.disabled_because,
        "version": webhook.version,
    }
    if webhook.supplier_id:
        summary["supplier_id"] = webhook.supplier_id
    return WebhookItem(
        webhook_pk(webhook.id),
        "WEBHOOK",
        version=webhook.version,
        status=str(webhook.status),
        secrets=[[secret.sealed, _time(secret.valid_until)] for secret in webhook.secrets],
        summary=summary,
        gsi1pk=_list_pk(webhook.supplier_id),
        gsi1sk=webhook.id,
    )


def _webhook(id: str, summary: Mapping[str, Any], secrets: tuple[Secret, ...]) -> Webhook:
    because = summary["disabled_because"]
    return Webhook(
        **{
            **summary,
            "event_types": tuple(summary["event_types"]),
            "created_at": datetime.fromisoformat(summary["created_at"]),
            "status": WebhookStatus(summary["status"]),
            "disabled_because": DisabledBecause(because) if because else None,
        },
        id=id,
        secrets=secrets,
    )


def add_webhook(tx: Transaction, webhook: Webhook) -> None:
    """Write a new webhook, in good health. At commit `TooManyWebhooks` if its supplier has as many as it may."""
    tx.create(_item(webhook), lambda _: Conflict(f"Webhook {webhook.id} exists."))
    tx.create(HealthItem(webhook_pk(webhook.id), "HEALTH"), lambda _: Conflict(f"Webhook {webhook.id} exists."))
    if webhook.supplier_id:
        counted = WebhookCountItem.webhooks
        tx.update(
            _count_of(webhook.supplier_id),
            [counted.add(1)],
            counted.does_not_exist() | (counted < MOST_OF_SUPPLIER),
            lambda _: TooManyWebhooks(f"A supplier has {MOST_OF_SUPPLIER} webhooks at most.", limit=MOST_OF_SUPPLIER),
        )


def change_webhook(tx: Transaction, webhook: Webhook, error: type[AisleError] = Stale) -> None:
    """Write the next version. At commit `error` unless it is at the one before."""
    tx.put(_item(webhook), WebhookItem.version == webhook.version - 1, _moved_on(webhook, error))


def remove_webhook(tx: Transaction, webhook: Webhook) -> None:
    """Remove it; `webhook` is what it would be at the next version. Its deliveries stay until their time."""
    pk = webhook_pk(webhook.id)
    tx.delete(WebhookItem(pk, "WEBHOOK"), WebhookItem.version == webhook.version - 1, _moved_on(webhook, Stale))
    tx.delete(HealthItem(pk, "HEALTH"), HealthItem.pk.exists(), _moved_on(webhook, Contended))
    if webhook.supplier_id:
        counted = WebhookCountItem.webhooks
        tx.update(_count_of(webhook.supplier_id), [counted.add(-1)], counted >= 1, _moved_on(webhook, Contended))


def reset_health(tx: Transaction, webhook: Webhook, release_at: datetime | None = None) -> None:
    """Forget what went wrong; with `release_at`, the schedule lets its held deliveries go from then on."""
    item = HealthItem(webhook_pk(webhook.id), "HEALTH")
    falls_due(item, webhook.id, release_at)
    tx.put(item, HealthItem.pk.exists(), _moved_on(webhook, Contended))


def _moved_on(webhook: Webhook, error: type[AisleError]) -> OnConflict:
    return lambda _: error(f"Webhook {webhook.id} is not at version {webhook.version - 1} any more.")


def get_webhook(webhook_id: str) -> Webhook | None:
    """The webhook as it is now, or None."""
    item = find(WebhookItem, webhook_pk(webhook_id), "WEBHOOK", consistent=True)
    return webhook_from(item) if item else None


def webhook_key(webhook_id: str) -> tuple[type[Item], str, str]:
    return WebhookItem, webhook_pk(webhook_id), "WEBHOOK"


def webhook_from(item: WebhookItem) -> Webhook:
    secrets = tuple(Secret(sealed, datetime.fromisoformat(until) if until else None) for sealed, until in item.secrets)
    return _webhook(item.pk.partition("#")[2], item.summary, secrets)


def webhooks(supplier_id: str | None, after: str | None = None, count: int | None = None) -> list[Webhook]:
    """Webhooks of a supplier, or (None) of the operator, by id, without their secrets."""
    condition = WebhookItem.gsi1sk > after if after else None
    rows = WebhookItem.by_owner.query(_list_pk(supplier_id), condition, limit=count)
    return [_webhook(str(row.gsi1sk), row.summary, ()) for row in rows]
