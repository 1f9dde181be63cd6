"""What the schedule does: ask for attempts whose time has come, and let held deliveries go."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from time import monotonic

from chalicelib.core import clock
from chalicelib.core.observability import log
from chalicelib.webhooks import store
from chalicelib.webhooks.domain.delivery import Delivery, DeliveryState
from chalicelib.webhooks.domain.webhook import WebhookStatus
from chalicelib.webhooks.gateways import Queue, SqsQueue
from chalicelib.webhooks.service.plan import planned
from chalicelib.webhooks.store import Due

RELEASED_AT_ONCE = 500
"""Held deliveries of one webhook that a run lets go; the next run goes on."""
RELEASED_FOR = timedelta(minutes=2)
"""How long after a webhook was resumed held deliveries are looked for at least: the list of them lags behind."""


def send_due(*, within: float, queue: Queue | None = None) -> dict[str, int]:
    """Ask for the attempts that are due, for at most `within` seconds.

    Each is first moved back on the list, so that of two runs at once one asks for it, and one whose message is lost comes
    again. Returns how many were `sent`, `failed` (and come again), and are `left` for want of time (1 for some).
    """
    run = _Run(clock.now(), monotonic() + within)
    (queue or SqsQueue()).send(run.deliveries(), run.now)
    return {"sent": run.sent, "failed": run.failed, "left": run.left}


class _Run:
    def __init__(self, now: datetime, until: float) -> None:
        self.now = now
        self._until = until
        self.sent = self.failed = self.left = 0

    def deliveries(self) -> Iterator[Delivery]:
        """What is due, moved back on the list, one by one as the queue takes it."""
        for entry in store.due(self.now):
            for delivery in self._candidates(entry):
                if monotonic() >= self._until:
                    self.left = 1
                    return
                turned = self._turned(delivery)
                if turned is not None:
                    self.sent += 1
                    yield turned

    def _candidates(self, entry: Due) -> list[Delivery]:
        try:
            return _due_delivery(entry, self.now) if entry.is_delivery else _held(entry, self.now)
        except Exception:
            self._note_failure(entry.pk)
            return []

    def _turned(self, delivery: Delivery) -> Delivery | None:
        turned = planned(
            delivery.turned(state=DeliveryState.PENDING, has_slot=delivery.has_slot), self.now, by_queue=True
        )
        try:
            return turned if store.save_delivery(turned) else None
        except Exception:
            self._note_failure(delivery.id)
            return None

    def _note_failure(self, id: str) -> None:
        # One that cannot be seen to must not keep the others from it.
        log.exception("what is due could not be seen to", id=id)
        self.failed += 1


def _due_delivery(entry: Due, now: datetime) -> list[Delivery]:
    delivery = store.get_delivery(entry.id)
    # The list lags behind: another run may have moved it back since.
    return [delivery] if delivery is not None and delivery.due_at is not None and delivery.due_at <= now else []


def _held(entry: Due, now: datetime) -> list[Delivery]:
    webhook = store.get_webhook(entry.id)
    if webhook is None or webhook.status is not WebhookStatus.ACTIVE:
        store.end_release(entry)
        return []
    held = store.deliveries_in(entry.id, [DeliveryState.HELD], count=RELEASED_AT_ONCE, newest_first=False)
    if not held and entry.since <= now - RELEASED_FOR:
        store.end_release(entry)
    return held
