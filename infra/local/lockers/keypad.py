"""The keypad: the server answers a code; when it cannot be reached, a grant does."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from infra.local.lockers.board import Answer, Board
from infra.local.lockers.doors import Doors
from infra.local.lockers.faults import Faults
from infra.local.lockers.grants import Grant, GrantBook
from infra.local.lockers.setup import Settings
from infra.local.lockers.wire import CodeAnswer

WRONG_CODES = 5
LOCKED_SECONDS = 300


class Keypad:
    def __init__(
        self,
        board: Board,
        doors: Doors,
        book: GrantBook,
        write: Callable[..., None],
        faults: Faults,
        settings: Settings,
    ) -> None:
        """`write` puts an entry into the journal (see `Journal.write`, without the time)."""
        self._board = board
        self._doors = doors
        self._book = book
        self._write = write
        self.faults = faults
        self._settings = settings
        self._waiting: dict[str, str] = {}
        self._wrong = 0
        self._locked_until = 0.0

    def enter(self, code: str, online: bool) -> str:
        """Someone types a code; the id under which the answer is going to be shown."""
        message = self._board.message(code=code)
        attempt = str(message["message_id"])
        self._board.note("keyed", about=attempt)
        if online:
            self._waiting[attempt] = code
            self._board.say("codes", message)
            self._board.later(self._settings.answer_seconds, partial(self._give_up, attempt))
        else:
            self._board.show(attempt, self._decide(code))
        return attempt

    def answered(self, answer: CodeAnswer) -> None:
        """The server has answered. An answer that comes too late is shown to nobody."""
        if self._waiting.pop(answer.in_reply_to, None) is not None:
            self._board.show(answer.in_reply_to, Answer(answer.result, answer.compartments, answer.retry_after_seconds))

    def line_lost(self) -> None:
        """No answer is going to come any more."""
        for attempt in list(self._waiting):
            self._give_up(attempt)

    def _give_up(self, attempt: str) -> None:
        code = self._waiting.pop(attempt, None)
        if code is not None:
            self._board.show(attempt, self._decide(code))

    def _decide(self, code: str) -> Answer:
        now = self._board.clock.true.monotonic()
        if now < self._locked_until:
            return Answer("locked", retry_after_seconds=math.ceil(self._locked_until - now), offline=True)
        if not self._book.is_ready:
            return Answer("unavailable", offline=True)
        grant = self._book.use(code, self._board.clock.now())
        if grant is None:
            return self._refuse(now)
        self._wrong = 0
        for compartment in grant.compartments:
            self._open(compartment, grant)
        return Answer("accepted", grant.compartments, offline=True)

    def _refuse(self, now: float) -> Answer:
        self._board.note("code_refused")
        self._write("code_refused")
        self._wrong += 1
        if self._wrong >= WRONG_CODES:
            self._wrong = 0
            self._locked_until = now + LOCKED_SECONDS
        return Answer("refused", offline=True)

    def _open(self, compartment: str, grant: Grant) -> None:
        trouble = self.faults.at_command(compartment)
        if compartment not in self._doors or "jam" in trouble or "fail" in trouble:
            self._board.note("jammed", compartment, grant.id)
            self._write("jammed", compartment, grant.id)
            return
        self._book.opened(grant, compartment)
        closed = partial(self._write, "closed", compartment, grant.id)
        self._doors.unlock(compartment, grant.id, closed, "left_open" in trouble)
        self._write("opened", compartment, grant.id)
