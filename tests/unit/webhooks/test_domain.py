"""The rules, without table or clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.ids import is_id
from chalicelib.webhooks.domain.delivery import (
    RETRIES,
    RETRY_AFTER_MOST,
    Attempt,
    Delivery,
    DeliveryState,
    after,
    delivery_id,
    first_id,
    retry_after,
    shown,
    wait,
)
from chalicelib.webhooks.domain.health import Health, rest_until, spread
from chalicelib.webhooks.domain.webhook import NotInThisStatus, Secret, Webhook, WebhookStatus, matches, payload
from tests.unit.webhooks.builders import NOON, TYPE, URL

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def a_webhook(**given: Any) -> Webhook:
    fields: dict[str, Any] = {
        "id": "whk_1",
        "url": URL,
        "event_types": (TYPE,),
        "filter": {},
        "description": "",
        "payload_version": 1,
        "rate_per_minute": None,
        "created_at": NOON,
        "secrets": (Secret("first"),),
    }
    return Webhook(**{**fields, **given})


def a_delivery(**given: Any) -> Delivery:
    fields: dict[str, Any] = {
        "id": "whd_1",
        "webhook_id": "whk_1",
        "event_id": "evt_1",
        "event_type": TYPE,
        "payload_version": 1,
        "correlation_id": "c",
        "created_at": NOON,
        "give_up_at": NOON + 4 * DAY,
    }
    return Delivery(**{**fields, **given})


def an_attempt(status: int | None = 500, number: int = 1, **given: Any) -> Attempt:
    return Attempt(number, NOON, 100, status, **given)


# ---- who hears of what --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("aisle.orders.OrderPlaced", True),
        ("aisle.orders.*", True),
        ("aisle.*", True),
        ("aisle.orders.OrderPlace", False),
        ("aisle.orders.Order*", False),
        ("aisle.order.*", False),
        ("aisle.orders.OrderPlaced.*", False),
        ("aisle.payments.*", False),
        ("*", False),
    ],
)
def test_a_pattern_is_a_name_or_all_below_a_name(pattern: str, matched: bool) -> None:
    assert matches(pattern, "aisle.orders.OrderPlaced") is matched


@pytest.mark.parametrize(
    ("filter", "data", "wanted"),
    [
        ({}, {}, True),
        ({"channel": ("web", "app")}, {"channel": "web"}, True),
        ({"channel": ("web", "app")}, {"channel": "store"}, False),
        ({"channel": ("web",)}, {}, False),
        ({"channel": ("None",)}, {}, False),
        ({"channel": ("web",), "location_id": ("leeds",)}, {"channel": "web", "location_id": "leeds"}, True),
        ({"channel": ("web",), "location_id": ("leeds",)}, {"channel": "web", "location_id": "york"}, False),
        ({"lines": ("3",)}, {"lines": 3}, True),
    ],
)
def test_a_filter_asks_for_all_its_fields(filter: Any, data: Any, wanted: bool) -> None:
    assert a_webhook(filter=filter).wants(TYPE, data) is wanted


def test_an_unwanted_type_is_not_wanted_whatever_its_data() -> None:
    assert not a_webhook(filter={"channel": ("web",)}).wants("aisle.orders.OrderRefused", {"channel": "web"})


def test_a_status_that_does_not_allow_it_says_what_it_is() -> None:
    webhook = a_webhook().to(WebhookStatus.PAUSED)
    with pytest.raises(NotInThisStatus) as refused:
        webhook.require(WebhookStatus.ACTIVE)
    assert refused.value.members == {"webhook_status": "paused"}
    webhook.require(WebhookStatus.PAUSED, WebhookStatus.DISABLED)


def test_a_payload_is_compact_and_keeps_letters() -> None:
    assert payload("a.b", "2026-01-01T00:00:00Z", {"x": "ä"}) == (
        '{"type":"a.b","timestamp":"2026-01-01T00:00:00Z","data":{"x":"ä"}}'
    )


# ---- secrets ------------------------------------------------------------------------------------------------------------


def sealed(webhook: Webhook, at: datetime) -> list[str]:
    return [secret.sealed for secret in webhook.secrets_at(at)]


def test_an_old_secret_serves_for_a_while_beside_the_new_one() -> None:
    rotated = a_webhook().with_new_secret("second", NOON, 24 * HOUR)
    assert rotated.version == 2
    assert sealed(rotated, NOON) == ["second", "first"]
    assert sealed(rotated, NOON + 24 * HOUR - SECOND) == ["second", "first"]
    assert sealed(rotated, NOON + 24 * HOUR) == ["second"]


def test_of_two_rotations_in_a_row_the_first_secret_ends() -> None:
    twice = a_webhook().with_new_secret("second", NOON, 24 * HOUR).with_new_secret("third", NOON + HOUR, 24 * HOUR)
    assert sealed(twice, NOON + HOUR) == ["third", "second"]


def test_a_leaked_secret_can_be_ended_at_once() -> None:
    rotated = a_webhook().with_new_secret("second", NOON, timedelta())
    assert rotated.secrets == (Secret("second"),)


# ---- deliveries ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_a_success_ends_it(status: int) -> None:
    done = after(a_delivery(), an_attempt(status), 0.5)
    assert (done.state, done.attempts, done.turn, done.next_at) == (DeliveryState.DELIVERED, 1, 2, None)


@pytest.mark.parametrize("status", [100, 199, 300, 302, 400, 404, 429, 500, 503, None])
def test_a_failure_plans_the_next_attempt(status: int | None) -> None:
    then = after(a_delivery(has_slot=True), an_attempt(status, error="timeout"), 0.5)
    assert (then.state, then.attempts, then.round, then.turn) == (DeliveryState.PENDING, 1, 1, 2)
    assert then.next_at == NOON + 5 * SECOND
    assert not then.has_slot
    assert then.last_outcome == (str(status) if status else "timeout")


def test_gone_ends_it() -> None:
    assert after(a_delivery(), an_attempt(410), 0.5).state is DeliveryState.FAILED


def test_a_test_is_sent_once() -> None:
    assert after(a_delivery(event_type="webhook.test"), an_attempt(500), 0.5).state is DeliveryState.FAILED


def test_the_tenth_failure_ends_it() -> None:
    assert after(a_delivery(round=8, attempts=8), an_attempt(number=9), 0.5).state is DeliveryState.PENDING
    assert after(a_delivery(round=9, attempts=9), an_attempt(number=10), 0.5).state is DeliveryState.FAILED


def test_what_would_be_too_late_is_not_planned() -> None:
    soon = a_delivery(give_up_at=NOON + 5 * SECOND)
    assert after(soon, an_attempt(), 0.5).state is DeliveryState.PENDING
    assert after(soon, an_attempt(), 0.51).state is DeliveryState.FAILED


def test_an_endpoint_may_ask_for_more_time_but_not_for_less() -> None:
    assert after(a_delivery(), an_attempt(429, retry_after=HOUR), 0.5).next_at == NOON + HOUR
    assert after(a_delivery(), an_attempt(429, retry_after=timedelta()), 0.5).next_at == NOON + 5 * SECOND


def test_a_repeated_delivery_has_its_tries_anew_and_keeps_its_log() -> None:
    failed = a_delivery(state=DeliveryState.FAILED, attempts=10, round=10, turn=11, last_outcome="500")
    again = failed.repeated(NOON + 20 * DAY)
    assert (again.state, again.attempts, again.round, again.turn) == (DeliveryState.PENDING, 10, 0, 12)
    assert again.give_up_at == NOON + 24 * DAY
    assert after(again, an_attempt(number=11), 0.5).state is DeliveryState.PENDING


@given(st.integers(1, len(RETRIES)), st.floats(0, 1))
def test_waits_spread_over_the_width_of_their_step(failures: int, luck: float) -> None:
    step = RETRIES[failures - 1]
    assert step / 2 <= wait(failures, luck) <= 1.5 * step


def test_the_schedule_takes_three_days() -> None:
    assert sum(RETRIES, timedelta()) == timedelta(hours=75, minutes=35, seconds=5)


@given(st.lists(st.tuples(st.sampled_from([200, 302, 410, 429, 500, None]), st.floats(0, 1)), min_size=12))
def test_every_delivery_ends_within_ten_attempts(said: list[tuple[int | None, float]]) -> None:
    delivery, attempts = a_delivery(), 0
    for status, luck in said:
        if delivery.state is not DeliveryState.PENDING:
            break
        attempts += 1
        at = delivery.next_at or NOON
        attempt = replace(an_attempt(status, attempts, error="dns"), at=at)
        then = after(delivery, attempt, luck)
        assert then.turn == delivery.turn + 1
        assert (then.next_at is not None) == (then.state is DeliveryState.PENDING)
        assert then.next_at is None or at < then.next_at <= then.give_up_at
        delivery = then
    assert delivery.state is not DeliveryState.PENDING
    assert delivery.attempts == attempts <= 10


# ---- Retry-After --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (None, None),
        ("", None),
        ("0", timedelta()),
        ("120", timedelta(seconds=120)),
        ("3600", HOUR),
        ("999999999999999999999", RETRY_AFTER_MOST),
        ("Thu, 01 Jan 2026 12:10:00 GMT", timedelta(minutes=10)),
        ("Thu, 01 Jan 2026 12:10:00", timedelta(minutes=10)),
        ("Thu, 01 Jan 2026 11:00:00 GMT", timedelta()),
        ("Fri, 31 Dec 9999 23:59:59 GMT", RETRY_AFTER_MOST),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("١٢", None),
        ("Thu, 01 Jan 2026 12:10:00 +99999999999999999999", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_within_bounds(header: str | None, wanted: timedelta | None) -> None:
    assert retry_after(header, NOON) == wanted


@given(st.text(max_size=60))
def test_no_header_breaks_it(header: str) -> None:
    asked = retry_after(header, NOON)
    assert asked is None or timedelta() <= asked <= RETRY_AFTER_MOST


# ---- ids ----------------------------------------------------------------------------------------------------------------


def test_a_delivery_has_one_id() -> None:
    first = delivery_id("evt_1", "whk_1", NOON)
    assert is_id(first, "whd")
    assert first == delivery_id("evt_1", "whk_1", NOON)
    assert len({first, delivery_id("evt_2", "whk_1", NOON), delivery_id("evt_1", "whk_2", NOON)}) == 3


@given(st.integers(0, 2**40), st.integers(1, 10**9))
def test_ids_sort_by_when_events_happened(milliseconds: int, more: int) -> None:
    at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)
    later = at + timedelta(milliseconds=more)
    assert first_id(at) <= delivery_id("e", "w", at) < first_id(later) <= delivery_id("e", "w", later)


# ---- health -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, None), (4, None), (5, 22.5), (6, 45), (7, 90), (11, 1_440), (12, 2_700), (99, 2_700)]
)
def test_rests_begin_with_the_fifth_failure_and_grow_to_an_hour(failures: int, seconds: float | None) -> None:
    until = rest_until(failures, an_attempt(), 0.5)
    assert until == (NOON + timedelta(seconds=seconds) if seconds else None)


def test_an_endpoint_that_asks_for_a_rest_gets_it_however_well_it_was() -> None:
    assert rest_until(1, an_attempt(429, retry_after=HOUR), 0.5) == NOON + HOUR
    assert rest_until(12, an_attempt(429, retry_after=SECOND), 0.5) == NOON + timedelta(minutes=45)


def test_those_who_wait_do_not_come_at_once() -> None:
    assert spread(NOON, 0) == NOON
    assert spread(NOON, 1) == NOON + timedelta(seconds=30)


@pytest.mark.parametrize(
    ("failures", "since", "hopeless"),
    [(10, 5 * DAY, True), (10, 5 * DAY - SECOND, False), (9, 50 * DAY, False), (99, None, False)],
)
def test_days_and_failures_make_an_endpoint_hopeless(failures: int, since: timedelta | None, hopeless: bool) -> None:
    health = Health(failures, NOON - since if since else None)
    assert health.is_hopeless_at(NOON) is hopeless


def test_a_body_is_shown_by_its_beginning() -> None:
    assert shown(b"x" * 600) == "x" * 500
    assert shown(b"\xff\xfeok") == "��ok"
