"""How callers of the API behave: they repeat what got no answer, under the same key, and sometimes what did."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from chalicelib.core.auth import Principal
from tests.simulation.cloud.functions import Reply
from tests.simulation.kernel import Crash
from tests.simulation.world import World


@dataclass(slots=True)
class Intent:
    """What a caller meant to have done once, and what it was told: None when it gave up without an answer."""

    key: str
    method: str
    path: str
    body: Any
    by: Principal | None
    reply: Reply | None = None
    attempts: int = 0

    @property
    def accepted(self) -> bool:
        """Whether the caller was told that it is done."""
        return self.reply is not None and self.reply.status < 300


@dataclass(slots=True)
class Client:
    """Sends requests and keeps a journal of what was meant by them."""

    world: World
    journal: list[Intent] = field(default_factory=list)

    def command(
        self,
        path: str,
        body: Any,
        by: Principal | None,
        *,
        patience: int = 8,
        method: str = "POST",
        headers: dict[str, str] | None = None,
    ) -> Intent:
        """Have something done once: sent until it is answered, at most `patience` times."""
        intent = Intent(f"key-{len(self.journal)}", method, path, body, by)
        self.journal.append(intent)
        sent = {"idempotency-key": intent.key, **(headers or {})}
        while intent.attempts < patience:
            reply = self._sent(intent, sent)
            if reply is not None and not is_passing(reply):
                intent.reply = reply
                self._again(intent, sent)
                break
            self.world.kernel.pause(self.world.random.uniform(0.05, min(60, 0.4 * 2**intent.attempts)))
        return intent

    def read(self, path: str, by: Principal | None, *, patience: int = 8, headers: dict[str, str] | None = None) -> Any:
        """What a GET answers, or None when it does not, or there is nothing."""
        for attempt in range(patience):
            reply = self._reply("GET", path, by, None, headers or {})
            if reply is not None and reply.status == 200:
                return reply.json
            if reply is not None and reply.status == 404:
                return None
            self.world.kernel.pause(self.world.random.uniform(0.05, 0.4 * 2**attempt))
        return None

    def _sent(self, intent: Intent, headers: dict[str, str]) -> Reply | None:
        intent.attempts += 1
        return self._reply(intent.method, intent.path, intent.by, intent.body, headers)

    def _reply(self, method: str, path: str, by: Principal | None, body: Any, headers: dict[str, str]) -> Reply | None:
        try:
            reply = self.world.request(method, path, by, body, headers)
        except Crash:
            return None
        self.world.record.add(f"answer to {method} {path}: {reply.status}", reply.text)
        return reply

    def _again(self, intent: Intent, headers: dict[str, str]) -> None:
        """Send what was answered once more. What was done is not done anew, and answered alike; what was refused may be
        done this time, since refusals are not kept."""
        if intent.method != "POST" or self.world.random.random() >= self.world.weather.impatient:
            return
        self.world.kernel.pause(self.world.random.uniform(0, 5))
        again = self._sent(intent, headers)
        if again is None or is_passing(again) or intent.reply is None:
            return
        if intent.accepted and not _TELLS_ANEW.fullmatch(intent.path):
            same = (again.status, again.text) == (intent.reply.status, intent.reply.text)
            self.world.check(same, f"{intent.key} was answered {intent.reply.text} and then {again.text}")
        intent.reply = again


_TELLS_ANEW = re.compile(r"/v1/gift-cards.*|/v1/(guest-)?carts|/v1/carts/[^/]+/merge")
"""A card's code is told but once; a cart is shown as it is now."""


def is_passing(reply: Reply) -> bool:
    """Whether the same request may fare better later."""
    return reply.status >= 500 or reply.status == 429 or (reply.status == 409 and "retry-after" in reply.headers)
