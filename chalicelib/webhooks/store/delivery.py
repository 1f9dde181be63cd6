"""Deliveries, their attempts, and the messages that they carry."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from chalicelib.core import clock
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, Transaction, fields_of, find, find_many
from chalicelib.webhooks.domain.delivery import KEPT, Attempt, Delivery, DeliveryState, Superseded
from chalicelib.webhooks.store.due import falls_due, is_done

MESSAGE_KEPT = KEPT + timedelta(days=7)
"""Longer than any delivery of it may take."""
_TIMES = ("created_at", "give_up_at", "next_at", "due_at")


class DeliveryItem(Item):
    """pk = WEBHOOKDELIVERY#<id>, sk = DELIVERY. `summary` is all of it."""

    turn = NumberAttribute()


class AttemptItem(Item):
    """pk = WEBHOOKDELIVERY#<delivery>, sk = ATTEMPT#<nn>."""

    attempt = Json()


class MessageItem(Item):
    """pk = WEBHOOKMESSAGE#<event>, sk = <payload version>. One for all deliveries of the event."""

    body = UnicodeAttribute()


def _delivery_pk(delivery_id: str) -> str:
    return key("WEBHOOKDELIVERY", delivery_id)


def _list_pk(webhook_id: str, state: DeliveryState) -> str:
    return key("WEBHOOKDELIVERIES", webhook_id, state)


def _item(delivery: Delivery) -> DeliveryItem:
    summary = fields_of(delivery)
    for name in _TIMES:
        summary[name] = clock.rfc3339(summary[name]) if summary[name] else None
    item = DeliveryItem(
        _delivery_pk(delivery.id),
        "DELIVERY",
        turn=delivery.turn,
        summary=summary,
        ttl=clock.epoch_seconds(delivery.created_at + KEPT),
        gsi1pk=_list_pk(delivery.webhook_id, delivery.state),
        gsi1sk=delivery.id,
    )
    falls_due(item, delivery.id, delivery.due_at)
    return item


def _delivery(summary: Mapping[str, Any]) -> Delivery:
    times = {name: datetime.fromisoformat(summary[name]) if summary[name] else None for name in _TIMES}
    return Delivery(**{**summary, **times, "state": DeliveryState(summary["state"])})


def _at_turn_before(delivery: Delivery) -> Condition:
    return DeliveryItem.turn == delivery.turn - 1


def add_delivery(delivery: Delivery) -> bool:
    """Write a new delivery. False when there is one already, which is left as it is."""
    return is_done(lambda: _item(delivery).save(DeliveryItem.pk.does_not_exist()))


def create_delivery(tx: Transaction, delivery: Delivery) -> None:
    """Write a new delivery, in a transaction."""
    tx.create(_item(delivery), lambda _: Superseded(f"Delivery {delivery.id} exists."))


def save_delivery(delivery: Delivery) -> bool:
    """Write the next turn. False when another worker was quicker."""
    return is_done(lambda: _item(delivery).save(_at_turn_before(delivery)))


def change_delivery(tx: Transaction, delivery: Delivery) -> None:
    """Write the next turn, in a transaction. At commit `Superseded` when another worker was quicker."""
    tx.put(_item(delivery), _at_turn_before(delivery), lambda _: Superseded(f"Delivery {delivery.id} has moved on."))


def get_delivery(delivery_id: str) -> Delivery | None:
    """The delivery as it is now, or None when there is none (any more)."""
    item = find(DeliveryItem, _delivery_pk(delivery_id), "DELIVERY", consistent=True)
    return _delivery(item.summary) if item and _is_kept(item) else None


def get_deliveries(ids: Iterable[str]) -> list[Delivery]:
    """Those that there are, as they are now, in the order of `ids`."""
    keys = [(_delivery_pk(id), "DELIVERY") for id in ids]
    found = find_many([(DeliveryItem, *one) for one in keys], consistent=True)
    items = [cast(DeliveryItem, found[one]) for one in keys if one in found]
    return [_delivery(item.summary) for item in items if _is_kept(item)]


def _is_kept(item: DeliveryItem) -> bool:
    # Time to live may lag by two days.
    return (item.ttl or 0) > clock.epoch_seconds(clock.now())


def deliveries_in(
    webhook_id: str,
    states: Sequence[DeliveryState],
    *,
    count: int,
    before: str | None = None,
    since: str | None = None,
    newest_first: bool = True,
) -> list[Delivery]:
    """Deliveries of a webhook in any of `states`, by id: those before the id `before`, or from the id `since` on."""
    condition = DeliveryItem.gsi1sk < before if before else DeliveryItem.gsi1sk >= since if since else None
    rows = [
        row
        for state in states
        for row in DeliveryItem.by_owner.query(
            _list_pk(webhook_id, state), condition, limit=count, scan_index_forward=not newest_first
        )
    ]
    rows.sort(key=lambda row: str(row.gsi1sk), reverse=newest_first)
    return [_delivery(row.summary) for row in rows[:count]]


# ---- attempts and messages ----------------------------------------------------------------------------------------------


def add_attempt(tx: Transaction, delivery: Delivery, attempt: Attempt) -> None:
    """Write an attempt into the log."""
    fields = fields_of(attempt)
    del fields["retry_after"]
    item = AttemptItem(
        _delivery_pk(delivery.id),
        key("ATTEMPT", f"{attempt.number:05}"),
        attempt={**fields, "at": clock.rfc3339(attempt.at)},
        ttl=clock.epoch_seconds(delivery.created_at + KEPT),
    )
    tx.put(item)


def attempts_of(delivery_id: str) -> list[Attempt]:
    """The log of a delivery, oldest first."""
    rows = AttemptItem.query(_delivery_pk(delivery_id), AttemptItem.sk.startswith("ATTEMPT#"))
    return [Attempt(**{**row.attempt, "at": datetime.fromisoformat(row.attempt["at"])}) for row in rows]


def put_message(event_id: str, payload_version: int, body: str, at: datetime) -> None:
    """Keep what is sent of an event; the same every time."""
    _message(event_id, payload_version, body, at).save()


def create_message(tx: Transaction, event_id: str, payload_version: int, body: str, at: datetime) -> None:
    """Keep what is sent of an event, in a transaction."""
    tx.put(_message(event_id, payload_version, body, at))


def _message(event_id: str, payload_version: int, body: str, at: datetime) -> MessageItem:
    ttl = clock.epoch_seconds(at + MESSAGE_KEPT)
    return MessageItem(key("WEBHOOKMESSAGE", event_id), str(payload_version), body=body, ttl=ttl)


def message_key(delivery: Delivery) -> tuple[type[Item], str, str]:
    return MessageItem, key("WEBHOOKMESSAGE", delivery.event_id), str(delivery.payload_version)


def get_message(delivery: Delivery) -> str | None:
    """What is sent, or None when it is not kept any more."""
    _, pk, sk = message_key(delivery)
    item = find(MessageItem, pk, sk, consistent=True)
    return item.body if item else None
