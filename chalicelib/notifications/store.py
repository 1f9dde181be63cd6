"""What was sent, in the table: NOTIFICATION#<event id> / <channel>, kept 30 days."""

from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core import clock
from chalicelib.core.errors import Conflict
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Transaction

KEPT = timedelta(days=30)
TAKEN_OVER_AFTER = timedelta(minutes=5)


class NotificationItem(Item):
    """pk = NOTIFICATION#<event id>, sk = <channel>. `state` is sending or sent."""

    state = UnicodeAttribute()
    claimed_at = UnicodeAttribute()


class AlreadyTold(Conflict):
    code = "already_told"
    title = "This was sent, or is being sent"


def claim(event_id: str, channel: str, now: datetime) -> None:
    """Take it upon us to send this. A claim whose worker died is free again after five minutes.

    Raises `AlreadyTold`.
    """
    tx = Transaction()
    stale = clock.rfc3339(now - TAKEN_OVER_AFTER)
    free = NotificationItem.pk.does_not_exist() | (
        (NotificationItem.state == "sending") & (NotificationItem.claimed_at < stale)
    )
    tx.put(_item(event_id, channel, "sending", now), free, lambda _: AlreadyTold("Another worker has it."))
    tx.commit()


def release(event_id: str, channel: str, now: datetime) -> None:
    """Sending failed: the next delivery may try at once."""
    _item(event_id, channel, "sending", now - 2 * TAKEN_OVER_AFTER).save()


def mark_sent(event_id: str, channel: str, now: datetime) -> None:
    """It is sent; never again."""
    _item(event_id, channel, "sent", now).save()


def _item(event_id: str, channel: str, state: str, now: datetime) -> NotificationItem:
    return NotificationItem(
        key("NOTIFICATION", event_id),
        channel,
        state=state,
        claimed_at=clock.rfc3339(now),
        ttl=clock.epoch_seconds(now + KEPT),
    )
