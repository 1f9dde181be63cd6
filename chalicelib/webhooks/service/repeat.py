"""What a person asks for: a test, a delivery again, and to see what became of them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import NotFound
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.ids import is_id, new_ulid
from chalicelib.core.paging import Page, page_of
from chalicelib.core.table import Transaction
from chalicelib.webhooks import store
from chalicelib.webhooks.domain.delivery import GIVEN_UP_AFTER, Attempt, Delivery, DeliveryState, delivery_id, first_id
from chalicelib.webhooks.domain.webhook import PAYLOAD_VERSION, TEST_TYPE, WebhookStatus, payload
from chalicelib.webhooks.gateways import Queue, SqsQueue
from chalicelib.webhooks.service.access import confined_to, must_find
from chalicelib.webhooks.service.plan import planned, queue_now

MAX_REPEATED = 50
"""Deliveries that one command repeats: each is a write, and 100 fit into a transaction."""


class Log(NamedTuple):
    """A delivery with all that is known of it; `body` is None when it is not kept any more."""

    delivery: Delivery
    attempts: Sequence[Attempt]
    body: str | None


class Repeated(NamedTuple):
    """How many are delivered again, and whether there are more."""

    deliveries: int
    more: bool


def send_test(
    webhook_id: str,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Delivery], Answer],
    queue: Queue | None = None,
) -> Answer:
    """Send an event `webhook.test`, once, whatever the webhook's status: its delivery tells how it went."""
    webhook, now, event_id = must_find(webhook_id, by), clock.now(), new_ulid()
    delivery = Delivery(
        id=delivery_id(event_id, webhook.id, now),
        webhook_id=webhook.id,
        event_id=event_id,
        event_type=TEST_TYPE,
        payload_version=PAYLOAD_VERSION,
        correlation_id=observability.trace().correlation_id,
        created_at=now,
        give_up_at=now + GIVEN_UP_AFTER,
    )
    body = payload(TEST_TYPE, clock.rfc3339(now), {"webhook_id": webhook.id})
    tx = Transaction()
    store.create_message(tx, event_id, PAYLOAD_VERSION, body, now)
    delivery = planned(delivery, now, by_queue=True)
    store.create_delivery(tx, delivery)
    return _commit(tx, [delivery], answer(delivery), once, now, queue)


def redeliver(
    webhook_id: str,
    delivery_id: str,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Delivery], Answer],
    queue: Queue | None = None,
) -> Answer:
    """Deliver again, now, whatever became of it before; the receiver sees the same `webhook-id`.

    Raises `NotInThisStatus` unless the webhook is active, and `Superseded` when an attempt ended at this moment.
    """
    must_find(webhook_id, by).require(WebhookStatus.ACTIVE)
    now = clock.now()
    delivery = planned(_must_find_delivery(webhook_id, delivery_id).repeated(now), now, by_queue=True)
    tx = Transaction()
    store.change_delivery(tx, delivery)
    return _commit(tx, [delivery], answer(delivery), once, now, queue)


def redeliver_failed(
    webhook_id: str,
    since: datetime,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Repeated], Answer],
    queue: Queue | None = None,
) -> Answer:
    """Deliver again what failed of the events since `since`, oldest first, at most `MAX_REPEATED`; tests are left out.

    Raises `NotInThisStatus` unless the webhook is active, and `Superseded` when one of them moves on at this moment.
    """
    must_find(webhook_id, by).require(WebhookStatus.ACTIVE)
    now = clock.now()
    failed = store.deliveries_in(
        webhook_id, [DeliveryState.FAILED], since=first_id(since), count=MAX_REPEATED + 1, newest_first=False
    )
    ids = [delivery.id for delivery in failed[:MAX_REPEATED] if not delivery.is_test]
    # The list lags behind, so each is looked at as it is now.
    again = [
        planned(delivery.repeated(now), now, by_queue=True)
        for delivery in store.get_deliveries(ids)
        if delivery.state is DeliveryState.FAILED
    ]
    tx = Transaction()
    for delivery in again:
        store.change_delivery(tx, delivery)
    final = answer(Repeated(len(again), len(failed) > MAX_REPEATED))
    return _commit(tx, again, final, once, now, queue)


def _commit(
    tx: Transaction,
    deliveries: Sequence[Delivery],
    final: Answer,
    once: Idempotency,
    now: datetime,
    queue: Queue | None,
) -> Answer:
    once.record(tx, final)
    tx.commit()
    queue_now(deliveries, now, queue or SqsQueue())
    return final


def list_deliveries(
    webhook_id: str, state: DeliveryState | None, limit: int, cursor: str | None, by: Principal
) -> Page[Delivery]:
    """Deliveries of the last 30 days, the newest event first; in one state or in all."""
    must_find(webhook_id, by)
    states = [state] if state else list(DeliveryState)
    return page_of(
        f"deliveries {webhook_id} {state}",
        limit,
        cursor,
        lambda before, count: store.deliveries_in(webhook_id, states, before=before, count=count),
        lambda delivery: delivery.id,
    )


def read_delivery(webhook_id: str, delivery_id: str, by: Principal) -> Log:
    """A delivery with its attempts and what is sent. Those of a deleted webhook remain for who manages everybody's."""
    if confined_to(by) is not None:
        must_find(webhook_id, by)
    delivery = _must_find_delivery(webhook_id, delivery_id)
    return Log(delivery, store.attempts_of(delivery.id), store.get_message(delivery))


def _must_find_delivery(webhook_id: str, delivery_id: str) -> Delivery:
    delivery = store.get_delivery(delivery_id) if is_id(delivery_id, "whd") else None
    if delivery is None or delivery.webhook_id != webhook_id:
        raise NotFound(f"Webhook {webhook_id} has no delivery {delivery_id}.")
    return delivery
