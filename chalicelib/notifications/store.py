"""What was sent, in the table: NOTIFICATION#<event id> / <channel>, kept 30 days."""

from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core import clock
from chalicelib.core.errors import AisleError, Conflict, InFlight
from chalicelib.core.keys import key
from chalicelib.core.table import Item, RawItem, Transaction
from chalicelib.notifications.domain import Channel, State

KEPT = timedelta(days=30)
TAKEN_OVER_AFTER = timedelta(minutes=5)
"""Longer than the consumer may run, and over before the queue gives a message up (5 receives, 3 minutes apart)."""


class NotificationItem(Item):
    """pk = NOTIFICATION#<event id>, sk = <channel>. `state` is sending, sent or undeliverable."""

    state = UnicodeAttribute()
    claimed_at = UnicodeAttribute()


class AlreadyTold(Conflict):
    code = "already_told"
    title = "This was sent"


class BeingTold(InFlight):
    code = "being_told"
    title = "This is being sent"


def claim(event_id: str, channel: Channel, now: datetime) -> None:
    """Take it upon us to send this. A claim whose worker died is free again after five minutes.

    Raises `AlreadyTold`, or `BeingTold` while another worker may still send it: it may also have died, so the event has to
    come again.
    """
    tx = Transaction()
    stale = clock.rfc3339(now - TAKEN_OVER_AFTER)
    free = NotificationItem.pk.does_not_exist() | (
        (NotificationItem.state == str(State.SENDING)) & (NotificationItem.claimed_at < stale)
    )
    item = NotificationItem(
        *_key(event_id, channel),
        state=str(State.SENDING),
        claimed_at=clock.rfc3339(now),
        ttl=clock.epoch_seconds(now + KEPT),
    )
    tx.put(item, free, _taken)
    tx.commit()


def _taken(raw: RawItem | None) -> AisleError:
    if raw is not None and NotificationItem.from_raw_data(raw).state == State.SENDING:
        return BeingTold("Another worker has it.")
    return AlreadyTold("It was sent before.")


def release(event_id: str, channel: Channel, claimed_at: datetime) -> None:
    """Undo of `claim` when sending failed: the next delivery may try at once. Leaves another worker's claim alone."""
    tx = Transaction()
    ours = (NotificationItem.state == str(State.SENDING)) & (NotificationItem.claimed_at == clock.rfc3339(claimed_at))
    tx.delete(NotificationItem(*_key(event_id, channel)), ours, lambda _: BeingTold("Another worker took it over."))
    tx.commit()


def finish(event_id: str, channel: Channel, state: State) -> None:
    """It is sent, or never can be; never again."""
    tx = Transaction()
    item = NotificationItem(*_key(event_id, channel))
    actions = [NotificationItem.state.set(str(state))]
    tx.update(item, actions, NotificationItem.pk.exists(), lambda _: AlreadyTold("The claim is gone."))
    tx.commit()


def _key(event_id: str, channel: Channel) -> tuple[str, str]:
    return key("NOTIFICATION", event_id), str(channel)
