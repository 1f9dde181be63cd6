"""The time, in one place, so that a test can hold it still."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

LEEWAY = timedelta(minutes=5)
"""How far another's clock may be ahead of ours. What is dated later would keep all true updates out until then."""


def _system() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _system


def now() -> datetime:
    """The current moment, always in UTC and timezone-aware."""
    return _source()


def epoch_seconds(moment: datetime) -> int:
    """Whole seconds since 1970, the unit of DynamoDB's time to live."""
    return int(moment.timestamp())


def rfc3339(moment: datetime) -> str:
    """`2026-01-01T09:30:00.123456Z`: sorts as text in the order of time (RFC 3339, fixed width)."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Hold the clock at `moment` within the block. For tests and the simulator."""
    global _source
    before, _source = _source, lambda: moment
    try:
        yield
    finally:
        _source = before
