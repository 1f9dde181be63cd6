"""Subscribers hear of what happens, from the order's click to their own server."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import pytest
from standardwebhooks import Webhook as Verifier

from tests.journeys.conftest import Shop, until


@dataclass
class Subscriber:
    """A server of somebody else's: `answers` are the statuses it gives, then 204."""

    port: int = 0
    answers: deque[int] = field(default_factory=deque)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    def heard(self, secret: str) -> list[Any]:
        """What it got, each verified by its signature."""
        return [Verifier(secret).verify(body, headers) for headers, body in list(self.got)]


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def do_POST(self) -> None:
        subscriber: Subscriber = self.server.subscriber
        body = self.rfile.read(int(self.headers["Content-Length"]))
        subscriber.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(subscriber.answers.popleft() if subscriber.answers else 204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def listening() -> Iterator[Subscriber]:
    """Somebody's server, as long as this is open."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    made = Subscriber(server.server_port)
    server.subscriber = made  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def subscriber() -> Iterator[Subscriber]:
    with listening() as made:
        yield made


def subscribes(shop: Shop, subscriber: Subscriber, *types: str) -> dict[str, Any]:
    """A webhook for events of this shop's channel."""
    body = {"url": subscriber.url, "event_types": list(types), "filter": {"channel": [shop.channel]}}
    made = shop.post("/v1/webhooks", body)
    assert made.status == 201, made
    webhook: dict[str, Any] = made.body
    return webhook


def gone(shop: Shop, webhook_id: str) -> None:
    etag = shop.get(f"/v1/webhooks/{webhook_id}").headers["ETag"]
    done = shop.stack.call("DELETE", f"/v1/webhooks/{webhook_id}", role="admin", headers={"If-Match": etag})
    assert done.status == 204, done


def test_a_subscriber_hears_of_its_channel_signed_and_once_by_id(shop: Shop, subscriber: Subscriber) -> None:
    webhook = subscribes(shop, subscriber, "aisle.orders.OrderPlaced")
    order = shop.place((shop.sells(units=5), 1), wait=0)
    until(lambda: subscriber.got)
    [event] = subscriber.heard(webhook["secret"])
    assert event["type"] == "aisle.orders.OrderPlaced"
    assert event["data"]["aggregate"]["id"] == order["id"]
    listed = until(lambda: _deliveries(shop, webhook["id"], "delivered"))
    assert len(listed) == 1
    gone(shop, webhook["id"])


def test_what_fails_is_tried_again_and_can_be_sent_again(shop: Shop, subscriber: Subscriber) -> None:
    subscriber.answers.append(500)
    webhook = subscribes(shop, subscriber, "aisle.orders.OrderPlaced")
    shop.place((shop.sells(units=5), 1), wait=0)
    [delivery] = until(lambda: _deliveries(shop, webhook["id"], "delivered"), 90)
    assert len({headers["webhook-id"] for headers, _ in subscriber.got}) == 1
    assert len(subscriber.got) == 2
    again = shop.post(f"/v1/webhooks/{webhook['id']}/deliveries/{delivery['id']}/redelivery", None, key=uuid4().hex)
    assert again.status == 202, again
    until(lambda: len(subscriber.got) == 3)
    gone(shop, webhook["id"])


def test_nobody_can_have_us_call_inside(shop: Shop) -> None:
    for url in ("http://169.254.169.254/latest/meta-data", "https://10.0.0.1/hooks", "ftp://example.com/"):
        refused = shop.post("/v1/webhooks", {"url": url, "event_types": ["aisle.orders.OrderPlaced"]})
        assert refused.status == 422, (url, refused)


def _deliveries(shop: Shop, webhook_id: str, state: str) -> list[Any]:
    items: list[Any] = shop.get(f"/v1/webhooks/{webhook_id}/deliveries", state=state).body["items"]
    return items
