"""The sandbox provider: a key acts once, tokens behave, and the books are held to."""

from typing import Any

import pytest

from chalicelib.core.errors import Contended, Unavailable
from chalicelib.core.money import Money
from chalicelib.payments import gateways, store
from chalicelib.payments.gateways import Approved, Call, Declined, NotFound, SandboxGateway, Unknown, Verb, sandbox

pytestmark = pytest.mark.usefixtures("table")
POUNDS = Money(1000, "GBP")
HELD = Approved("sbx:o:authorise")


def call(key: str = "o:authorise", on: str = "tok_approve") -> Call:
    return Call(Verb.AUTHORISE, key, POUNDS, on)


def held(token: str = "tok_approve") -> SandboxGateway:
    provider = SandboxGateway()
    assert provider.authorise("o:authorise", POUNDS, token) == HELD
    return provider


def test_the_name_picks_the_provider() -> None:
    assert isinstance(gateways.gateway(), SandboxGateway)
    with pytest.raises(KeyError):
        gateways.gateway("no-such-provider")


@pytest.mark.parametrize(
    ("token", "answer", "looked_up", "acted"),
    [
        ("tok_approve", HELD, HELD, 1),
        ("tok_decline_insufficient_funds", Declined("insufficient_funds"), Declined("insufficient_funds"), 0),
        ("tok_decline_stolen_card", Declined("stolen_card"), Declined("stolen_card"), 0),
        ("tok_decline_expired_card", Declined("expired_card"), Declined("expired_card"), 0),
        ("tok_timeout", Unknown("the answer was lost"), HELD, 1),
        ("tok_timeout_declined", Unknown("the answer was lost"), Declined("do_not_honour"), 0),
        ("tok_timeout_lost", Unknown("the request was lost"), NotFound(), 0),
        ("tok_duplicate", Unknown("the answer was lost"), HELD, 1),
        ("tok_late", Unknown("the answer was lost"), Unknown("not settled yet"), 1),
        ("tok_capture_fails", HELD, HELD, 1),
        ("tok_void_fails", HELD, HELD, 1),
        ("4111111111111111", Declined("invalid_token"), Declined("invalid_token"), 0),
    ],
)
def test_each_token_behaves(token: str, answer: Any, looked_up: Any, acted: int) -> None:
    provider = SandboxGateway()
    assert provider.authorise("o:authorise", POUNDS, token) == answer
    assert provider.look_up(call()) == looked_up
    assert store.sandbox_operations("o:authorise") == acted


def test_a_key_acts_once() -> None:
    provider = held()
    assert provider.authorise("o:authorise", POUNDS, "tok_approve") == HELD
    assert store.sandbox_operations("o:authorise") == 1
    taken = provider.capture("o:c", HELD.reference, Money(600, "GBP"))
    assert provider.capture("o:c", HELD.reference, Money(600, "GBP")) == taken == Approved("sbx:o:c")
    assert provider.void("o:v", HELD.reference) == provider.void("o:v", HELD.reference) == Approved("sbx:o:v")
    assert [store.sandbox_operations(key) for key in ("o:c", "o:v")] == [1, 1]
    void = store.sandbox_find("o:v")
    assert void is not None
    assert void.amount == 400


def test_a_lost_request_can_be_sent_again() -> None:
    provider = SandboxGateway()
    assert provider.authorise("o:authorise", POUNDS, "tok_timeout_lost") == Unknown("the request was lost")
    assert provider.authorise("o:authorise", POUNDS, "tok_timeout_lost") == HELD
    assert store.sandbox_operations("o:authorise") == 1


def test_a_duplicate_is_only_answered_by_looking_up() -> None:
    provider = SandboxGateway()
    provider.authorise("o:authorise", POUNDS, "tok_duplicate")
    assert provider.authorise("o:authorise", POUNDS, "tok_duplicate") == Unknown("duplicate request")
    assert store.sandbox_operations("o:authorise") == 1


def test_a_late_answer_comes_with_a_later_look_up() -> None:
    provider = SandboxGateway()
    provider.authorise("o:authorise", POUNDS, "tok_late")
    answers = [provider.look_up(call()) for _ in range(sandbox.LATE_LOOK_UPS)]
    assert answers == [Unknown("not settled yet"), HELD]


def test_no_more_is_taken_than_is_held() -> None:
    provider = held()
    assert provider.capture("o:1", HELD.reference, Money(600, "GBP")) == Approved("sbx:o:1")
    assert provider.capture("o:2", HELD.reference, Money(401, "GBP")) == Declined("exceeds_what_is_left")
    assert provider.look_up(call("o:2")) == NotFound()
    assert provider.capture("o:3", HELD.reference, Money(400, "GBP")) == Approved("sbx:o:3")


def test_nothing_is_taken_after_a_void() -> None:
    provider = held()
    provider.void("o:v", HELD.reference)
    assert provider.capture("o:c", HELD.reference, Money(1, "GBP")) == Declined("exceeds_what_is_left")


def test_no_more_is_refunded_than_was_taken() -> None:
    provider = held()
    assert provider.capture("o:c", HELD.reference, Money(600, "GBP")) == Approved("sbx:o:c")
    assert provider.refund("o:r1", "sbx:o:c", Money(500, "GBP")) == Approved("sbx:o:r1")
    assert provider.refund("o:r1", "sbx:o:c", Money(500, "GBP")) == Approved("sbx:o:r1")
    assert provider.refund("o:r2", "sbx:o:c", Money(101, "GBP")) == Declined("exceeds_what_is_left")
    assert provider.refund("o:r3", "sbx:o:c", Money(100, "GBP")) == Approved("sbx:o:r3")
    assert store.sandbox_operations("o:r1") == 1


def drawing(provider: SandboxGateway, verb: str) -> Any:
    """The later call `verb`, with what it draws on."""
    if verb == "void":
        return lambda: provider.void("o:x", HELD.reference)
    if verb == "capture":
        return lambda: provider.capture("o:x", HELD.reference, Money(100, "GBP"))
    taken = provider.capture("o:c", HELD.reference, Money(600, "GBP"))
    assert isinstance(taken, Approved)
    return lambda: provider.refund("o:x", taken.reference, Money(100, "GBP"))


@pytest.mark.parametrize("verb", ["capture", "void", "refund"])
def test_what_a_token_refuses_leaves_no_trace(verb: str) -> None:
    provider = held(f"tok_{verb}_fails")
    assert drawing(provider, verb)() == Declined("refused_by_provider")
    assert provider.look_up(call("o:x")) == NotFound()


@pytest.mark.parametrize("verb", ["capture", "void", "refund"])
def test_the_answer_of_a_later_call_can_be_lost(verb: str) -> None:
    provider = held(f"tok_{verb}_timeout")
    again = drawing(provider, verb)
    assert again() == Unknown("the answer was lost")
    assert provider.look_up(call("o:x")) == Approved("sbx:o:x")
    assert again() == Approved("sbx:o:x")
    assert store.sandbox_operations("o:x") == 1


def test_only_a_capture_is_refunded_and_only_an_authorisation_captured() -> None:
    provider = held()
    assert provider.refund("o:r", HELD.reference, Money(100, "GBP")) == Declined("unknown_reference")
    assert provider.capture("o:c", HELD.reference, Money(600, "GBP")) == Approved("sbx:o:c")
    assert provider.capture("o:c2", "sbx:o:c", Money(100, "GBP")) == Declined("unknown_reference")
    assert provider.void("o:v", "sbx:o:c") == Declined("unknown_reference")
    assert provider.refund("o:r", "sbx:o:c", Money(100, "GBP")) == Approved("sbx:o:r")
    assert provider.refund("o:r2", "sbx:o:r", Money(100, "GBP")) == Declined("unknown_reference")


def test_a_key_is_bound_to_its_amount_and_currency() -> None:
    provider = held()
    assert provider.capture("o:c", HELD.reference, Money(600, "EUR")) == Declined("wrong_currency")
    assert provider.capture("o:c", HELD.reference, Money(600, "GBP")) == Approved("sbx:o:c")
    assert provider.capture("o:c", HELD.reference, Money(100, "GBP")) == Declined("key_of_another_amount")
    assert provider.refund("o:r", "sbx:o:c", Money(100, "GBP")) == Approved("sbx:o:r")
    assert provider.refund("o:r", "sbx:o:c", Money(101, "GBP")) == Declined("key_of_another_amount")


def test_a_reference_the_books_do_not_hold_is_declined() -> None:
    provider = SandboxGateway()
    provider.authorise("o:authorise", POUNDS, "tok_decline_stolen_card")
    for reference in ("sbx:other", HELD.reference):
        assert provider.capture("o:c", reference, POUNDS) == Declined("unknown_reference")


def test_a_forestalled_key_never_acts() -> None:
    provider = SandboxGateway()
    assert [provider.forestall(call()) for _ in range(2)] == [NotFound(), NotFound()]
    assert provider.authorise("o:authorise", POUNDS, "tok_approve") == Declined("cancelled")
    assert provider.authorise("o:authorise", POUNDS, "tok_duplicate") == Declined("cancelled")
    assert provider.look_up(call()) == NotFound()
    assert store.sandbox_operations("o:authorise") == 0


def test_what_was_answered_before_is_not_forestalled() -> None:
    assert held().forestall(call()) == HELD
    assert SandboxGateway().look_up(call()) == HELD


@pytest.mark.parametrize("error", [Unavailable("down"), Contended("busy")])
def test_a_provider_out_of_reach_is_an_unknown_outcome(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(store, "sandbox_act", fail)
    assert SandboxGateway().authorise("o:authorise", POUNDS, "tok_approve") == Unknown(str(error))
