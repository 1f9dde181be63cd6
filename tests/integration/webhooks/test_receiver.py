"""From the API to a real HTTP server, which verifies what it gets as a subscriber would: with the library of Standard Webhooks."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from chalicelib.core import outside
from chalicelib.core.settings import settings
from chalicelib.webhooks import service, store
from chalicelib.webhooks.domain.delivery import Delivery, DeliveryState
from tests.conftest import ADMIN, Reply
from tests.unit.webhooks.builders import CONSUMER, an_event, attempts, deliveries, health

pytestmark = pytest.mark.usefixtures("table")

THREADS = 16
_keys = count()

Behaviour = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """A subscriber's endpoint."""

    server: Any
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        receiver: Receiver = self.server.receiver
        body = self.rfile.read(int(self.headers["Content-Length"]))
        receiver.got.append((self.path, dict(self.headers.items()), body))
        with suppress(OSError):  # whoever is cut off finds nobody to answer
            receiver.next_behaviour()(self)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def says(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    return lambda handler: handler.answer(status, body, **headers)


def sleeps(handler: Handler) -> None:
    time.sleep(1)
    handler.answer(200)


def hangs_up(handler: Handler) -> None:
    handler.close_connection = True


def floods(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(10**12))
    handler.end_headers()
    while True:
        handler.wfile.write(b"spam" * 4_096)


@dataclass
class Receiver:
    """What the endpoint got, and how it behaves: one behaviour a request, then 204."""

    port: int = 0
    behaviours: deque[Behaviour] = field(default_factory=deque)
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def next_behaviour(self) -> Behaviour:
        return self.behaviours.popleft() if self.behaviours else says(204)

    def will(self, *behaviours: Behaviour) -> None:
        self.behaviours.extend(behaviours)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?key=1"

    def verified(self, secret: str) -> list[dict[str, Any]]:
        """All bodies, each verified. Raises `WebhookVerificationError` for one that is not."""
        return [Verifier(secret).verify(body, headers) for _, headers, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Receiver(server.server_port)
    server.receiver = made  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()  # waits for the handlers


@pytest.fixture
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A laptop's stage: receivers on this machine may be called."""
    monkeypatch.setattr(outside, "settings", lambda: replace(settings(), loopback_allowed=True))


@dataclass
class Messages:
    """The queue of attempts, whose messages arrive when the test says so, however long they should wait."""

    waiting: deque[tuple[str, int]] = field(default_factory=deque)

    def send(self, asked: Iterable[Delivery], now: Any) -> None:
        self.waiting.extend((delivery.id, delivery.turn) for delivery in asked)

    def arrive(self, most: int = 100) -> list[str]:
        """Attempts are made until none is asked for, or `most` are made."""
        outcomes = []
        while self.waiting and len(outcomes) < most:
            delivery_id, turn = self.waiting.popleft()
            outcomes.append(service.attempt_delivery(delivery_id, turn, by=CONSUMER, queue=self))
        return outcomes


@dataclass
class Subscriber:
    """A webhook that was created through the API, and its secret."""

    call: Callable[..., Reply]
    id: str
    secret: str
    messages: Messages

    @property
    def path(self) -> str:
        return f"/v1/webhooks/{self.id}"

    def post(self, path: str, json: Any = None) -> Reply:
        headers = {"Idempotency-Key": f"key-{next(_keys)}"}
        return self.call("POST", f"{self.path}{path}", json=json, by=ADMIN, headers=headers)

    def hears(self, **given: Any) -> str:
        """An event happens; returns its id."""
        event = an_event(**given)
        service.hand_out(event, queue=self.messages)
        return event.id

    def webhook(self) -> Any:
        return store.get_webhook(self.id)

    def delivery(self) -> Delivery:
        [one] = deliveries(self.webhook())
        return one


@pytest.fixture
def subscriber(call: Callable[..., Reply], receiver: Receiver, loopback: None) -> Iterator[Subscriber]:
    service.forget_webhooks()
    made = call(
        "POST",
        "/v1/webhooks",
        json={"url": receiver.url, "event_types": ["aisle.orders.*"]},
        by=ADMIN,
        headers={"Idempotency-Key": f"key-{next(_keys)}"},
    )
    assert made.status == 201, made.text
    yield Subscriber(call, made.json["id"], made.json["secret"], Messages())
    service.forget_webhooks()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Receivers have half a second instead of ten."""
    monkeypatch.setattr(outside, "SECONDS", 0.5)


# ---- signatures ---------------------------------------------------------------------------------------------------------


def test_a_subscriber_verifies_what_it_gets(subscriber: Subscriber, receiver: Receiver) -> None:
    event_id = subscriber.hears()
    assert subscriber.messages.arrive() == ["204"]
    [(path, headers, raw)] = receiver.got
    assert path == "/hooks?key=1"
    assert headers["Host"] == f"127.0.0.1:{receiver.port}"
    assert headers["Content-Type"] == "application/json"
    assert headers["webhook-id"] == event_id
    [body] = receiver.verified(subscriber.secret)
    assert (body["type"], sorted(body)) == ("aisle.orders.OrderPlaced", ["data", "timestamp", "type"])
    assert abs(time.time() - int(headers["webhook-timestamp"])) < 5
    forged = raw.replace(b"1000", b"9999")
    with pytest.raises(WebhookVerificationError):
        Verifier(subscriber.secret).verify(forged, headers)


def test_through_a_rotation_no_receiver_misses_anything(subscriber: Subscriber, receiver: Receiver) -> None:
    rotated = subscriber.post("/secret-rotations", {"old_valid_hours": 1})
    new = rotated.json["secret"]
    subscriber.hears()
    subscriber.messages.arrive()
    assert len(receiver.verified(subscriber.secret)) == len(receiver.verified(new)) == 1
    subscriber.post("/secret-rotations", {"old_valid_hours": 0})
    subscriber.hears()
    subscriber.messages.arrive()
    with pytest.raises(WebhookVerificationError):
        receiver.verified(new)


def test_a_test_event_is_verified_like_any_other(subscriber: Subscriber, receiver: Receiver) -> None:
    accepted = subscriber.post("/tests").json
    subscriber.messages.send([subscriber.delivery()], None)
    assert subscriber.messages.arrive() == ["204"]
    [body] = receiver.verified(subscriber.secret)
    assert (body["type"], body["data"]) == ("webhook.test", {"webhook_id": subscriber.id})
    shown = subscriber.call("GET", f"{subscriber.path}/deliveries/{accepted['id']}", by=ADMIN).json
    assert (shown["state"], shown["log"][0]["status"], json.loads(shown["body"])) == ("delivered", 204, body)


# ---- receivers that behave badly ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("impatient")
def test_a_flaky_receiver_gets_it_in_the_end(subscriber: Subscriber, receiver: Receiver) -> None:
    receiver.will(says(500, b"database is away"), hangs_up, sleeps)
    event_id = subscriber.hears()
    assert subscriber.messages.arrive() == ["500", "protocol", "timeout"]
    # The fourth attempt is half an hour away: the schedule would ask for it.
    subscriber.messages.send([subscriber.delivery()], None)
    assert subscriber.messages.arrive() == ["204"]
    log = attempts(subscriber.delivery())
    assert [(one.number, one.status, one.error) for one in log] == [
        (1, 500, None),
        (2, None, "protocol"),
        (3, None, "timeout"),
        (4, 204, None),
    ]
    assert log[0].body == "database is away"
    assert 450 <= log[2].duration_ms < 950
    assert {headers["webhook-id"] for _, headers, _ in receiver.got} == {event_id}
    assert len({body for _, _, body in receiver.got}) == 1
    assert len(receiver.verified(subscriber.secret)) == 4
    assert health(subscriber.webhook()).failures == 0


def test_a_redirect_is_a_failure_and_leads_nowhere(subscriber: Subscriber, receiver: Receiver) -> None:
    receiver.will(says(302, Location=f"http://127.0.0.1:{receiver.port}/elsewhere"))
    subscriber.hears()
    assert subscriber.messages.arrive(1) == ["302"]
    assert [path for path, _, _ in receiver.got] == ["/hooks?key=1"]
    assert subscriber.delivery().state is DeliveryState.PENDING


def test_of_a_flood_the_beginning_is_kept(subscriber: Subscriber, receiver: Receiver) -> None:
    receiver.will(floods)
    subscriber.hears()
    began = time.monotonic()
    assert subscriber.messages.arrive() == ["200"]
    assert time.monotonic() - began < 5
    [attempt] = attempts(subscriber.delivery())
    assert attempt.body == "spam" * 125


def test_gone_ends_the_subscription(subscriber: Subscriber, receiver: Receiver) -> None:
    receiver.will(says(410))
    subscriber.hears()
    subscriber.hears()
    assert subscriber.messages.arrive() == ["410", "webhook_disabled"]
    shown = subscriber.call("GET", subscriber.path, by=ADMIN).json
    assert (shown["status"], shown["disabled_because"]) == ("disabled", "gone")
    assert len(receiver.got) == 1


def test_a_receiver_that_asks_for_peace_gets_it(subscriber: Subscriber, receiver: Receiver) -> None:
    receiver.will(says(429, Retry_After="60"))
    subscriber.hears()
    subscriber.hears()
    assert subscriber.messages.arrive(2) == ["429", "postponed"]
    assert len(receiver.got) == 1
    assert [one.attempts for one in deliveries(subscriber.webhook())] == [1, 0]


def test_nobody_at_home_is_a_failure(subscriber: Subscriber, receiver: Receiver) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as closed:
        port = closed.server_port
    url = f"http://127.0.0.1:{port}/"
    change = {"url": url, "event_types": ["aisle.*"]}
    subscriber.call("PUT", subscriber.path, json=change, by=ADMIN, headers={"If-Match": '"1"'})
    service.forget_webhooks()
    subscriber.hears()
    assert subscriber.messages.arrive(1) == ["connect"]
    [attempt] = attempts(subscriber.delivery())
    assert attempt.body == "127.0.0.1: Connection refused"


def test_where_the_stage_does_not_say_so_this_machine_is_never_called(
    subscriber: Subscriber, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscriber.hears()
    monkeypatch.setattr(outside, "settings", settings)
    assert subscriber.messages.arrive(1) == ["not_allowed"]
    assert receiver.got == []
    refused = subscriber.call(
        "POST",
        "/v1/webhooks",
        json={"url": receiver.url, "event_types": ["aisle.*"]},
        by=ADMIN,
        headers={"Idempotency-Key": "again"},
    )
    assert refused.code == "url_not_allowed"


# ---- many hands ---------------------------------------------------------------------------------------------------------


def test_sixteen_consumers_of_one_event_make_one_delivery(subscriber: Subscriber, receiver: Receiver) -> None:
    event = an_event()
    ready = threading.Barrier(THREADS)

    def consume(_: int) -> int:
        ready.wait(30)
        return service.hand_out(event, queue=subscriber.messages)

    with ThreadPoolExecutor(THREADS) as pool:
        assert set(pool.map(consume, range(THREADS))) == {1}
    assert subscriber.delivery().turn == 1
    outcomes = subscriber.messages.arrive()
    assert sorted(outcomes) == ["204", *["superseded"] * (THREADS - 1)]
    assert len(receiver.got) == 1


def test_sixteen_workers_with_one_message_write_one_attempt(subscriber: Subscriber, receiver: Receiver) -> None:
    """Each may send (at least once); one of them counts."""
    subscriber.hears()
    delivery_id, turn = subscriber.messages.waiting.popleft()
    receiver.will(*[says(500)] * THREADS)
    ready = threading.Barrier(THREADS)

    def attempt(_: int) -> str:
        ready.wait(30)
        return service.attempt_delivery(delivery_id, turn, by=CONSUMER, queue=subscriber.messages)

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = sorted(pool.map(attempt, range(THREADS)))
    assert outcomes == ["500", *["superseded"] * (THREADS - 1)]
    delivery = subscriber.delivery()
    assert (delivery.attempts, delivery.turn, len(attempts(delivery))) == (1, 2, 1)
    assert health(subscriber.webhook()).failures == 1
    assert len(subscriber.messages.waiting) == 1
    assert {headers["webhook-id"] for _, headers, _ in receiver.got} == {delivery.event_id}


def test_sixteen_runs_of_the_schedule_ask_once(subscriber: Subscriber, receiver: Receiver) -> None:
    receiver.will(says(503, Retry_After="0"))
    subscriber.hears()
    subscriber.messages.arrive(1)
    subscriber.messages.waiting.clear()
    delivery = subscriber.delivery()
    assert store.save_delivery(replace(delivery, turn=delivery.turn + 1, due_at=delivery.created_at))
    ready = threading.Barrier(THREADS)

    def run(_: int) -> int:
        ready.wait(30)
        return service.send_due(within=30, queue=subscriber.messages)["sent"]

    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(run, range(THREADS))) == 1
    assert subscriber.messages.arrive() == ["204"]


def test_one_of_sixteen_asks_an_endpoint_that_rested(subscriber: Subscriber, receiver: Receiver) -> None:
    for _ in range(THREADS):
        subscriber.hears()
    waiting = list(subscriber.messages.waiting)
    subscriber.messages.waiting.clear()
    past = subscriber.webhook().created_at
    for _ in range(5):
        store.note_failure(subscriber.id, past, past)
    receiver.will(lambda handler: (time.sleep(0.5), handler.answer(500))[1])
    ready = threading.Barrier(THREADS)

    def attempt(message: tuple[str, int]) -> str:
        ready.wait(30)
        return service.attempt_delivery(*message, by=CONSUMER, queue=subscriber.messages)

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = sorted(pool.map(attempt, waiting))
    assert outcomes == ["500", *["postponed"] * (THREADS - 1)]
    assert len(receiver.got) == 1


def test_places_in_the_line_are_given_away_once_each(subscriber: Subscriber) -> None:
    from datetime import timedelta

    from chalicelib.core import clock

    now, second = clock.now(), timedelta(seconds=1)
    ready = threading.Barrier(THREADS)

    def take(_: int) -> Any:
        ready.wait(30)
        return store.take_slot(subscriber.id, now, second, timedelta(minutes=1))

    with ThreadPoolExecutor(THREADS) as pool:
        taken = sorted(pool.map(take, range(THREADS)))
    assert [round((at - now).total_seconds()) for at in taken] == list(range(THREADS))
