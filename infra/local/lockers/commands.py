"""Commands to open: each is obeyed once, however often it comes, and what became of it is acknowledged."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from infra.local.lockers.board import Board
from infra.local.lockers.doors import Doors
from infra.local.lockers.faults import Faults, Trouble
from infra.local.lockers.grants import GrantBook
from infra.local.lockers.wire import OpenCommand, Payload

REMEMBERED = 1000

Outcome = Literal["opened", "closed", "jammed", "failed", "expired"]


@dataclass
class Case:
    """A command with what goes wrong with it and what was said of it."""

    command: OpenCommand
    trouble: Trouble
    said: list[Payload] = field(default_factory=list)
    held_back: Payload | None = None


class Commands:
    def __init__(self, board: Board, doors: Doors, faults: Faults, book: GrantBook) -> None:
        self._board = board
        self._doors = doors
        self._book = book
        self.faults = faults
        self._cases: dict[str, Case] = {}

    def receive(self, command: OpenCommand) -> None:
        """Obey a new command; of one that was seen before, say again what was said."""
        case = self._cases.get(command.id)
        if case is not None:
            self._repeat(case)
            return
        case = Case(command, self.faults.at_command(command.compartment))
        self._remember(case)
        self._board.note("commanded", command.compartment, command.id)
        if "offline" in case.trouble:
            self._board.hang_up(case.trouble["offline"])
        if "deaf" in case.trouble:
            self._cases.pop(command.id, None)
            return
        if "slow" in case.trouble:
            self._board.later(case.trouble["slow"], partial(self._obey, case))
        else:
            self._obey(case)

    def _remember(self, case: Case) -> None:
        self._cases[case.command.id] = case
        if len(self._cases) > REMEMBERED:
            del self._cases[next(iter(self._cases))]

    def _repeat(self, case: Case) -> None:
        self._board.note("repeated", case.command.compartment, case.command.id)
        for said in case.said:
            self._board.say("acknowledgements", said | {"message_id": self._board.new_id()})

    def _obey(self, case: Case) -> None:
        command = case.command
        if self._board.clock.now() > command.expires_at:
            self._board.note("dropped", command.compartment, command.id)
            self._acknowledge(case, "expired")
            # It may be sent again with more time.
            self._cases.pop(command.id, None)
        elif command.pickup is not None and self._book.has_opened(command.pickup, command.compartment):
            # The server let in whom a grant had let in while their code was still under way.
            self._board.note("repeated", command.compartment, command.id)
            self._acknowledge(case, "opened")
            self._doors.when_closed(command.compartment, partial(self._acknowledge, case, "closed"))
        elif command.compartment not in self._doors or "fail" in case.trouble:
            known = command.compartment in self._doors
            self._board.note("failed", command.compartment, command.id)
            self._acknowledge(case, "failed", "the lock does not answer" if known else "no such compartment")
        elif "jam" in case.trouble:
            self._board.note("jammed", command.compartment, command.id)
            self._acknowledge(case, "jammed")
        else:
            self._doors.unlock(
                command.compartment, command.id, partial(self._acknowledge, case, "closed"), "left_open" in case.trouble
            )
            self._acknowledge(case, "opened")
            if command.purpose in ("pickup", "clear"):
                self._book.forget(command.compartment)

    def _acknowledge(self, case: Case, outcome: Outcome, detail: str | None = None) -> None:
        if "silent" in case.trouble:
            return
        payload = self._board.message(
            command_id=case.command.id,
            compartment=case.command.compartment,
            attempt=case.command.attempt,
            outcome=outcome,
            detail=detail,
        )
        if "reorder" in case.trouble and outcome == "opened":
            case.held_back = payload
        elif "late" in case.trouble:
            self._board.later(case.trouble["late"], partial(self._say, case, payload))
        else:
            self._say(case, payload)

    def _say(self, case: Case, payload: Payload) -> None:
        copies = [payload]
        if "duplicate" in case.trouble:
            copies.append(payload)
        if "resend" in case.trouble:
            copies.append(payload | {"message_id": self._board.new_id()})
        for copy in copies:
            self._board.say("acknowledgements", copy)
        case.said.append(payload)
        self._board.note("acknowledged", case.command.compartment, case.command.id, str(payload["outcome"]))
        if case.held_back is not None:
            held, case.held_back = case.held_back, None
            self._say(case, held)
