"""How an endpoint fares, in an item of its own: every failing delivery writes it."""

from datetime import UTC, datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from chalicelib.core import clock
from chalicelib.core.errors import Contended
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Transaction, find
from chalicelib.webhooks.domain.delivery import milliseconds
from chalicelib.webhooks.domain.health import Health
from chalicelib.webhooks.store.due import Due, is_done


class HealthItem(Item):
    """pk = WEBHOOK#<id>, sk = HEALTH. `next_slot`: when the next request may go, in milliseconds since 1970."""

    failures = NumberAttribute(null=True)
    failing_since = UnicodeAttribute(null=True)
    resting_until = UnicodeAttribute(null=True)
    next_slot = NumberAttribute(null=True)


def health_key(webhook_id: str) -> tuple[type[Item], str, str]:
    return HealthItem, key("WEBHOOK", webhook_id), "HEALTH"


def _of(webhook_id: str) -> HealthItem:
    return HealthItem(key("WEBHOOK", webhook_id), "HEALTH")


def health_from(item: HealthItem) -> Health:
    since, until = item.failing_since, item.resting_until
    return Health(
        int(item.failures or 0),
        datetime.fromisoformat(since) if since else None,
        datetime.fromisoformat(until) if until else None,
    )


def get_health(webhook_id: str) -> Health:
    """How it fares; as well as can be when nothing is known."""
    item = find(HealthItem, key("WEBHOOK", webhook_id), "HEALTH", consistent=True)
    return health_from(item) if item else Health()


def note_failure(webhook_id: str, at: datetime, resting_until: datetime | None) -> Health:
    """Count a failed attempt, and let the endpoint rest if need be. A webhook that was deleted meanwhile stays so."""
    item = _of(webhook_id)
    actions: list[Action] = [
        HealthItem.failures.set((HealthItem.failures | 0) + 1),
        HealthItem.failing_since.set(HealthItem.failing_since | clock.rfc3339(at)),
    ]
    if resting_until:
        actions.append(HealthItem.resting_until.set(clock.rfc3339(resting_until)))
    return health_from(item) if is_done(lambda: item.update(actions, HealthItem.pk.exists())) else Health()


def note_success(webhook_id: str) -> None:
    """Forget the failures."""
    item = _of(webhook_id)
    actions: list[Action] = [
        HealthItem.failures.remove(),
        HealthItem.failing_since.remove(),
        HealthItem.resting_until.remove(),
    ]
    is_done(lambda: item.update(actions, HealthItem.pk.exists()))


def claim_probe(webhook_id: str, seen: datetime | None, until: datetime) -> bool:
    """Whether this delivery is the one that asks the endpoint; the others rest until then. `seen` is the rest that is over."""
    item = _of(webhook_id)
    rest = HealthItem.resting_until
    unclaimed = rest == clock.rfc3339(seen) if seen else HealthItem.pk.exists() & rest.does_not_exist()
    return is_done(lambda: item.update([rest.set(clock.rfc3339(until))], unclaimed))


def take_slot(webhook_id: str, now: datetime, interval: timedelta, within: timedelta) -> datetime | None:
    """The moment at which one more request may go, which nobody else gets; None when that is later than `within` from now.

    Requests that come when the endpoint is free take the present; the others queue at the end, `interval` apart.
    """
    item = _of(webhook_id)
    at, step = milliseconds(now), max(round(interval / timedelta(milliseconds=1)), 1)
    free = HealthItem.next_slot.does_not_exist() | (HealthItem.next_slot <= at)
    if is_done(lambda: item.update([HealthItem.next_slot.set(at + step)], free & HealthItem.pk.exists())):
        return now
    bounded = HealthItem.next_slot <= at + within // timedelta(milliseconds=1)
    if is_done(lambda: item.update([HealthItem.next_slot.set(HealthItem.next_slot + step)], bounded)):
        return datetime.fromtimestamp((int(item.next_slot or 0) - step) / 1_000, UTC)
    return None


def check_failing(tx: Transaction, webhook_id: str, since: datetime) -> None:
    """Commit only if there was no success since `since`."""
    tx.check(
        _of(webhook_id),
        HealthItem.failing_since == clock.rfc3339(since),
        lambda _: Contended(f"The endpoint of {webhook_id} has recovered."),
    )


def end_release(entry: Due) -> None:
    """No delivery is held any more: off the list, unless it was put there again."""
    item = HealthItem(entry.pk, entry.sk)
    actions: list[Action] = [HealthItem.gsi3pk.remove(), HealthItem.gsi3sk.remove()]
    is_done(lambda: item.update(actions, HealthItem.gsi3sk == entry.seen))
