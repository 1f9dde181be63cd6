"""What a cabinet does with what it is told, without a line."""

from datetime import timedelta
from typing import Any

import pytest

from infra.local.lockers.board import Answer
from infra.local.lockers.faults import Faults
from tests.unit.local.bench import NOON, Bench
from tests.unit.local.signing import a_grant

HOUR = timedelta(hours=1)


def a_grant_for(code: str, **different: Any) -> str:
    return a_grant(code, **{"since": NOON - HOUR, "until": NOON + HOUR, **different})


def test_it_says_that_it_is_online_and_has_a_last_will() -> None:
    bench = Bench()
    assert bench.machine.last_will() == {"message_id": "m1", "at": "2026-01-01T12:00:00.000Z", "online": False}
    bench.connect()
    assert bench.said("status") == [{"message_id": "m2", "at": "2026-01-01T12:00:00.000Z", "online": True}]


def test_a_line_that_goes_dead_is_told_from_one_that_could_not_be_made() -> None:
    bench = Bench()
    bench.add(bench.machine.disconnected("refused"))
    bench.connect()
    bench.add(bench.machine.disconnected("cut"))
    assert [one.detail for one in bench.happened("unreachable")] == ["refused"]
    assert [one.detail for one in bench.happened("disconnected")] == ["cut"]


def test_a_command_opens_a_door_that_someone_closes() -> None:
    bench = Bench(closes_after=3).connect()
    bench.open("2")
    assert bench.outcomes() == ["opened"]
    bench.wait(2.9)
    assert bench.outcomes() == ["opened"]
    bench.wait(0.1)
    assert bench.said("acknowledgements")[1] == {
        "message_id": "m3",
        "at": "2026-01-01T12:00:03.000Z",
        "command_id": "cmd_1",
        "compartment": "2",
        "attempt": 1,
        "outcome": "closed",
        "detail": None,
    }


def test_a_command_that_comes_again_opens_nothing_and_is_answered_again() -> None:
    bench = Bench().connect()
    bench.open()
    bench.wait(10)
    bench.open(expires_in=-100)
    assert len(bench.happened("opened")) == 1
    assert bench.outcomes() == ["opened", "closed", "opened", "closed"]
    first, _, again, _ = bench.said("acknowledgements")
    assert again["message_id"] != first["message_id"]
    assert again["at"] == first["at"]


def test_a_command_that_came_too_late_is_dropped() -> None:
    bench = Bench().connect()
    bench.open(expires_in=-0.001)
    assert bench.outcomes() == ["expired"]
    assert bench.happened("opened") == []


@pytest.mark.parametrize("skew", [-3600, 3600])
def test_a_clock_that_is_off_is_corrected_by_the_welcome(skew: int) -> None:
    bench = Bench(f"skew={skew}").connect().welcome()
    bench.open("1", "cmd_1", expires_in=1)
    bench.open("2", "cmd_2", expires_in=-1)
    assert bench.outcomes() == ["opened", "expired"]
    assert bench.said("acknowledgements")[0]["at"] == "2026-01-01T12:00:00.000Z"


def test_a_clock_that_is_off_misjudges_until_it_is_corrected() -> None:
    bench = Bench("skew=3600").connect()
    bench.open(expires_in=30)
    assert bench.outcomes() == ["expired"]


def test_a_compartment_that_does_not_exist_fails() -> None:
    bench = Bench().connect()
    bench.open("9")
    assert [(one["outcome"], one["detail"]) for one in bench.said("acknowledgements")] == [
        ("failed", "no such compartment")
    ]


def test_a_door_that_is_opened_twice_is_closed_once_for_both() -> None:
    bench = Bench(closes_after=2).connect()
    bench.open("1", "cmd_1")
    bench.wait(1)
    bench.open("1", "cmd_2")
    bench.wait(1.5)
    assert bench.outcomes() == ["opened", "opened"]
    bench.wait(0.5)
    assert [(one["command_id"], one["outcome"]) for one in bench.said("acknowledgements")[2:]] == [
        ("cmd_1", "closed"),
        ("cmd_2", "closed"),
    ]
    assert len(bench.happened("closed")) == 1


@pytest.mark.parametrize(
    ("fault", "doors", "outcomes"),
    [
        ("jam", [], ["jammed"]),
        ("fail", [], ["failed"]),
        ("silent", ["opened", "closed"], []),
        ("deaf", [], []),
        ("duplicate", ["opened", "closed"], ["opened", "opened", "closed", "closed"]),
        ("resend", ["opened", "closed"], ["opened", "opened", "closed", "closed"]),
        ("reorder", ["opened", "closed"], ["closed", "opened"]),
        ("left_open", ["opened"], ["opened"]),
        ("slow=40", [], ["expired"]),
        ("slow=20", ["opened", "closed"], ["opened", "closed"]),
        ("late=40", ["opened", "closed"], ["opened", "closed"]),
    ],
)
def test_what_a_fault_does(fault: str, doors: list[str], outcomes: list[str]) -> None:
    bench = Bench(fault).connect()
    bench.open(expires_in=30)
    bench.wait(59)
    assert [kind for kind in ("opened", "closed") for _ in bench.happened(kind)] == doors
    assert bench.outcomes() == outcomes


def test_duplicates_are_the_same_to_the_byte_and_resent_ones_are_not() -> None:
    same, other = Bench("duplicate,left_open").connect(), Bench("resend,left_open").connect()
    for bench in (same, other):
        bench.open()
    first, second = same.said("acknowledgements")
    assert first == second
    first, second = other.said("acknowledgements")
    assert first["message_id"] != second["message_id"]
    assert first | {"message_id": ""} == second | {"message_id": ""}


def test_a_late_acknowledgement_says_when_the_door_opened() -> None:
    bench = Bench("late=5").connect()
    bench.open()
    bench.wait(4.9)
    assert bench.outcomes() == []
    bench.wait(0.1)
    assert [one["at"] for one in bench.said("acknowledgements")] == ["2026-01-01T12:00:00.000Z"]


def test_a_fault_does_not_strike_the_repetition_of_a_command() -> None:
    bench = Bench("jam@2").connect()
    bench.open("1", "cmd_1")
    bench.open("1", "cmd_1")
    bench.open("1", "cmd_2")
    assert bench.outcomes() == ["opened", "opened", "jammed"]


def test_faults_change_and_commands_are_counted_anew() -> None:
    bench = Bench("jam").connect().welcome()
    bench.open("1", "cmd_1")
    bench.machine.suffer(Faults.parse("fail@2,skew=60"))
    bench.open("1", "cmd_2")
    bench.open("1", "cmd_3", expires_in=90)
    assert bench.outcomes() == ["jammed", "expired", "failed"]


def test_the_line_is_lost_between_door_and_word() -> None:
    bench = Bench("offline=7").connect()
    bench.open()
    assert bench.hang_ups() == [7.0]
    assert bench.outcomes() == ["opened"]


def test_a_door_that_was_left_open_is_closed_by_hand() -> None:
    bench = Bench("left_open").connect()
    bench.open()
    bench.wait(600)
    bench.add(bench.machine.close("1"))
    assert bench.outcomes() == ["opened", "closed"]
    bench.add(bench.machine.close("1"))
    assert bench.outcomes() == ["opened", "closed"]


def test_a_forced_door_is_reported() -> None:
    bench = Bench().connect()
    bench.add(bench.machine.force("3"))
    bench.add(bench.machine.close("3"))
    assert [(one["compartment"], one["state"]) for one in bench.said("doors")] == [("3", "forced"), ("3", "closed")]


def test_the_server_answers_a_code() -> None:
    bench = Bench().connect()
    attempt = bench.enter("12345678")
    assert [(one["message_id"], one["code"]) for one in bench.said("codes")] == [(attempt, "12345678")]
    bench.hear("answers", in_reply_to="another", result="refused")
    assert bench.shown() == []
    bench.hear("answers", in_reply_to=attempt, result="locked", retry_after_seconds=60)
    assert bench.shown() == [Answer("locked", retry_after_seconds=60)]
    bench.hear("answers", in_reply_to=attempt, result="accepted", compartments=["1"])
    bench.wait(30)
    assert len(bench.shown()) == 1


def test_a_grant_opens_when_the_line_is_down() -> None:
    bench = Bench(closes_after=2).connect().welcome()
    bench.hear("grants", grants=[a_grant_for("12345678", compartments=("1", "3"))])
    bench.lose_line()
    bench.enter("12345678")
    bench.enter("12345678")
    assert bench.shown() == [Answer("accepted", ("1", "3"), offline=True), Answer("refused", offline=True)]
    assert [one.compartment for one in bench.happened("opened")] == ["1", "3"]
    assert bench.said("codes") == []
    bench.wait(2)
    assert bench.journal() == []
    bench.connect().welcome()
    grant = "grt_01JD0000000000000000000001"
    assert bench.journal() == [
        [
            (1, "opened", "1", grant),
            (2, "opened", "3", grant),
            (3, "code_refused", None, None),
            (4, "closed", "1", grant),
            (5, "closed", "3", grant),
        ]
    ]


def test_a_grant_opens_when_nobody_answers() -> None:
    bench = Bench(answer_within=4).connect().welcome()
    bench.hear("grants", grants=[a_grant_for("12345678")])
    bench.enter("12345678")
    bench.wait(3.9)
    assert bench.shown() == []
    bench.wait(0.1)
    assert bench.shown() == [Answer("accepted", ("1",), offline=True)]
    assert bench.journal()[0][0][:3] == (1, "opened", "1")


def test_who_was_let_in_by_a_grant_is_not_let_in_once_more_by_the_answer_that_came_late() -> None:
    bench = Bench(answer_within=4, closes_after=3).connect().welcome()
    bench.hear("grants", grants=[a_grant_for("12345678", compartments=("1", "2"))])
    bench.enter("12345678")
    bench.wait(5)
    bench.open("1", "cmd_1", pickup="pck_1")
    bench.wait(3)
    bench.open("2", "cmd_2", pickup="pck_1")
    bench.open("2", "cmd_2", pickup="pck_1")
    assert [one.compartment for one in bench.happened("opened")] == ["1", "2"]
    said = [(one["command_id"], one["outcome"]) for one in bench.said("acknowledgements")]
    assert said == [("cmd_1", "opened"), ("cmd_1", "closed"), *[("cmd_2", "opened"), ("cmd_2", "closed")] * 2]
    # What lies there next is somebody else's.
    bench.open("1", "cmd_3", pickup="pck_2")
    assert [one.compartment for one in bench.happened("opened")] == ["1", "2", "1"]


def test_a_line_that_is_lost_while_a_code_waits_is_not_waited_for() -> None:
    bench = Bench().connect().welcome()
    bench.enter("12345678")
    bench.lose_line()
    assert bench.shown() == [Answer("refused", offline=True)]


def test_a_revoked_grant_opens_nothing() -> None:
    bench = Bench().connect().welcome()
    bench.hear("grants", grants=[a_grant_for("12345678")], revoked=["grt_01JD0000000000000000000001"])
    bench.lose_line()
    bench.enter("12345678")
    assert bench.shown() == [Answer("refused", offline=True)]


def test_a_lock_that_jams_is_journalled() -> None:
    bench = Bench("jam:2").connect().welcome()
    bench.hear("grants", grants=[a_grant_for("12345678", compartments=("1", "2"))])
    bench.lose_line()
    bench.enter("12345678")
    bench.connect().welcome()
    assert [entry[1:3] for entry in bench.journal()[0]] == [("opened", "1"), ("jammed", "2")]


def test_before_its_first_welcome_a_cabinet_can_check_nothing() -> None:
    bench = Bench()
    bench.enter("12345678")
    assert bench.shown() == [Answer("unavailable", offline=True)]


def test_five_wrong_codes_lock_the_keypad_for_five_minutes() -> None:
    bench = Bench().connect().welcome()
    bench.hear("grants", grants=[a_grant_for("12345678")])
    bench.lose_line()
    for _ in range(5):
        bench.enter("00000000")
    bench.enter("12345678")
    bench.wait(299.5)
    bench.enter("12345678")
    bench.wait(0.5)
    bench.enter("12345678")
    assert bench.shown() == [
        *[Answer("refused", offline=True)] * 5,
        Answer("locked", retry_after_seconds=300, offline=True),
        Answer("locked", retry_after_seconds=1, offline=True),
        Answer("accepted", ("1",), offline=True),
    ]


def test_a_right_code_clears_the_wrong_ones() -> None:
    bench = Bench().connect().welcome()
    bench.hear("grants", grants=[a_grant_for("12345678")])
    bench.lose_line()
    for code in ["00000000"] * 4 + ["12345678"] + ["00000000"] * 4:
        bench.enter(code)
    assert [answer.result for answer in bench.shown()] == ["refused"] * 4 + ["accepted"] + ["refused"] * 4


def test_a_journal_is_sent_until_a_receipt_covers_it() -> None:
    bench = Bench(journal_every=10).connect().welcome()
    bench.lose_line()
    bench.enter("00000000")
    bench.enter("00000000")
    bench.connect().welcome()
    bench.hear("receipts", up_to=1)
    bench.wait(10)
    bench.hear("receipts", up_to=2)
    bench.wait(100)
    assert [[entry[0] for entry in sent] for sent in bench.journal()] == [[1, 2], [2]]


def test_a_welcome_says_what_of_the_journal_is_known() -> None:
    bench = Bench().connect().welcome()
    bench.lose_line()
    for _ in range(3):
        bench.enter("00000000")
    bench.connect().welcome(journal_up_to=2)
    assert [[entry[0] for entry in sent] for sent in bench.journal()] == [[3]]


def test_a_long_journal_is_sent_in_batches() -> None:
    bench = Bench().connect().welcome()
    bench.lose_line()
    for _ in range(150):
        bench.enter("00000000")
        bench.wait(301)  # a lock-out is over by then
    bench.connect().welcome()
    assert [len(sent) for sent in bench.journal()] == [100, 50]
    assert [entry[0] for sent in bench.journal() for entry in sent] == list(range(1, 151))


def test_heartbeats_come_while_the_line_is_up() -> None:
    bench = Bench("left_open", heartbeat_every=60).connect()
    bench.open("2")
    bench.wait(120)
    assert [(one["uptime_seconds"], one["open_doors"]) for one in bench.said("heartbeats")] == [
        (60, ["2"]),
        (120, ["2"]),
    ]
    bench.lose_line()
    bench.wait(600)
    assert len(bench.said("heartbeats")) == 2
    bench.connect()
    bench.wait(60)
    assert len(bench.said("heartbeats")) == 3


@pytest.mark.parametrize(
    ("channel", "payload"),
    [
        ("commands", b"{"),
        ("commands", b"[]"),
        ("commands", b'{"type": "close"}'),
        ("commands", b'{"type":"open","command_id":"c","compartment":"1","purpose":"pickup","expires_at":"soon"}'),
        (
            "commands",
            b'{"type":"open","command_id":"c","compartment":"1","purpose":"pickup","expires_at":"2026-01-01T12:00:00"}',
        ),
        ("welcome", b'{"server_time":"2026-01-01T12:00:00Z","offline_key":"%","grant_keys":{},"journal_up_to":0}'),
        ("grants", b'{"grants":"x"}'),
        ("receipts", b'{"up_to":"1"}'),
        ("gossip", b"{}"),
    ],
)
def test_what_cannot_be_read_is_noted_and_ignored(channel: str, payload: bytes) -> None:
    bench = Bench().connect()
    bench.add(bench.machine.receive(channel, payload))
    assert len(bench.happened("malformed")) == 1
    assert bench.said("acknowledgements") == []
    bench.open()
    assert bench.outcomes() == ["opened"]
