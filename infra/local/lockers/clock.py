"""The time as a cabinet knows it: its own clock may be off, until it is told the right time."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from; tests bring their own."""

    def wall(self) -> datetime: ...

    def monotonic(self) -> float: ...


class SystemClock:
    def wall(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class CabinetClock:
    """A clock that is `skew` seconds fast, and corrected by what the server says. A skew that changes later is not corrected
    before the server says the time again."""

    def __init__(self, true: Clock, skew: float = 0.0) -> None:
        self.true = true
        self.skew = skew
        self._correction = timedelta()

    def now(self) -> datetime:
        return self.true.wall() + timedelta(seconds=self.skew) + self._correction

    def correct(self, server_time: datetime) -> None:
        self._correction += server_time - self.now()
