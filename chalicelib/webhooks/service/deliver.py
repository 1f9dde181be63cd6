"""Make an attempt, write it into the log, and plan what follows."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import random
from time import monotonic

from chalicelib.core import clock, outside
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended
from chalicelib.core.observability import count, log
from chalicelib.core.outside import CallFailed, Reply
from chalicelib.core.table import Transaction
from chalicelib.webhooks import events, gateways, store
from chalicelib.webhooks.domain.delivery import Attempt, Delivery, DeliveryState, Superseded, after, retry_after, shown
from chalicelib.webhooks.domain.health import PROBED_WITHIN, Health, rest_until, spread
from chalicelib.webhooks.domain.webhook import DisabledBecause, Webhook, WebhookStatus
from chalicelib.webhooks.gateways import LONGEST_DELAY, Queue, SqsQueue
from chalicelib.webhooks.service.plan import planned

SLOTS_WITHIN = timedelta(minutes=10)
"""How far ahead places among an endpoint's requests are given away."""

Post = Callable[[str, bytes, Mapping[str, str]], Reply]


def attempt_delivery(
    delivery_id: str, turn: int, *, by: Principal, queue: Queue | None = None, post: Post | None = None
) -> str:
    """Make the attempt that was planned as `turn`; returns in a word what came of it.

    Sent at least once: a worker that dies between the answer and its note leaves the attempt to be made again, under the
    same `webhook-id`. A message for another turn than the present one does nothing.
    """
    queue, post = queue or SqsQueue(), post or outside.post
    delivery = store.get_delivery(delivery_id)
    if delivery is not None and delivery.state is DeliveryState.HELD and delivery.turn == turn + 1:
        return _let_go_if_resumed(delivery, queue)  # held by a worker that died before it had looked
    if delivery is None or delivery.turn != turn or delivery.state is not DeliveryState.PENDING:
        return "superseded"
    needed = _needed(delivery)
    if isinstance(needed, str):
        return _give_up(delivery, needed)
    webhook, health, body = needed
    if delivery.is_test:
        return _try(delivery, webhook, body, health, by, queue, post)
    if webhook.status is WebhookStatus.PAUSED:
        return _hold(delivery, queue)
    now = clock.now()
    later = _not_before(delivery, webhook, health, now)
    if later is not None:
        return _postpone(delivery, later, now, queue)
    return _try(delivery, webhook, body, health, by, queue, post)


def _needed(delivery: Delivery) -> tuple[Webhook, Health, str] | str:
    """Webhook, health and body; or why nothing will be sent any more."""
    webhook, health, body = store.needed_for(delivery)
    if webhook is None:
        return "webhook_deleted"
    if body is None:
        return "expired"
    if webhook.status is WebhookStatus.DISABLED and not delivery.is_test:
        return "webhook_disabled"
    return webhook, health, body


# ---- instead of an attempt ----------------------------------------------------------------------------------------------


def _give_up(delivery: Delivery, why: str) -> str:
    if not store.save_delivery(delivery.turned(state=DeliveryState.FAILED, last_outcome=why)):
        return "superseded"
    count("WebhooksFailed")
    return why


def _hold(delivery: Delivery, queue: Queue) -> str:
    held = delivery.turned(state=DeliveryState.HELD)
    return _let_go_if_resumed(held, queue) if store.save_delivery(held) else "superseded"


def _let_go_if_resumed(held: Delivery, queue: Queue) -> str:
    """What was held before its webhook was resumed, the schedule lets go; what was held after, whoever held it."""
    webhook = store.get_webhook(held.webhook_id)
    if webhook is None or webhook.status is WebhookStatus.PAUSED:
        return "held"
    now = clock.now()
    again = planned(held.turned(state=DeliveryState.PENDING), now, by_queue=True)
    if store.save_delivery(again):
        queue.send([again], now)
    return "resumed"


def _not_before(delivery: Delivery, webhook: Webhook, health: Health, now: datetime) -> Delivery | None:
    """The delivery as it waits for its endpoint's rest or rate; None when it may go now."""
    rest = health.resting_until
    if health.needs_probe and not health.rests_at(now):
        until = now + PROBED_WITHIN
        if store.claim_probe(webhook.id, rest, until):
            return None
        rest = until
    if rest is not None and rest > now:
        return delivery.turned(next_at=spread(rest, _luck()))
    if webhook.rate_per_minute is None or delivery.has_slot:
        return None
    interval = timedelta(minutes=1) / webhook.rate_per_minute
    slot = store.take_slot(webhook.id, now, interval, SLOTS_WITHIN)
    if slot is None:
        return delivery.turned(next_at=now + SLOTS_WITHIN * (0.5 + _luck()))
    return delivery.turned(next_at=slot, has_slot=True) if slot > now else None


def _postpone(delivery: Delivery, later: Delivery, now: datetime, queue: Queue) -> str:
    if later.next_at is not None and later.next_at > delivery.give_up_at:
        return _give_up(delivery, delivery.last_outcome or "endpoint_resting")
    # Only a place in the line is waited for in the queue. A rest is seen to by the schedule, however short: a function that
    # sends a message to its own queue again and again is stopped by Lambda's recursion detection after 16 rounds.
    later = planned(later, now, by_queue=later.has_slot)
    if not store.save_delivery(later):
        return "superseded"
    if later.has_slot:
        queue.send([later], now)
    return "postponed"


# ---- an attempt ---------------------------------------------------------------------------------------------------------


def _try(
    delivery: Delivery, webhook: Webhook, body: str, health: Health, by: Principal, queue: Queue, post: Post
) -> str:
    attempt = _send(delivery, webhook, body, post)
    then = after(delivery, attempt, _luck())
    by_queue = then.next_at is not None and then.next_at - attempt.at <= LONGEST_DELAY
    if then.next_at is not None:
        then = planned(then, attempt.at, by_queue=by_queue)
    tx = Transaction()
    store.change_delivery(tx, then)
    store.add_attempt(tx, then, attempt)
    try:
        tx.commit()
    except Superseded:
        return "superseded"
    if by_queue:
        queue.send([then], attempt.at)
    log.info("webhook attempt", delivery_id=delivery.id, webhook_id=webhook.id, outcome=attempt.outcome)
    if delivery.is_test:
        return attempt.outcome
    if then.state is not DeliveryState.PENDING:
        count("WebhooksDelivered" if attempt.is_success else "WebhooksFailed")
    _note(webhook, health, attempt, by)
    return attempt.outcome


def _send(delivery: Delivery, webhook: Webhook, body: str, post: Post) -> Attempt:
    now = clock.now()
    secrets = [gateways.opened(webhook.id, secret.sealed) for secret in webhook.secrets_at(now)]
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Aisle-Webhooks/1",
        **gateways.signed(delivery.event_id, now, body, secrets),
    }
    attempt = Attempt(delivery.attempts + 1, now, 0)
    began = monotonic()
    try:
        reply = post(webhook.url, body.encode(), headers)
    except CallFailed as error:
        return replace(attempt, duration_ms=_milliseconds(began), error=str(error.kind), body=error.detail)
    asked = retry_after(reply.headers.get("retry-after"), now) if reply.status in (429, 503) else None
    took = _milliseconds(began)
    return replace(attempt, duration_ms=took, status=reply.status, body=shown(reply.body), retry_after=asked)


def _milliseconds(began: float) -> int:
    return round((monotonic() - began) * 1_000)


def _luck() -> float:
    return random()  # noqa: S311  # jitter is no secret


def _note(webhook: Webhook, health: Health, attempt: Attempt, by: Principal) -> None:
    """What the attempt says of the endpoint."""
    if attempt.is_success:
        if not health.is_good:
            store.note_success(webhook.id)
        return
    if attempt.is_gone:
        _disable(webhook, DisabledBecause.GONE, None, by)
        return
    noted = store.note_failure(webhook.id, attempt.at, rest_until(health.failures + 1, attempt, _luck()))
    if noted.is_hopeless_at(attempt.at):
        _disable(webhook, DisabledBecause.FAILING, noted.failing_since, by)


def _disable(webhook: Webhook, because: DisabledBecause, failing_since: datetime | None, by: Principal) -> None:
    """Give the endpoint up, unless somebody changed the webhook or it recovered meanwhile: then the next failure decides."""
    disabled = webhook.to(WebhookStatus.DISABLED, because)
    tx = Transaction()
    store.change_webhook(tx, disabled, Contended)
    if failing_since is not None:
        store.check_failing(tx, webhook.id, failing_since)
    events.webhook_disabled(tx, disabled, clock.rfc3339(failing_since) if failing_since else None, by)
    try:
        tx.commit()
    except Contended:
        return
    # An alarm stands on the operator's only: a supplier's endpoint is the supplier's to mend.
    count("WebhooksDisabled" if webhook.supplier_id is None else "SupplierWebhooksDisabled")
    log.warning("webhook disabled", webhook_id=webhook.id, because=because, supplier_id=webhook.supplier_id)
