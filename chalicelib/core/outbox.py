"""Events leave with the transaction that causes them.

An event is an item beside its aggregate, `pk = <aggregate>`, `sk = EVENT#<ulid>`: the outbox and the aggregate's timeline
in one. The table's stream carries it to the bus (see docs/events.md). It is never changed, and is read back as the
timeline, oldest first.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Conflict
from chalicelib.core.ids import new_ulid
from chalicelib.core.table import Item, Transaction

PREFIX = "EVENT#"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What an event is about: its kind, id, and the version that the event brought it to."""

    type: str
    id: str
    version: int


@dataclass(frozen=True, slots=True)
class Event:
    """The envelope of docs/events.md. `data` holds no secrets and no personal data."""

    id: str
    source: str
    type: str
    version: int
    occurred_at: str
    aggregate: Aggregate
    correlation_id: str
    causation_id: str | None
    actor: dict[str, str]
    data: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """The envelope as compact JSON, as it travels."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        fields["aggregate"] = {"type": self.aggregate.type, "id": self.aggregate.id, "version": self.aggregate.version}
        return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_dict(cls, envelope: dict[str, Any]) -> "Event":
        """The event of an envelope. Raises KeyError or TypeError for what is not one."""
        known = {name: envelope[name] for name in cls.__slots__}
        return cls(**{**known, "aggregate": Aggregate(**envelope["aggregate"])})


class EventItem(Item):
    """pk = <aggregate's pk>, sk = EVENT#<ulid>."""

    event = UnicodeAttribute()


def publish(
    tx: Transaction,
    *,
    pk: str,
    source: str,
    type: str,
    aggregate: Aggregate,
    by: Principal,
    data: dict[str, Any],
    version: int = 1,
    ttl: int | None = None,
) -> Event:
    """Add an event to the command's transaction. `ttl` (epoch seconds) for timelines that nobody reads back."""
    trace = observability.trace()
    event = Event(
        id=new_ulid(),
        source=f"aisle.{source}",
        type=type,
        version=version,
        occurred_at=clock.rfc3339(clock.now()),
        aggregate=aggregate,
        correlation_id=trace.correlation_id,
        causation_id=trace.causation_id,
        actor=by.as_actor(),
        data=data,
    )
    item = EventItem(pk, PREFIX + event.id, event=event.to_json(), ttl=ttl)
    tx.create(item, lambda _: Conflict("This event was written before."))
    return event


def timeline(pk: str) -> Iterator[Event]:
    """All events of the aggregate at `pk`, oldest first."""
    for item in EventItem.query(pk, EventItem.sk.startswith(PREFIX)):
        yield Event.from_dict(json.loads(item.event))
