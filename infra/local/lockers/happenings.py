"""What a cabinet has done, in its order, for tests to count, to time and to wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal[
    "acknowledged",  # said what became of a command; `detail` is the outcome
    "answered",  # showed an answer at the keypad; `detail` is the result, with `offline` if it came from a grant
    "closed",
    "code_refused",  # refused a code by itself
    "commanded",  # got a command for the first time
    "configured",  # follows settings that its shadow asked for; `detail` is which
    "connected",
    "disconnected",
    "dropped",  # a command that came too late
    "failed",
    "forced",
    "granted",  # keeps new grants; `detail` is how many it has
    "heartbeat",
    "jammed",
    "journalled",  # wrote into its journal; `detail` is the sequence
    "keyed",  # someone typed a code
    "malformed",
    "opened",
    "rang",  # beeped at whoever left a door open
    "receipted",  # dropped journal entries that the server has
    "repeated",  # got a command again
    "unreachable",  # could not connect; `detail` says why
    "welcomed",
]


@dataclass(frozen=True)
class Happening:
    """`at` is the true time, whatever the cabinet's own clock says; `about` is a command's, a grant's or a message's id."""

    monotonic: float
    at: datetime
    kind: Kind
    compartment: str | None = None
    about: str | None = None
    detail: str = ""

    def __str__(self) -> str:
        words = (self.kind, self.compartment and f"door {self.compartment}", self.about, self.detail)
        return " ".join(word for word in words if word)


class Happenings:
    """A list that other threads may read and wait on while its cabinet writes it."""

    def __init__(self, listener: Callable[[Happening], None] | None = None) -> None:
        self._all: list[Happening] = []
        self._changed = threading.Condition()
        self._listener = listener

    def add(self, happening: Happening) -> None:
        with self._changed:
            self._all.append(happening)
            self._changed.notify_all()
        if self._listener is not None:
            self._listener(happening)

    def all(
        self, kind: Kind | None = None, *, compartment: str | None = None, about: str | None = None
    ) -> list[Happening]:
        """Those of a kind, of a compartment, about something; all where nothing is asked for."""
        with self._changed:
            return self._matching(kind, compartment, about)

    def count(self, kind: Kind | None = None, *, compartment: str | None = None, about: str | None = None) -> int:
        return len(self.all(kind, compartment=compartment, about=about))

    def wait_for(
        self,
        kind: Kind,
        *,
        compartment: str | None = None,
        about: str | None = None,
        times: int = 1,
        timeout: float = 10.0,
    ) -> Happening:
        """The `times`-th such happening, when it is there; TimeoutError after `timeout` seconds says what there was."""
        with self._changed:
            if self._changed.wait_for(lambda: len(self._matching(kind, compartment, about)) >= times, timeout):
                return self._matching(kind, compartment, about)[times - 1]
            known = "; ".join(map(str, self._all))
        raise TimeoutError(f"not {times} × {kind} {compartment or ''} {about or ''} in {timeout} s, only: {known}")

    def _matching(self, kind: Kind | None, compartment: str | None, about: str | None) -> list[Happening]:
        return [
            one
            for one in self._all
            if kind in (None, one.kind) and compartment in (None, one.compartment) and about in (None, one.about)
        ]
