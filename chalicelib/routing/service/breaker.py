"""Whether a supplier's endpoint may be called now, and what a call says of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import random

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Stale
from chalicelib.core.observability import count
from chalicelib.core.table import Transaction
from chalicelib.routing import events
from chalicelib.routing.domain.health import Health, after_failure, after_success, probed
from chalicelib.routing.domain.settings import RoutingSettings
from chalicelib.routing.store import items as store

_ATTEMPTS = 6
_BEYOND_A_CALL = timedelta(seconds=20)
"""After so long beyond the time of a call the worker that made the probe has died."""


def resting_until(supplier_id: str, settings: RoutingSettings) -> datetime | None:
    """Until when the endpoint is left in peace; None when it may be called now.

    Of those who come when a rest is over, one may call, and the others wait for what it finds.
    """
    for _ in range(_ATTEMPTS):
        now, health = clock.now(), store.get_health(supplier_id)
        if health.rests_at(now):
            return health.resting_until
        if not health.needs_probe_at(now):
            return None
        tx = Transaction()
        store.put_health(tx, probed(health, now + timedelta(seconds=settings.call_seconds) + _BEYOND_A_CALL))
        try:
            tx.commit()
        except Stale:
            continue
        return None
    return clock.now() + _BEYOND_A_CALL


def note_success(supplier_id: str, by: Principal) -> None:
    """Forget the failures."""
    _note(supplier_id, lambda health: health if health.is_good else after_success(health), "answered", by)


def note_failure(
    supplier_id: str, settings: RoutingSettings, reason: str, asked: timedelta | None, by: Principal
) -> None:
    """Count a failure; the endpoint rests if it was one too many, or if it `asked` for a rest."""
    luck = random()  # noqa: S311  # jitter is no secret
    _note(supplier_id, lambda health: after_failure(health, clock.now(), settings, luck, asked), reason, by)


def _note(supplier_id: str, change: Callable[[Health], Health], reason: str, by: Principal) -> None:
    """Racing calls are noted one after the other; one that lost too often is not, and the next will be."""
    for _ in range(_ATTEMPTS):
        before = store.get_health(supplier_id)
        after = change(before)
        if after is before:
            return
        tx = Transaction()
        store.put_health(tx, after)
        if after.unreachable is not before.unreachable:
            events.reachability_changed(tx, after, reason, by)
        try:
            tx.commit()
        except Stale:
            continue
        if after.unreachable and not before.unreachable:
            count("SuppliersUnreachable")
        return
