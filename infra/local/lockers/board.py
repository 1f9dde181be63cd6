"""What the parts of a cabinet share: its clock, what it has to do later, and what it wants done now."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.local.lockers.clock import CabinetClock
from infra.local.lockers.happenings import Happening, Kind
from infra.local.lockers.wire import Payload, rfc3339


@dataclass(frozen=True)
class Answer:
    """What the keypad shows. `offline`: the cabinet decided by itself."""

    result: str
    compartments: tuple[str, ...] = ()
    retry_after_seconds: int | None = None
    offline: bool = False


@dataclass(frozen=True)
class Say:
    """Send a message up."""

    channel: str
    payload: Payload


@dataclass(frozen=True)
class Show:
    """Answer whoever typed a code."""

    attempt: str
    answer: Answer


@dataclass(frozen=True)
class HangUp:
    """Lose the line without a word, for so many seconds."""

    seconds: float


Effect = Say | Show | HangUp | Happening


class Agenda:
    """What is to be done at which time of a monotonic clock."""

    def __init__(self) -> None:
        self._items: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def at(self, when: float, do: Callable[[], None]) -> None:
        heapq.heappush(self._items, (when, next(self._order), do))

    def next(self) -> float | None:
        """When there is something to do again."""
        return self._items[0][0] if self._items else None

    def run(self, now: float) -> None:
        """Do what is due."""
        while self._items and self._items[0][0] <= now:
            heapq.heappop(self._items)[2]()


class Board:
    """Collects the effects of all parts in their order, for the machine to hand out."""

    def __init__(self, clock: CabinetClock, new_id: Callable[[], str]) -> None:
        self.clock = clock
        self.agenda = Agenda()
        self.new_id = new_id
        self._effects: list[Effect] = []

    def message(self, **fields: Any) -> Payload:
        """A message of this moment, with an id of its own."""
        return {"message_id": self.new_id(), "at": rfc3339(self.clock.now()), **fields}

    def say(self, channel: str, payload: Payload) -> None:
        self._effects.append(Say(channel, payload))

    def show(self, attempt: str, answer: Answer) -> None:
        self.note("answered", about=attempt, detail=f"{answer.result}{' offline' if answer.offline else ''}")
        self._effects.append(Show(attempt, answer))

    def hang_up(self, seconds: float) -> None:
        self._effects.append(HangUp(seconds))

    def note(self, kind: Kind, compartment: str | None = None, about: str | None = None, detail: str = "") -> None:
        true = self.clock.true
        self._effects.append(Happening(true.monotonic(), true.wall(), kind, compartment, about, detail))

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        self.agenda.at(self.clock.true.monotonic() + seconds, do)

    def take_effects(self) -> list[Effect]:
        taken, self._effects = self._effects, []
        return taken
