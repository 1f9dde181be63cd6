"""How a cabinet is set up: what it goes by, what its shadow asks it to go by, and what it says there of itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from infra.local.lockers.board import Board
from infra.local.lockers.wire import Delta, Payload

FIRMWARE = "virtual-1"

RANGES = {
    "heartbeat_seconds": (10, 120),
    "answer_seconds": (2, 20),
    "journal_seconds": (5, 300),
    "door_alarm_seconds": (10, 600),
}
"""What it can be asked for, and the least and the most of it that it does."""


@dataclass
class Settings:
    """Seconds: between heartbeats, until the keypad stops waiting for the server, until a journal without a receipt is sent
    again, and until it beeps at an open door."""

    heartbeat_seconds: float
    answer_seconds: float
    journal_seconds: float
    door_alarm_seconds: float


class Setup:
    def __init__(self, board: Board, settings: Settings, changed: Callable[[set[str]], None]) -> None:
        """`changed` is called with the names of settings that have just changed."""
        self._board = board
        self._settings = settings
        self._changed = changed
        self._temperatures: dict[str, int] = {}
        self._version = -1

    def connected(self) -> None:
        """Say everything: nobody knows what was heard of it before."""
        # Deltas that were sent meanwhile come once more, in their order; a shadow that was made anew counts from the start.
        self._version = -1
        self._report()

    def follow(self, delta: Delta) -> None:
        """Go by what the shadow asks for. What this cabinet does not know, or cannot do, it leaves, and says so by not saying
        otherwise. A delta that is older than another one is passed over."""
        if delta.version <= self._version:
            return
        self._version = delta.version
        followed = {name for name, value in delta.state.items() if self._take(name, value)}
        if followed:
            self._board.note("configured", detail=", ".join(sorted(followed)))
            self._changed(followed)
            self._report()

    def measure(self, zone: str, celsius: float, online: bool) -> None:
        """A thermometer shows another temperature, to the degree."""
        if self._temperatures.get(zone) != round(celsius):
            self._temperatures[zone] = round(celsius)
            if online:
                self._report()

    def _take(self, name: str, value: object) -> bool:
        least, most = RANGES.get(name, (math.inf, -math.inf))
        if not isinstance(value, int) or not least <= value <= most:
            self._board.note("malformed", detail=f"delta: {name}")
            return False
        setattr(self._settings, name, value)
        return True

    def _report(self) -> None:
        reported: Payload = {"firmware": FIRMWARE}
        reported |= {name: _whole(getattr(self._settings, name)) for name in RANGES}
        if self._temperatures:
            reported["temperatures"] = dict(self._temperatures)
        self._board.say("shadow", {"state": {"reported": reported}})


def _whole(seconds: float) -> float:
    return int(seconds) if seconds == int(seconds) else seconds
