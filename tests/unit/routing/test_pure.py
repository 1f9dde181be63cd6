"""Properties of the pure rules."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from chalicelib.core.errors import AisleError
from chalicelib.routing.domain import allocation as life
from chalicelib.routing.domain.allocation import Allocation, Answer, Decision, Line, State
from chalicelib.routing.domain.answers import Kind, Said, heard_of_cancellation, heard_of_offer, heard_of_status
from chalicelib.routing.domain.health import Health, after_failure, after_success, retry_after
from chalicelib.routing.domain.invoices import InvoiceState, compare, worth
from chalicelib.routing.domain.scorecard import COUNTERS, ENOUGH, rating
from chalicelib.routing.domain.settings import RoutingSettings
from chalicelib.routing.domain.waits import MOST, wait_seconds

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DEADLINE = "2026-01-01T16:00:00.000000Z"


def an_allocation(*units: int) -> Allocation:
    lines = tuple(Line(str(n), f"S{n}", f"s{n}", f"n{n}", count, 100 * n) for n, count in enumerate(units, 1))
    return Allocation("ful_1", "sup_1", "ord_1", "GBP", DEADLINE, DEADLINE, DEADLINE, lines)


quantities = st.lists(st.integers(1, 5), min_size=1, max_size=3)


@st.composite
def deeds(draw: st.DrawFn) -> tuple[Allocation, list[tuple[str, dict[str, int], int]]]:
    """An allocation, and what is tried with it, at which minute."""
    start = an_allocation(*draw(quantities))
    ids = [line.line_id for line in start.lines]
    names = ["accepted", "partial", "rejected", "silent", "cancel", "recall", "give_back", "ship"]
    units = st.dictionaries(st.sampled_from([*ids, "9"]), st.integers(-1, 6), max_size=3)
    one = st.tuples(st.sampled_from(names), units, st.integers(0, 300))
    return start, draw(st.lists(one, max_size=8))


def _done(value: Allocation, what: str, units: dict[str, int], now: datetime) -> Allocation:
    everything = {line.line_id: line.quantity for line in value.lines}
    if what in set(Decision):
        given = {"accepted": everything, "partial": units, "rejected": {}}[what]
        return life.decide(value, Answer(Decision(what), given, "other"), now)
    if what == "silent":
        return life.fall_silent(value, now) if value.state is State.REQUESTED and value.is_late_at(now) else value
    if what == "cancel":
        return life.cancel(value, now) if value.state is State.REQUESTED else value
    if what == "recall":
        held = {line.line_id: max(0, min(units.get(line.line_id, 0), line.held)) for line in value.lines}
        return life.recall(value, held) if value.state is State.ACCEPTED and any(held.values()) else value
    if what == "give_back":
        return life.give_back(value, units, "other")
    held = {line.line_id: max(0, min(units.get(line.line_id, line.held), line.held)) for line in value.lines}
    return life.ship(value, held, now)


def _accounts_for_every_unit(value: Allocation) -> None:
    for line in value.lines:
        assert min(line.accepted, line.refused, line.recalled, line.shipped, line.held) >= 0
        if value.decision is not None or value.state is State.SILENT:
            assert line.accepted + line.refused == line.quantity
        assert line.shipped <= line.accepted
    if value.state is State.SHIPPED:
        assert all(line.held == line.shipped for line in value.lines)
    if value.state in (State.REJECTED, State.SILENT):
        assert not any(line.held for line in value.lines)


@tried(max_examples=500)
@given(deeds())
def test_one_decision_is_final_and_every_unit_is_accounted_for(case: Any) -> None:
    value, tries = case
    decided: list[str] = []
    now = NOON
    for what, units, minutes in tries:
        now = max(now, NOON + timedelta(minutes=minutes))
        before = value
        try:
            value = _done(value, what, units, now)
        except AisleError:
            assert value is before
            continue
        if before.state is State.REQUESTED and value.state is not State.REQUESTED:
            decided.append(what)
        assert value.version == before.version + (value is not before)
        _accounts_for_every_unit(value)
    assert len(decided) <= 1
    assert (value.state is State.REQUESTED) == (not decided)
    if decided and decided[0] in set(Decision):
        assert value.decided_at is not None
        assert value.decided_at < DEADLINE


@tried(max_examples=500)
@given(st.binary(max_size=200), st.sampled_from([200, 202, 204, 301, 400, 404, 500, 999]))
def test_no_bytes_are_too_strange(body: bytes, status: int) -> None:
    value = an_allocation(3)
    for hear in (heard_of_offer, heard_of_status):
        heard = hear(Said(status, body, {}), value)
        assert (heard.answer is not None) == (heard.kind is Kind.ANSWER)
    heard_of_cancellation(Said(status, body, {}))


json_like = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.text(max_size=5)
    | st.sampled_from(["accepted", "1", "partial"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["decision", "lines", "line_id", "quantity", "reason", "supplier_reference", "ship_by"]),
            inner,
        )
    ),
    max_leaves=12,
)


@tried(max_examples=500)
@given(json_like)
def test_what_is_understood_can_be_shipped(document: object) -> None:
    value = an_allocation(3, 2)
    heard = heard_of_offer(Said(200, json.dumps(document).encode(), {}), value)
    if heard.answer is not None:
        decided = life.decide(value, heard.answer, NOON)
        assert all(0 <= line.accepted <= line.quantity for line in decided.lines)


@given(st.integers(0, 200), st.integers(1, 10**6))
def test_waits_grow_and_stay_within_the_deadline(tries: int, left: int) -> None:
    seconds = wait_seconds(tries, left)
    assert 1 <= seconds <= min(MOST, left)
    assert wait_seconds(tries + 1, left) >= seconds


@given(st.lists(st.booleans(), max_size=40), st.floats(0, 1))
def test_rests_are_within_their_bounds_and_end_with_a_success(failures: list[bool], luck: float) -> None:
    numbers = RoutingSettings()
    health, in_a_row = Health("sup_1"), 0
    for failed in failures:
        health = after_failure(health, NOON, numbers, luck) if failed else after_success(health)
        in_a_row = in_a_row + 1 if failed else 0
        assert health.failures == in_a_row
        assert health.unreachable == (in_a_row >= numbers.failures_before_rest)
        assert health.rests_at(NOON) == health.unreachable
        if health.resting_until is not None:
            seconds = (health.resting_until - NOON).total_seconds()
            assert numbers.rest_seconds_least / 2 <= seconds <= numbers.rest_seconds_most


@given(st.text(max_size=40) | st.integers(-5, 10**12).map(str))
def test_a_rest_that_is_asked_for_is_bounded(header: str) -> None:
    asked = retry_after(header, NOON)
    assert asked is None or timedelta() <= asked <= timedelta(hours=1)


def test_a_rest_may_be_asked_for_by_date() -> None:
    assert retry_after("Thu, 01 Jan 2026 12:05:00 GMT", NOON) == timedelta(minutes=5)
    assert retry_after("soon", NOON) is None
    assert retry_after(None, NOON) is None


counters = st.fixed_dictionaries({name: st.integers(0, 500) for name in COUNTERS})


@given(counters, st.sampled_from(["rejected", "silent", "late_answers", "misbehaved", "shipped_late"]))
def test_ratings_are_within_0_and_100_and_faults_do_not_raise_them(counted: dict[str, int], fault: str) -> None:
    before = rating(counted)
    assert 0 <= before <= 100
    decided = sum(counted[name] for name in ("accepted", "partial", "rejected", "silent"))
    if decided >= ENOUGH and fault not in ("rejected", "silent"):
        assert rating({**counted, fault: counted[fault] + 10}) <= before


@pytest.mark.parametrize(
    ("counted", "expected"),
    [
        ({}, 100),
        ({"silent": 19}, 100),
        ({"silent": 20}, 0),
        ({"accepted": 100}, 100),
        ({"accepted": 90, "rejected": 10}, 90),
        ({"accepted": 90, "silent": 10}, 80),
        ({"accepted": 90, "partial": 10}, 96),
        ({"accepted": 100, "cancelled_after_acceptance": 10}, 85),
        ({"accepted": 100, "shipped": 100, "shipped_late": 10}, 94),
        ({"accepted": 100, "misbehaved": 10, "late_answers": 10}, 93),
    ],
)
def test_the_formula_of_ratings(counted: dict[str, int], expected: int) -> None:
    assert rating(counted) == expected


def test_what_an_order_is_worth() -> None:
    value = life.decide(an_allocation(3, 2), Answer(Decision.PARTIAL, {"1": 3, "2": 1}), NOON)
    assert worth(value) == 3 * 100 + 200
    assert compare(value, "GBP", 500) is InvoiceState.MATCHED
    assert compare(value, "EUR", 500) is InvoiceState.DISPUTED
    assert compare(value, "GBP", 501) is InvoiceState.DISPUTED
    assert worth(life.recall(value, {"1": 1})) == 400
    assert worth(life.ship(value, {"1": 2}, NOON)) == 200


def test_an_allocation_is_late_from_its_deadline_on() -> None:
    value = replace(an_allocation(1), answer_by="2026-01-01T12:00:00.000000Z")
    assert value.is_late_at(NOON)
    assert not value.is_late_at(NOON - timedelta(microseconds=1))
    assert value.seconds_left(NOON - timedelta(microseconds=1)) == 1
