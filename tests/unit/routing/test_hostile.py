"""A supplier's endpoint over a real wire, and how it may behave: each way is no answer, and is kept with its reason."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from standardwebhooks import Webhook

from chalicelib.core import outside
from chalicelib.core.settings import settings
from chalicelib.core.table import Transaction
from chalicelib.routing.domain.settings import RoutingSettings
from chalicelib.routing.service import use_cases
from chalicelib.routing.service.use_cases import Ways
from chalicelib.routing.store import items as store
from tests.unit.routing.builders import ACCEPTED, ROUTING, SECRET, Base, Market, listening

Behaviour = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A laptop's stage: endpoints on this machine may be called."""
    monkeypatch.setattr(outside, "settings", lambda: replace(settings(), loopback_allowed=True))


@pytest.fixture
def hurried(market: Market) -> Market:
    """A call may take a second."""
    market.requested(3)
    tx = Transaction()
    store.put_settings(tx, RoutingSettings(call_seconds=1, version=1))
    tx.commit()
    return market


def answers(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return behave


def sleeps(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(1.5)


def dribbles(handler: BaseHTTPRequestHandler) -> None:
    body = json.dumps(ACCEPTED).encode()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    for byte in body:
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        time.sleep(0.1)


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


def speaks_no_http(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"220 smtp.example.com ESMTP\r\n")


def floods(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(10**9))
    handler.end_headers()
    for _ in range(64):
        handler.wfile.write(b" " * 16_384)


def offered_to(market: Market, *behaviours: Behaviour) -> list[dict[str, Any]]:
    """What comes of one offer for each behaviour."""
    left = list(behaviours)

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        left.pop(0)(handler)

    with listening(behave) as url:
        ways = Ways(lambda _: Base(url))
        return [use_cases.offer_order(market.part, ROUTING, ways) for _ in behaviours]


@pytest.mark.parametrize(
    ("behaviour", "kind", "reason"),
    [
        (sleeps, "silence", "timeout"),
        (dribbles, "silence", "cut_off"),
        (hangs_up, "silence", "protocol"),
        (speaks_no_http, "silence", "protocol"),
        (floods, "nonsense", "too_long"),
        (answers(200, b"<html>Welcome</html>"), "nonsense", "not_json"),
        (answers(200), "nonsense", "not_json"),
        (answers(307, Location="http://169.254.169.254/latest/meta-data"), "nonsense", "status_307"),
        (answers(301, Location="https://10.0.0.1/orders"), "nonsense", "status_301"),
        (answers(500, b"oops"), "silence", "status_500"),
        (answers(204), "nonsense", "status_204"),
    ],
)
def test_each_way_to_misbehave(hurried: Market, behaviour: Behaviour, kind: str, reason: str) -> None:
    began = time.monotonic()
    [told] = offered_to(hurried, behaviour)
    assert time.monotonic() - began < 3
    assert told["outcome"] == "unknown"
    assert hurried.log() == [("offer", kind, reason)]
    assert hurried.value.state == "requested"
    assert len(hurried.events("SupplierMisbehaved")) == (kind == "nonsense")
    assert store.get_health(hurried.value.supplier_id).failures == 1


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/aisle", "https://10.0.0.1/aisle", "https://localhost.localdomain:22/x", "ftp://x.y/"],
)
def test_an_address_that_is_not_public_is_not_called(market: Market, url: str) -> None:
    market.requested(3)
    told = use_cases.offer_order(market.part, ROUTING, Ways(lambda _: Base(url)))
    assert told["outcome"] == "unknown"
    assert market.log() == [("offer", "silence", "not_allowed")]


def test_a_flaky_one_is_understood_in_the_end(hurried: Market) -> None:
    seen: list[tuple[str, bytes, dict[str, str]]] = []

    def verified(handler: BaseHTTPRequestHandler) -> None:
        answers(200, json.dumps(ACCEPTED).encode())(handler)

    def behave(handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        seen.append((handler.path, body, {name.lower(): value for name, value in handler.headers.items()}))
        (hangs_up, answers(502), verified)[len(seen) - 1](handler)

    with listening(behave) as url:
        ways = Ways(lambda _: Base(url, bearer_token="tok"))
        outcomes = [use_cases.offer_order(hurried.part, ROUTING, ways)["outcome"] for _ in range(3)]
    assert outcomes == ["unknown", "unknown", "accepted"]
    assert {path for path, _, _ in seen} == {"/aisle/orders"}
    for _, body, headers in seen:
        assert Webhook(SECRET).verify(body, headers)["allocation_id"] == hurried.part
        assert headers["authorization"] == "Bearer tok"
    assert len({headers["webhook-id"] for _, _, headers in seen}) == 1
    assert store.get_health(hurried.value.supplier_id).is_good


def test_nothing_of_a_secret_or_an_address_is_in_log_or_events(hurried: Market) -> None:
    def echoes(handler: BaseHTTPRequestHandler) -> None:
        answers(200, json.dumps(dict(handler.headers.items())).encode() + b"12 St James Square")(handler)

    offered_to(hurried, echoes)
    kept = json.dumps([[call.excerpt, call.reason] for call in store.calls_of(hurried.part)])
    kept += json.dumps([hurried.events(type) for type in hurried.events()])
    assert "James" not in kept
    assert SECRET not in kept
