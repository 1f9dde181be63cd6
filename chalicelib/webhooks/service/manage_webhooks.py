"""Subscribe, change, rotate the secret, pause and resume."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.core import clock, outside
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended, Fault, NotFound, Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.ids import new_id
from chalicelib.core.outside import UrlNotAllowed
from chalicelib.core.paging import Page, page_of
from chalicelib.core.table import Transaction
from chalicelib.webhooks import catalogue, events, gateways, store
from chalicelib.webhooks.domain.health import Health
from chalicelib.webhooks.domain.webhook import Secret, UnknownEventType, Webhook, WebhookStatus
from chalicelib.webhooks.service.access import confined_to, must_find


def _check(terms: dict[str, Any], supplier_id: str | None) -> None:
    try:
        outside.destination(terms["url"])
    except UrlNotAllowed as error:
        raise UrlNotAllowed(error.detail, faults=[Fault("/url", error.code, error.detail)]) from None
    unknown = [
        (place, pattern)
        for place, pattern in enumerate(terms["event_types"])
        if not catalogue.is_known(pattern, supplier_id)
    ]
    if unknown:
        faults = [Fault(f"/event_types/{place}", "unknown_event_type", f"{pattern}?") for place, pattern in unknown]
        raise UnknownEventType(f"No event is called {', '.join(pattern for _, pattern in unknown)}.", faults=faults)


def create_webhook(
    terms: dict[str, Any], *, by: Principal, once: Idempotency, answer: Callable[[Webhook, str | None], Answer]
) -> Answer:
    """Subscribe on `terms` (url, event_types, filter, description, payload_version, rate_per_minute).

    The answer that is kept for repetitions of the command is made without the secret, which is shown this once and
    stored nowhere in clear. What a supplier makes is the supplier's. Raises `UrlNotAllowed`, `UnknownEventType`, which for
    a supplier are all types that it may not hear of, and `TooManyWebhooks`.
    """
    supplier_id = confined_to(by)
    _check(terms, supplier_id)
    id, secret = new_id("whk"), gateways.new_secret()
    sealed = (Secret(gateways.seal(id, secret)),)
    webhook = Webhook(**terms, id=id, created_at=clock.now(), secrets=sealed, supplier_id=supplier_id)
    tx = Transaction()
    store.add_webhook(tx, webhook)
    events.webhook_created(tx, webhook, by)
    once.record(tx, answer(webhook, None))
    tx.commit()
    return answer(webhook, secret)


def change_webhook(webhook_id: str, expected_version: int, terms: dict[str, Any], *, by: Principal) -> Webhook:
    """Replace its terms; pending deliveries go by the new ones. A new URL begins in good health.

    Raises `NotFound`, `Stale` unless it is at `expected_version`, `UrlNotAllowed` and `UnknownEventType`.
    """
    before = _at_version(webhook_id, expected_version, by)
    _check(terms, before.supplier_id)
    webhook = replace(before, **terms, version=expected_version + 1)
    tx = Transaction()
    store.change_webhook(tx, webhook)
    if webhook.url != before.url:
        store.reset_health(tx, webhook)
    events.webhook_changed(tx, webhook, by)
    tx.commit()
    return webhook


def delete_webhook(webhook_id: str, expected_version: int, *, by: Principal) -> None:
    """Unsubscribe. Raises `NotFound`, and `Stale` unless it is at `expected_version`."""
    before = _at_version(webhook_id, expected_version, by)
    removed = replace(before, version=expected_version + 1)
    tx = Transaction()
    store.remove_webhook(tx, removed)
    events.webhook_deleted(tx, removed, by)
    tx.commit()


def rotate_secret(
    webhook_id: str,
    old_valid: timedelta,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Webhook, str | None], Answer],
) -> Answer:
    """Sign with a new secret; for `old_valid` with the one before as well. The new one is shown this once."""
    secret = gateways.new_secret()
    webhook = must_find(webhook_id, by).with_new_secret(gateways.seal(webhook_id, secret), clock.now(), old_valid)
    tx = Transaction()
    store.change_webhook(tx, webhook, Contended)
    events.webhook_secret_rotated(tx, webhook, by)
    once.record(tx, answer(webhook, None))
    tx.commit()
    return answer(webhook, secret)


def pause_webhook(webhook_id: str, *, by: Principal, once: Idempotency, answer: Callable[[Webhook], Answer]) -> Answer:
    """Hold its deliveries. Raises `NotInThisStatus` unless it is active."""
    before = must_find(webhook_id, by)
    before.require(WebhookStatus.ACTIVE)
    webhook = before.to(WebhookStatus.PAUSED)
    tx = Transaction()
    store.change_webhook(tx, webhook, Contended)
    events.webhook_paused(tx, webhook, by)
    final = answer(webhook)
    once.record(tx, final)
    tx.commit()
    return final


def resume_webhook(
    webhook_id: str,
    *,
    deliver_missed: bool,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Webhook], Answer],
) -> Answer:
    """Undo of pausing and of disabling. With `deliver_missed` the schedule lets go what was held; else it stays held.

    Raises `NotInThisStatus` when it is active.
    """
    before = must_find(webhook_id, by)
    before.require(WebhookStatus.PAUSED, WebhookStatus.DISABLED)
    webhook = before.to(WebhookStatus.ACTIVE)
    tx = Transaction()
    store.change_webhook(tx, webhook, Contended)
    store.reset_health(tx, webhook, release_at=clock.now() if deliver_missed else None)
    events.webhook_resumed(tx, webhook, deliver_missed, by)
    final = answer(webhook)
    once.record(tx, final)
    tx.commit()
    return final


def read_webhook(webhook_id: str, by: Principal) -> tuple[Webhook, Health]:
    """A webhook and how its endpoint fares."""
    return must_find(webhook_id, by), store.get_health(webhook_id)


def list_webhooks(supplier_id: str | None, limit: int, cursor: str | None, by: Principal) -> Page[Webhook]:
    """The operator's webhooks, or those of a supplier, oldest first. Whoever acts for a supplier gets that supplier's.

    Raises `NotFound` for a supplier that the caller does not act for.
    """
    own = confined_to(by)
    if own is not None and supplier_id not in (None, own):
        raise NotFound(f"There is no supplier {supplier_id}.")
    owner = own or supplier_id
    return page_of(
        f"webhooks {owner}",
        limit,
        cursor,
        lambda after, count: store.webhooks(owner, after, count),
        lambda webhook: webhook.id,
    )


def _at_version(webhook_id: str, expected_version: int, by: Principal) -> Webhook:
    webhook = must_find(webhook_id, by)
    if webhook.version != expected_version:
        raise Stale(f"Webhook {webhook_id} is at version {webhook.version}, not {expected_version}.")
    return webhook


def event_types(by: Principal) -> Iterable[tuple[str, str]]:
    """What the caller can subscribe to: types and what they mean."""
    return catalogue.types_for(confined_to(by)).items()
