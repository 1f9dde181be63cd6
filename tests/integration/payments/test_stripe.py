"""The adapter to Stripe against localstripe, an independent stand-in for its API.

It knows payment methods, intents with manual capture, and refunds. What it does not know (idempotency keys, captures in
parts, search) is tested on recorded shapes, in tests/unit/payments/test_stripe.py.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chalicelib.core.money import Money
from chalicelib.core.settings import settings
from chalicelib.payments import service
from chalicelib.payments.gateways import Approved, Declined, StripeGateway
from chalicelib.payments.gateways.stripe import connected
from chalicelib.payments.service import take_part
from tests.unit.payments.builders import BY, ORDER, due, opened, refund, stored

READY_WITHIN_SECONDS = 60
SERVER = """
import sys
from aiohttp import web
from localstripe.server import app
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where localstripe listens, in a process of its own (it is GPL) that sees this machine only."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    log = tmp_path_factory.mktemp("localstripe") / "log"
    with log.open("wb") as out:
        command = [sys.executable, "-c", SERVER, str(port)]
        process = subprocess.Popen(command, env={**os.environ, "PYTHONWARNINGS": "ignore"}, stdout=out, stderr=out)
    try:
        _until_it_listens(port, process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _until_it_listens(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + READY_WITHIN_SECONDS
    while True:
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.1)


@pytest.fixture
def client(url: str) -> Any:
    return connected("sk_test_1", url)


@pytest.fixture
def a_card(client: Any) -> Callable[[str], str]:
    """A payment method with this card number, as a storefront makes one."""

    def make(number: str = "4242424242424242") -> str:
        details = {"number": number, "exp_month": 1, "exp_year": 2040, "cvc": "123"}
        return str(client.raw_request("post", "/v1/payment_methods", type="card", card=details).data["id"])

    return make


def test_a_card_is_held_captured_in_part_and_refunded(client: Any, a_card: Callable[..., str]) -> None:
    gateway = StripeGateway(lambda: client)
    held = gateway.authorise("o:authorise", Money(1000, "GBP"), a_card())
    assert isinstance(held, Approved)
    assert held.once
    taken = gateway.capture("o:capture", held.reference, Money(600, "GBP"))
    assert isinstance(taken, Approved)
    assert taken.reference.startswith("ch_")
    assert gateway.void("o:void", held.reference) == Approved(held.reference)
    made = gateway.refund("o:refund:r1:f1", taken.reference, Money(200, "GBP"))
    assert made == gateway.refund("o:refund:r1:f1", taken.reference, Money(200, "GBP"))
    charge = client.raw_request("get", f"/v1/charges/{taken.reference}").data
    # localstripe books what a partial capture releases as a refund.
    assert (charge["captured"], charge["amount_refunded"]) == (True, 400 + 200)


@pytest.mark.parametrize(
    ("number", "reason"), [("4000000000000341", "card_declined"), ("4000002500003155", "authentication_required")]
)
def test_a_refusal_has_its_reason(client: Any, a_card: Callable[..., str], number: str, reason: str) -> None:
    assert StripeGateway(lambda: client).authorise("o:authorise", Money(1000, "GBP"), a_card(number)) == Declined(
        reason
    )


def test_what_is_held_is_given_back(client: Any, a_card: Callable[..., str]) -> None:
    gateway = StripeGateway(lambda: client)
    held = gateway.authorise("o:authorise", Money(1000, "GBP"), a_card())
    assert isinstance(held, Approved)
    assert gateway.void("o:void", held.reference) == Approved(held.reference)
    assert client.raw_request("get", f"/v1/payment_intents/{held.reference}").data["status"] == "canceled"


def test_an_order_is_paid_in_two_parcels_and_partly_refunded(
    table: Any, client: Any, a_card: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take_part, "settings", lambda: replace(settings(), payment_gateway="stripe"))

    def provider(_name: str) -> StripeGateway:
        return StripeGateway(lambda: client)

    opened(a_card())
    assert service.authorise(ORDER, BY, provider) == {"outcome": "authorised"}
    due(ORDER, "f1", 600)
    assert service.capture(ORDER, "f1", BY, provider) == {"outcome": "held", "amount": 0}
    due(ORDER, "f2", 300, final=True)
    assert service.capture(ORDER, "f2", BY, provider) == {"outcome": "captured", "amount": 300}
    refund("r1", 250)
    assert service.settle(ORDER, BY, provider) == {
        "outcome": "settled",
        "captured": 900,
        "refunded": 250,
        "voided": 100,
    }
    assert stored().state == "captured"
