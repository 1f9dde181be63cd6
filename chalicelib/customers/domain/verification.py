"""Proof that an address or a number is the customer's: a code that was sent to it comes back."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.core.errors import Conflict, RuleBroken, Throttled
from chalicelib.customers.domain.profile import Means

VALID_FOR = timedelta(minutes=15)
MAX_ATTEMPTS = 5
MAX_REQUESTS = 5
WINDOW = timedelta(hours=1)
"""Five codes an hour and five guesses at each: one in 40,000 to guess a code of six digits within an hour."""

_DIGITS = 6


class NothingToVerify(Conflict):
    code = "nothing_to_verify"
    title = "There is nothing to prove"


class CodeRefused(RuleBroken):
    """The same whatever is wrong with it, so that nothing can be learnt from trying."""

    code = "code_refused"
    title = "The code is wrong, has expired, or was tried too often"


class TooManyRequests(Throttled):
    """Try again in an hour."""

    code = "too_many_codes"
    title = "Too many codes were asked for"


@dataclass(frozen=True, slots=True)
class Verification:
    """A code under way. The code itself is kept nowhere: who holds the key works it out of `id`.

    `target` is the keyed hash of the address or number, which a change of the profile leaves behind. `requests` were made
    since `window_began`.
    """

    customer_id: str
    means: Means
    id: str
    target: str
    expires_at: datetime
    window_began: datetime
    requests: int = 1
    attempts: int = 0
    version: int = 1

    def is_open(self, now: datetime) -> bool:
        """Whether a code may still be tried."""
        return now < self.expires_at and self.attempts < MAX_ATTEMPTS


def begin(
    before: Verification | None, customer_id: str, means: Means, id: str, target: str, now: datetime
) -> Verification:
    """A new verification, after which earlier codes are of no use. Raises `TooManyRequests`."""
    fresh = Verification(customer_id, means, id, target, now + VALID_FOR, window_began=now)
    if before is None:
        return fresh
    if now >= before.window_began + WINDOW:
        return replace(fresh, version=before.version + 1)
    if before.requests >= MAX_REQUESTS:
        raise TooManyRequests(f"{before.requests} codes were sent within an hour; try again later.")
    return replace(fresh, window_began=before.window_began, requests=before.requests + 1, version=before.version + 1)


def attempt(verification: Verification, now: datetime) -> Verification:
    """The verification after one more code was tried, right or wrong. Raises `CodeRefused` when no more may be."""
    if not verification.is_open(now):
        raise refused()
    return replace(verification, attempts=verification.attempts + 1, version=verification.version + 1)


def used_up(verification: Verification) -> Verification:
    """The verification after its code was right. It stays to count requests by: else one's own address, proven again and
    again, would buy guesses at another's."""
    return replace(verification, attempts=MAX_ATTEMPTS, version=verification.version + 1)


def refused() -> CodeRefused:
    """The one answer to every code that does not do."""
    return CodeRefused("Check the code, or ask for a new one.")


def code_from(mac: str) -> str:
    """Six digits out of a keyed hash (hexadecimal), as RFC 4226 makes them out of a counter's."""
    return str(int(mac, 16) % 10**_DIGITS).zfill(_DIGITS)
