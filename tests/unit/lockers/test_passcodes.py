"""What a guesser gets out of guessing: next to nothing, whatever they do."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.errors import RuleBroken, Throttled
from chalicelib.lockers.domain.passcodes import (
    FORGIVEN_AFTER,
    MAX_DIGITS,
    MIN_DIGITS,
    OF_CABINET,
    OF_CALLER,
    OF_PICKUP,
    Guard,
    Limit,
    PasscodeLocked,
    PasscodeRefused,
    give_back,
    most_tries,
    new_digits,
    refused,
    take_try,
)
from tests.unit.lockers.builders import NOON

SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
LIMITS = {"pickup": OF_PICKUP, "cabinet": OF_CABINET, "caller": OF_CALLER}
of_each_kind = pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS)
FEW = Limit(3, HOUR, 15 * MINUTE, 4 * HOUR)


def wrong(guard: Guard, limit: Limit, *moments: datetime) -> Guard:
    """The guard after a wrong code at each of these moments."""
    for moment in moments:
        guard = take_try(guard, limit, moment)
    return guard


def right(guard: Guard, limit: Limit, moment: datetime) -> Guard:
    """The guard after a right code."""
    return give_back(take_try(guard, limit, moment))


def locked_by(limit: Limit, at: datetime = NOON, guard: Guard | None = None) -> Guard:
    """A guard that as many wrong codes as there are tries have locked at a moment."""
    return wrong(guard or Guard(), limit, *[at] * limit.tries)


# ---- codes --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", range(MIN_DIGITS, MAX_DIGITS + 1))
def test_a_code_has_its_length_and_may_begin_with_zeros(count):
    codes = [new_digits(count) for _ in range(2_000)]
    assert {len(code) for code in codes} == {count}
    assert all(code.isascii() and code.isdigit() for code in codes)
    # None of 2,000 beginning with a zero has odds of 1 to 10 ** 91.
    assert any(code.startswith("0") for code in codes)
    assert any(code.startswith("00") for code in codes)


def test_each_digit_is_as_likely_as_any_other_in_each_place():
    codes = [new_digits(6) for _ in range(10_000)]
    for place in zip(*codes, strict=True):
        found = Counter(place)
        # Chi-squared with 9 degrees of freedom is above 70 once in 10 ** 11.
        assert sum((found[digit] - 1_000) ** 2 / 1_000 for digit in "0123456789") < 70


def test_codes_hardly_ever_come_twice():
    codes = [new_digits(8) for _ in range(5_000)]
    # An eighth of a pair is to be expected; seven pairs come once in 10 ** 10.
    assert len(codes) - len(set(codes)) < 7


def test_a_code_that_does_not_do_says_the_same_each_time():
    one, other = refused(), refused()
    assert (str(one), one.detail, one.members, one.faults) == (str(other), other.detail, other.members, other.faults)
    assert (one.code, one.title) == ("passcode_refused", "The code opens nothing here")
    assert one.members == {}
    assert isinstance(one, RuleBroken)
    assert type(one) is PasscodeRefused


# ---- tries and locks ----------------------------------------------------------------------------------------------------


@of_each_kind
def test_there_are_so_many_tries_and_then_a_lock(limit):
    guard = Guard()
    for number in range(1, limit.tries):
        guard = take_try(guard, limit, NOON)
        assert guard == Guard(number, NOON + limit.window, 0, None, None, number)
    guard = take_try(guard, limit, NOON)
    until = NOON + limit.lock
    assert guard == Guard(limit.tries, NOON + limit.window, 1, until, until + DAY, limit.tries)
    with pytest.raises(PasscodeLocked) as stopped:
        take_try(guard, limit, NOON)
    assert isinstance(stopped.value, Throttled)
    assert stopped.value.members == {"retry_after_seconds": limit.lock.total_seconds()}


@of_each_kind
def test_nothing_is_looked_at_until_the_lock_ends(limit):
    guard = locked_by(limit)
    for moment in (NOON, NOON + limit.lock / 2, NOON + limit.lock - timedelta(microseconds=1)):
        with pytest.raises(PasscodeLocked):
            take_try(guard, limit, moment)
    assert take_try(guard, limit, NOON + limit.lock).tries == 1


@pytest.mark.parametrize(("seconds", "told"), [(0, 900), (1, 899), (899, 1), (899.9, 1)])
def test_who_is_locked_out_is_told_for_how_long(seconds, told):
    with pytest.raises(PasscodeLocked, match=f"in {told} seconds") as stopped:
        take_try(locked_by(OF_PICKUP), OF_PICKUP, NOON + timedelta(seconds=seconds))
    assert stopped.value.members["retry_after_seconds"] == told


@pytest.mark.parametrize(
    ("limit", "minutes"),
    [
        (OF_PICKUP, [15, 30, 60, 120, 240, 480, 960, 1440, 1440]),
        (OF_CABINET, [5, 10, 20, 40, 60, 60, 60]),
        (OF_CALLER, [15, 30, 60, 120, 240, 480, 960, 1440, 1440]),
    ],
)
def test_locks_double_up_to_the_longest(limit, minutes):
    guard, at, lasted = Guard(), NOON, []
    for _ in minutes:
        guard = locked_by(limit, at, guard)
        lasted.append((guard.locked_until - at) / MINUTE)
        at = guard.locked_until
    assert lasted == minutes


def test_a_lock_after_very_many_is_no_longer_than_the_longest():
    guard = locked_by(OF_PICKUP, guard=Guard(locks=10_000))
    assert guard.locked_until == NOON + OF_PICKUP.longest


def test_a_day_after_the_lock_ended_it_begins_anew():
    guard = locked_by(OF_PICKUP, guard=Guard(locks=3))
    ended = guard.locked_until
    assert ended == NOON + 2 * HOUR
    early, late = (locked_by(OF_PICKUP, ended + FORGIVEN_AFTER - one, guard) for one in (SECOND, 0 * SECOND))
    assert (early.locks, early.locked_until) == (5, ended + DAY - SECOND + 4 * HOUR)
    assert (late.locks, late.locked_until) == (1, ended + DAY + 15 * MINUTE)


@of_each_kind
def test_tries_are_forgotten_with_their_window(limit):
    guard = wrong(Guard(), limit, *[NOON] * (limit.tries - 1))
    before = take_try(guard, limit, NOON + limit.window - SECOND)
    assert before.locked_until is not None
    after = take_try(guard, limit, NOON + limit.window)
    assert (after.tries, after.window_ends, after.locked_until) == (1, NOON + 2 * limit.window, None)


def test_the_window_begins_with_the_first_try():
    guard = wrong(Guard(), FEW, NOON, NOON + 59 * MINUTE)
    assert guard.window_ends == NOON + HOUR
    assert wrong(guard, FEW, NOON + HOUR).window_ends == NOON + 2 * HOUR


# ---- right codes --------------------------------------------------------------------------------------------------------


@of_each_kind
def test_right_codes_never_lock(limit):
    guard = wrong(Guard(), limit, *[NOON] * (limit.tries - 1))
    for _ in range(3 * limit.tries):
        guard = right(guard, limit, NOON + MINUTE)
        assert (guard.tries, guard.locks, guard.locked_until) == (limit.tries - 1, 0, None)


@of_each_kind
def test_a_right_code_with_the_last_try_lifts_the_lock_that_the_try_set(limit):
    earlier = replace(locked_by(limit, guard=Guard(locks=2)), version=0)
    ended = earlier.locked_until
    guard = wrong(earlier, limit, *[ended] * (limit.tries - 1))
    last = take_try(guard, limit, ended)
    assert (last.locks, last.locked_until is not None) == (4, True)
    unlocked = give_back(last)
    assert replace(unlocked, forgiven_at=None) == replace(guard, version=limit.tries + 1, forgiven_at=None)
    again = take_try(unlocked, limit, ended)
    assert (again.locks, again.locked_until) == (last.locks, last.locked_until)


def test_a_right_code_that_was_asked_for_among_wrong_ones_costs_nobody_a_try():
    """The right one is looked at while four wrong ones come in; it seemed to be one of five."""
    guard = locked_by(OF_PICKUP)
    guard = give_back(guard)
    assert (guard.tries, guard.locks, guard.locked_until) == (4, 0, None)
    assert take_try(guard, OF_PICKUP, NOON).locked_until == NOON + 15 * MINUTE


def test_there_are_never_less_than_no_tries():
    guard = give_back(Guard())
    assert (guard.tries, guard.locks, guard.version) == (0, 0, 1)


# ---- whatever a guesser does --------------------------------------------------------------------------------------------


class Guesser:
    """Tries codes whenever there is a try to be had, and may know some that are right. Keeps when wrong ones were looked at."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.guard = Guard()
        self.now = NOON
        self.looked_at: list[datetime] = []
        self.right_under_way = 0

    def take(self) -> bool:
        version = self.guard.version
        try:
            self.guard = take_try(self.guard, self.limit, self.now)
        except PasscodeLocked:
            assert self.now < self.guard.locked_until
            return False
        assert self.guard.version == version + 1
        return True

    def wrong(self, most: int) -> None:
        for _ in range(most):
            if not self.take():
                return
            self.looked_at.append(self.now)

    def all_but_the_last(self) -> None:
        same_window = self.guard.window_ends is not None and self.now < self.guard.window_ends
        self.wrong(self.limit.tries - 1 - (self.guard.tries if same_window else 0))

    def right(self) -> None:
        self.right_under_way += self.take()

    def answer(self, most: int = 100) -> None:
        for _ in range(min(most, self.right_under_way)):
            self.guard = give_back(self.guard)
            self.right_under_way -= 1

    def wait(self, for_: timedelta) -> None:
        self.answer()
        self.now += for_

    def until_it_goes_on(self) -> None:
        self.answer()
        self.now = max(self.now, self.guard.locked_until or self.guard.window_ends or self.now)

    def most_within(self, time: timedelta) -> int:
        return most_within(self.looked_at, time)


def most_within(moments: Sequence[datetime], time: timedelta) -> int:
    return max((sum(begin <= one < begin + time for one in moments) for begin in moments), default=0)


acts = st.lists(
    st.one_of(
        st.builds(lambda most: lambda guesser: guesser.wrong(most), st.sampled_from([1, 2, 100])),
        st.just(Guesser.all_but_the_last),
        st.just(Guesser.until_it_goes_on),
        st.just(Guesser.until_it_goes_on),
        st.builds(lambda minutes: lambda guesser: guesser.wait(minutes * MINUTE), st.floats(0, 90)),
        st.just(Guesser.right),
        st.builds(lambda most: lambda guesser: guesser.answer(most), st.integers(1, 3)),
    ),
    max_size=80,
)


@cache
def best(limit: Limit, left: timedelta, locks: int = 0) -> int:
    """The most wrong codes of anybody who begins with a new guard: at each point all tries and a lock, or all but one and a window."""
    if left <= timedelta():
        return 0
    lock = min(limit.longest, limit.lock * 2**locks)
    into_a_lock = limit.tries + best(limit, left - lock, locks + 1)
    return max(into_a_lock, limit.tries - 1 + best(limit, left - limit.window, locks))


def the_most(limit: Limit, within: timedelta) -> int:
    """The same of any stretch of time: its first moment may be the last of a window that was begun with one try before."""
    return limit.tries - 1 + best(limit, within)


@pytest.mark.parametrize("limit", [FEW, OF_PICKUP, OF_CABINET], ids=["few", "pickup", "cabinet"])
def test_no_guesser_has_more_codes_looked_at_than_the_best(limit):
    @settings(max_examples=150)
    @given(acts)
    def whatever_they_do(acts):
        guesser = Guesser(limit)
        for act in acts:
            act(guesser)
        assert guesser.most_within(DAY) <= the_most(limit, DAY)
        assert guesser.most_within(HOUR) <= the_most(limit, HOUR)
        assert guesser.most_within(SECOND) <= the_most(limit, SECOND) == 2 * limit.tries - 1

    whatever_they_do()


@of_each_kind
def test_one_who_runs_into_each_lock_has_no_more_looked_at_than_is_said(limit):
    guesser = Guesser(limit)
    while guesser.now < NOON + 3 * DAY:
        guesser.wrong(100)
        guesser.until_it_goes_on()
    for time in (MINUTE, HOUR, 6 * HOUR, DAY):
        assert 0 < guesser.most_within(time) <= most_tries(limit, time)


@of_each_kind
def test_one_who_stays_below_the_limit_has_no_more_looked_at_than_is_said(limit):
    guesser = Guesser(limit)
    while guesser.now < NOON + 3 * DAY:
        guesser.all_but_the_last()
        guesser.until_it_goes_on()
    assert guesser.guard.locks == 0
    for time in (MINUTE, HOUR, 6 * HOUR, DAY):
        assert 0 < guesser.most_within(time) <= most_tries(limit, time)


@given(st.lists(st.sampled_from(["wrong", "right", "answer"]), max_size=40))
def test_right_codes_among_the_wrong_make_no_difference(acts):
    """At one moment, in whatever order they come and are answered: as many wrong codes are looked at as there are tries."""
    guesser = Guesser(OF_PICKUP)
    for act in acts:
        {"wrong": lambda: guesser.wrong(1), "right": guesser.right, "answer": lambda: guesser.answer(1)}[act]()
        assert guesser.guard.tries == len(guesser.looked_at) + guesser.right_under_way <= OF_PICKUP.tries
        assert (guesser.guard.locked_until is not None) == (guesser.guard.tries == OF_PICKUP.tries)
        assert guesser.guard.locks == (guesser.guard.locked_until is not None)
    guesser.answer()
    guesser.wrong(100)
    assert len(guesser.looked_at) == OF_PICKUP.tries
    assert guesser.guard.locked_until == NOON + OF_PICKUP.lock


@of_each_kind
def test_the_most_is_what_is_said(limit):
    assert most_tries(limit, DAY) >= best(limit, DAY)


@of_each_kind
def test_around_the_end_of_a_window(limit):
    guesser = Guesser(limit)
    guesser.wrong(1)
    guesser.now += limit.window - SECOND
    guesser.wrong(limit.tries - 2)
    guesser.now += SECOND
    guesser.wrong(limit.tries)
    assert guesser.most_within(MINUTE) <= most_tries(limit, MINUTE)


def test_two_locks_days_apart_with_one_wrong_code_between():
    guard = locked_by(OF_PICKUP)
    ended = guard.locked_until
    guard = take_try(guard, OF_PICKUP, ended + HOUR)
    guard = locked_by(OF_PICKUP, ended + 3 * DAY, guard)
    assert (guard.locks, guard.locked_until) == (1, ended + 3 * DAY + OF_PICKUP.lock)


def test_who_waits_as_long_as_told_is_let_in():
    guard, at = locked_by(OF_PICKUP), NOON + timedelta(milliseconds=600)
    with pytest.raises(PasscodeLocked) as stopped:
        take_try(guard, OF_PICKUP, at)
    take_try(guard, OF_PICKUP, at + timedelta(seconds=stopped.value.members["retry_after_seconds"]))
