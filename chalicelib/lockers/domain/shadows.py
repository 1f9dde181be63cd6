"""How a cabinet is set up, and what it says of itself: settings and measurements. What opens a door is a command, and none is here."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

RANGES: Mapping[str, tuple[int, int]] = {
    "heartbeat_seconds": (10, 120),
    "answer_seconds": (2, 20),
    "journal_seconds": (5, 300),
    "door_alarm_seconds": (10, 600),
}
"""Of each setting, the least and the most. A cabinet that beats every two minutes has missed one when it counts as silent."""

_ZONES = 10
_TEXT = 64


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a cabinet is to go by, in seconds: between heartbeats; until its keypad stops waiting for us and decides by a grant;
    until it sends a journal again that has no receipt; until it beeps at whoever left a door open."""

    heartbeat_seconds: int = 60
    answer_seconds: int = 5
    journal_seconds: int = 10
    door_alarm_seconds: int = 60


@dataclass(frozen=True, slots=True)
class Shadow:
    """What AWS IoT keeps of a cabinet. A cabinet may write anything into its own, so only what can be understood is read."""

    version: int = 0
    desired: Mapping[str, int] = field(default_factory=dict)
    """Settings that it is to go by."""
    reported: Mapping[str, int] = field(default_factory=dict)
    """Settings that it goes by."""
    firmware: str | None = None
    temperatures: Mapping[str, float] = field(default_factory=dict)
    """Celsius, by zone."""
    reported_at: str | None = None
    """When it last said any of this, by the clock of AWS IoT."""

    @property
    def delta(self) -> dict[str, int]:
        """What it is to go by, and does not say that it does."""
        return {name: value for name, value in self.desired.items() if self.reported.get(name) != value}


def settings_in(state: Any) -> dict[str, int]:
    """The settings in one half of a shadow."""
    return {name: value for name, value in _numbers_in(state).items() if name in RANGES and isinstance(value, int)}


def firmware_in(state: Any) -> str | None:
    """The firmware in what a cabinet reports."""
    given = state.get("firmware") if isinstance(state, Mapping) else None
    return given[:_TEXT] if isinstance(given, str) else None


def temperatures_in(state: Any) -> dict[str, float]:
    """The temperatures in what a cabinet reports; of very many, some."""
    given = _numbers_in(state.get("temperatures") if isinstance(state, Mapping) else None)
    return {zone[:_TEXT]: celsius for zone, celsius in list(given.items())[:_ZONES]}


def _numbers_in(state: Any) -> dict[str, float]:
    found = state if isinstance(state, Mapping) else {}
    return {name: value for name, value in found.items() if _is_number(value)}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
