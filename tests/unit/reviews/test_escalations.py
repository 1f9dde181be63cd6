"""Cases go up a level, asked for or overdue."""

from importlib import import_module
from threading import Thread

import pytest

from chalicelib.core import clock
from chalicelib.core.auth import system
from chalicelib.core.errors import Forbidden
from chalicelib.reviews import service, store, tasks
from tests.unit.reviews.builders import ANNA
from tests.unit.reviews.conftest import later

ESCALATING = import_module("chalicelib.reviews.service.escalate_case")
CLOCK = system("reviews")


@pytest.fixture
def counted(monkeypatch):
    """Metrics that were counted."""
    found = []
    monkeypatch.setattr(ESCALATING.observability, "count", lambda name, value=1: found.append((name, value)))
    return found


def runs(within=9.0):
    return service.escalate_overdue(CLOCK, within=within)


def test_a_reviewer_escalates_with_a_reason(desk):
    case_id = desk.opened()
    reply = desk.does(case_id, "escalations", reason="Their lawyer called")
    assert (reply.status, reply.json["level"], reply.json["escalates_at"]) == (200, 1, "2026-03-04T09:00:00.000000Z")
    shown = desk.read(case_id)
    [comment] = shown["comments"]
    assert (comment["kind"], comment["text"], comment["by"]) == ("escalation", "Their lawyer called", "usr_anna")
    last = shown["history"][-1]
    assert (last["type"], last["data"]["cause"], last["data"]["level"]) == ("ReviewEscalated", "asked", 1)
    assert "lawyer" not in str(last)


def test_there_is_a_highest_level(desk):
    case_id = desk.opened()
    for _ in range(3):
        assert desk.does(case_id, "escalations", reason="Up").status == 200
    assert desk.does(case_id, "escalations", reason="Up").code == "escalated_fully"
    with later(days=9):
        assert runs()["escalated"] == 0


def test_an_escalation_is_made_once(desk):
    case_id = desk.opened()
    for _ in range(2):
        desk.does(case_id, "escalations", reason="Up", key="k")
    assert (desk.read(case_id)["level"], len(desk.read(case_id)["comments"])) == (1, 1)


def test_overdue_cases_escalate_on_time_and_each_further_day(desk, counted):
    case_id = desk.opened()
    levels = []
    for hours in (47.99, 48, 48.1, 71.99, 72, 96, 120, 500):
        with later(hours=hours):
            done = runs()
            levels.append((desk.read(case_id)["level"], done["escalated"], done["overdue"]))
    assert levels == [(0, 0, 0), (1, 1, 1), (1, 0, 1), (1, 0, 1), (2, 1, 1), (3, 1, 1), (3, 0, 1), (3, 0, 1)]
    events = [one for one in desk.read(case_id)["history"] if one["type"] == "ReviewEscalated"]
    assert [(one["data"]["level"], one["data"]["cause"]) for one in events] == [
        (1, "overdue"),
        (2, "overdue"),
        (3, "overdue"),
    ]
    assert events[0]["actor"] == CLOCK.as_actor()
    assert counted == [("ReviewsOverdue", 1)] * 7


def test_what_a_customer_waits_for_is_rejected_where_nobody_decides(desk):
    case_id = desk.opened("ful_1", type="allocation")
    seen = []
    for hours in (23.9, 24, 48, 71.9, 72, 500):
        with later(hours=hours):
            runs()
            shown = desk.read(case_id)
            seen.append((shown["state"], shown["level"]))
    assert seen == [("open", 0), ("open", 1), ("open", 2), ("open", 2), ("decided", 2), ("decided", 2)]
    shown = desk.read(case_id)
    assert (shown["decision"]["outcome"], shown["decision"]["reason"]) == ("reject", "Nobody decided in time.")
    last = shown["history"][-1]
    assert (last["type"], last["data"]["outcome"], last["actor"]) == ("ReviewDecided", "reject", CLOCK.as_actor())


def test_one_that_was_taken_to_the_top_by_hand_is_not_forgotten(desk):
    case_id = desk.opened("ful_1", type="allocation")
    for _ in range(3):
        assert desk.does(case_id, "escalations", reason="Up").status == 200
    with later(hours=23.9):
        runs()
        assert desk.read(case_id)["state"] == "open"
    with later(hours=24):
        runs()
        assert desk.read(case_id)["state"] == "decided"


def test_a_clock_that_stood_still_is_made_good(desk):
    case_id = desk.opened()
    with later(hours=48 + 25):
        runs()
        shown = desk.read(case_id)
    assert (shown["level"], shown["escalates_at"]) == (2, "2026-03-06T09:00:00.000000Z")


def test_what_is_closed_escalates_no_more(desk, counted):
    decided, withdrawn, old = desk.opened("a"), desk.opened("b"), desk.opened("c", 1)
    desk.decides(decided)
    desk.withdrawn("b")
    new = desk.opened("c", 2)
    with later(days=30):
        assert runs() == {"escalated": 1, "settled": 0, "failed": 0, "left": 0, "overdue": 1}
        assert [desk.read(one)["level"] for one in (decided, withdrawn, old, new)] == [0, 0, 0, 3]


def test_a_case_stays_claimed_when_it_escalates(desk):
    case_id = desk.opened()
    with later(hours=47, minutes=45):
        desk.does(case_id, "claims")
    with later(hours=48):
        runs()
        assert desk.read(case_id)["claim"]["by"] == "usr_anna"


def test_two_runs_at_once_escalate_once(desk):
    ids = [desk.opened(f"x{n}") for n in range(4)]
    with later(hours=48):
        threads = [Thread(target=runs) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [desk.events(one)[1:] for one in ids] == [[("ReviewEscalated", 2)]] * 4


def test_one_that_fails_keeps_no_other_from_it(desk, monkeypatch):
    bad, good = desk.opened("a"), desk.opened("b")
    real = store.get_case
    monkeypatch.setattr(ESCALATING.store, "get_case", lambda case_id: 1 / 0 if case_id == bad else real(case_id))
    with later(hours=48):
        assert runs() == {"escalated": 1, "settled": 0, "failed": 1, "left": 0, "overdue": 2}
        monkeypatch.undo()
        assert desk.read(good)["level"] == 1
        assert runs()["escalated"] == 1


def test_one_that_a_reviewer_decides_meanwhile_is_settled(desk, monkeypatch):
    case_id = desk.opened()
    before = store.get_case(case_id)
    desk.decides(case_id)
    monkeypatch.setattr(ESCALATING.store, "due_cases", lambda now: [case_id, "rev_gone"])
    with later(hours=48):
        assert runs()["settled"] == 2
        monkeypatch.setattr(ESCALATING.store, "get_case", {case_id: before}.get)
        assert runs()["settled"] == 2
    assert desk.read(case_id)["level"] == 0


def test_what_is_not_due_is_not_looked_at(desk):
    case_id = desk.opened()
    with later(hours=47, minutes=59, seconds=59):
        assert list(store.due_cases(clock.now())) == []
        assert runs() == {"escalated": 0, "settled": 0, "failed": 0, "left": 0, "overdue": 0}
    with later(hours=48):
        assert list(store.due_cases(clock.now())) == [case_id]


def test_a_run_ends_in_time(desk):
    desk.opened()
    with later(hours=48):
        assert runs(within=-1) == {"escalated": 0, "settled": 0, "failed": 0, "left": 1, "overdue": 1}


def test_only_the_clock_asks_for_it(desk):
    with pytest.raises(Forbidden):
        service.escalate_overdue(ANNA, within=1)


def test_the_task_of_the_schedule(desk):
    desk.opened()
    with later(hours=48):
        done = tasks.reviews_tasks({"task": "escalate_overdue_cases"}, None)
    assert done == {"outcome": "done", "escalated": 1, "settled": 0, "failed": 0, "left": 0, "overdue": 1}
