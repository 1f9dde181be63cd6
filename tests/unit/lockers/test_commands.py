"""What a cabinet says of a command: twice, late and in any order."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.clock import rfc3339
from chalicelib.lockers.domain.commands import (
    ATTEMPTS,
    FAULTS,
    Command,
    CommandState,
    acknowledge,
    give_up,
    is_left_open,
    send_again,
)
from tests.unit.lockers.builders import NOON, a_command

SENT, OPENED, CLOSED = CommandState.SENT, CommandState.OPENED, CommandState.CLOSED
JAMMED, FAILED, EXPIRED = CommandState.JAMMED, CommandState.FAILED, CommandState.EXPIRED
UNANSWERED = CommandState.UNANSWERED
OUTCOMES = (OPENED, CLOSED, JAMMED, FAILED, EXPIRED)
"""What a cabinet may say."""

DOOR_OPEN_SECONDS = 120


def moment(seconds: float) -> str:
    return rfc3339(NOON + timedelta(seconds=seconds))


def after(*outcomes: CommandState, command: Command | None = None) -> Command:
    """The command after these acknowledgements, a second apart."""
    command = command or a_command()
    for seconds, outcome in enumerate(outcomes, start=1):
        command = acknowledge(command, outcome, moment(seconds)) or command
    return command


@pytest.mark.parametrize(
    ("known", "news"),
    [
        (SENT, {EXPIRED, JAMMED, FAILED, OPENED, CLOSED}),
        (EXPIRED, {JAMMED, FAILED, OPENED, CLOSED}),
        (UNANSWERED, {JAMMED, FAILED, OPENED, CLOSED}),
        (FAILED, {OPENED, CLOSED}),
        (JAMMED, {OPENED, CLOSED}),
        (OPENED, {CLOSED}),
        (CLOSED, set()),
    ],
)
def test_only_what_says_more_is_news(known, news):
    command = a_command(state=known, version=4)
    for outcome in OUTCOMES:
        changed = acknowledge(command, outcome, moment(1))
        assert (changed is not None) == (outcome in news)
        if changed is not None:
            opened_at = moment(1) if outcome in (OPENED, CLOSED) else None
            assert changed == replace(command, state=outcome, opened_at=opened_at, version=5)


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ((OPENED, CLOSED), CLOSED),
        ((OPENED, OPENED, CLOSED, CLOSED), CLOSED),
        ((OPENED, CLOSED, JAMMED, EXPIRED), CLOSED),
        ((OPENED, CLOSED, JAMMED, FAILED, EXPIRED), CLOSED),
        ((OPENED, JAMMED, EXPIRED), OPENED),
        ((OPENED, OPENED, FAILED, EXPIRED), OPENED),
        ((CLOSED, JAMMED), CLOSED),
        ((JAMMED, EXPIRED, EXPIRED), JAMMED),
        ((FAILED, FAILED, EXPIRED), FAILED),
        ((EXPIRED, EXPIRED), EXPIRED),
    ],
)
def test_every_order_ends_alike(said, state):
    assert {after(*order).state for order in permutations(said)} == {state}


def test_whatever_is_said_however_often_the_most_telling_counts():
    for said in product(OUTCOMES, repeat=5):
        command = after(*said)
        first_fault = next((one for one in said if one in (JAMMED, FAILED)), EXPIRED)
        assert command.state is (CLOSED if CLOSED in said else OPENED if OPENED in said else first_fault)
        assert command.did_open == bool({OPENED, CLOSED} & set(said))


def test_of_two_faults_the_first_that_was_heard_stays():
    assert after(JAMMED, FAILED).state is JAMMED
    assert after(FAILED, JAMMED).state is FAILED
    assert {JAMMED, FAILED, UNANSWERED} == FAULTS


def test_a_door_that_closed_had_opened():
    command = after(CLOSED)
    assert command.did_open
    assert command.opened_at == moment(1)
    assert after(CLOSED, OPENED) == command


def test_a_door_opened_when_that_was_heard_first():
    assert after(OPENED, OPENED, CLOSED).opened_at == moment(1)
    assert after(EXPIRED, JAMMED, OPENED, CLOSED).opened_at == moment(3)
    assert after(JAMMED).opened_at is None
    assert after(EXPIRED, FAILED).opened_at is None


def test_an_answer_that_comes_late_counts_yet():
    given_up = give_up(a_command())
    assert after(OPENED, command=given_up).did_open
    assert after(JAMMED, command=given_up).state is JAMMED
    assert acknowledge(given_up, EXPIRED, moment(60)) is None


# ---- sending it again ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", list(CommandState))
def test_only_what_is_unanswered_is_sent_again_or_given_up(state):
    command = a_command(state=state, version=2)
    pending = state in (SENT, EXPIRED)
    again = replace(command, state=SENT, attempt=2, issued_at=moment(15), expires_at=moment(45), version=3)
    assert command.is_pending is pending
    assert send_again(command, moment(15), moment(45)) == (again if pending else None)
    assert give_up(command) == (replace(command, state=UNANSWERED, version=3) if pending else None)


def test_a_command_is_sent_twice_at_most():
    again = send_again(a_command(), moment(15), moment(45))
    assert ATTEMPTS == again.attempt == 2
    assert send_again(again, moment(30), moment(60)) is None
    assert send_again(after(EXPIRED, command=again), moment(30), moment(60)) is None


def test_the_second_sending_is_the_same_command():
    command = a_command(reason="test", by="usr_1", correlation_id="c-1")
    again = send_again(command, moment(15), moment(45))
    changed = {"state", "attempt", "issued_at", "expires_at", "version"}
    same = set(Command.__dataclass_fields__) - changed
    assert {name: getattr(again, name) for name in same} == {name: getattr(command, name) for name in same}


steps = st.lists(st.sampled_from([*OUTCOMES, "send_again", "give_up"]), max_size=12)


@given(steps)
def test_however_answers_and_repeats_mix_a_door_that_opened_is_known_to_have(mixed):
    command, news = a_command(), 0
    for seconds, step in enumerate(mixed, start=1):
        if step == "send_again":
            changed = send_again(command, moment(seconds), moment(seconds + 30))
        elif step == "give_up":
            changed = give_up(command)
        else:
            changed = acknowledge(command, step, moment(seconds))
        assert changed is None or changed.version == command.version + 1
        news += changed is not None
        command = changed or command
    opened = [seconds for seconds, step in enumerate(mixed, start=1) if step in (OPENED, CLOSED)]
    assert command.did_open == bool(opened)
    assert command.opened_at == (moment(opened[0]) if opened else None)
    assert (command.state is CLOSED) == (CLOSED in mixed)
    assert command.attempt <= ATTEMPTS
    assert command.version == 1 + news


# ---- doors that stay open -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, False), (DOOR_OPEN_SECONDS - 0.001, False), (DOOR_OPEN_SECONDS, True), (DOOR_OPEN_SECONDS + 86_400, True)],
)
def test_a_door_is_left_open_after_two_minutes(seconds, expected):
    command = acknowledge(a_command(), OPENED, rfc3339(NOON))
    assert is_left_open(command, NOON + timedelta(seconds=seconds), DOOR_OPEN_SECONDS) is expected
    assert not is_left_open(after(CLOSED, command=command), NOON + timedelta(seconds=seconds), DOOR_OPEN_SECONDS)


@pytest.mark.parametrize("state", [one for one in CommandState if one is not OPENED])
def test_only_an_open_door_is_left_open(state):
    command = a_command(state=state, opened_at=rfc3339(NOON))
    assert not is_left_open(command, NOON + timedelta(days=1), DOOR_OPEN_SECONDS)


def test_a_second_answer_does_not_begin_the_two_minutes_anew():
    command = after(OPENED, OPENED, JAMMED, OPENED)
    assert is_left_open(command, NOON + timedelta(seconds=1 + DOOR_OPEN_SECONDS), DOOR_OPEN_SECONDS)


def test_a_doubled_expired_does_not_speak_of_the_second_sending():
    first = acknowledge(a_command(), EXPIRED, moment(1), attempt=1)
    second = send_again(first, moment(2), moment(32))
    assert acknowledge(second, EXPIRED, moment(3), attempt=1) is None
    assert acknowledge(second, EXPIRED, moment(3), attempt=2).state is EXPIRED
