"""Starting hold-for-pickup."""

from chalicelib.core import clock, workflow
from chalicelib.core.observability import trace
from chalicelib.core.settings import settings
from chalicelib.lockers.domain.pickups import Pickup


def start_hold(pickup: Pickup) -> None:
    """Start the workflow that looks after a pickup that is ready, or that no locker takes; once, however often this is called."""
    given = {
        "pickup_id": pickup.id,
        "order_id": pickup.order_id,
        "fulfilment_id": pickup.fulfilment_id,
        "until": pickup.remind_at or clock.rfc3339(clock.now()),
        "correlation_id": trace().correlation_id,
    }
    workflow.start(settings().hold_for_pickup_arn, f"{pickup.id}-v1", given)
