"""How an endpoint fares: when to leave it in peace, and when to give it up.

An endpoint that is down costs three to ten seconds an attempt. So after a few failures in a row it rests: its deliveries
wait without an attempt, until one of them finds it well again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.webhooks.domain.delivery import Attempt

RESTS_FROM = 5
"""Failures in a row after which an endpoint is asked by one delivery at a time, and less and less often."""
REST_LEAST = timedelta(seconds=30)
REST_MOST = timedelta(hours=1)
PROBED_WITHIN = timedelta(seconds=60)
"""By then the delivery that asks a resting endpoint has its answer, or its worker has died."""

DISABLED_AFTER = timedelta(days=5)
"""How long an endpoint may fail without one success…"""
DISABLED_FROM = 10
"""… and how often, before it is given up."""


@dataclass(frozen=True, slots=True)
class Health:
    """Failures since the last success, when they began, and until when nothing is sent."""

    failures: int = 0
    failing_since: datetime | None = None
    resting_until: datetime | None = None

    def rests_at(self, now: datetime) -> bool:
        """Whether nothing is sent now."""
        return self.resting_until is not None and self.resting_until > now

    @property
    def needs_probe(self) -> bool:
        """Whether one delivery asks before the others are sent."""
        return self.failures >= RESTS_FROM

    @property
    def is_good(self) -> bool:
        """Whether there is nothing to note when an attempt succeeds."""
        return not self.failures and self.resting_until is None

    def is_hopeless_at(self, now: datetime) -> bool:
        """Whether it has failed for so long that it is given up."""
        long = self.failing_since is not None and now - self.failing_since >= DISABLED_AFTER
        return long and self.failures >= DISABLED_FROM


def rest_until(failures: int, attempt: Attempt, luck: float) -> datetime | None:
    """Until when nothing is sent after the n-th failure in a row; None: on with it. `luck` is chance, from 0 to 1."""
    rest = attempt.retry_after or timedelta()
    if failures >= RESTS_FROM:
        longest = min(REST_LEAST * 2 ** min(failures - RESTS_FROM, 20), REST_MOST)
        rest = max(rest, longest * (0.5 + luck / 2))
    return attempt.at + rest if rest else None


def spread(until: datetime, luck: float) -> datetime:
    """When a delivery that waits for the end of a rest comes again: not all of them at once."""
    return until + REST_LEAST * luck
