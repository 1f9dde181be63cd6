"""The adapter to Stripe, against recorded shapes: each outcome, each lost answer, and what happens a day later."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.core.money import Money
from chalicelib.payments import service
from chalicelib.payments.gateways import Approved, Call, Declined, NotFound, StripeGateway, Unknown, Verb
from chalicelib.payments.gateways.stripe import connected
from tests.unit.payments.builders import BY, ORDER, due, events_of, opened, refund, stored
from tests.unit.payments.stripe_stub import StripeStub, serving

POUNDS = Money(1000, "GBP")


@pytest.fixture
def stub() -> Iterator[StripeStub]:
    with serving(StripeStub()) as running:
        yield running


@pytest.fixture
def gateway(stub: StripeStub) -> StripeGateway:
    client = connected("sk_test_1", stub.url)
    return StripeGateway(lambda: client)


def call(verb: Verb = Verb.AUTHORISE, key: str = "o:authorise", on: str = "pm_card", amount: Money = POUNDS) -> Call:
    return Call(verb, key, amount, on)


def held(gateway: StripeGateway) -> Any:
    return gateway.authorise("o:authorise", POUNDS, "pm_card")


# ---- authorise ----------------------------------------------------------------------------------------------------------


def test_an_intent_is_made_and_confirmed_and_captured_by_hand(stub: StripeStub, gateway: StripeGateway) -> None:
    assert held(gateway) == held(gateway) == Approved("pi_1", once=True)
    [intent] = stub.intents.values()
    made = {name: intent[name] for name in ("amount", "currency", "capture_method", "metadata", "status")}
    assert made == {
        "amount": 1000,
        "currency": "gbp",
        "capture_method": "manual",
        "metadata": {"aisle_key": "o:authorise", "aisle_order": "o"},
        "status": "requires_capture",
    }


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("pm_declined", "insufficient_funds"),
        ("pm_stolen", "stolen_card"),
        ("pm_sca", "authentication_required"),
        ("pm_none", "invalid_token"),
    ],
)
def test_a_refusal_is_told_with_its_reason_and_again(gateway: StripeGateway, token: str, reason: str) -> None:
    for _ in range(2):
        assert gateway.authorise("o:authorise", POUNDS, token) == Declined(reason)


def test_a_card_that_wants_confirmation_can_never_be_charged_later(stub: StripeStub, gateway: StripeGateway) -> None:
    gateway.authorise("o:authorise", POUNDS, "pm_sca")
    assert stub.intents["pi_1"]["status"] == "canceled"


@pytest.mark.parametrize(
    ("money", "units"), [(Money(1000, "JPY"), 1000), (Money(1000, "ISK"), 100_000), (Money(12340, "KWD"), 12340)]
)
def test_amounts_are_in_the_minor_units_of_stripe(
    stub: StripeStub, gateway: StripeGateway, money: Money, units: int
) -> None:
    gateway.authorise("o:authorise", money, "pm_card")
    assert stub.intents["pi_1"]["amount"] == units


@pytest.mark.parametrize(
    ("money", "reason"),
    [
        (Money(12345, "KWD"), "amount_not_supported"),
        (Money(1000, "MGA"), "currency_not_supported"),
        (Money(1, "GBP"), "amount_too_small"),
    ],
)
def test_what_stripe_cannot_charge_is_declined(gateway: StripeGateway, money: Money, reason: str) -> None:
    assert gateway.authorise("o:authorise", money, "pm_card") == Declined(reason)


@pytest.mark.parametrize("path", ["payment_intents", "confirm"])
@pytest.mark.parametrize("searchable", [True, False])
def test_an_answer_that_was_lost_is_found(
    stub: StripeStub, gateway: StripeGateway, path: str, searchable: bool
) -> None:
    stub.lose, stub.searchable = [path, path], searchable
    assert isinstance(held(gateway), Unknown)
    found = gateway.look_up(call())
    approved = Approved("pi_1", once=True)
    assert found == (approved if path == "confirm" and searchable else NotFound())
    assert held(gateway) == approved
    assert len(stub.intents) == 1


def test_a_day_later_a_search_still_finds_it(stub: StripeStub, gateway: StripeGateway) -> None:
    held(gateway)
    stub.forget_keys()
    assert gateway.look_up(call()) == Approved("pi_1", once=True)


@pytest.mark.parametrize("fault", ["fail", "lose"])
def test_a_stripe_out_of_reach_is_an_unknown_outcome(stub: StripeStub, gateway: StripeGateway, fault: str) -> None:
    setattr(stub, fault, ["payment_intents"] * 2)
    assert isinstance(held(gateway), Unknown)


def test_nothing_is_found_of_what_was_never_asked(gateway: StripeGateway) -> None:
    assert gateway.look_up(call()) == NotFound()


def test_a_key_of_another_amount_is_no_approval(gateway: StripeGateway) -> None:
    held(gateway)
    assert isinstance(gateway.authorise("o:authorise", Money(999, "GBP"), "pm_card"), Unknown)


# ---- forestall ----------------------------------------------------------------------------------------------------------


def test_what_was_not_seen_is_cancelled_before_it_can_be_confirmed(stub: StripeStub, gateway: StripeGateway) -> None:
    assert [gateway.forestall(call()) for _ in range(2)] == [NotFound(), NotFound()]
    assert held(gateway) == Declined("cancelled")
    assert [one["status"] for one in stub.intents.values()] == ["canceled"]


def test_what_was_seen_is_told(gateway: StripeGateway) -> None:
    approved = held(gateway)
    assert gateway.forestall(call()) == approved
    gateway.authorise("o:2", POUNDS, "pm_stolen")
    assert gateway.forestall(call(key="o:2", on="pm_stolen")) == Declined("stolen_card")
    assert gateway.forestall(call(key="o:3", on="pm_none")) == NotFound()


# ---- capture, void, refund ----------------------------------------------------------------------------------------------


def test_a_single_capture_releases_the_rest(stub: StripeStub, gateway: StripeGateway) -> None:
    authorisation = held(gateway).reference
    for _ in range(2):
        assert gateway.capture("o:capture", authorisation, Money(600, "GBP")) == Approved("ch_2")
    assert gateway.look_up(call(Verb.CAPTURE, "o:capture", authorisation)) == Approved("ch_2")
    assert gateway.void("o:void", authorisation) == Approved("pi_1")
    assert stub.charges["ch_2"]["amount_captured"] == 600


def test_parts_are_captured_one_by_one_where_the_card_allows_it(stub: StripeStub, gateway: StripeGateway) -> None:
    stub.multicapture = True
    assert held(gateway) == Approved("pi_1:multi", once=False)
    for _ in range(2):
        assert gateway.capture("o:capture:f1", "pi_1:multi", Money(600, "GBP")) == Approved("ch_2")
        stub.forget_keys()
    assert gateway.capture("o:capture:f2", "pi_1:multi", Money(400, "GBP")) == Approved("ch_2")
    assert (stub.charges["ch_2"]["amount_captured"], stub.intents["pi_1"]["status"]) == (1000, "succeeded")
    assert gateway.look_up(call(Verb.CAPTURE, "o:capture:f2", "pi_1:multi")) == Approved("ch_2")
    assert gateway.look_up(call(Verb.CAPTURE, "o:capture:f3", "pi_1:multi")) == NotFound()


def test_the_rest_of_parts_is_released_by_a_void(stub: StripeStub, gateway: StripeGateway) -> None:
    stub.multicapture = True
    held(gateway)
    gateway.capture("o:capture:f1", "pi_1:multi", Money(600, "GBP"))
    for _ in range(2):
        assert gateway.void("o:void", "pi_1:multi") == Approved("pi_1")
        stub.forget_keys()
    assert gateway.look_up(call(Verb.VOID, "o:void", "pi_1:multi")) == Approved("pi_1")


@pytest.mark.parametrize("multicapture", [True, False])
def test_a_capture_whose_answer_is_lost_is_found(stub: StripeStub, gateway: StripeGateway, multicapture: bool) -> None:
    stub.multicapture = multicapture
    authorisation = held(gateway).reference
    stub.lose = ["capture", "capture"]
    assert isinstance(gateway.capture("o:capture:f1", authorisation, POUNDS), Unknown)
    assert gateway.look_up(call(Verb.CAPTURE, "o:capture:f1", authorisation)) == Approved("ch_2")


def test_no_more_is_captured_than_is_held_and_nothing_after_a_void(gateway: StripeGateway) -> None:
    authorisation = held(gateway).reference
    assert gateway.capture("o:c1", authorisation, Money(1001, "GBP")) == Declined("amount_too_large")
    assert gateway.void("o:v", authorisation) == Approved("pi_1")
    assert gateway.capture("o:c2", authorisation, POUNDS) == Declined("payment_intent_unexpected_state")


def test_a_refund_is_made_once_even_a_day_later(stub: StripeStub, gateway: StripeGateway) -> None:
    gateway.capture("o:capture", held(gateway).reference, POUNDS)
    for _ in range(3):
        assert gateway.refund("o:refund:r1:f1", "ch_2", Money(300, "GBP")) == Approved("re_3")
        stub.forget_keys()
    assert [one["amount"] for one in stub.refunds] == [300]
    assert gateway.refund("o:refund:r2:f1", "ch_2", Money(701, "GBP")) == Declined("charge_already_refunded")
    assert gateway.look_up(call(Verb.REFUND, "o:refund:r1:f1", "ch_2")) == Approved("re_3")
    assert gateway.look_up(call(Verb.REFUND, "o:refund:r3:f1", "ch_2")) == NotFound()


def test_a_refund_that_failed_is_declined(stub: StripeStub, gateway: StripeGateway) -> None:
    gateway.capture("o:capture", held(gateway).reference, POUNDS)
    gateway.refund("o:refund:r1:f1", "ch_2", Money(300, "GBP"))
    stub.refunds[0].update(status="failed", failure_reason="expired_or_canceled_card")
    assert gateway.refund("o:refund:r1:f1", "ch_2", Money(300, "GBP")) == Declined("expired_or_canceled_card")


# ---- in payments --------------------------------------------------------------------------------------------------------


@pytest.fixture
def provider(table: Any, gateway: StripeGateway, monkeypatch: pytest.MonkeyPatch) -> Any:
    """New payments are Stripe's, and steps ask the stub."""
    from dataclasses import replace

    from chalicelib.core.settings import settings
    from chalicelib.payments.service import take_part

    monkeypatch.setattr(take_part, "settings", lambda: replace(settings(), payment_gateway="stripe"))
    return lambda name: gateway


def test_dues_of_a_card_that_captures_once_wait_for_the_last(provider: Any, stub: StripeStub) -> None:
    opened("pm_card")
    assert service.authorise(ORDER, BY, provider) == {"outcome": "authorised"}
    due(ORDER, "f1", 600)
    assert service.capture(ORDER, "f1", BY, provider) == {"outcome": "held", "amount": 0}
    refund("r1", 200)
    assert service.settle(ORDER, BY, provider)["outcome"] == "waiting"
    due(ORDER, "f2", 300, final=True)
    assert service.capture(ORDER, "f2", BY, provider) == {"outcome": "captured", "amount": 300}
    assert service.capture(ORDER, "f1", BY, provider) == {"outcome": "captured", "amount": 600}
    payment = stored()
    assert (payment.captured, payment.voided, payment.refunded, payment.state) == (900, 100, 200, "captured")
    assert (stub.charges["ch_2"]["amount_captured"], [one["amount"] for one in stub.refunds]) == (900, [200])
    assert [event for event in events_of() if event[0] == "PaymentCaptured"] == [
        ("PaymentCaptured", 600),
        ("PaymentCaptured", 300),
    ]


def test_dues_of_a_card_that_captures_in_parts_do_not_wait(provider: Any, stub: StripeStub) -> None:
    stub.multicapture = True
    opened("pm_card")
    service.authorise(ORDER, BY, provider)
    due(ORDER, "f1", 600)
    assert service.capture(ORDER, "f1", BY, provider) == {"outcome": "captured", "amount": 600}
    due(ORDER, "f2", 300, final=True)
    service.settle(ORDER, BY, provider)
    assert (stored().captured, stored().voided, stub.charges["ch_2"]["amount_captured"]) == (900, 100, 900)


def test_an_order_refused_while_the_answer_is_missing_holds_nothing(provider: Any, stub: StripeStub) -> None:
    opened("pm_card")
    stub.lose = ["confirm", "confirm"]
    assert service.authorise(ORDER, BY, provider) == {"outcome": "unknown"}
    assert service.void(ORDER, "order_refused", BY, provider) == {"outcome": "voided", "amount": 1000}
    assert [one["status"] for one in stub.intents.values()] == ["canceled"]
