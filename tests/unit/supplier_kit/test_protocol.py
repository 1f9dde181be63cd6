"""What is an answer, what is none, and who signed it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle_supplier import samples, signing
from aisle_supplier.protocol import (
    TEST_PREFIX,
    Unreadable,
    parsed,
    problems_of_answer,
    refuses_for_good,
    units_promised,
)

ASKED = {"1": 2, "2": 1}


def partial(*lines, **more):
    return {
        "decision": "partial",
        "reason": "out_of_stock",
        "lines": [{"line_id": line_id, "quantity": quantity} for line_id, quantity in lines],
        **more,
    }


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, {"decision": "accepted"}),
        (200, {"decision": "accepted", "supplier_reference": "A-17", "ship_by": "2026-11-24"}),
        (200, {"decision": "accepted", "supplier_reference": "x" * 64, "note": "of ours"}),
        (200, partial(("1", 1))),
        (200, partial(("1", 2), ("2", 1))),
        (200, {"decision": "rejected", "reason": "price"}),
        (202, {"decision": "later"}),
    ],
)
def test_these_are_answers(status, answer):
    assert problems_of_answer(status, answer, ASKED) == []


@pytest.mark.parametrize(
    ("status", "answer", "problem"),
    [
        (200, {}, "None is none of the decisions accepted, partial, rejected"),
        (200, {"decision": "later"}, "'later' is none of the decisions accepted, partial, rejected"),
        (202, {"decision": "accepted"}, "202 goes with the decision \"later\", not 'accepted'"),
        (
            200,
            {"decision": "rejected"},
            "None is none of the reasons out_of_stock, discontinued, price, address, capacity, other",
        ),
        (
            200,
            {"decision": "accepted", "supplier_reference": "x" * 65},
            "`supplier_reference` has to be text of up to 64 characters",
        ),
        (
            200,
            {"decision": "accepted", "ship_by": "2026-02-30"},
            "`ship_by` has to be a date such as 2026-11-24, not '2026-02-30'",
        ),
        (
            200,
            {"decision": "accepted", "ship_by": "20261124"},
            "`ship_by` has to be a date such as 2026-11-24, not '20261124'",
        ),
        (200, partial(), "partial needs `lines`, at least one"),
        (200, partial(("3", 1)), "line '3' was not asked for"),
        (200, partial(("1", 3)), "line '1' has 3 units where 2 were asked for"),
        (200, partial(("1", 0)), "the quantity of line '1' is 0, not a whole number from 1"),
        (200, partial(("1", True)), "the quantity of line '1' is True, not a whole number from 1"),
        (200, partial(("1", 1), ("1", 1)), "line '1' is there twice"),
        (200, partial((1, 1)), "each of `lines` is an object with a `line_id` (text) and a `quantity`"),
    ],
)
def test_these_are_none(status, answer, problem):
    assert problems_of_answer(status, answer, ASKED) == [problem]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
answers = st.fixed_dictionaries(
    {},
    optional={
        "decision": st.sampled_from(["accepted", "partial", "rejected", "later"]) | anything,
        "reason": st.sampled_from(["price", "other"]) | anything,
        "lines": st.lists(
            st.fixed_dictionaries({"line_id": st.sampled_from(["1", "2", "3"]) | anything, "quantity": anything})
        )
        | anything,
        "supplier_reference": anything,
        "ship_by": anything,
    },
)


@given(answers)
def test_an_answer_without_problems_promises_no_more_than_was_asked(answer):
    if not problems_of_answer(200, answer, ASKED):
        promised = units_promised(answer, ASKED)
        assert set(promised) <= set(ASKED)
        assert all(0 < units <= ASKED[line_id] for line_id, units in promised.items())


@pytest.mark.parametrize(
    ("status", "refuses"),
    [(400, True), (409, True), (422, True), (499, True), (500, False), (399, False)]
    + [(status, False) for status in (401, 403, 404, 408, 429)],
)
def test_some_statuses_refuse_for_good(status, refuses):
    assert refuses_for_good(status) is refuses


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b"17", b"null"])
def test_only_an_object_is_read(body):
    with pytest.raises(Unreadable):
        parsed(body)


def test_ids_of_tests_are_of_the_year_in_which_there_was_no_aisle():
    order = samples.an_order(("A", 1))
    assert order["allocation_id"].startswith(TEST_PREFIX)
    assert len(order["allocation_id"]) == len("ful_01J9Z3K4M5N6P7Q8R9S0T1V2W3_1")
    assert order["allocation_id"] != samples.an_order(("A", 1))["allocation_id"]


NOW = datetime.now(UTC)


def test_a_signature_is_that_of_the_standard():
    """The example of github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md and its libraries."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    at = datetime.fromtimestamp(1614265330, UTC)
    assert signing.headers(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', at) == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_both_secrets_are_taken_while_one_is_being_replaced():
    old, new = signing.new_secret(), signing.new_secret()
    signing.verify([old, new], "é".encode(), signing.headers(new, "ful_1", "é".encode()))
    signing.verify([old, new], b"", signing.headers(old, "ful_1.status", b""))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda headers: headers.clear(),
        lambda headers: headers.pop("webhook-id"),
        lambda headers: headers.update({"webhook-signature": "v1"}),
        lambda headers: headers.update({"webhook-signature": "v1,€"}),
        lambda headers: headers.update({"webhook-signature": "v1,====="}),
        lambda headers: headers.update({"webhook-signature": ""}),
        lambda headers: headers.update({"webhook-timestamp": "nan"}),
        lambda headers: headers.update({"webhook-timestamp": "9" * 400}),
        lambda headers: headers.update({"webhook-id": "ful_2"}),
        lambda headers: headers.update(signing.headers(SECRET, "ful_1", b"{}", NOW - timedelta(hours=4))),
        lambda headers: headers.update(signing.headers(SECRET, "ful_1", b"{}", NOW + timedelta(hours=4))),
        lambda headers: headers.update(signing.headers(SECRET, "ful_1", b"{ }")),
    ],
)
def test_whatever_is_not_signed_is_said_not_to_be(spoil):
    headers = signing.headers(SECRET, "ful_1", b"{}")
    signing.verify([SECRET], b"{}", headers)
    spoil(headers)
    with pytest.raises(signing.NotSigned):
        signing.verify([SECRET], b"{}", headers)


def test_a_body_that_is_no_text_is_not_signed():
    with pytest.raises(signing.NotSigned):
        signing.verify([SECRET], b"\xff", signing.headers(SECRET, "ful_1", b""))


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_%", "whsec_a"])
def test_a_secret_that_cannot_sign_is_not_quoted(secret):
    with pytest.raises(signing.SecretUnreadable) as raised:
        signing.checked_secret(secret)
    assert str(raised.value) == "The secret has to be whsec_ and base64, as it was issued."


SECRET = signing.new_secret()
