"""The compartments' doors, and the people who close them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from infra.local.lockers.board import Board
from infra.local.lockers.setup import Settings


class Doors:
    def __init__(self, compartments: Sequence[str], board: Board, settings: Settings, closes_after: float) -> None:
        self._compartments = frozenset(compartments)
        self._board = board
        self._settings = settings
        self._closes_after = closes_after
        self._open: dict[str, list[Callable[[], None]]] = {}
        self._openings: Counter[str] = Counter()

    def __contains__(self, compartment: str) -> bool:
        return compartment in self._compartments

    def open_ones(self) -> list[str]:
        return sorted(self._open)

    def unlock(
        self, compartment: str, about: str, when_closed: Callable[[], None] | None = None, left_open: bool = False
    ) -> None:
        """Open a door for a command or a grant. Someone closes it after a while, unless it is `left_open`; then `when_closed` is
        called, once for everyone for whom the door was opened while it stood open."""
        self._board.note("opened", compartment, about)
        self._open.setdefault(compartment, []).extend([when_closed] if when_closed else [])
        self._openings[compartment] += 1
        self._board.later(
            self._settings.door_alarm_seconds, partial(self._ring, compartment, self._openings[compartment])
        )
        if not left_open:
            self._board.later(self._closes_after, partial(self._close_after, compartment, self._openings[compartment]))

    def when_closed(self, compartment: str, tell: Callable[[], None]) -> None:
        """Call `tell` when a door is closed; at once if it is."""
        if compartment in self._open:
            self._open[compartment].append(tell)
        else:
            tell()

    def _close_after(self, compartment: str, opening: int) -> None:
        """Close a door, unless it was opened once more since: whoever came last closes it."""
        if self._openings[compartment] == opening:
            self.close(compartment)

    def _ring(self, compartment: str, opening: int) -> None:
        """Beep, if the door has stood open since."""
        if compartment in self._open and self._openings[compartment] == opening:
            self._board.note("rang", compartment)

    def force(self, compartment: str) -> None:
        """Someone breaks a door open."""
        self._open.setdefault(compartment, [])
        self._board.note("forced", compartment)
        self._board.say("doors", self._board.message(compartment=compartment, state="forced"))

    def close(self, compartment: str) -> None:
        """Someone closes a door; nothing happens if it is closed."""
        if compartment not in self._open:
            return
        waiting = self._open.pop(compartment)
        self._board.note("closed", compartment)
        for tell in waiting:
            tell()
        if not waiting:
            self._board.say("doors", self._board.message(compartment=compartment, state="closed"))
