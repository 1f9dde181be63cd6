"""The transitions of a payment, one by one and in any order."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.payments import domain
from chalicelib.payments.domain import Capture, Payment, PaymentOutOfTurn, PaymentState, PaymentStatus
from tests.unit.payments.builders import a_payment, an_authorised


def test_authorising_holds_the_whole_amount() -> None:
    after = domain.authorise(a_payment(), "sbx:1")
    assert (after.status, after.authorised, after.authorisation, after.version) == ("authorised", 1000, "sbx:1", 2)


@pytest.mark.parametrize("status", [s for s in PaymentStatus if s not in domain.UNDECIDED])
def test_what_is_decided_is_not_decided_again(status: PaymentStatus) -> None:
    payment = a_payment(status)
    for decide in (
        lambda: domain.authorise(payment, "sbx:1"),
        lambda: domain.decline(payment, "stolen_card"),
        lambda: domain.leave_unknown(payment),
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
    assert an_authorised(captured=captured, voided=voided).state is state


@pytest.mark.parametrize("status", list(PaymentStatus))
def test_before_a_capture_the_state_is_the_status(status: PaymentStatus) -> None:
    assert str(a_payment(status).state) == str(status)


def test_dues_fit_into_what_is_authorised() -> None:
    payment = domain.add_due(an_authorised(), "f1", 600, final=False)
    assert (dict(payment.dues), payment.remainder, payment.final) == ({"f1": 600}, 400, False)
    with pytest.raises(ValueError, match="400 remain"):
        domain.add_due(payment, "f2", 401, final=False)
    with pytest.raises(ValueError, match="does not fit"):
        domain.add_due(payment, "f1", 1, final=False)
    with pytest.raises(ValueError, match="does not fit"):
        domain.add_due(payment, "f2", -1, final=False)
    after = domain.add_due(payment, "f2", 400, final=True)
    assert (after.remainder, after.final) == (0, True)


@pytest.mark.parametrize("status", [s for s in PaymentStatus if s not in ("authorised", "not_required")])
def test_nothing_falls_due_of_what_is_not_held(status: PaymentStatus) -> None:
    with pytest.raises(PaymentOutOfTurn):
        domain.add_due(a_payment(status), "f1", 0, final=False)


def test_nothing_falls_due_once_it_is_final() -> None:
    with pytest.raises(PaymentOutOfTurn):
        domain.add_due(an_authorised(final=True), "f1", 1, final=True)


def test_an_order_that_costs_nothing_can_ship() -> None:
    after = domain.add_due(a_payment(PaymentStatus.NOT_REQUIRED, 0), "f1", 0, final=True)
    assert (dict(after.dues), after.final) == ({}, True)


def test_a_due_is_captured_once() -> None:
    payment = domain.add_due(an_authorised(), "f1", 600, final=False)
    after = domain.capture(payment, "f1", "sbx:c1")
    assert (dict(after.dues), dict(after.captures), after.captured) == ({}, {"f1": Capture(600, "sbx:c1")}, 600)
    assert domain.capture(after, "f1", "sbx:c2") is after
    with pytest.raises(ValueError, match="does not fit"):
        domain.add_due(after, "f1", 1, final=False)


def test_what_is_owed_is_not_given_back() -> None:
    due = domain.add_due(an_authorised(), "f1", 600, final=False)
    for owed in (due, domain.capture(due, "f1", "sbx:c1")):
        with pytest.raises(PaymentOutOfTurn):
            domain.close(owed, "order_refused")
        with pytest.raises(PaymentOutOfTurn):
            domain.void(owed)
    with pytest.raises(PaymentOutOfTurn):
        domain.void(replace(due, final=True))


def test_the_rest_is_given_back_after_the_last_capture() -> None:
    payment = domain.capture(domain.add_due(an_authorised(), "f1", 600, final=True), "f1", "sbx:c1")
    after = domain.void(payment)
    assert (after.captured, after.voided, after.remainder, after.state) == (600, 400, 0, "captured")


def test_a_closed_payment_ends_void() -> None:
    closed = domain.close(a_payment(), "order_refused")
    assert (closed.final, closed.status, closed.reason) == (True, "pending", "order_refused")
    assert (domain.void(closed).status, domain.void(closed).voided) == ("void", 0)
    held = domain.void(domain.authorise(closed, "sbx:1"))
    assert (held.status, held.authorised, held.voided) == ("void", 1000, 1000)


STEPS = st.one_of(
    st.just(("authorise",)),
    st.just(("decline",)),
    st.just(("leave_unknown",)),
    st.tuples(st.just("due"), st.sampled_from("abc"), st.integers(-5, 700), st.booleans()),
    st.tuples(st.just("capture"), st.sampled_from("abc")),
    st.just(("close",)),
    st.just(("void",)),
)


def _step(payment: Payment, name: str, *rest: object) -> Payment:
    if name == "due":
        key, amount, final = rest
        return domain.add_due(payment, str(key), int(str(amount)), final=bool(final))
    arguments: dict[str, tuple[str, ...]] = {
        "authorise": ("sbx:1",),
        "decline": ("no",),
        "capture": (str(rest[0]) if rest else "", "sbx:2"),
        "close": ("order_refused",),
    }
    after: Payment = getattr(domain, name)(payment, *arguments.get(name, ()))
    return after


@settings(deadline=None)
@given(st.integers(1, 1000), st.lists(STEPS, max_size=14))
def test_amounts_never_cross(amount: int, steps: list[tuple[object, ...]]) -> None:
    payment = a_payment(amount=amount)
    for name, *rest in steps:
        before = payment
        try:
            payment = _step(payment, str(name), *rest)
        except (PaymentOutOfTurn, ValueError):
            continue
        due = sum(payment.dues.values())
        assert payment is before or payment.version == before.version + 1
        assert 0 <= payment.captured + payment.voided + due <= payment.authorised <= payment.amount
        assert payment.captured == sum(one.amount for one in payment.captures.values())
        assert payment.captured >= before.captured
        assert payment.voided >= before.voided
        assert payment.final >= before.final
