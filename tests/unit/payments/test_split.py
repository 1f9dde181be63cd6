"""A payment by several tenders: held together or not at all, taken and given back in turn."""

from typing import Any

import pytest

from chalicelib.core.errors import Unavailable
from chalicelib.payments import service
from chalicelib.payments.domain import TendersMismatch
from chalicelib.payments.service import VoidDeclined
from tests.unit.payments.builders import (
    BY,
    ORDER,
    card,
    crash_once,
    crashing,
    due,
    events_of,
    interrupted_by,
    opened,
    operations,
    stored,
    tokens_of,
)

pytestmark = pytest.mark.usefixtures("table")
AUTHORISED = {"outcome": "authorised"}
UNKNOWN = {"outcome": "unknown"}
DECLINED = {"outcome": "declined", "reason": "stolen_card"}


def split(first: str = "tok_approve", second: str = "tok_approve") -> None:
    """300 by one card, the other 700 by another."""
    opened(tenders=[card(first, 300), card(second)])


def authorise(**more: Any) -> Any:
    return service.authorise(ORDER, BY, **more)


def void(**more: Any) -> Any:
    return service.void(ORDER, "order_refused", BY, **more)


def test_tenders_that_do_not_add_up_open_nothing() -> None:
    with pytest.raises(TendersMismatch):
        opened(tenders=[card(amount=300)])


def test_both_are_held_in_turn() -> None:
    split()
    assert authorise() == authorise() == AUTHORISED
    assert operations(ORDER, "authorise", "authorise/2") == [1, 1]
    assert events_of() == [("PaymentAuthorised", 1000)]
    assert (stored().authorised, tokens_of()) == (1000, [])


@pytest.mark.parametrize("first", ["tok_approve", "tok_void_timeout", "tok_timeout"])
def test_when_one_is_declined_the_other_is_given_back_before_it_is_told(first: str) -> None:
    split(first, "tok_decline_stolen_card")
    if first == "tok_timeout":
        assert authorise() == UNKNOWN
        assert operations(ORDER, "authorise/2") == [0]
    assert authorise() == authorise() == DECLINED
    assert operations(ORDER, "authorise", "authorise/2", "void") == [1, 0, 1]
    assert [(one.status, one.voided) for one in stored().tenders] == [("void", 300), ("declined", 0)]
    assert (stored().state, stored().remainder, events_of()) == ("declined", 0, [("PaymentDeclined", 1000)])
    assert void() == {"outcome": "voided", "amount": 300}


def test_when_the_first_is_declined_the_second_is_never_asked() -> None:
    split("tok_decline_stolen_card")
    assert authorise() == DECLINED
    assert operations(ORDER, "authorise/2") == [0]
    assert [one.status for one in stored().tenders] == ["declined", "void"]


@pytest.mark.parametrize(
    ("call", "moment"), [(call, moment) for call in ("authorise", "void") for moment in ("before", "after")]
)
def test_a_crash_on_the_way_to_a_decline_gives_back_once(call: str, moment: str) -> None:
    split("tok_approve", "tok_decline_stolen_card")
    with crashing():
        authorise(provider=crash_once(call, moment))
    assert authorise() == DECLINED
    assert operations(ORDER, "authorise", "void") == [1, 1]
    assert stored().voided == 300


def test_a_decline_is_not_told_while_money_is_held_elsewhere() -> None:
    split("tok_void_fails", "tok_decline_stolen_card")
    for _ in range(2):
        with pytest.raises(VoidDeclined):
            authorise()
    with pytest.raises(VoidDeclined):
        void()
    assert (stored().status, stored().remainder) == ("declined", 300)


def test_voiding_a_declined_payment_gives_back_what_a_crash_left() -> None:
    split("tok_approve", "tok_decline_stolen_card")
    with crashing():
        authorise(provider=crash_once("void", "before"))
    assert stored().remainder == 300
    assert void() == {"outcome": "voided", "amount": 300}
    assert authorise() == DECLINED


def test_an_unknown_second_is_resolved_by_asking() -> None:
    split("tok_approve", "tok_timeout")
    assert [authorise(), stored().status] == [UNKNOWN, "unknown"]
    assert authorise() == AUTHORISED
    assert operations(ORDER, "authorise", "authorise/2") == [1, 1]


def test_refusing_an_order_gives_back_the_held_and_forestalls_the_other() -> None:
    split("tok_approve", "tok_timeout_lost")
    assert authorise() == UNKNOWN
    assert void() == void() == {"outcome": "voided", "amount": 300}
    assert authorise() == {"outcome": "declined", "reason": "order_refused"}
    assert operations(ORDER, "authorise", "authorise/2", "void") == [1, 0, 1]
    assert (stored().status, events_of()) == ("void", [])


def test_refusing_an_order_while_the_second_is_asked_for_holds_nothing() -> None:
    split()
    first_then_void = interrupted_by("authorise", "after", lambda: None)
    assert authorise(provider=first_then_void) == AUTHORISED
    assert void() == {"outcome": "voided", "amount": 1000}
    assert operations(ORDER, "void", "void/2") == [1, 1]
    assert events_of() == [("PaymentAuthorised", 1000), ("PaymentVoided", 300), ("PaymentVoided", 700)]


def test_a_void_while_the_second_does_not_know_yet_is_repeated() -> None:
    split("tok_approve", "tok_late")
    assert authorise() == UNKNOWN
    with pytest.raises(Unavailable):
        void()
    assert void() == {"outcome": "voided", "amount": 1000}


def test_dues_are_captured_in_the_order_of_the_tenders_and_the_rest_given_back() -> None:
    split()
    authorise()
    due(ORDER, "f1", 500)
    assert service.capture(ORDER, "f1", BY) == {"outcome": "captured", "amount": 500}
    assert [one.captured for one in stored().tenders] == [300, 200]
    due(ORDER, "f2", 100, final=True)
    assert service.capture(ORDER, "f2", BY) == {"outcome": "captured", "amount": 100}
    assert operations(ORDER, "capture:f1", "capture:f1/2", "capture:f2", "capture:f2/2", "void", "void/2") == [
        1,
        1,
        0,
        1,
        0,
        1,
    ]
    assert (stored().captured, stored().voided, stored().state) == (600, 400, "captured")
    assert events_of()[1:] == [
        ("PaymentCaptured", 300),
        ("PaymentCaptured", 200),
        ("PaymentCaptured", 100),
        ("PaymentVoided", 400),
    ]
