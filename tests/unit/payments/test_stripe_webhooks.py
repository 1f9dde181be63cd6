"""POST /v1/payments/webhooks/stripe: signed, heard once, and of use."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
import stripe

from chalicelib.core import outbox
from chalicelib.core.settings import settings
from chalicelib.payments import service
from chalicelib.payments.gateways import stripe as adapter
from chalicelib.payments.gateways.stripe import StripeGateway, connected
from chalicelib.payments.service import take_part
from tests.conftest import ADMIN
from tests.unit.payments.builders import BY, ORDER, events_of, opened, stored
from tests.unit.payments.stripe_stub import StripeStub, serving

PATH = "/v1/payments/webhooks/stripe"
SECRET = "whsec_test"
Call = Callable[..., Any]


@pytest.fixture
def stub(table: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[StripeStub]:
    """A stage with Stripe, whose secrets are in Secrets Manager."""
    manager = boto3.client("secretsmanager")
    made = [manager.create_secret(Name=f"s-{time.time_ns()}", SecretString=text) for text in ("sk_test_1\n", SECRET)]
    key, secret = (one["ARN"] for one in made)
    there = replace(settings(), payment_gateway="stripe", stripe_key_arn=key, stripe_webhook_secret_arn=secret)
    for module in (adapter, take_part):
        monkeypatch.setattr(module, "settings", lambda: there)
    adapter._stripe.cache_clear()
    with serving(StripeStub()) as running:
        yield running
    adapter._stripe.cache_clear()


@pytest.fixture
def unknown(stub: StripeStub) -> Any:
    """An order whose authorisation was answered, and the answer lost."""
    client = connected("sk_test_1", stub.url)

    def provider(_name: str) -> StripeGateway:
        return StripeGateway(lambda: client)

    opened("pm_card")
    stub.lose = ["confirm", "confirm"]
    assert service.authorise(ORDER, BY, provider) == {"outcome": "unknown"}
    return provider


def an_event(type: str, about: dict[str, Any], id: str = "evt_1") -> str:
    return json.dumps({"id": id, "object": "event", "type": type, "data": {"object": about}})


def send(call: Call, text: str, *, secret: str = SECRET, signed_at: float | None = None, **more: Any) -> Any:
    at = int(time.time() if signed_at is None else signed_at)
    header = stripe.WebhookSignature.generate_signature_header(text, secret, at)
    return call("POST", PATH, body=text, headers={"Stripe-Signature": header, **more})


def told(stub: StripeStub, id: str = "evt_1", **changes: Any) -> str:
    intent = {**stub.intents["pi_1"], **changes}
    type = "payment_failed" if changes else "amount_capturable_updated"
    return an_event(f"payment_intent.{type}", intent, id)


def disputed(status: str = "needs_response", id: str = "evt_d", intent: str = "pi_1") -> str:
    about = {"id": "dp_1", "object": "dispute", "amount": 1000, "status": status, "payment_intent": intent}
    return an_event("charge.dispute.created", about, id)


def reviews(call: Call) -> list[tuple[str, str]]:
    return [(one["order_id"], one["state"]) for one in call("GET", "/v1/reviews", by=ADMIN).json["items"]]


def test_a_missing_answer_is_completed_once(call: Call, stub: StripeStub, unknown: Any) -> None:
    text = told(stub)
    assert [send(call, text).status for _ in range(2)] == [204, 204]
    assert (stored().state, stored().version, events_of()) == ("authorised", 3, [("PaymentAuthorised", 1000)])
    assert service.authorise(ORDER, BY, unknown) == {"outcome": "authorised"}
    assert send(call, told(stub, "evt_2")).status == 204
    assert stored().version == 3


def test_a_missing_refusal_is_completed(call: Call, stub: StripeStub, unknown: Any) -> None:
    error = {"code": "card_declined", "decline_code": "do_not_honour"}
    send(call, told(stub, status="requires_payment_method", last_payment_error=error))
    assert (stored().state, stored().reason) == ("declined", "do_not_honour")


def test_what_is_not_awaited_changes_nothing(call: Call, stub: StripeStub, unknown: Any) -> None:
    other = {"metadata": {"aisle_key": f"{ORDER}:authorise/2", "aisle_order": ORDER}, "status": "requires_capture"}
    nowhere = {"metadata": {"aisle_key": "ord_none:authorise", "aisle_order": "ord_none"}, "status": "requires_capture"}
    for number, about in enumerate((other, nowhere, {"metadata": {}, "status": "requires_capture"})):
        text = an_event("payment_intent.amount_capturable_updated", {"id": "pi_9", **about}, f"evt_{number}")
        assert send(call, text).status == 204
    assert (stored().state, stored().version) == ("unknown", 2)


@pytest.mark.parametrize("type", ["customer.created", "payment_intent.created", "a.thing.of.tomorrow"])
def test_what_means_nothing_is_acknowledged(call: Call, stub: StripeStub, type: str) -> None:
    assert send(call, an_event(type, {"id": "x", "object": "x"})).status == 204


def test_only_stripe_is_heard(call: Call, stub: StripeStub, unknown: Any) -> None:
    text = told(stub)
    forged = send(call, text, secret="whsec_other")
    assert (forged.status, forged.code) == (400, "signature_invalid")
    assert send(call, text, signed_at=time.time() - 400).code == "signature_invalid"
    assert call("POST", PATH, body=text).code == "signature_invalid"
    assert call("POST", PATH, body=text, headers={"Stripe-Signature": "t=x,v1=y"}).code == "signature_invalid"
    header = stripe.WebhookSignature.generate_signature_header(text, SECRET)
    changed = text.replace("1000", "9999")
    assert call("POST", PATH, body=changed, headers={"Stripe-Signature": header}).code == "signature_invalid"
    assert call("POST", PATH, body=b"\xff", headers={"Stripe-Signature": header}).code == "signature_invalid"
    assert stored().state == "unknown"


def test_a_stage_without_stripe_hears_nothing(call: Call) -> None:
    assert send(call, "{}").status == 404


def test_a_dispute_is_recorded_and_parked_for_a_person_once(call: Call, stub: StripeStub, unknown: Any) -> None:
    service.authorise(ORDER, BY, unknown)
    assert [send(call, disputed()).status for _ in range(2)] == [204, 204]
    shown = call("GET", f"/v1/orders/{ORDER}/payment", by=ADMIN).json["disputes"]
    assert shown == [{"id": "dp_1", "amount": 1000, "status": "needs_response"}]
    assert reviews(call) == [(ORDER, "PaymentDisputed")]
    send(call, disputed("lost", "evt_e"))
    assert stored().disputes["dp_1"].status == "lost"
    told = [event.data["status"] for event in outbox.timeline(f"ORDER#{ORDER}") if event.type == "PaymentDisputed"]
    assert told == ["needs_response", "lost"]


def test_a_dispute_about_no_order_of_ours_is_acknowledged(call: Call, stub: StripeStub) -> None:
    assert send(call, disputed(intent="pi_other")).status == 204
    assert reviews(call) == []


def test_a_refund_that_came_back_is_told_and_parked(call: Call, stub: StripeStub, unknown: Any) -> None:
    about = {
        "id": "re_1",
        "object": "refund",
        "status": "failed",
        "amount": 300,
        "failure_reason": "lost_or_stolen_card",
        "metadata": {"aisle_key": f"{ORDER}:refund:r1:f1", "aisle_order": ORDER},
    }
    for _ in range(2):
        assert send(call, an_event("refund.failed", about)).status == 204
    [event] = [event for event in outbox.timeline(f"ORDER#{ORDER}") if event.type == "RefundFailed"]
    assert (event.data["amount"], event.data["reason"]) == (300, "lost_or_stolen_card")
    assert reviews(call) == [(ORDER, "RefundFailed")]


def test_the_secret_key_comes_from_secrets_manager(stub: StripeStub, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[str] = []
    monkeypatch.setattr(adapter, "connected", lambda key: used.append(key) or connected(key, stub.url))
    StripeGateway().look_up(_call())
    assert used == ["sk_test_1"]


def _call() -> Any:
    from chalicelib.core.money import Money
    from chalicelib.payments.gateways import Call, Verb

    return Call(Verb.AUTHORISE, "o:authorise", Money(1, "GBP"), "pm_card")
