"""The transitions of a payment, one by one and in any order."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.errors import Stale
from chalicelib.payments import domain
from chalicelib.payments.domain import (
    Capture,
    Payment,
    PaymentOutOfTurn,
    PaymentState,
    RefundExceedsPaid,
    RefundPart,
    RefundRequest,
    RefundStatus,
    TenderRequest,
    TendersMismatch,
    TenderStatus,
)
from tests.unit.payments.builders import a_payment, a_split, a_tender, an_authorised, card, held

DECIDED = [status for status in TenderStatus if status not in ("pending", "unknown")]


def owe(payment: Payment, key: str = "f1", amount: int = 600, final: bool = False) -> Payment:
    return domain.owe(payment, due=(key, amount), final=final)


def taken(payment: Payment, key: str = "f1") -> Payment:
    """Every tender's share of a due is captured."""
    for tender in payment.tenders:
        payment = domain.capture(payment, tender.id, [key], f"sbx:{key}/{tender.id}")
    return payment


def refund(payment: Payment, amount: int, key: str = "r1", to: str = "original") -> Payment:
    return domain.owe(payment, refund=RefundRequest(key, amount, "returned", to))


# ---- tenders ------------------------------------------------------------------------------------------------------------


def test_a_tender_without_an_amount_pays_the_rest() -> None:
    requests = [card(), TenderRequest("gift_card", "g", 300), TenderRequest("store_credit", "c", 200)]
    assert domain.shares_of(1000, requests) == [500, 300, 200]
    assert domain.shares_of(500, requests) == [0, 300, 200]
    assert domain.shares_of(1000, [card(amount=1000)]) == [1000]


@pytest.mark.parametrize(
    "amounts", [(300, 600), (300, 800), (None, None), (1001, None), (0, None), (-1, None), (1, 1, 1, 1, 1, None)]
)
def test_tenders_add_up_to_the_total(amounts: Any) -> None:
    with pytest.raises(TendersMismatch):
        domain.shares_of(1000, [card(amount=amount) for amount in amounts])


def test_stored_value_comes_before_the_card_and_nothing_is_no_tender() -> None:
    shares = [
        domain.Share(domain.TenderType.CARD, "sandbox", "tok", 500),
        domain.Share(domain.TenderType.STORE_CREDIT, "stored_value", "c", 200),
        domain.Share(domain.TenderType.GIFT_CARD, "stored_value", "g", 300),
        domain.Share(domain.TenderType.GIFT_CARD, "stored_value", "g2", 0),
    ]
    payment, tokens = domain.opened("ord_1", "GBP", 1000, shares)
    assert [(one.id, one.type, one.amount) for one in payment.tenders] == [
        ("1", "gift_card", 300),
        ("2", "store_credit", 200),
        ("3", "card", 500),
    ]
    assert tokens == ["g", "c", "tok"]


# ---- authorising --------------------------------------------------------------------------------------------------------


def test_authorising_holds_the_whole_amount() -> None:
    after = domain.authorise(a_payment(), "1", "sbx:1")
    assert (after.status, after.authorised, after.tenders[0].authorisation, after.version) == (
        "authorised",
        1000,
        "sbx:1",
        2,
    )
    assert (after.was_authorised, a_payment().was_authorised) == (True, False)


def test_a_payment_is_authorised_when_its_last_tender_is() -> None:
    payment = a_payment(a_tender("gift_card", 300, "1"), a_tender("card", 700, "2"))
    assert domain.next_undecided(payment) == payment.tenders[0]
    half = domain.authorise(payment, "1", "sbx:1")
    assert (half.status, half.authorised, half.was_authorised, half.decided) == ("pending", 300, False, False)
    assert domain.next_undecided(half) == half.tenders[1]
    assert domain.leave_unknown(half, "2").status == "unknown"
    whole = domain.authorise(half, "2", "sbx:2")
    assert (whole.status, whole.authorised, whole.was_authorised, whole.decided) == ("authorised", 1000, True, True)
    assert domain.next_undecided(whole) is None


def test_one_declined_tender_declines_the_payment() -> None:
    payment = a_payment(held("gift_card", 300, "1"), a_tender("store_credit", 200, "2"), a_tender("card", 500, "3"))
    after = domain.decline(payment, "2", "insufficient_funds")
    assert [one.status for one in after.tenders] == ["authorised", "declined", "void"]
    assert (after.status, after.reason, after.closing, after.remainder) == (
        "declined",
        "insufficient_funds",
        True,
        300,
    )
    given_back = domain.void(after, "1")
    assert (given_back.status, given_back.voided, given_back.remainder) == ("declined", 300, 0)


@pytest.mark.parametrize("status", DECIDED)
def test_what_is_decided_is_not_decided_again(status: TenderStatus) -> None:
    payment = a_payment(a_tender(status=status))
    for decide in (
        lambda: domain.authorise(payment, "1", "sbx:1"),
        lambda: domain.decline(payment, "1", "stolen_card"),
        lambda: domain.leave_unknown(payment, "1"),
    ):
        with pytest.raises(PaymentOutOfTurn):
            decide()


@pytest.mark.parametrize(
    ("captured", "voided", "state"),
    [
        (0, 0, PaymentState.AUTHORISED),
        (400, 0, PaymentState.PARTIALLY_CAPTURED),
        (400, 600, PaymentState.CAPTURED),
        (1000, 0, PaymentState.CAPTURED),
    ],
)
def test_the_state_says_how_much_was_taken(captured: int, voided: int, state: PaymentState) -> None:
    captures = {"f1": Capture(captured, "sbx:c")} if captured else {}
    assert a_payment(held(captures=captures, voided=voided)).state is state


@pytest.mark.parametrize("status", list(TenderStatus))
def test_before_a_capture_the_state_is_the_status(status: TenderStatus) -> None:
    assert str(a_payment(a_tender(status=status)).state) == str(status)


def test_a_tender_that_was_not_needed_is_void_and_the_payment_captured() -> None:
    payment = taken(owe(a_split(), amount=300, final=True))
    after = domain.void(payment, "2")
    assert [one.status for one in after.tenders] == ["authorised", "void"]
    assert (after.status, after.state, after.captured, after.voided) == ("authorised", "captured", 300, 700)


# ---- dues ---------------------------------------------------------------------------------------------------------------


def test_dues_fit_into_what_is_authorised() -> None:
    payment = owe(an_authorised())
    assert (payment.dues, payment.remainder, payment.final) == ({"f1": 600}, 400, False)
    with pytest.raises(ValueError, match="400 remain"):
        owe(payment, "f2", 401)
    with pytest.raises(Stale, match="asked for before"):
        owe(payment, "f1", 1)
    with pytest.raises(ValueError, match="does not fit"):
        owe(payment, "f2", -1)
    after = owe(payment, "f2", 400, final=True)
    assert (after.remainder, after.final) == (0, True)


def test_dues_are_taken_from_stored_value_first() -> None:
    payment = owe(owe(a_split(), "f1", 200), "f2", 500)
    assert [dict(one.dues) for one in payment.tenders] == [{"f1": 200, "f2": 100}, {"f2": 400}]
    assert (payment.dues, payment.remainder) == ({"f1": 200, "f2": 500}, 300)
    after = taken(payment, "f2")
    assert (after.captures, after.dues) == ({"f2": 500}, {"f1": 200})


@pytest.mark.parametrize("status", [s for s in TenderStatus if s != "authorised"])
def test_nothing_falls_due_of_what_is_not_held(status: TenderStatus) -> None:
    with pytest.raises(PaymentOutOfTurn):
        owe(a_payment(a_tender(status=status)), amount=0)


def test_nothing_falls_due_once_it_is_final() -> None:
    final = domain.owe(an_authorised(), final=True)
    with pytest.raises(PaymentOutOfTurn):
        owe(final, amount=1)
    assert domain.owe(final).final


def test_an_order_that_costs_nothing_can_ship() -> None:
    after = owe(Payment("ord_1", "GBP", 0), amount=0, final=True)
    assert (after.dues, after.final, after.status) == ({}, True, "not_required")


def test_a_due_is_captured_once() -> None:
    payment = owe(an_authorised())
    after = domain.capture(payment, "1", ["f1"], "sbx:c1")
    assert (after.dues, dict(after.tenders[0].captures), after.captured) == ({}, {"f1": Capture(600, "sbx:c1")}, 600)
    assert domain.capture(after, "1", ["f1"], "sbx:c2") is after
    with pytest.raises(Stale, match="asked for before"):
        owe(after, amount=1)


def test_dues_can_be_captured_by_one_call() -> None:
    payment = domain.capture(owe(owe(an_authorised()), "f2", 300, final=True), "1", ["f1", "f2"], "sbx:c")
    assert dict(payment.tenders[0].captures) == {"f1": Capture(600, "sbx:c"), "f2": Capture(300, "sbx:c")}
    assert (payment.captured, payment.version) == (900, 4)


def test_what_is_owed_is_not_given_back() -> None:
    due = owe(an_authorised())
    for owed in (due, taken(due)):
        with pytest.raises(PaymentOutOfTurn):
            domain.close(owed, "order_refused")
        with pytest.raises(PaymentOutOfTurn):
            domain.void(owed, "1")
    with pytest.raises(PaymentOutOfTurn):
        domain.void(replace(due, final=True), "1")


def test_the_rest_is_given_back_after_the_last_capture() -> None:
    after = domain.void(taken(owe(an_authorised(), final=True)), "1")
    assert (after.captured, after.voided, after.remainder, after.state) == (600, 400, 0, "captured")


def test_a_closed_payment_ends_void() -> None:
    closed = domain.close(a_payment(), "order_refused")
    assert (closed.final, closed.status, closed.reason) == (True, "pending", "order_refused")
    assert (domain.void(closed, "1").status, domain.void(closed, "1").voided) == ("void", 0)
    after = domain.void(domain.authorise(closed, "1", "sbx:1"), "1")
    assert (after.status, after.authorised, after.voided) == ("void", 1000, 1000)


# ---- refunds ------------------------------------------------------------------------------------------------------------


def test_a_refund_goes_to_the_card_first_and_then_to_stored_value() -> None:
    payment = taken(owe(a_split(), amount=1000, final=True))
    first = refund(payment, 600)
    assert first.refunds[0].parts == (RefundPart("2", 600, "f1"),)
    second = refund(first, 250, "r2")
    assert second.refunds[1].parts == (RefundPart("2", 100, "f1"), RefundPart("1", 150, "f1"))
    assert (second.refundable, second.refunds_due_of("1"), second.refunds_due_of("2")) == (150, 150, 700)


def test_credit_is_taken_from_stored_value_first_and_given_at_once() -> None:
    payment = taken(owe(a_split(), amount=1000, final=True))
    after = refund(payment, 400, to="credit:c.GBP")
    parts = (RefundPart("1", 300, "f1", "credit:c.GBP"), RefundPart("2", 100, "f1", "credit:c.GBP"))
    assert after.refunds[0].parts == parts
    assert (after.refunded, after.refunds[0].status) == (400, RefundStatus.DONE)
    assert domain.newly_credited(payment, after) == [(after.refunds[0], part) for part in parts]
    assert domain.newly_credited(after, domain.owe(after)) == []


def test_a_refund_is_spread_over_captures_oldest_first() -> None:
    payment = taken(owe(taken(owe(an_authorised())), "f2", 400, final=True), "f2")
    after = refund(refund(payment, 500), 300, "r2")
    assert after.refunds[1].parts == (RefundPart("1", 100, "f1"), RefundPart("1", 200, "f2"))


def test_a_refund_waits_for_its_capture() -> None:
    payment = refund(owe(taken(owe(an_authorised())), "f2", 400, final=True), 800)
    assert payment.refunds[0].parts == (RefundPart("1", 600, "f1"), RefundPart("1", 200))
    assert (payment.refunds[0].status, payment.refunds_due_of("1")) == (RefundStatus.WAITING, 600)
    after = taken(payment, "f2")
    assert after.refunds[0].parts == (RefundPart("1", 600, "f1"), RefundPart("1", 200, "f2"))
    assert after.refunds[0].status is RefundStatus.DUE


def test_a_waiting_refund_still_goes_to_the_card() -> None:
    """The gift card is captured, the card not yet: the card's own capture is waited for."""
    owed = owe(a_split(), amount=1000, final=True)
    half = domain.capture(owed, "1", ["f1"], "sbx:1")
    asked = refund(half, 700)
    assert asked.refunds[0].parts == (RefundPart("2", 700),)
    assert domain.capture(asked, "2", ["f1"], "sbx:2").refunds[0].parts == (RefundPart("2", 700, "f1"),)


def test_credit_that_waited_is_given_with_the_capture() -> None:
    before = refund(owe(an_authorised()), 400, to="credit:c.GBP")
    assert (before.refunded, domain.newly_credited(an_authorised(), before)) == (0, [])
    after = taken(before)
    assert [part.amount for _, part in domain.newly_credited(before, after)] == [400]


def test_no_more_is_asked_back_than_was_paid() -> None:
    payment = refund(taken(owe(an_authorised())), 500)
    with pytest.raises(RefundExceedsPaid) as refused:
        refund(payment, 101, "r2")
    assert refused.value.members == {"left": {"amount": 100, "currency": "GBP"}}
    assert refund(payment, 100, "r2").refundable == 0
    with pytest.raises(RefundExceedsPaid):
        refund(an_authorised(), 1)


def test_a_refund_has_a_key_of_its_own() -> None:
    payment = refund(taken(owe(an_authorised())), 100)
    with pytest.raises(Stale, match="asked for before"):
        refund(payment, 100)
    with pytest.raises(ValueError, match="negative"):
        refund(payment, -1, "r2")
    assert refund(payment, 0, "r2").refunds == payment.refunds


def test_a_part_is_given_back_once() -> None:
    payment = refund(taken(owe(an_authorised())), 500)
    part = payment.refunds[0].parts[0]
    after = domain.refunded(payment, "r1", part, "sbx:r")
    assert (after.refunded, after.refunded_of("1"), after.refunds[0].status) == (500, 500, RefundStatus.DONE)
    assert domain.refunded(after, "r1", part, "sbx:r2") is after


# ---- in any order -------------------------------------------------------------------------------------------------------

TENDER = st.sampled_from(["1", "2", "3"])
STEPS = st.one_of(
    st.tuples(st.just("authorise"), TENDER),
    st.tuples(st.just("authorise"), TENDER),
    st.tuples(st.just("decline"), TENDER),
    st.tuples(st.just("leave_unknown"), TENDER),
    st.tuples(st.just("due"), st.sampled_from("abc"), st.integers(-5, 700), st.booleans()),
    st.tuples(st.just("due"), st.sampled_from("abc"), st.integers(0, 300), st.just(False)),
    st.tuples(st.just("capture"), TENDER, st.sampled_from("abc")),
    st.tuples(
        st.just("refund"), st.sampled_from("rst"), st.integers(-5, 500), st.sampled_from(["original", "credit:x"])
    ),
    st.tuples(st.just("give"), TENDER),
    st.just(("close",)),
    st.tuples(st.just("void"), TENDER),
)


def _step(payment: Payment, name: str, *rest: Any) -> Payment:
    if name == "due":
        return domain.owe(payment, due=rest[:2], final=rest[2])
    if name == "refund":
        return domain.owe(payment, refund=RefundRequest(rest[0], rest[1], "returned", rest[2]))
    if name == "give":
        return _give(payment, rest[0])
    if name == "close":
        return domain.close(payment, "order_refused")
    if name == "capture":
        return domain.capture(payment, rest[0], [rest[1]], "sbx:c")
    more = {"authorise": ["sbx:1"], "decline": ["no"]}.get(name, [])
    after: Payment = getattr(domain, name)(payment, *rest, *more)
    return after


def _give(payment: Payment, tender_id: str) -> Payment:
    for refund in payment.refunds:
        for part in refund.parts:
            if part.due and part.tender == tender_id:
                return domain.refunded(payment, refund.key, part, "sbx:r")
    return payment


def check(payment: Payment) -> None:
    """What holds of every payment at every time."""
    for tender in payment.tenders:
        assert 0 <= tender.captured + tender.due + tender.voided <= tender.authorised <= tender.amount
        assert tender.remainder >= 0
        refunded, due = payment.refunded_of(tender.id), payment.refunds_due_of(tender.id)
        assert 0 <= refunded + due <= tender.captured
        assert payment.asked_back_of(tender.id) <= tender.captured + tender.due
        for key, capture in tender.captures.items():
            parts = [part for refund in payment.refunds for part in refund.parts]
            assert sum(one.amount for one in parts if (one.tender, one.capture) == (tender.id, key)) <= capture.amount
    for name in ("authorised", "captured", "voided", "remainder"):
        assert getattr(payment, name) == sum(getattr(tender, name) for tender in payment.tenders)
    assert payment.refunded == sum(payment.refunded_of(tender.id) for tender in payment.tenders) <= payment.captured
    for refund in payment.refunds:
        assert sum(part.amount for part in refund.parts) == refund.amount
        assert all(part.amount > 0 for part in refund.parts)
    assert payment.refundable >= 0


@settings(deadline=None, max_examples=300)
@given(st.lists(st.integers(1, 500), min_size=1, max_size=3), st.booleans(), st.lists(STEPS, max_size=25))
def test_amounts_never_cross(amounts: list[int], paid: bool, steps: list[tuple[Any, ...]]) -> None:
    make = held if paid else a_tender
    kinds = ["gift_card", "store_credit", "card"][-len(amounts) :]
    payment = a_payment(
        *[make(kind, amount, str(n)) for n, (kind, amount) in enumerate(zip(kinds, amounts, strict=True), 1)]
    )
    for name, *rest in steps:
        before = payment
        try:
            payment = _step(payment, name, *rest)
        except (PaymentOutOfTurn, RefundExceedsPaid, Stale, ValueError, StopIteration):
            continue
        check(payment)
        assert payment is before or payment.version == before.version + 1
        assert payment.captured >= before.captured
        assert payment.voided >= before.voided
        assert payment.refunded >= before.refunded
        assert payment.final >= before.final


@settings(deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=12), st.integers(0, 3))
def test_any_sequence_of_refunds_ends_at_what_was_paid(amounts: list[int], after_refunds: int) -> None:
    """Asked for in any sizes, before or after the capture; the last takes what is left, and no penny more is given."""
    payment = owe(a_split(), amount=1000, final=True)
    for number, amount in enumerate(amounts):
        if number == after_refunds:
            payment = taken(payment)
        payment = refund(payment, min(amount, payment.refundable), f"r{number}")
    payment = refund(payment, payment.refundable, "last")
    with pytest.raises(RefundExceedsPaid):
        refund(payment, 1, "more")
    payment = taken(payment)
    for tender in ("1", "2") * 20:
        payment = _give(payment, tender)
        check(payment)
    assert (payment.refunded, payment.refunded_of("1"), payment.refunded_of("2")) == (1000, 300, 700)
