"""The steps of the workflow: outcomes by token, crashes between call and record, races, repetitions."""

from typing import Any

import pytest

from chalicelib.core.errors import NotFound, Unavailable
from chalicelib.core.money import Money
from chalicelib.core.table import Transaction
from chalicelib.payments import service
from chalicelib.payments.domain import PaymentOutOfTurn
from chalicelib.payments.service import CaptureDeclined, VoidDeclined
from chalicelib.payments.tasks import payments_tasks, tasks
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


def authorise(**more: Any) -> Any:
    return service.authorise(ORDER, BY, **more)


def look_up(**more: Any) -> Any:
    return service.look_up(ORDER, BY, **more)


def capture(key: str = "f1", **more: Any) -> Any:
    return service.capture(ORDER, key, BY, **more)


def void(**more: Any) -> Any:
    return service.void(ORDER, "order_refused", BY, **more)


# ---- authorise ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "first", "resolved"),
    [
        ("tok_approve", AUTHORISED, AUTHORISED),
        ("tok_decline_insufficient_funds", {"outcome": "declined", "reason": "insufficient_funds"}, None),
        ("tok_decline_stolen_card", {"outcome": "declined", "reason": "stolen_card"}, None),
        ("tok_decline_expired_card", {"outcome": "declined", "reason": "expired_card"}, None),
        ("tok_anything_else", {"outcome": "declined", "reason": "invalid_token"}, None),
        (None, {"outcome": "declined", "reason": "no_payment_method"}, None),
        ("tok_timeout", UNKNOWN, AUTHORISED),
        ("tok_timeout_declined", UNKNOWN, {"outcome": "declined", "reason": "do_not_honour"}),
        ("tok_timeout_lost", UNKNOWN, AUTHORISED),
        ("tok_duplicate", UNKNOWN, AUTHORISED),
        ("tok_late", UNKNOWN, UNKNOWN),
    ],
)
def test_an_unknown_outcome_is_resolved_by_asking(token: str | None, first: Any, resolved: Any) -> None:
    opened(token)
    assert authorise() == first
    assert look_up() == (resolved or first)
    approved = (resolved or first) == AUTHORISED
    assert operations(ORDER, "authorise") == [1 if approved or token == "tok_late" else 0]
    assert stored().authorised == (1000 if approved else 0)


def test_a_late_answer_arrives() -> None:
    opened("tok_late")
    assert [authorise(), look_up(), look_up(), look_up()] == [UNKNOWN, UNKNOWN, AUTHORISED, AUTHORISED]
    assert events_of() == [("PaymentAuthorised", 1000)]


def test_repeating_an_unknown_authorisation_asks_instead() -> None:
    opened("tok_duplicate")
    assert [authorise(), authorise()] == [UNKNOWN, AUTHORISED]


def test_an_order_that_costs_nothing_needs_no_payment() -> None:
    opened("tok_approve", amount=0)
    assert authorise() == look_up() == {"outcome": "not_required"}
    assert tokens_of() == []
    due(ORDER, "f1", 0, final=True)
    assert capture() == {"outcome": "nothing_due", "amount": 0}
    assert void() == {"outcome": "nothing_to_void"}
    assert (operations(ORDER, "authorise", "void"), events_of()) == ([0, 0], [])


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_while_authorising_holds_the_money_once(moment: str) -> None:
    opened()
    with crashing():
        authorise(provider=crash_once("authorise", moment))
    assert stored().status == "pending"
    assert authorise() == authorise() == AUTHORISED
    assert (operations(ORDER, "authorise"), events_of()) == ([1], [("PaymentAuthorised", 1000)])


def test_two_that_authorise_at_once_hold_the_money_once() -> None:
    opened()
    assert authorise(provider=interrupted_by("authorise", "after", authorise)) == AUTHORISED
    assert (operations(ORDER, "authorise"), events_of()) == ([1], [("PaymentAuthorised", 1000)])
    assert stored().version == 2


def test_the_token_goes_when_it_has_served() -> None:
    opened("tok_timeout")
    authorise()
    assert tokens_of() == ["tok_timeout"]
    look_up()
    assert tokens_of() == []


def test_an_order_without_payment_is_not_found() -> None:
    with pytest.raises(NotFound):
        authorise()


# ---- capture ------------------------------------------------------------------------------------------------------------


def authorised(token: str = "tok_approve") -> None:
    opened(token)
    assert authorise() == AUTHORISED


def test_each_due_is_captured_once_and_the_rest_given_back() -> None:
    authorised()
    due(ORDER, "f1", 600)
    assert capture("f1") == capture("f1") == {"outcome": "captured", "amount": 600}
    assert stored().state == "partially_captured"
    due(ORDER, "f2", 300, final=True)
    assert capture("f1") == {"outcome": "captured", "amount": 600}
    assert stored().voided == 0
    assert capture("f2") == capture("f2") == {"outcome": "captured", "amount": 300}
    payment = stored()
    assert (payment.captured, payment.voided, payment.state) == (900, 100, "captured")
    assert operations(ORDER, "capture:f1", "capture:f2", "void") == [1, 1, 1]
    assert events_of() == [
        ("PaymentAuthorised", 1000),
        ("PaymentCaptured", 600),
        ("PaymentCaptured", 300),
        ("PaymentVoided", 100),
    ]


def test_the_last_due_waits_for_the_others() -> None:
    authorised()
    due(ORDER, "f1", 600)
    due(ORDER, "f2", 300, final=True)
    capture("f2")
    assert (stored().captured, stored().voided) == (300, 0)
    capture("f1")
    assert (stored().captured, stored().voided) == (900, 100)


def test_a_whole_capture_leaves_nothing_to_give_back() -> None:
    authorised()
    due(ORDER, "charges", 1000, final=True)
    assert service.capture(ORDER, service.CHARGES, BY) == {"outcome": "captured", "amount": 1000}
    assert operations(ORDER, "capture:charges", "void") == [1, 0]


def test_nothing_found_is_nothing_due_and_all_is_given_back() -> None:
    authorised()
    due(ORDER, "f1", 0, final=True)
    assert capture() == capture() == {"outcome": "nothing_due", "amount": 0}
    assert (stored().state, stored().voided, operations(ORDER, "capture:f1", "void")) == ("void", 1000, [0, 1])


@pytest.mark.parametrize(("call", "moment"), [(c, m) for c in ("capture", "void") for m in ("before", "after")])
def test_a_crash_while_capturing_charges_once(call: str, moment: str) -> None:
    authorised()
    due(ORDER, "f1", 600, final=True)
    with crashing():
        capture(provider=crash_once(call, moment))
    assert capture() == {"outcome": "captured", "amount": 600}
    assert (stored().captured, stored().voided) == (600, 400)
    assert operations(ORDER, "capture:f1", "void") == [1, 1]


def test_two_that_capture_at_once_charge_once() -> None:
    authorised()
    due(ORDER, "f1", 600)
    assert capture(provider=interrupted_by("capture", "after", capture)) == {"outcome": "captured", "amount": 600}
    assert (stored().captured, operations(ORDER, "capture:f1")) == (600, [1])
    assert events_of()[1:] == [("PaymentCaptured", 600)]


def test_a_due_that_comes_while_another_is_captured_is_kept() -> None:
    authorised()
    due(ORDER, "f1", 600)
    capture(provider=interrupted_by("capture", "after", lambda: due(ORDER, "f2", 300, final=True)))
    assert (stored().captured, dict(stored().dues), stored().final) == (600, {"f2": 300}, True)


def test_a_capture_whose_answer_is_lost_is_looked_up() -> None:
    authorised("tok_capture_timeout")
    due(ORDER, "f1", 600)
    assert capture() == {"outcome": "captured", "amount": 600}
    assert operations(ORDER, "capture:f1") == [1]


def test_a_declined_capture_is_for_a_person_and_stays_due() -> None:
    authorised("tok_capture_fails")
    due(ORDER, "f1", 600, final=True)
    for _ in range(2):
        with pytest.raises(CaptureDeclined, match="refused_by_provider"):
            capture()
    assert (dict(stored().dues), stored().captured, stored().voided) == ({"f1": 600}, 0, 0)


def test_a_remainder_that_is_not_taken_back_does_not_lose_the_capture() -> None:
    authorised("tok_void_fails")
    due(ORDER, "f1", 600, final=True)
    with pytest.raises(VoidDeclined, match="refused_by_provider"):
        capture()
    assert (stored().captured, stored().voided) == (600, 0)


def test_a_capture_while_the_provider_is_out_of_reach_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    authorised()
    due(ORDER, "f1", 600)

    def down(*_: Any, **__: Any) -> None:
        raise Unavailable("down")

    with monkeypatch.context() as patch:
        patch.setattr("chalicelib.payments.store.sandbox_act", down)
        with pytest.raises(Unavailable, match="does not answer"):
            capture()
    assert capture() == {"outcome": "captured", "amount": 600}


# ---- void ---------------------------------------------------------------------------------------------------------------


def test_what_is_held_is_given_back_once() -> None:
    authorised()
    assert void() == void() == {"outcome": "voided", "amount": 1000}
    assert (stored().state, stored().voided, stored().reason) == ("void", 1000, "order_refused")
    assert operations(ORDER, "void") == [1]
    assert events_of()[1:] == [("PaymentVoided", 1000)]


@pytest.mark.parametrize("asked_before", [False, True])
def test_what_never_reached_the_provider_can_never_be_held(asked_before: bool) -> None:
    opened("tok_timeout_lost")
    if asked_before:
        assert authorise() == UNKNOWN
    assert void() == void() == {"outcome": "nothing_to_void"}
    assert authorise() == look_up() == {"outcome": "declined", "reason": "order_refused"}
    assert (operations(ORDER, "authorise", "void"), events_of(), stored().state) == ([0, 0], [], "void")


@pytest.mark.parametrize("token", ["tok_timeout", "tok_duplicate"])
def test_an_authorisation_whose_answer_was_lost_is_found_and_given_back(token: str) -> None:
    opened(token)
    assert authorise() == UNKNOWN
    assert void() == {"outcome": "voided", "amount": 1000}
    assert operations(ORDER, "authorise", "void") == [1, 1]
    assert events_of() == [("PaymentAuthorised", 1000), ("PaymentVoided", 1000)]


def test_a_decline_whose_answer_was_lost_leaves_nothing_to_void() -> None:
    opened("tok_timeout_declined")
    authorise()
    assert void() == void() == {"outcome": "nothing_to_void"}
    assert (stored().status, events_of()) == ("declined", [("PaymentDeclined", 1000)])


def test_while_the_provider_does_not_know_the_void_is_repeated() -> None:
    opened("tok_late")
    authorise()
    with pytest.raises(Unavailable, match="not settled yet"):
        void()
    assert authorise() == {"outcome": "declined", "reason": "order_refused"}
    assert void() == {"outcome": "voided", "amount": 1000}


def test_an_authorisation_in_flight_during_the_void_is_refused_by_the_provider() -> None:
    opened()
    late = authorise(provider=interrupted_by("authorise", "before", void))
    assert late == {"outcome": "declined", "reason": "order_refused"}
    assert (operations(ORDER, "authorise"), stored().state) == ([0], "void")


def test_an_authorisation_answered_during_the_void_is_given_back() -> None:
    opened()
    late = authorise(provider=interrupted_by("authorise", "after", void))
    assert late == {"outcome": "declined", "reason": "order_refused"}
    assert operations(ORDER, "authorise", "void") == [1, 1]
    assert (stored().state, stored().voided) == ("void", 1000)


@pytest.mark.parametrize(("call", "moment"), [(c, m) for c in ("forestall", "void") for m in ("before", "after")])
@pytest.mark.parametrize("token", ["tok_approve", "tok_timeout"])
def test_a_crash_while_voiding_gives_back_once(call: str, moment: str, token: str) -> None:
    opened(token)
    with crashing():
        authorise(provider=crash_once("authorise", "after"))
    with crashing():
        void(provider=crash_once(call, moment))
    assert void() == {"outcome": "voided", "amount": 1000}
    assert operations(ORDER, "authorise", "void") == [1, 1]


def test_what_is_being_given_back_does_not_count_as_authorised() -> None:
    authorised()
    with crashing():
        void(provider=crash_once("void", "before"))
    assert authorise() == look_up() == {"outcome": "declined", "reason": "order_refused"}


def test_nothing_falls_due_while_the_money_is_given_back() -> None:
    authorised()
    with crashing():
        void(provider=crash_once("void", "before"))
    with pytest.raises(PaymentOutOfTurn):
        due(ORDER, "f1", 600)


def test_what_goods_that_left_cost_is_not_given_back() -> None:
    authorised()
    due(ORDER, "f1", 600, final=True)
    with pytest.raises(PaymentOutOfTurn):
        void()
    capture()
    with pytest.raises(PaymentOutOfTurn):
        void()
    assert (stored().captured, stored().voided) == (600, 400)


def test_a_void_whose_answer_is_lost_is_looked_up() -> None:
    authorised("tok_void_timeout")
    assert void() == {"outcome": "voided", "amount": 1000}
    assert operations(ORDER, "void") == [1]


def test_a_declined_void_is_for_a_person() -> None:
    authorised("tok_void_fails")
    with pytest.raises(VoidDeclined, match="refused_by_provider"):
        void()
    assert (stored().status, stored().voided, stored().final) == ("authorised", 0, True)


# ---- the function -------------------------------------------------------------------------------------------------------


def test_the_function_runs_each_step_as_the_state_machine_asks() -> None:
    opened("tok_timeout")

    def run(task: str, **more: Any) -> Any:
        return payments_tasks({"task": task, "order_id": ORDER, "correlation_id": "c-1", **more}, None)

    assert run("authorise_payment") == UNKNOWN
    assert run("look_up_payment") == AUTHORISED
    due(ORDER, "charges", 600)
    due(ORDER, "f1", 100)
    assert run("capture_payment", fulfilment_id=None) == {"outcome": "captured", "amount": 600}
    assert run("capture_payment", fulfilment_id="f1") == {"outcome": "captured", "amount": 100}
    assert tasks.names == {
        "authorise_payment",
        "look_up_payment",
        "capture_payment",
        "void_payment",
        "settle_payment",
    }


def test_void_is_a_step_of_the_function() -> None:
    opened()
    assert payments_tasks({"task": "void_payment", "order_id": ORDER}, None) == {"outcome": "nothing_to_void"}


def test_declines_and_captures_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    authorised()
    due(ORDER, "f1", 600)
    capture()
    capture()
    declined = opened("tok_decline_stolen_card", order_id="ord_01K0000000000000000000000B")
    for _ in range(2):
        service.authorise(declined, BY)
    out = capsys.readouterr().out
    assert (out.count('"PaymentsCaptured":[1.0]'), out.count('"PaymentsDeclined":[1.0]')) == (1, 1)


def test_no_event_holds_the_token() -> None:
    from chalicelib.core.outbox import timeline

    authorised("tok_capture_timeout")
    due(ORDER, "f1", 600, final=True)
    capture()
    texts = [event.to_json() for event in timeline(f"ORDER#{ORDER}")]
    assert len(texts) == 3
    assert not [text for text in texts if "tok_" in text or "sbx:" in text]


@pytest.mark.parametrize("booked", [False, True])
def test_a_payment_remembers_whether_it_is_booked(table: Any, booked: bool) -> None:
    tx = Transaction()
    service.open_payment(tx, ORDER, Money(1000, "GBP"), [card()], BY, booked=booked)
    tx.commit()
    authorise()
    assert stored().booked is booked
