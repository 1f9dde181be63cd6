"""A cabinet without its line: what it is told goes in, what it wants done comes out. No threads, no network, no clock of its own.

Every method returns the effects of what it was told, in their order. `due` says when `tick` is to be called next.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from infra.local.lockers.board import Board, Effect
from infra.local.lockers.clock import CabinetClock, Clock, SystemClock
from infra.local.lockers.commands import Commands
from infra.local.lockers.doors import Doors
from infra.local.lockers.faults import Faults
from infra.local.lockers.grants import GrantBook
from infra.local.lockers.journal import EntryType, Journal
from infra.local.lockers.keypad import Keypad
from infra.local.lockers.setup import FIRMWARE, Settings, Setup
from infra.local.lockers.wire import (
    CodeAnswer,
    Delta,
    MalformedError,
    NewGrants,
    OpenCommand,
    Payload,
    Receipt,
    Welcome,
)


@dataclass(frozen=True)
class Habits:
    """Seconds: until a door is closed by whoever opened it; and what the cabinet goes by before its shadow asks for something
    else: until the keypad stops waiting for the server, between heartbeats, until a journal without a receipt is sent again, and
    until the cabinet beeps at an open door."""

    closes_after: float = 2.0
    answer_within: float = 5.0
    heartbeat_every: float = 60.0
    journal_every: float = 10.0
    rings_after: float = 60.0


class Machine:
    def __init__(
        self,
        cabinet_id: str,
        compartments: Sequence[str],
        *,
        faults: Faults | None = None,
        habits: Habits | None = None,
        clock: Clock | None = None,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        faults = faults or Faults()
        habits = habits or Habits()
        self._settings = Settings(
            habits.heartbeat_every, habits.answer_within, habits.journal_every, habits.rings_after
        )
        self._board = Board(CabinetClock(clock or SystemClock(), faults.skew), new_id)
        self._doors = Doors(compartments, self._board, self._settings, habits.closes_after)
        self._journal = Journal()
        self._book = GrantBook(cabinet_id)
        self._commands = Commands(self._board, self._doors, faults, self._book)
        self._keypad = Keypad(self._board, self._doors, self._book, self._write, faults, self._settings)
        self._setup = Setup(self._board, self._settings, self._resettle)
        self._started = self._board.clock.true.monotonic()
        self._heartbeat_plan = 0
        self._journal_plan = 0
        self._online = False
        self._welcomed = False
        self._channels: dict[str, Callable[[Payload], None]] = {
            "answers": lambda payload: self._keypad.answered(CodeAnswer.of(payload)),
            "commands": lambda payload: self._commands.receive(OpenCommand.of(payload)),
            "delta": lambda payload: self._setup.follow(Delta.of(payload)),
            "grants": self._take_grants,
            "receipts": lambda payload: self._drop_journal(Receipt.of(payload).up_to),
            "welcome": self._take_welcome,
        }

    def last_will(self) -> Payload:
        """What the broker is to say for a cabinet that connects now, should the line go dead."""
        return self._board.message(online=False)

    def connected(self) -> list[Effect]:
        """The line is up, and what comes down is heard."""
        self._online, self._welcomed = True, False
        self._board.note("connected")
        self._board.say("status", self._board.message(online=True))
        self._setup.connected()
        self._plan_heartbeat()
        return self._board.take_effects()

    def disconnected(self, reason: str = "") -> list[Effect]:
        """The line is down, or could not be made. Acknowledgements that are under way stay with the line, which sends them
        when it is back."""
        self._board.note("disconnected" if self._online else "unreachable", detail=reason)
        self._online = self._welcomed = False
        self._keypad.line_lost()
        return self._board.take_effects()

    def receive(self, channel: str, payload: bytes) -> list[Effect]:
        """A message has come down. What cannot be read is noted and otherwise ignored."""
        try:
            if channel not in self._channels:
                raise MalformedError("no such channel")
            self._channels[channel](_parsed(payload))
        except MalformedError as error:
            self._board.note("malformed", detail=f"{channel}: {error}")
        return self._board.take_effects()

    def enter(self, code: str) -> tuple[str, list[Effect]]:
        """Someone types a code: the id of the `Show` that is going to answer, and the effects."""
        attempt = self._keypad.enter(code, self._online)
        return attempt, self._board.take_effects()

    def close(self, compartment: str) -> list[Effect]:
        """Someone closes a door."""
        self._doors.close(compartment)
        return self._board.take_effects()

    def force(self, compartment: str) -> list[Effect]:
        """Someone breaks a door open."""
        self._doors.force(compartment)
        return self._board.take_effects()

    def measure(self, zone: str, celsius: float) -> list[Effect]:
        """A thermometer shows a temperature."""
        self._setup.measure(zone, celsius, self._online)
        return self._board.take_effects()

    def suffer(self, faults: Faults) -> None:
        """Have other faults from now on."""
        self._commands.faults = self._keypad.faults = faults
        self._board.clock.skew = faults.skew

    def due(self) -> float | None:
        """When, by the monotonic clock, there is something to do again."""
        return self._board.agenda.next()

    def tick(self) -> list[Effect]:
        """Do what is due."""
        self._board.agenda.run(self._board.clock.true.monotonic())
        return self._board.take_effects()

    def _take_welcome(self, payload: Payload) -> None:
        welcome = Welcome.of(payload)
        self._board.clock.correct(welcome.server_time)
        self._book.learn(welcome.offline_key, welcome.grant_keys)
        self._welcomed = True
        self._board.note("welcomed", about=payload.get("in_reply_to"))
        self._drop_journal(welcome.journal_up_to)
        self._plan_journal(0)

    def _take_grants(self, payload: Payload) -> None:
        new = NewGrants.of(payload)
        self._book.add(new.tokens)
        self._book.revoke(new.revoked)
        self._board.note("granted", detail=f"{len(new.tokens)} new, {len(new.revoked)} revoked")

    def _drop_journal(self, up_to: int) -> None:
        if self._journal.drop(up_to):
            self._board.note("receipted", detail=str(up_to))

    def _write(self, type: EntryType, compartment: str | None = None, grant_id: str | None = None) -> None:
        sequence = self._journal.write(type, self._board.clock.now(), compartment, grant_id)
        self._board.note("journalled", compartment, grant_id, str(sequence))
        if self._welcomed:
            self._plan_journal(0)

    def _plan_journal(self, seconds: float) -> None:
        """Send the journal after so many seconds, instead of when it was planned before."""
        self._journal_plan += 1
        self._board.later(seconds, partial(self._send_journal, self._journal_plan))

    def _send_journal(self, plan: int) -> None:
        """Send all that has no receipt yet, and again after a while."""
        if plan != self._journal_plan or not self._welcomed or not len(self._journal):
            return
        for entries in self._journal.batches():
            self._board.say("journal", self._board.message(entries=entries))
        self._plan_journal(self._settings.journal_seconds)

    def _resettle(self, changed: set[str]) -> None:
        """Begin anew to wait for what is waited for all the time. What was begun before a setting changed keeps its time."""
        if "heartbeat_seconds" in changed:
            self._plan_heartbeat()

    def _plan_heartbeat(self) -> None:
        """Beat after the time between heartbeats, instead of when it was planned before."""
        self._heartbeat_plan += 1
        self._board.later(self._settings.heartbeat_seconds, partial(self._beat, self._heartbeat_plan))

    def _beat(self, plan: int) -> None:
        if plan != self._heartbeat_plan or not self._online:
            return
        uptime = int(self._board.clock.true.monotonic() - self._started)
        self._board.say(
            "heartbeats",
            self._board.message(firmware=FIRMWARE, uptime_seconds=uptime, open_doors=self._doors.open_ones()),
        )
        self._board.note("heartbeat")
        self._plan_heartbeat()


def _parsed(payload: bytes) -> Payload:
    try:
        value = json.loads(payload)
    except ValueError:
        raise MalformedError("not JSON") from None
    if not isinstance(value, dict):
        raise MalformedError("not a JSON object")
    return value
