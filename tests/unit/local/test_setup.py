"""How a cabinet follows its shadow: what it knows and can do, the latest of it, and never with a door."""

import itertools
from typing import Any

import pytest

from infra.local.lockers.board import Say
from infra.local.lockers.setup import RANGES
from tests.unit.local.bench import Bench

FACTORY = {"heartbeat_seconds": 60, "answer_seconds": 5, "journal_seconds": 10, "door_alarm_seconds": 60}


def reported(bench: Bench) -> list[dict[str, Any]]:
    """What it has said of itself, oldest first."""
    return [said["state"]["reported"] for said in bench.said("shadow")]


def delta(bench: Bench, version: int = 2, **state: Any) -> None:
    bench.hear("delta", version=version, timestamp=1, metadata={}, state=state)


def test_it_says_what_it_goes_by_when_it_connects() -> None:
    bench = Bench().connect()
    assert reported(bench) == [{"firmware": "virtual-1", **FACTORY}]
    bench.lose_line()
    bench.connect()
    assert reported(bench)[1:] == reported(bench)[:1]


def test_it_follows_what_it_is_asked_for_and_says_so() -> None:
    bench = Bench().connect()
    delta(bench, heartbeat_seconds=20, journal_seconds=15)
    assert reported(bench)[-1] == {"firmware": "virtual-1", **FACTORY, "heartbeat_seconds": 20, "journal_seconds": 15}
    assert [one.detail for one in bench.happened("configured")] == ["heartbeat_seconds, journal_seconds"]


def test_it_beats_as_often_as_it_is_asked_to() -> None:
    bench = Bench().connect()
    bench.wait(45)
    delta(bench, heartbeat_seconds=10)
    bench.wait(11)
    assert len(bench.said("heartbeats")) == 1
    bench.wait(20)
    assert len(bench.said("heartbeats")) == 3
    bench.lose_line()
    bench.connect()
    bench.wait(20)
    assert len(bench.said("heartbeats")) == 5


def test_a_keypad_waits_for_an_answer_as_long_as_it_is_asked_to() -> None:
    bench = Bench().connect()
    delta(bench, answer_seconds=12)
    bench.enter("12345678")
    bench.wait(11.9)
    assert bench.shown() == []
    bench.wait(0.2)
    assert [one.result for one in bench.shown()] == ["unavailable"]


def test_a_journal_is_sent_again_as_often_as_it_is_asked_to() -> None:
    bench = Bench().connect().welcome()
    delta(bench, journal_seconds=5)
    bench.lose_line()
    bench.enter("12345678")
    bench.connect().welcome()
    bench.wait(12)
    assert len(bench.said("journal")) == 3


@pytest.mark.parametrize(("seconds", "rings"), [(29, 0), (31, 1)])
def test_it_beeps_at_an_open_door_after_the_time_it_is_asked_for(seconds: float, rings: int) -> None:
    bench = Bench("left_open").connect()
    delta(bench, door_alarm_seconds=30)
    bench.open("2")
    bench.wait(seconds)
    assert [one.compartment for one in bench.happened("rang")] == ["2"] * rings


def test_it_beeps_at_no_door_that_was_closed_and_opened_again() -> None:
    bench = Bench(closes_after=40).connect()
    bench.open("2", "cmd_1", expires_in=1000)
    bench.wait(50)
    bench.open("2", "cmd_2", expires_in=1000)
    bench.wait(39)
    assert len(bench.happened("opened")) == 2
    assert bench.happened("rang") == []


def test_of_two_that_come_in_the_wrong_order_the_later_one_counts() -> None:
    bench = Bench().connect()
    delta(bench, version=7, heartbeat_seconds=20)
    delta(bench, version=6, heartbeat_seconds=30)
    delta(bench, version=7, heartbeat_seconds=40)
    assert reported(bench)[-1]["heartbeat_seconds"] == 20
    bench.lose_line()
    bench.connect()
    delta(bench, version=1, heartbeat_seconds=30)
    assert reported(bench)[-1]["heartbeat_seconds"] == 30


def test_what_it_does_not_know_or_cannot_do_is_left() -> None:
    bench = Bench().connect()
    for number, (name, (least, most)) in enumerate(RANGES.items()):
        for beside, value in enumerate((least - 1, most + 1, True, "20", 20.5, None, {"open": "1"})):
            delta(bench, version=10 * number + beside, **{name: value})
    delta(bench, version=99, volume=3, answer_seconds=7)
    assert reported(bench)[1:] == [{"firmware": "virtual-1", **FACTORY, "answer_seconds": 7}]
    assert len(bench.happened("malformed")) == 7 * len(RANGES) + 1


@pytest.mark.parametrize("payload", [{}, {"version": 1}, {"version": 1, "state": ["open"]}, {"state": {"open": "1"}}])
def test_a_delta_that_cannot_be_read_is_noted(payload: dict[str, Any]) -> None:
    bench = Bench().connect()
    bench.hear("delta", **payload)
    assert (len(bench.happened("malformed")), len(reported(bench))) == (1, 1)


def test_nothing_in_a_shadow_opens_a_door() -> None:
    bench = Bench().connect()
    command = {"type": "open", "command_id": "cmd_1", "compartment": "1", "purpose": "staff"}
    tried: list[dict[str, Any]] = [
        {"open": "1"},
        {"open": True},
        {"commands": [command]},
        command | {"expires_at": "2027-01-01T00:00:00Z"},
        {"compartments": {"1": "open"}},
        {"door_alarm_seconds": command},
    ]
    for version, state in zip(itertools.count(1), tried, strict=False):
        delta(bench, version, **state)
        bench.hear("shadow", version=version, state=state)
        bench.hear("update", version=version, state=state)
    bench.wait(600)
    assert bench.happened("opened") == []
    assert {one.channel for one in bench.effects if isinstance(one, Say)} == {"status", "shadow", "heartbeats"}


def test_a_temperature_is_said_when_it_has_changed() -> None:
    bench = Bench()
    bench.add(bench.machine.measure("chilled", 4.2))
    assert reported(bench) == []
    bench.connect()
    bench.add(bench.machine.measure("chilled", 3.9))
    bench.add(bench.machine.measure("chilled", 8.8))
    bench.add(bench.machine.measure("frozen", -18.0))
    assert [said.get("temperatures") for said in reported(bench)] == [
        {"chilled": 4},
        {"chilled": 9},
        {"chilled": 9, "frozen": -18},
    ]
