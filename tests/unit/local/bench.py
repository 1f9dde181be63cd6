"""A cabinet on the bench: a machine whose clock is in the test's hand, and what it has said so far."""

import base64
import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.local.lockers.board import Answer, Effect, HangUp, Say, Show
from infra.local.lockers.faults import Faults
from infra.local.lockers.happenings import Happening
from infra.local.lockers.machine import Habits, Machine
from infra.local.lockers.wire import rfc3339
from tests.unit.local.signing import OFFLINE_KEY, public_key

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class HeldClock:
    def __init__(self) -> None:
        self.passed = 0.0

    def wall(self) -> datetime:
        return NOON + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return 1000.0 + self.passed


class Bench:
    def __init__(self, faults: str = "", **habits: float) -> None:
        self.clock = HeldClock()
        ids = itertools.count(1)
        self.machine = Machine(
            "cab_1",
            ["1", "2", "3"],
            faults=Faults.parse(faults),
            habits=Habits(**habits),
            clock=self.clock,
            new_id=lambda: f"m{next(ids)}",
        )
        self.effects: list[Effect] = []

    def add(self, effects: list[Effect]) -> list[Effect]:
        self.effects += effects
        return effects

    def connect(self) -> "Bench":
        self.add(self.machine.connected())
        return self

    def lose_line(self) -> None:
        self.add(self.machine.disconnected())

    def hear(self, channel: str, **payload: Any) -> None:
        self.add(self.machine.receive(channel, json.dumps({"message_id": "x", **payload}).encode()))

    def open(
        self, compartment: str = "1", command: str = "cmd_1", expires_in: float = 30.0, pickup: str | None = None
    ) -> None:
        expires = self.clock.wall() + timedelta(seconds=expires_in)
        self.hear(
            "commands",
            type="open",
            command_id=command,
            compartment=compartment,
            purpose="pickup",
            pickup_id=pickup,
            expires_at=rfc3339(expires),
        )

    def welcome(self, journal_up_to: int = 0, keys: tuple[str, ...] = ("key-1",)) -> "Bench":
        self.hear(
            "welcome",
            in_reply_to="m1",
            server_time=rfc3339(self.clock.wall()),
            offline_key=base64.b64encode(OFFLINE_KEY).decode(),
            grant_keys={name: public_key(name) for name in keys},
            journal_up_to=journal_up_to,
        )
        self.wait(0)
        return self

    def enter(self, code: str) -> str:
        attempt, effects = self.machine.enter(code)
        self.add(effects)
        return attempt

    def wait(self, seconds: float) -> None:
        """Let time pass, with a tick whenever the machine wants one."""
        end = self.clock.passed + seconds
        while (due := self.machine.due()) is not None and due - 1000.0 <= end:
            self.clock.passed = max(self.clock.passed, due - 1000.0)
            self.add(self.machine.tick())
        self.clock.passed = end

    def said(self, channel: str) -> list[dict[str, Any]]:
        return [one.payload for one in self.effects if isinstance(one, Say) and one.channel == channel]

    def outcomes(self) -> list[str]:
        return [one["outcome"] for one in self.said("acknowledgements")]

    def happened(self, kind: str) -> list[Happening]:
        return [one for one in self.effects if isinstance(one, Happening) and one.kind == kind]

    def shown(self) -> list[Answer]:
        return [one.answer for one in self.effects if isinstance(one, Show)]

    def hang_ups(self) -> list[float]:
        return [one.seconds for one in self.effects if isinstance(one, HangUp)]

    def journal(self) -> list[list[tuple[Any, ...]]]:
        """Sequence, type, compartment and grant of each entry, of each journal that was sent."""
        return [
            [(one["sequence"], one["type"], one.get("compartment"), one.get("grant_id")) for one in sent["entries"]]
            for sent in self.said("journal")
        ]
