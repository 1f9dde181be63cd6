"""When and by which way the next attempt of a delivery is asked for.

Within SQS's 15 minutes a queued message asks for it, and the schedule stands by should that be lost; beyond, the schedule
asks. What a person asks for is queued at once, and the schedule stands by, too.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.core.observability import log
from chalicelib.webhooks.domain.delivery import Delivery
from chalicelib.webhooks.gateways import Queue

STANDS_BY = timedelta(minutes=10)
"""How long after its time a queued attempt is taken for lost. A message that comes later after all does nothing."""


def planned(delivery: Delivery, now: datetime, *, by_queue: bool) -> Delivery:
    """The delivery with `next_at` (by default: now), on the list of what falls due."""
    next_at = delivery.next_at or now
    return replace(delivery, next_at=next_at, due_at=next_at + STANDS_BY if by_queue else next_at)


def queue_now(deliveries: Sequence[Delivery], now: datetime, queue: Queue) -> None:
    """Queue what was planned and committed; where that fails the schedule makes it good, so the caller need not fail."""
    try:
        queue.send(deliveries, now)
    except Exception:
        log.exception("attempts could not be queued", deliveries=len(deliveries))
