"""Captures, refunds and what is left: carried out once each, whoever asks and however often."""

from typing import Any

import pytest

from chalicelib.core.errors import Unavailable
from chalicelib.payments import service, store
from chalicelib.payments.domain import PaymentOutOfTurn, RefundExceedsPaid
from chalicelib.payments.service import CaptureDeclined, RefundDeclined
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
    owe,
    refund,
    stored,
)

pytestmark = pytest.mark.usefixtures("table")


def settle(**more: Any) -> Any:
    return service.settle(ORDER, BY, **more)


def settled(captured: int = 0, refunded: int = 0, voided: int = 0, outcome: str = "settled") -> Any:
    return {"outcome": outcome, "captured": captured, "refunded": refunded, "voided": voided}


def paid(token: str = "tok_approve", amount: int = 600, *, final: bool = True) -> None:
    """A card of 1000 of which so much is captured for f1."""
    opened(token)
    assert service.authorise(ORDER, BY) == {"outcome": "authorised"}
    due(ORDER, "f1", amount, final=final)
    service.capture(ORDER, "f1", BY)


def taken(intent: str) -> int:
    found = store.sandbox_find(f"{ORDER}:{intent}")
    return found.amount if found else 0


def test_settling_captures_every_due_and_gives_the_rest_back() -> None:
    opened()
    service.authorise(ORDER, BY)
    due(ORDER, "f1", 600)
    due(ORDER, "f2", 300, final=True)
    assert settle() == settle() == settled(900, 0, 100)
    assert operations(ORDER, "capture:f1", "capture:f2", "void") == [1, 1, 1]


def test_nothing_shipped_gives_all_back() -> None:
    opened()
    service.authorise(ORDER, BY)
    owe(final=True)
    assert settle() == settled(0, 0, 1000)
    assert stored().state == "void"


def test_a_payment_of_nothing_is_settled() -> None:
    opened(amount=0)
    owe(final=True)
    assert settle() == settled()


def test_refunds_are_made_each_once_under_a_key_of_its_own() -> None:
    paid()
    refund("r1", 200)
    assert settle() == settle() == settled(600, 200, 400)
    refund("r2", 400)
    assert settle() == settled(600, 600, 400)
    assert operations(ORDER, "refund:r1:f1", "refund:r2:f1") == [1, 1]
    assert (taken("refund:r1:f1"), taken("refund:r2:f1")) == (200, 400)
    assert [event for event in events_of() if "Refund" in event[0]] == [
        ("RefundRequested", 200),
        ("PaymentRefunded", 200),
        ("RefundRequested", 400),
        ("PaymentRefunded", 400),
    ]
    with pytest.raises(RefundExceedsPaid, match="0 of what was paid is left"):
        refund("r3", 1)


def test_a_refund_is_spread_over_captures_and_tenders_exactly() -> None:
    opened(tenders=[card(amount=300), card()])
    service.authorise(ORDER, BY)
    due(ORDER, "f1", 500)
    due(ORDER, "f2", 500, final=True)
    settle()
    refund("r1", 750)
    assert settle() == settled(1000, 750, 0)
    assert [taken(f"refund:r1:{one}") for one in ("f1/2", "f2/2", "f1")] == [200, 500, 50]
    assert [stored().refunded_of(id) for id in ("1", "2")] == [50, 700]


def test_a_refund_asked_for_before_its_capture_follows_it() -> None:
    opened()
    service.authorise(ORDER, BY)
    due(ORDER, "f1", 600, final=True)
    refund("r1", 100)
    assert stored().refunds[0].status == "waiting"
    assert service.capture(ORDER, "f1", BY) == {"outcome": "captured", "amount": 600}
    assert (stored().refunded, operations(ORDER, "refund:r1:f1")) == (100, [1])


def test_settling_captures_first_and_so_makes_the_refund_that_waits() -> None:
    opened()
    service.authorise(ORDER, BY)
    due(ORDER, "f1", 600, final=True)
    refund("r1", 100)
    assert settle() == settled(600, 100, 400)


def test_a_refund_of_what_cannot_be_captured_waits() -> None:
    opened("tok_capture_fails")
    service.authorise(ORDER, BY)
    due(ORDER, "f1", 600, final=True)
    refund("r1", 100)
    with pytest.raises(CaptureDeclined):
        settle()
    assert (stored().refunds[0].status, operations(ORDER, "refund:r1:f1")) == ("waiting", [0])


def test_nothing_is_asked_back_of_a_payment_that_was_not_made() -> None:
    opened("tok_decline_stolen_card")
    service.authorise(ORDER, BY)
    with pytest.raises(PaymentOutOfTurn):
        refund("r1", 1)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_while_refunding_refunds_once(moment: str) -> None:
    paid()
    refund("r1", 200)
    with crashing():
        settle(provider=crash_once("refund", moment))
    assert settle() == settled(600, 200, 400)
    assert operations(ORDER, "refund:r1:f1") == [1]


def test_two_that_settle_at_once_refund_once() -> None:
    paid()
    refund("r1", 200)
    assert settle(provider=interrupted_by("refund", "after", settle)) == settled(600, 200, 400)
    assert (operations(ORDER, "refund:r1:f1"), [e for e in events_of() if e[0] == "PaymentRefunded"]) == (
        [1],
        [("PaymentRefunded", 200)],
    )


def test_a_refund_that_is_asked_for_while_another_is_made_has_its_own_amount() -> None:
    paid()
    refund("r1", 200)
    assert settle(provider=interrupted_by("refund", "before", lambda: refund("r2", 300))) == settled(600, 500, 400)
    assert (taken("refund:r1:f1"), taken("refund:r2:f1")) == (200, 300)


def test_a_refund_whose_answer_is_lost_is_looked_up() -> None:
    paid("tok_refund_timeout")
    refund("r1", 200)
    assert settle() == settled(600, 200, 400)
    assert operations(ORDER, "refund:r1:f1") == [1]


def test_a_refund_while_the_provider_is_out_of_reach_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    paid()
    refund("r1", 200)

    def down(*_: Any, **__: Any) -> None:
        raise Unavailable("down")

    with monkeypatch.context() as patch:
        patch.setattr("chalicelib.payments.store.sandbox_act", down)
        with pytest.raises(Unavailable, match="does not answer"):
            settle()
    assert settle() == settled(600, 200, 400)


def test_a_declined_refund_is_for_a_person_and_stays_due() -> None:
    paid("tok_refund_fails")
    refund("r1", 200)
    for _ in range(2):
        with pytest.raises(RefundDeclined, match="refused_by_provider"):
            settle()
    assert (stored().refunded, stored().refunds[0].status, stored().refundable) == (0, "due", 400)


def test_what_one_tender_refuses_does_not_keep_the_other_waiting() -> None:
    opened(tenders=[card(amount=300), card("tok_refund_fails")])
    service.authorise(ORDER, BY)
    due(ORDER, "f1", 1000, final=True)
    settle()
    refund("r1", 1000)
    with pytest.raises(RefundDeclined):
        settle()
    assert [stored().refunded_of(id) for id in ("1", "2")] == [300, 0]


def test_what_one_tender_refuses_to_capture_the_other_still_does() -> None:
    opened(tenders=[card("tok_capture_fails", 300), card()])
    service.authorise(ORDER, BY)
    due(ORDER, "f1", 500, final=True)
    with pytest.raises(CaptureDeclined):
        settle()
    assert ([one.captured for one in stored().tenders], stored().voided) == ([0, 200], 500)
