"""What was sent: claimed before, noted after, kept 30 days."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core import clock
from chalicelib.core.errors import AisleError, Conflict, InFlight
from chalicelib.core.keys import SEPARATOR, key
from chalicelib.core.table import Item, RawItem, Transaction
from chalicelib.notifications.domain import State

KEPT = timedelta(days=30)
TAKEN_OVER_AFTER = timedelta(minutes=5)
"""Longer than the consumer may run, and over before the queue gives a message up (5 receives, 3 minutes apart)."""


class NotificationItem(Item):
    """pk = NOTIFICATION#<event id>, sk = <channel> or push#<device>. `state` is sending, sent or undeliverable."""

    state = UnicodeAttribute()
    claimed_at = UnicodeAttribute()


class AlreadyTold(Conflict):
    code = "already_told"
    title = "This was sent"


class BeingTold(InFlight):
    code = "being_told"
    title = "This is being sent"


@dataclass(frozen=True, slots=True)
class Sent:
    """A message to a customer: the event it told of, the channel, and when."""

    id: str
    event: str
    channel: str
    at: str


def claim(event_id: str, recipient: str, now: datetime, *, event: str, customer_id: str | None) -> None:
    """Take it upon us to send this. A claim whose worker died is free again after five minutes.

    Raises `AlreadyTold`, or `BeingTold` while another worker may still send it: it may also have died, so the event has to
    come again.
    """
    tx = Transaction()
    at = clock.rfc3339(now)
    stale = clock.rfc3339(now - TAKEN_OVER_AFTER)
    free = NotificationItem.pk.does_not_exist() | (
        (NotificationItem.state == str(State.SENDING)) & (NotificationItem.claimed_at < stale)
    )
    item = NotificationItem(
        *_key(event_id, recipient),
        state=str(State.SENDING),
        claimed_at=at,
        ttl=clock.epoch_seconds(now + KEPT),
    )
    if customer_id is not None:
        item.gsi1pk, item.gsi1sk = key("NOTIFIED", customer_id), SEPARATOR.join((event_id, recipient))
        item.summary = {"event": event, "channel": recipient.partition(SEPARATOR)[0], "at": at}
    tx.put(item, free, _taken)
    tx.commit()


def _taken(raw: RawItem | None) -> AisleError:
    if raw is not None and NotificationItem.from_raw_data(raw).state == State.SENDING:
        return BeingTold("Another worker has it.")
    return AlreadyTold("It was sent before.")


def release(event_id: str, recipient: str, claimed_at: datetime) -> None:
    """Undo of `claim` when sending failed: the next delivery may try at once. Leaves another worker's claim alone."""
    tx = Transaction()
    ours = (NotificationItem.state == str(State.SENDING)) & (NotificationItem.claimed_at == clock.rfc3339(claimed_at))
    tx.delete(NotificationItem(*_key(event_id, recipient)), ours, lambda _: BeingTold("Another worker took it over."))
    tx.commit()


def finish(event_id: str, recipient: str, state: State) -> None:
    """It is sent, or never can be; never again."""
    tx = Transaction()
    item = NotificationItem(*_key(event_id, recipient))
    actions = [NotificationItem.state.set(str(state))]
    tx.update(item, actions, NotificationItem.pk.exists(), lambda _: AlreadyTold("The claim is gone."))
    tx.commit()


def was_sent(event_id: str) -> bool:
    """Whether somebody was told of an event, on any channel."""
    rows = NotificationItem.query(key("NOTIFICATION", event_id), consistent_read=True)
    return any(row.state == State.SENT for row in rows)


def sent_to(customer_id: str, after: str | None, count: int) -> list[Sent]:
    """What a customer was told in the last 30 days, oldest first, an instant behind; `after` is the id of the one before."""
    condition = NotificationItem.gsi1sk > after if after else None
    rows = NotificationItem.by_owner.query(key("NOTIFIED", customer_id), condition, limit=count)
    return [Sent(id=str(row.gsi1sk), **row.summary) for row in rows]


def _key(event_id: str, recipient: str) -> tuple[str, str]:
    return key("NOTIFICATION", event_id), recipient
