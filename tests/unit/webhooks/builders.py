"""What the tests of webhooks are made of: a subscription, events, and a world in which time passes."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from chalicelib.core import clock
from chalicelib.core.auth import Principal, Role, system
from chalicelib.core.idempotency import Idempotency, no_answer
from chalicelib.core.outbox import Aggregate, Event
from chalicelib.core.outside import CallFailed, Failure, Reply
from chalicelib.core.table import Transaction
from chalicelib.suppliers import store as suppliers
from chalicelib.webhooks import service, store
from chalicelib.webhooks.domain.delivery import Attempt, Delivery, DeliveryState
from chalicelib.webhooks.domain.health import Health
from chalicelib.webhooks.domain.webhook import Webhook

ADMIN = Principal("user", "usr_admin", roles=frozenset({Role.ADMIN}))
CONSUMER = system("webhooks")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
URL = "https://hooks.example.com/aisle"
TYPE = "aisle.orders.OrderPlaced"

A, B = "sup_01J0000000000000000000000A", "sup_01J0000000000000000000000B"
OF_A = Principal("user", "usr_of_a", roles=frozenset({Role.SUPPLIER}))
OF_B = Principal("user", "usr_of_b", roles=frozenset({Role.SUPPLIER}))

_numbers = count(1)


def a_key(payload: bytes = b"") -> Idempotency:
    """A new idempotency key."""
    return Idempotency.of("test", f"key-{next(_numbers)}", payload)


def terms(**given: Any) -> dict[str, Any]:
    """What a caller sets of a webhook."""
    return {
        "url": URL,
        "event_types": (TYPE,),
        "filter": {},
        "description": "",
        "payload_version": 1,
        "rate_per_minute": None,
        **given,
    }


def subscribes(by: Principal = ADMIN, **given: Any) -> Webhook:
    """A webhook that is stored."""
    made: list[Webhook] = []

    def answer(webhook: Webhook, secret: str | None) -> Any:
        made.append(webhook)
        return no_answer()

    service.create_webhook(terms(**given), by=by, once=a_key(), answer=answer)
    return made[0]


def acts_for(supplier_id: str, by: Principal) -> None:
    """Let somebody act for a supplier."""
    tx = Transaction()
    suppliers.add_member(tx, supplier_id, f"{by.kind}:{by.id}")
    tx.commit()


def an_event(type: str = "OrderPlaced", *, source: str = "aisle.orders", **given: Any) -> Event:
    """An event of the bus, happening now."""
    number = next(_numbers)
    fields: dict[str, Any] = {
        "id": f"01K{number:023}",
        "source": source,
        "type": type,
        "version": 1,
        "occurred_at": clock.rfc3339(clock.now()),
        "aggregate": Aggregate("order", f"ord_{number}", 1),
        "correlation_id": "corr-1",
        "causation_id": None,
        "actor": {"kind": "user", "id": "usr_1"},
        "data": {"total": {"amount": 1_000, "currency": "GBP"}, "channel": "web"},
        **given,
    }
    return Event(**fields)


def answers(status: int, body: bytes = b"", **headers: str) -> Reply:
    """What an endpoint says; `retry_after="60"` becomes a header."""
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def unreachable(kind: Failure = Failure.CONNECT) -> CallFailed:
    return CallFailed(kind, "nobody there")


Answer = Reply | CallFailed


@dataclass
class World:
    """Time, the queue of attempts, the schedule and an endpoint. `says` is what the endpoint answers, by time."""

    now: datetime = NOON
    says: Callable[[datetime], Answer] = lambda now: answers(200)
    requests: list[tuple[datetime, dict[str, str], bytes]] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    messages: list[tuple[datetime, int, str, int]] = field(default_factory=list)
    loses: int = 0
    """So many of the next messages are lost on the way."""

    def send(self, deliveries: Iterable[Delivery], now: datetime) -> None:
        """As the queue."""
        for delivery in deliveries:
            at = max(delivery.next_at or now, now)
            assert at - now <= timedelta(minutes=15), "SQS delays a message by 15 minutes at most"
            if self.loses:
                self.loses -= 1
            else:
                heapq.heappush(self.messages, (at, next(_numbers), delivery.id, delivery.turn))

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """As the endpoint."""
        said = self.says(clock.now())
        self.requests.append((clock.now(), {**headers, "url": url}, body))
        if isinstance(said, CallFailed):
            raise said
        return said

    @contextmanager
    def time(self) -> Iterator[None]:
        """The clock shows this world's time."""
        with clock.at(self.now):
            yield

    def happens(self, *events: Event) -> None:
        """The bus delivers events."""
        with self.time():
            for event in events or (an_event(),):
                service.hand_out(event, queue=self)

    def attempt(self, delivery_id: str, turn: int) -> str:
        """A worker gets a message."""
        return service.attempt_delivery(delivery_id, turn, by=CONSUMER, queue=self, post=self.post)

    def passes(self, span: timedelta = timedelta()) -> None:
        """Time goes by: messages arrive, and each minute the schedule looks what is due."""
        end, ran = self.now + span, self.now
        while True:
            arrives, runs = self.messages[0][0] if self.messages else None, self._next_run(ran)
            at = min((time for time in (arrives, runs) if time), default=None)
            if at is None or at > end:
                self.now = end
                return
            self.now = max(self.now, at)
            with self.time():
                if at == arrives:
                    _, _, delivery_id, turn = heapq.heappop(self.messages)
                    self.outcomes.append(self.attempt(delivery_id, turn))
                else:
                    service.send_due(within=60, queue=self)
                    ran = self.now

    def _next_run(self, ran: datetime) -> datetime | None:
        """The full minute at which the schedule next has something to do: those before it are as good as run."""
        due = min((entry.since for entry in store.due(self.now + timedelta(days=30))), default=None)
        if due is None:
            return None
        after = max(due, ran + timedelta(seconds=1)) - timedelta(microseconds=1)
        return after.replace(second=0, microsecond=0) + timedelta(minutes=1)

    @property
    def times(self) -> list[float]:
        """Seconds from noon to each request."""
        return [(at - NOON).total_seconds() for at, _, _ in self.requests]


def deliveries(webhook: Webhook, *states: DeliveryState) -> list[Delivery]:
    """Its deliveries, oldest first."""
    return store.deliveries_in(webhook.id, states or list(DeliveryState), count=1_000, newest_first=False)


def the_delivery(webhook: Webhook) -> Delivery:
    [listed] = deliveries(webhook)
    with clock.at(listed.created_at):
        assert store.get_delivery(listed.id) == listed, "the list shows something else than the delivery"
    return listed


def attempts(delivery: Delivery) -> list[Attempt]:
    return store.attempts_of(delivery.id)


def health(webhook: Webhook) -> Health:
    return store.get_health(webhook.id)


def is_now(webhook: Webhook) -> Webhook:
    """The webhook as it is stored."""
    found = store.get_webhook(webhook.id)
    assert found is not None
    return found


def pauses(webhook: Webhook) -> None:
    service.pause_webhook(webhook.id, by=ADMIN, once=a_key(), answer=lambda _: no_answer())


def resumes(webhook: Webhook, deliver_missed: bool = True) -> None:
    service.resume_webhook(
        webhook.id, deliver_missed=deliver_missed, by=ADMIN, once=a_key(), answer=lambda _: no_answer()
    )
