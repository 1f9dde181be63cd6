"""The state machine route_order, walked in this process: its tasks are the real ones, its time is the test's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from chalicelib.core import clock
from chalicelib.core.errors import AisleError
from chalicelib.routing.tasks import tasks
from tests.simulation.cloud.jsonata import filled
from tests.unit.routing.builders import Market
from tests.workflows.definitions import rendered

MACHINE = rendered("route_order")
_MOST = 400

Interlude = Callable[[], Any]


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class Tokens:
    """`core.workflow.Workflow`, in memory."""

    def __init__(self) -> None:
        self.outputs: dict[str, dict[str, Any]] = {}

    def seal(self, token: str) -> bytes:
        return token.encode()

    def complete_sealed(self, sealed: bytes, output: dict[str, Any]) -> None:
        self.complete(sealed.decode(), output)

    def complete(self, token: str, output: dict[str, Any]) -> None:
        self.outputs.setdefault(token, json.loads(json.dumps(output)))


class Walk:
    """One execution. Before each state one of `interludes` happens; a task of which `repeats` says so is carried out twice, as after a
    crash whose answer was lost."""

    def __init__(
        self,
        market: Market,
        tokens: Tokens,
        time: Clock,
        interludes: Iterable[Interlude] = (),
        repeats: Iterable[bool] = (),
    ) -> None:
        self._market, self._tokens, self._time = market, tokens, time
        self._interludes, self._repeats = iter(interludes), iter(repeats)
        self._variables: dict[str, Any] = {}
        self._input = {"allocation_id": market.part, "order_id": market.order_id, "correlation_id": "cor_1"}
        self._began = clock.rfc3339(clock.now())
        self.path: list[str] = []

    def to_the_end(self) -> list[str]:
        """The states that were entered."""
        at: str | None = MACHINE["StartAt"]
        given: Any = self._input
        while at is not None:
            assert len(self.path) < _MOST, "it goes round in circles"
            self.path.append(at)
            self._interlude()
            state = MACHINE["States"][at]
            at, given = {"Task": self._task, "Choice": self._choice, "Wait": self._wait, "Succeed": self._end}[
                state["Type"]
            ](state, given)
        return self.path

    def _interlude(self) -> None:
        with suppress(AisleError):
            next(self._interludes, lambda: None)()

    def _known(self, given: Any, **more: Any) -> dict[str, Any]:
        context = {
            "Execution": {"Input": self._input, "StartTime": self._began},
            "Task": {"Token": more.pop("token", None)},
        }
        return {**self._variables, "states": {"input": given, "context": context, **more}}

    def _assign(self, part: Any, known: dict[str, Any]) -> None:
        self._variables.update(filled(part.get("Assign", {}), known))

    def _choice(self, state: Any, given: Any) -> tuple[str, Any]:
        known = self._known(given)
        for choice in state["Choices"]:
            if filled(choice["Condition"], known) is True:
                self._assign(choice, known)
                return choice["Next"], given
        return state["Default"], given

    def _wait(self, state: Any, given: Any) -> tuple[str, Any]:
        self._time.now += timedelta(seconds=filled(state["Seconds"], self._known(given)))
        return state["Next"], given

    def _end(self, state: Any, given: Any) -> tuple[None, Any]:
        return None, given

    def _task(self, state: Any, given: Any) -> tuple[str, Any]:
        token = f"token-{len(self.path)}" if state["Resource"].endswith("waitForTaskToken") else None
        known = self._known(given, token=token)
        payload = filled(state["Arguments"], known)["Payload"]
        result: Any = tasks.run(payload)
        if next(self._repeats, False):
            result = tasks.run(payload)
        if token is None:
            after = self._known(given, result={"Payload": json.loads(json.dumps(result))})
        else:
            self._interlude()
            if token not in self._tokens.outputs:
                self._time.now += timedelta(seconds=filled(state["TimeoutSeconds"], known))
                return state["Catch"][0]["Next"], given
            after = self._known(given, result=self._tokens.outputs[token])
        self._assign(state, after)
        return state["Next"], filled(state["Output"], after)


def holding(time: Clock) -> Any:
    """The clock of everybody, while the block lasts."""

    class Held:
        def __enter__(self) -> None:
            self._before, clock._source = clock._source, time

        def __exit__(self, *_: object) -> None:
            clock._source = self._before

    return Held()
