"""How a supplier's endpoint fares: when it is left in peace, and when one call asks whether it is well again."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from chalicelib.core import clock
from chalicelib.routing.domain.settings import RoutingSettings

RETRY_AFTER_MOST = timedelta(hours=1)
"""The longest rest that an endpoint may ask for."""


@dataclass(frozen=True, slots=True)
class Health:
    """Failures since the last success, and until when nothing is sent. `unreachable`: it was reported so, and is until a success."""

    supplier_id: str
    failures: int = 0
    resting_until: datetime | None = None
    unreachable: bool = False
    version: int = 0

    def rests_at(self, now: datetime) -> bool:
        """Whether nothing is sent now."""
        return self.resting_until is not None and self.resting_until > now

    @property
    def is_good(self) -> bool:
        """Whether a success is nothing to note."""
        return not self.failures and self.resting_until is None

    def needs_probe_at(self, now: datetime) -> bool:
        """Whether one call has to find out before the others go."""
        return self.unreachable and not self.rests_at(now)


def after_failure(
    health: Health, at: datetime, numbers: RoutingSettings, luck: float, asked: timedelta | None = None
) -> Health:
    """The endpoint after one more call that failed. It rests from the n-th in a row on, twice as long each time, or as long as it
    `asked` for; `luck` is chance, from 0 to 1."""
    failures = health.failures + 1
    rest = asked or timedelta()
    if failures >= numbers.failures_before_rest:
        beyond = min(failures - numbers.failures_before_rest, 20)
        longest = min(numbers.rest_seconds_least * 2**beyond, numbers.rest_seconds_most)
        rest = max(rest, timedelta(seconds=longest) * (0.5 + luck / 2))
    return replace(
        health,
        failures=failures,
        resting_until=at + rest if rest else None,
        unreachable=health.unreachable or failures >= numbers.failures_before_rest,
        version=health.version + 1,
    )


def after_success(health: Health) -> Health:
    """The endpoint that has answered."""
    return Health(health.supplier_id, version=health.version + 1)


def probed(health: Health, until: datetime) -> Health:
    """The endpoint while one call asks it; the others rest until then."""
    return replace(health, resting_until=until, version=health.version + 1)


def retry_after(header: str | None, now: datetime) -> timedelta | None:
    """What an endpoint asks for by `Retry-After` (RFC 9110, 10.2.3: seconds, or a date), within bounds; None for nothing."""
    if not header:
        return None
    try:
        if header.isascii() and header.isdigit():
            wanted = timedelta(seconds=int(header[:9]))
        else:
            at = parsedate_to_datetime(header)
            wanted = at - now if at.tzinfo else timedelta()
    except (ValueError, OverflowError):
        return None
    return min(max(wanted, timedelta()), RETRY_AFTER_MOST)


def as_text(moment: datetime | None) -> str | None:
    """RFC 3339, or None."""
    return clock.rfc3339(moment) if moment else None
