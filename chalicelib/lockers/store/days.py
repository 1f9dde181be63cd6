"""What happened at a site on a day, counted in the transactions that make it happen."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from pynamodb.attributes import NumberAttribute

from chalicelib.core import clock
from chalicelib.core.errors import Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Transaction

KEPT = timedelta(days=400)
DWELL_HOURS = (1, 4, 12, 24, 48, 72)
"""Upper bounds of the classes of how long orders lay; the last class has none."""


class DayItem(Item):
    """pk = LOCKERDAYS#<site>, sk = <date>. `dwell_<n>` counts collected pickups that lay for up to so many hours."""

    loaded = NumberAttribute(default=0)
    collected = NumberAttribute(default=0)
    expired = NumberAttribute(default=0)
    faulted = NumberAttribute(default=0)
    dwell_seconds = NumberAttribute(default=0)
    dwell_1 = NumberAttribute(default=0)
    dwell_4 = NumberAttribute(default=0)
    dwell_12 = NumberAttribute(default=0)
    dwell_24 = NumberAttribute(default=0)
    dwell_48 = NumberAttribute(default=0)
    dwell_72 = NumberAttribute(default=0)
    dwell_more = NumberAttribute(default=0)


COUNTERS = ("loaded", "collected", "expired", "faulted", "dwell_seconds")
CLASSES = (*(f"dwell_{hours}" for hours in DWELL_HOURS), "dwell_more")
_ANYTHING = DayItem.pk.exists() | DayItem.pk.does_not_exist()


def class_of(seconds: float) -> str:
    """The class that a time belongs to."""
    return next((f"dwell_{hours}" for hours in DWELL_HOURS if seconds <= hours * 3600), "dwell_more")


def count(tx: Transaction, site_id: str, **more: int) -> None:
    """Add to the counters of today (UTC)."""
    now = clock.now()
    item = DayItem(key("LOCKERDAYS", site_id), now.date().isoformat())
    actions = [getattr(DayItem, name).add(value) for name, value in more.items()]
    actions.append(DayItem.ttl.set(clock.epoch_seconds(now + KEPT)))
    tx.update(item, actions, _ANYTHING, lambda _: Stale("never"))


def count_collected(tx: Transaction, site_id: str, ready_at: str) -> None:
    """Count a pickup that was collected, and how long it lay."""
    lay = (clock.now() - datetime.fromisoformat(ready_at)).total_seconds()
    count(tx, site_id, collected=1, dwell_seconds=int(lay), **{class_of(lay): 1})


def days_of(site_id: str, since: date, until: date) -> list[tuple[str, Mapping[str, int]]]:
    """The days from one to another on which something happened, with their counters."""
    if since > until:
        return []  # DynamoDB refuses to look for what lies between a day and one before it
    rows = DayItem.query(key("LOCKERDAYS", site_id), DayItem.sk.between(since.isoformat(), until.isoformat()))
    return [(str(row.sk), {name: int(getattr(row, name)) for name in (*COUNTERS, *CLASSES)}) for row in rows]
