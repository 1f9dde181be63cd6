"""From an event to the last attempt, in a world whose time the tests hold."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from chalicelib.core import clock, outbox
from chalicelib.core.outbox import Aggregate
from chalicelib.core.outside import Failure
from chalicelib.webhooks import gateways, service, store
from chalicelib.webhooks.domain.delivery import DeliveryState
from chalicelib.webhooks.domain.health import Health
from chalicelib.webhooks.domain.webhook import DisabledBecause, WebhookStatus
from tests.unit.webhooks.builders import (
    NOON,
    URL,
    World,
    an_event,
    answers,
    attempts,
    deliveries,
    health,
    is_now,
    pauses,
    resumes,
    subscribes,
    the_delivery,
    unreachable,
)

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


# ---- events to deliveries -----------------------------------------------------------------------------------------------


def test_an_event_is_sent_signed_to_who_wants_it(world: World) -> None:
    with world.time():
        webhook = subscribes()
        subscribes(event_types=("aisle.payments.*",), url="https://other.example.com/")
        event = an_event(aggregate=Aggregate("order", "ord_7", 3))
    world.happens(event)
    world.passes()
    [(at, headers, body)] = world.requests
    assert at == NOON
    assert json.loads(body) == {
        "type": "aisle.orders.OrderPlaced",
        "timestamp": "2026-01-01T12:00:00.000000Z",
        "data": {
            "aggregate": {"type": "order", "id": "ord_7", "version": 3},
            "version": 1,
            "data": {"total": {"amount": 1000, "currency": "GBP"}, "channel": "web"},
        },
    }
    secret = gateways.opened(webhook.id, webhook.secrets[0].sealed)
    assert headers == {
        "url": URL,
        "Content-Type": "application/json",
        "User-Agent": "Aisle-Webhooks/1",
        "webhook-id": event.id,
        "webhook-timestamp": str(int(NOON.timestamp())),
        "webhook-signature": Verifier(secret).sign(event.id, NOON, body.decode()),
    }
    delivery = the_delivery(webhook)
    assert (delivery.state, delivery.attempts, delivery.last_outcome) == (DeliveryState.DELIVERED, 1, "200")
    [attempt] = attempts(delivery)
    assert (attempt.number, attempt.at, attempt.status, attempt.error, attempt.body) == (1, NOON, 200, None, "")


def test_what_nobody_wants_leaves_nothing_behind(world: World, table: Any) -> None:
    with world.time():
        subscribes(event_types=("aisle.catalog.*",))
    before = table.scan(TableName="aisle-test")["Count"]
    world.happens()
    assert table.scan(TableName="aisle-test")["Count"] == before
    assert world.messages == []


def test_what_is_nobody_elses_business_is_sent_to_nobody(world: World) -> None:
    with world.time():
        webhook = subscribes(event_types=("aisle.*",))
        inner = an_event("VerificationRequested", source="aisle.customers")
        unknown = an_event("SomethingNew", source="aisle.orders")
    world.happens(inner, unknown)
    assert deliveries(webhook) == []


def test_however_often_an_event_comes_it_is_delivered_once(world: World) -> None:
    with world.time():
        webhook = subscribes()
        event = an_event()
    world.happens(event, event)
    world.passes()
    world.happens(event)
    world.passes(HOUR)
    assert len(world.requests) == 1
    assert the_delivery(webhook).attempts == 1


def test_an_event_that_comes_again_makes_good_what_was_not_queued(world: World) -> None:
    with world.time():
        subscribes()
        event = an_event()
    world.loses = 1
    world.happens(event)
    world.passes(HOUR)
    assert world.requests == []
    world.happens(event)
    world.passes()
    assert len(world.requests) == 1


def test_a_webhook_hears_of_all_that_happens_after_it_was_made_and_of_nothing_before(world: World) -> None:
    with world.time():
        early = subscribes()
    world.happens()  # the list of webhooks is read, and kept for half a minute
    world.passes(SECOND)
    with world.time():
        before = an_event(occurred_at=clock.rfc3339(NOON))
        late = subscribes()
    world.happens(before, an_event())
    assert (len(deliveries(early)), len(deliveries(late))) == (3, 1)


def test_a_burst_costs_one_read_of_the_list(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    listed = store.webhooks
    monkeypatch.setattr(store, "webhooks", lambda *which: reads.append(1) or listed(*which))
    with world.time():
        subscribes()
        events = [an_event() for _ in range(5)]
    world.passes(SECOND)
    world.happens(*events)
    assert len(reads) == 1
    world.passes(30 * SECOND)
    world.happens(*events)
    assert len(reads) == 2


def test_a_deleted_or_disabled_webhook_is_told_nothing_more(world: World) -> None:
    with world.time():
        deleted, disabled = subscribes(), subscribes(url="https://gone.example.com/")
    world.says = lambda now: answers(410)
    world.happens(an_event())
    with world.time():
        service.delete_webhook(deleted.id, 1, by=_admin())
    world.passes()
    assert [headers["url"] for _, headers, _ in world.requests] == ["https://gone.example.com/"]
    [delivery] = deliveries(deleted)
    assert (delivery.state, delivery.last_outcome, attempts(delivery)) == (DeliveryState.FAILED, "webhook_deleted", [])
    world.passes(SECOND)
    world.happens()
    assert (len(deliveries(deleted)), len(deliveries(disabled))) == (1, 1)


def _admin() -> Any:
    from tests.unit.webhooks.builders import ADMIN

    return ADMIN


# ---- retries ------------------------------------------------------------------------------------------------------------

SCHEDULE = [0, 5, 305, 2_105, 9_305, 27_305, 63_305, 113_705, 185_705, 272_105]
"""Seconds from the event to each attempt when no chance plays in: 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h apart."""


@pytest.fixture
def untiring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Endpoints never rest and are never given up."""
    monkeypatch.setattr("chalicelib.webhooks.domain.health.RESTS_FROM", 10_000)
    monkeypatch.setattr("chalicelib.webhooks.domain.health.DISABLED_FROM", 10_000)


@pytest.mark.usefixtures("untiring")
def test_a_delivery_is_tried_for_three_days_and_then_given_up(world: World) -> None:
    with world.time():
        webhook = subscribes()
    world.says = lambda now: answers(500, b"out of order")
    world.happens()
    world.passes(5 * DAY)
    # What the schedule asks for is up to a minute late, and the next waits begin from there.
    assert [round(late) for late in _lateness(world.times)] == [0] * 10
    delivery = the_delivery(webhook)
    assert (delivery.state, delivery.attempts, delivery.next_at) == (DeliveryState.FAILED, 10, None)
    log = attempts(delivery)
    assert [attempt.number for attempt in log] == list(range(1, 11))
    assert {(attempt.status, attempt.body) for attempt in log} == {(500, "out of order")}
    assert {headers["webhook-id"] for _, headers, _ in world.requests} == {delivery.event_id}
    assert len({headers["webhook-timestamp"] for _, headers, _ in world.requests}) == 10
    assert len({body for _, _, body in world.requests}) == 1


def _lateness(times: list[float]) -> list[float]:
    """Minutes, rounded down, by which each gap is longer than planned."""
    gaps = [later - earlier for earlier, later in zip([0.0, *times], times, strict=False)]
    planned = [later - earlier for earlier, later in zip([0, *SCHEDULE], SCHEDULE, strict=False)]
    return [(gap - plan) // 60 for gap, plan in zip(gaps, planned, strict=True)]


@pytest.mark.parametrize("outcome", [answers(301), answers(404), answers(500), answers(103), unreachable()])
def test_whatever_is_no_success_is_tried_again(world: World, outcome: Any) -> None:
    with world.time():
        webhook = subscribes()
    world.says = lambda now: outcome if now == NOON else answers(204)
    world.happens()
    world.passes(10 * SECOND)
    assert world.times == [0, 5]
    assert the_delivery(webhook).state is DeliveryState.DELIVERED
    assert health(webhook) == Health()


def test_an_attempt_without_answer_is_logged_with_its_kind(world: World) -> None:
    with world.time():
        webhook = subscribes()
    world.says = lambda now: unreachable(Failure.TIMEOUT)
    world.happens()
    world.passes()
    [attempt] = attempts(the_delivery(webhook))
    assert (attempt.status, attempt.error, attempt.body) == (None, "timeout", "nobody there")
    assert the_delivery(webhook).last_outcome == "timeout"


def test_the_log_keeps_the_beginning_of_what_was_answered(world: World) -> None:
    with world.time():
        webhook = subscribes()
    world.says = lambda now: answers(200, "ä".encode() * 400)
    world.happens()
    world.passes()
    [attempt] = attempts(the_delivery(webhook))
    assert attempt.body == "ä" * 250


def test_a_lost_message_is_made_good_by_the_schedule(world: World) -> None:
    with world.time():
        webhook = subscribes()
    world.happens()
    world.says = lambda now: answers(500) if now == NOON else answers(200)
    world.loses = 1 if not world.messages else 0
    delivery = the_delivery(webhook)
    with world.time():
        world.messages.clear()
        world.loses = 1  # the message of the second attempt
        world.attempt(delivery.id, 1)
    world.passes(9 * MINUTE)
    assert len(world.requests) == 1
    world.passes(3 * MINUTE)
    assert [round(at / 60) for at in world.times] == [0, 11]
    assert the_delivery(webhook).state is DeliveryState.DELIVERED


def test_a_message_that_comes_again_or_late_does_nothing(world: World) -> None:
    with world.time():
        webhook = subscribes()
    world.says = lambda now: answers(500)
    world.happens()
    delivery = the_delivery(webhook)
    with world.time():
        assert world.attempt(delivery.id, 1) == "500"
        assert world.attempt(delivery.id, 1) == "superseded"
        assert world.attempt(delivery.id, 3) == "superseded"
        assert world.attempt("whd_00000000000000000000000000", 1) == "superseded"
    assert len(world.requests) == 1
    assert the_delivery(webhook).turn == 2


def test_of_two_workers_with_one_message_one_writes_the_log(world: World) -> None:
    """At least once: the endpoint hears twice, under one id; the count and the plan are those of one attempt."""
    with world.time():
        webhook = subscribes()
    world.happens()
    delivery = the_delivery(webhook)
    second: list[str] = []

    def meanwhile(now: Any) -> Any:
        if not second:
            second.append("running")
            second.append(world.attempt(delivery.id, 1))
        return answers(500)

    world.says = meanwhile
    with world.time():
        first = world.attempt(delivery.id, 1)
    assert (first, second[1]) == ("superseded", "500")
    assert len(world.requests) == 2
    assert len(attempts(the_delivery(webhook))) == 1
    assert health(webhook).failures == 1


def test_two_runs_of_the_schedule_ask_once(world: World) -> None:
    with world.time():
        subscribes()
    world.says = lambda now: answers(503, retry_after="1200")
    world.happens()
    world.passes()
    world.now += 30 * MINUTE
    with world.time():
        assert service.send_due(within=60, queue=world) == {"sent": 1, "failed": 0, "left": 0}
        assert service.send_due(within=60, queue=world) == {"sent": 0, "failed": 0, "left": 0}
    assert len(world.messages) == 1


def test_one_due_delivery_that_fails_does_not_keep_the_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with world.time():
        webhook = subscribes()
    world.says = lambda now: answers(503, retry_after="1200")
    world.happens(*(an_event() for _ in range(3)))
    world.passes()
    bad = deliveries(webhook)[1].id
    get = store.get_delivery

    def broken(id: str) -> Any:
        if id == bad:
            raise RuntimeError("broken")
        return get(id)

    world.now += 30 * MINUTE
    with world.time():
        monkeypatch.setattr(store, "get_delivery", broken)
        assert service.send_due(within=60, queue=world) == {"sent": 2, "failed": 1, "left": 0}
        assert service.send_due(within=0, queue=world) == {"sent": 0, "failed": 1, "left": 0}
        monkeypatch.undo()
        assert service.send_due(within=0, queue=world) == {"sent": 0, "failed": 0, "left": 1}
        assert service.send_due(within=60, queue=world) == {"sent": 1, "failed": 0, "left": 0}


def test_chance_spreads_a_wait_over_the_width_of_its_step(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    luck = iter([0.0, 0.0, 0.999, 0.999, 0.5, 0.5])
    monkeypatch.setattr("chalicelib.webhooks.service.deliver.random", lambda: next(luck))
    with world.time():
        subscribes()
    world.says = lambda now: answers(500)
    world.happens()
    world.passes(460 * SECOND)
    assert [round(at, 1) for at in world.times] == [0, 2.5, 452.2]


# ---- what endpoints ask for ---------------------------------------------------------------------------------------------


def test_gone_disables_at_once(world: World) -> None:
    with world.time():
        webhook = subscribes()
    world.says = lambda now: answers(410)
    world.happens()
    world.passes(HOUR)
    now = is_now(webhook)
    assert (now.status, now.disabled_because, now.version) == (WebhookStatus.DISABLED, DisabledBecause.GONE, 2)
    assert the_delivery(webhook).state is DeliveryState.FAILED
    assert len(world.requests) == 1
    [_, event] = outbox.timeline(store.webhook_pk(webhook.id))
    assert (event.source, event.type, event.aggregate.version) == ("aisle.webhooks", "WebhookDisabled", 2)
    assert event.data == {"because": "gone", "failing_since": None}


@pytest.mark.parametrize("status", [429, 503])
def test_an_endpoint_that_asks_for_peace_gets_it(world: World, status: int) -> None:
    """Not only the delivery that was refused waits, but every other, too, and without an attempt."""
    with world.time():
        webhook = subscribes()
    world.says = lambda now: answers(status, retry_after="600") if now < NOON + 10 * MINUTE else answers(200)
    world.happens()
    world.passes(MINUTE)
    world.happens()
    world.passes(10 * MINUTE)
    assert [at // 60 for at in world.times] == [0, 10, 11]
    assert [delivery.attempts for delivery in deliveries(webhook)] == [2, 1]
    assert health(webhook) == Health()


def test_no_longer_than_an_hour(world: World) -> None:
    with world.time():
        subscribes()
    world.says = lambda now: answers(429, retry_after="86400")
    world.happens()
    world.passes(2 * HOUR)
    assert [round(at / 3_600, 1) for at in world.times[:2]] == [0, 1.0]


def test_other_statuses_ask_for_nothing(world: World) -> None:
    with world.time():
        subscribes()
    world.says = lambda now: answers(500, retry_after="600")
    world.happens()
    world.passes(10 * SECOND)
    assert world.times == [0, 5]


# ---- rest and rate ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_endpoint_that_is_down_is_asked_by_one_delivery_at_a_time(world: World) -> None:
    with world.time():
        webhook = subscribes()
    world.says = lambda now: unreachable()
    for _ in range(8):
        world.happens()
        world.passes(SECOND)
    assert world.times == [0, 1, 2, 3, 4]
    assert health(webhook).rests_at(world.now)
    world.passes(20 * MINUTE)
    # Rests of 22 s, 45 s, 1.5, 3, 6 and 12 min, each ended by a run of the schedule.
    gaps = [later - earlier for earlier, later in zip(world.times[4:], world.times[5:], strict=False)]
    assert gaps == sorted(gaps)
    assert len(gaps) == 5
    assert {delivery.state for delivery in deliveries(webhook)} == {DeliveryState.PENDING}
    world.says = lambda now: answers(200)
    world.passes(40 * MINUTE)
    assert {delivery.state for delivery in deliveries(webhook)} == {DeliveryState.DELIVERED}
    assert health(webhook) == Health()


def test_one_asks_while_the_others_wait(world: World) -> None:
    with world.time():
        webhook = subscribes()
    world.happens(*(an_event() for _ in range(3)))
    with world.time():
        for _ in range(5):
            store.note_failure(webhook.id, NOON, NOON)
    ids = [delivery.id for delivery in deliveries(webhook)]
    waiting: list[str] = []

    def meanwhile(now: Any) -> Any:
        waiting.extend(world.attempt(id, 1) for id in ids[1:])
        return answers(200)

    world.says = meanwhile
    with world.time():
        assert world.attempt(ids[0], 1) == "200"
    assert waiting == ["postponed", "postponed"]
    assert health(webhook) == Health()


def test_what_waits_for_a_rest_does_not_go_round_in_the_queue(world: World) -> None:
    """Lambda stops a function that feeds its own queue more than 16 times in a row."""
    with world.time():
        webhook = subscribes()
    world.happens()
    with world.time():
        store.note_failure(webhook.id, NOON, NOON + 5 * SECOND)
        assert world.attempt(the_delivery(webhook).id, 1) == "postponed"
    world.messages = [message for message in world.messages if message[3] != 1]
    assert world.messages == []
    assert the_delivery(webhook).attempts == 0


def test_a_delivery_that_only_waited_is_given_up_in_time(world: World) -> None:
    with world.time():
        webhook = subscribes()
    world.happens()
    delivery = the_delivery(webhook)
    world.now = NOON + 4 * DAY - SECOND
    with world.time():
        store.note_failure(webhook.id, NOON, world.now + MINUTE)
        assert world.attempt(delivery.id, 1) == "endpoint_resting"
    assert the_delivery(webhook).state is DeliveryState.FAILED


def test_no_more_than_the_rate_is_sent(world: World) -> None:
    with world.time():
        webhook = subscribes(rate_per_minute=6)
    world.happens(*(an_event() for _ in range(4)))
    world.passes(MINUTE)
    assert world.times == [0, 10, 20, 30]
    assert {delivery.turn for delivery in deliveries(webhook)} == {2, 3}, "each waits for its place once"


def test_the_line_is_not_longer_than_ten_minutes(world: World) -> None:
    with world.time():
        webhook = subscribes(rate_per_minute=1)
    world.happens(*(an_event() for _ in range(14)))
    world.passes()
    assert world.outcomes == ["200", *["postponed"] * 13]
    # Ten minutes ahead are given away; the others come back and ask again.
    places = sorted((delivery.has_slot, delivery.next_at) for delivery in deliveries(webhook, DeliveryState.PENDING))
    assert [has for has, _ in places] == [False] * 3 + [True] * 10
    world.passes(30 * MINUTE)
    assert len(world.times) == 14
    assert min(later - earlier for earlier, later in zip(world.times, world.times[1:], strict=False)) >= 60


def test_a_quiet_endpoint_saves_no_places_up(world: World) -> None:
    with world.time():
        subscribes(rate_per_minute=6)
    world.happens()
    world.passes(HOUR)
    world.happens(an_event(), an_event())
    world.passes(MINUTE)
    assert world.times == [0, 3_600, 3_610]


# ---- pause --------------------------------------------------------------------------------------------------------------


def test_what_happens_during_a_pause_is_held_and_delivered_after_it(world: World) -> None:
    with world.time():
        webhook = subscribes()
        pauses(webhook)
    world.happens(*(an_event() for _ in range(3)))
    world.passes(DAY)
    assert world.requests == []
    assert [delivery.state for delivery in deliveries(webhook)] == [DeliveryState.HELD] * 3
    with world.time():
        resumes(webhook)
    world.passes(2 * MINUTE)
    assert len(world.requests) == 3
    assert {delivery.state for delivery in deliveries(webhook)} == {DeliveryState.DELIVERED}
    world.passes(5 * MINUTE)
    assert list(store.due(world.now + DAY)) == [], "nothing is left to be done"


def test_or_not_if_that_is_not_wanted(world: World) -> None:
    with world.time():
        webhook = subscribes()
        pauses(webhook)
    world.happens()
    world.passes()
    with world.time():
        resumes(webhook, deliver_missed=False)
    world.passes(HOUR)
    assert world.requests == []
    assert the_delivery(webhook).state is DeliveryState.HELD


def test_retries_are_held_too(world: World) -> None:
    with world.time():
        webhook = subscribes()
    world.says = lambda now: answers(500)
    world.happens()
    world.passes()
    with world.time():
        pauses(webhook)
    world.passes(HOUR)
    assert the_delivery(webhook).state is DeliveryState.HELD
    world.says = lambda now: answers(200)
    with world.time():
        resumes(webhook)
    world.passes(2 * MINUTE)
    assert (the_delivery(webhook).state, the_delivery(webhook).attempts) == (DeliveryState.DELIVERED, 2)


def test_what_is_held_while_the_webhook_resumes_is_not_forgotten(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with world.time():
        webhook = subscribes()
        pauses(webhook)
    world.happens()
    world.messages.clear()
    save, resumed = store.save_delivery, []

    def slow(delivery: Any) -> bool:
        if not resumed:
            resumed.append(1)
            resumes(webhook, deliver_missed=False)
        return save(delivery)

    monkeypatch.setattr(store, "save_delivery", slow)
    with world.time():
        assert world.attempt(the_delivery(webhook).id, 1) == "resumed"
    world.passes()
    assert the_delivery(webhook).state is DeliveryState.DELIVERED


def test_nor_when_the_worker_dies_before_it_looked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with world.time():
        webhook = subscribes()
        pauses(webhook)
    world.happens()
    world.messages.clear()
    delivery = the_delivery(webhook)
    get = store.get_webhook

    def dies(id: str) -> Any:
        raise RuntimeError("died")

    with world.time():
        monkeypatch.setattr(store, "get_webhook", dies)
        with pytest.raises(RuntimeError, match="died"):
            world.attempt(delivery.id, 1)
        monkeypatch.setattr(store, "get_webhook", get)
        assert the_delivery(webhook).state is DeliveryState.HELD
        assert world.attempt(delivery.id, 1) == "held"
        resumes(webhook, deliver_missed=False)
        assert world.attempt(delivery.id, 1) == "resumed"
        assert world.attempt(delivery.id, 1) == "superseded"
    world.passes()
    assert the_delivery(webhook).state is DeliveryState.DELIVERED


def test_a_webhook_that_is_paused_again_lets_nothing_go(world: World) -> None:
    with world.time():
        webhook = subscribes()
        pauses(webhook)
    world.happens()
    world.passes()
    with world.time():
        resumes(webhook)
        pauses(webhook)
        assert service.send_due(within=60, queue=world) == {"sent": 0, "failed": 0, "left": 0}
        assert list(store.due(NOON + DAY)) == []


def test_more_than_a_run_lets_go_goes_with_the_next(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.webhooks.service.schedule.RELEASED_AT_ONCE", 2)
    with world.time():
        webhook = subscribes()
        pauses(webhook)
    world.happens(*(an_event() for _ in range(3)))
    world.passes()
    with world.time():
        resumes(webhook)
        assert service.send_due(within=60, queue=world)["sent"] == 2
        assert service.send_due(within=60, queue=world)["sent"] == 1
        assert service.send_due(within=60, queue=world)["sent"] == 0


# ---- giving an endpoint up ----------------------------------------------------------------------------------------------


def fails_until(webhook: Any, world: World, at: Any, failures: int = 10) -> None:
    """So many failures by now, and one more, of a new event, at `at`."""
    with world.time():
        for _ in range(failures - 1):
            store.note_failure(webhook.id, world.now, None)
    world.now = at
    world.says = lambda now: unreachable()
    world.happens()
    world.passes()


def test_an_endpoint_that_fails_for_days_is_given_up_with_an_event(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with world.time():
        webhook = subscribes()
    fails_until(webhook, world, NOON + 5 * DAY)
    now = is_now(webhook)
    assert (now.status, now.disabled_because) == (WebhookStatus.DISABLED, DisabledBecause.FAILING)
    [_, event] = outbox.timeline(store.webhook_pk(webhook.id))
    assert event.type == "WebhookDisabled"
    assert event.data == {"because": "failing", "failing_since": "2026-01-01T12:00:00.000000Z"}
    assert '"WebhooksDisabled":[1' in capsys.readouterr().out.replace(" ", "")
    world.passes(HOUR)
    assert the_delivery(webhook).last_outcome == "webhook_disabled"
    assert len(world.requests) == 1


@pytest.mark.parametrize(("at", "failures"), [(NOON + 5 * DAY - SECOND, 10), (NOON + 5 * DAY, 9)])
def test_neither_early_nor_for_a_few_failures(world: World, at: Any, failures: int) -> None:
    with world.time():
        webhook = subscribes()
    fails_until(webhook, world, at, failures)
    assert is_now(webhook).status is WebhookStatus.ACTIVE


def test_one_success_and_the_days_are_counted_anew(world: World) -> None:
    with world.time():
        webhook = subscribes()
        for _ in range(20):
            store.note_failure(webhook.id, NOON, None)
    world.now = NOON + 4 * DAY
    world.happens()
    world.passes()
    fails_until(webhook, world, NOON + 6 * DAY, 2)
    assert is_now(webhook).status is WebhookStatus.ACTIVE
    assert health(webhook).failing_since == NOON + 4 * DAY


def test_a_success_at_the_last_moment_saves_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with world.time():
        webhook = subscribes()
    note = store.note_failure

    def recovers(*given: Any) -> Health:
        noted = note(*given)
        if noted.is_hopeless_at(world.now):
            store.note_success(webhook.id)
        return noted

    monkeypatch.setattr(store, "note_failure", recovers)
    fails_until(webhook, world, NOON + 5 * DAY)
    assert is_now(webhook).status is WebhookStatus.ACTIVE


def test_a_webhook_that_was_changed_meanwhile_is_not_overwritten(world: World) -> None:
    with world.time():
        webhook = subscribes()
    world.happens()

    def meanwhile(now: Any) -> Any:
        from tests.unit.webhooks.builders import ADMIN, terms

        service.change_webhook(webhook.id, 1, terms(description="changed"), by=ADMIN)
        return answers(410)

    world.says = meanwhile
    world.passes()
    now = is_now(webhook)
    assert (now.status, now.description, now.version) == (WebhookStatus.ACTIVE, "changed", 2)


def test_a_disabled_webhook_resumes_in_good_health(world: World) -> None:
    with world.time():
        webhook = subscribes()
    fails_until(webhook, world, NOON + 5 * DAY)
    with world.time():
        resumes(webhook)
    assert (is_now(webhook).status, is_now(webhook).disabled_because) == (WebhookStatus.ACTIVE, None)
    assert health(webhook) == Health()
    world.says = lambda now: answers(200)
    world.passes(SECOND)
    world.happens()
    world.passes()
    assert deliveries(webhook)[-1].state is DeliveryState.DELIVERED


def test_notes_on_a_deleted_webhook_do_not_bring_it_back(world: World, table: Any) -> None:
    with world.time():
        webhook = subscribes()
        service.delete_webhook(webhook.id, 1, by=_admin())
        assert store.note_failure(webhook.id, NOON, NOON) == Health()
        store.note_success(webhook.id)
        assert not store.claim_probe(webhook.id, None, NOON)
        assert store.take_slot(webhook.id, NOON, MINUTE, MINUTE) is None
    key = {"pk": {"S": f"WEBHOOK#{webhook.id}"}, "sk": {"S": "HEALTH"}}
    assert "Item" not in table.get_item(TableName="aisle-test", Key=key)


# ---- keeping ------------------------------------------------------------------------------------------------------------


def test_deliveries_are_kept_for_thirty_days(world: World, table: Any) -> None:
    with world.time():
        webhook = subscribes()
    world.happens()
    world.passes()
    delivery = the_delivery(webhook)
    ttls = {
        item["pk"]["S"].partition("#")[0] + "/" + item["sk"]["S"]: (int(item["ttl"]["N"]) - NOON.timestamp()) / 86_400
        for item in table.scan(TableName="aisle-test")["Items"]
        if "ttl" in item and item["pk"]["S"].startswith("WEBHOOK")
    }
    assert ttls == {"WEBHOOKDELIVERY/DELIVERY": 30, "WEBHOOKDELIVERY/ATTEMPT#00001": 30, "WEBHOOKMESSAGE/1": 37}
    with clock.at(NOON + 30 * DAY):  # time to live may lag
        assert store.get_delivery(delivery.id) is None
        assert store.get_deliveries([delivery.id]) == []


def test_a_delivery_whose_message_is_gone_is_given_up(world: World, table: Any) -> None:
    with world.time():
        webhook = subscribes()
        event = an_event()
    world.happens(event)
    key = {"pk": {"S": f"WEBHOOKMESSAGE#{event.id}"}, "sk": {"S": "1"}}
    table.delete_item(TableName="aisle-test", Key=key)
    world.passes()
    assert (the_delivery(webhook).state, the_delivery(webhook).last_outcome) == (DeliveryState.FAILED, "expired")
