"""One-time passcodes, and how often they may be guessed at.

What a guesser gets: a wrong code costs a try of whom it is asked under, of the cabinet, and of the pickup that a link names.
Tries are few and locks double, so the odds stay at `tries × codes in use / 10 ** digits` (docs/lockers.md has them worked out).
"""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from math import ceil

from chalicelib.core.errors import RuleBroken, Throttled

MIN_DIGITS = 6
MAX_DIGITS = 8

WHOSE = ("shopper", "delegate")
"""A pickup has one code for its shopper, and one for somebody they send."""


class PasscodeRefused(RuleBroken):
    """The same whatever is wrong: mistyped, expired, used, of another site, of no pickup. Nothing can be learnt from trying."""

    code = "passcode_refused"
    title = "The code opens nothing here"


class PasscodeLocked(Throttled):
    """Said whether the code is right or not; `retry_after` are seconds."""

    code = "passcode_locked"
    title = "Too many wrong codes were tried"


def refused() -> PasscodeRefused:
    """The one answer to every code that does not do."""
    return PasscodeRefused("Check the code, or ask for a new one.")


def new_digits(count: int) -> str:
    """A code of so many digits, each as likely as any other (`secrets`: the system's source for keys)."""
    return str(secrets.randbelow(10**count)).zfill(count)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many wrong tries within a window; then nothing is looked at for `lock`, twice as long each time, up to `longest`.

    A day after the last lock ended it begins anew.
    """

    tries: int
    window: timedelta
    lock: timedelta
    longest: timedelta


OF_PICKUP = Limit(5, timedelta(hours=1), timedelta(minutes=15), timedelta(hours=24))
OF_CABINET = Limit(10, timedelta(hours=1), timedelta(minutes=5), timedelta(hours=1))
OF_CALLER = Limit(10, timedelta(hours=1), timedelta(minutes=15), timedelta(hours=24))

FORGIVEN_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Guard:
    """The wrong tries of one caller, cabinet or pickup. `forgiven_at`: when its locks count no more."""

    tries: int = 0
    window_ends: datetime | None = None
    locks: int = 0
    locked_until: datetime | None = None
    forgiven_at: datetime | None = None
    version: int = 0


def take_try(guard: Guard, limit: Limit, now: datetime) -> Guard:
    """The guard with one try taken, before the code is looked at; `give_back` it when the code was right.

    The last try that there is locks at once: were it right, giving it back unlocks. Raises `PasscodeLocked`.
    """
    if guard.locked_until is not None:
        if now < guard.locked_until:
            raise locked(guard.locked_until - now)
        guard = replace(guard, tries=0, window_ends=None, locked_until=None)
    if guard.forgiven_at is not None and now >= guard.forgiven_at:
        guard = replace(guard, locks=0, forgiven_at=None)
    if guard.window_ends is None or now >= guard.window_ends:
        guard = replace(guard, tries=0, window_ends=now + limit.window)
    taken = replace(guard, tries=guard.tries + 1, version=guard.version + 1)
    if taken.tries < limit.tries:
        return taken
    until = now + _lock(limit, taken.locks)
    return replace(taken, locks=taken.locks + 1, locked_until=until, forgiven_at=until + FORGIVEN_AFTER)


def give_back(guard: Guard) -> Guard:
    """The guard after a right code: it counts as no try, and the lock that it may have set is lifted."""
    undone = replace(guard, tries=max(0, guard.tries - 1), version=guard.version + 1)
    if guard.locked_until is not None:
        # It was locked by the last try that there was; with one fewer that was not the last.
        locks = max(0, guard.locks - 1)
        return replace(undone, locks=locks, locked_until=None, forgiven_at=guard.forgiven_at if locks else None)
    return undone


def locked(left: timedelta) -> PasscodeLocked:
    """The answer while no code is looked at."""
    seconds = max(1, ceil(left.total_seconds()))
    return PasscodeLocked(f"Try again in {seconds} seconds.", retry_after_seconds=seconds)


def _lock(limit: Limit, before: int) -> timedelta:
    return min(limit.longest, limit.lock * (1 << min(before, 20)))


def most_tries(limit: Limit, within: timedelta) -> int:
    """How many wrong codes a guesser can have looked at within any stretch of such a length, whatever they do.

    At each point they either take all tries, and a lock, or all but one, and wait for the next window; and the stretch may begin
    with the last moment of a window that was begun with a single try.
    """
    return limit.tries - 1 + _best(limit, within, 0)


@cache
def _best(limit: Limit, left: timedelta, locks: int) -> int:
    if left <= timedelta():
        return 0
    into_a_lock = limit.tries + _best(limit, left - _lock(limit, locks), locks + 1)
    return max(into_a_lock, limit.tries - 1 + _best(limit, left - limit.window, locks))
