"""Time and processes. A process is a greenlet that runs our code; at every call it makes, another may go on.

Time passes only here: what is to happen waits in order of its moment, and the clock jumps from one to the next.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Generic, TypeVar

from greenlet import getcurrent, greenlet

_T = TypeVar("_T")
Register = tuple[Any, str]
"""A module and the name in it that holds state of the request at hand: Lambda runs one request at a time per process."""


_NEVER = 2**63
_MOST_STEPS = 2_000_000


class Crash(BaseException):
    """The end of a process at once. No handler of ours catches it; only what is stored survives."""


class Stuck(AssertionError):
    """The world did not come to rest."""


@dataclass(slots=True)
class Future(Generic[_T]):
    """What a process waits for: a value or an error, given once."""

    kernel: Kernel
    done: bool = False
    value: _T | None = None
    error: BaseException | None = None
    _waiting: list[Callable[[], None]] = field(default_factory=list)

    def give(self, value: _T) -> None:
        """The value is there; who waits goes on. A second one is lost."""
        self._settle(value, None)

    def fail(self, error: BaseException) -> None:
        """It will not come; who waits gets the error."""
        self._settle(None, error)

    def _settle(self, value: _T | None, error: BaseException | None) -> None:
        if self.done:
            return
        self.done, self.value, self.error = True, value, error
        for go_on in self._waiting:
            self.kernel.after(0, go_on)

    def on_done(self, go_on: Callable[[], None]) -> None:
        """Call `go_on` when it is done."""
        if self.done:
            self.kernel.after(0, go_on)
        else:
            self._waiting.append(go_on)

    def result(self) -> _T:
        """The value, waited for. Within a process only."""
        if not self.done:
            self.kernel.wait_for(self)
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]


class Process(greenlet):
    """Something that runs by itself: a request, a function, an execution, an actor."""

    def __init__(self, kernel: Kernel, name: str, body: Callable[[], Any]) -> None:
        super().__init__(self._live, kernel.hub)
        self.kernel = kernel
        self.name = name
        self.outcome: Future[Any] = Future(kernel)
        self.crashed = False
        self.registers: list[Any] = [None] * len(kernel.registers)
        self._body = body

    def _live(self) -> None:
        try:
            value = self._body()
        except (Exception, Crash) as error:  # whoever waits for it gets it
            self.outcome.fail(error)
            if not self.kernel.tolerates(error):
                self.kernel.fail(error)
        else:
            self.outcome.give(value)


@dataclass(slots=True)
class Timer:
    """Something to happen, unless it is called off."""

    do: Callable[[], None]
    background: bool
    kernel: Kernel
    pending: bool = True

    def cancel(self) -> None:
        """It will not happen."""
        if self.pending:
            self.pending = False
            self.kernel.foreground -= not self.background


class Kernel:
    """The clock, the order of things, and chance; all three follow from the seed."""

    def __init__(self, seed: int, start: datetime, registers: list[Register]) -> None:
        self.random = Random(seed)
        self.hub = getcurrent()
        self.registers = registers
        self.current: Process | None = None
        self.tolerates: Callable[[BaseException], bool] = lambda error: isinstance(error, Crash)
        """Which errors a process may end in; any other ends the history."""
        self.failure: BaseException | None = None
        self.foreground = 0
        self.steps = 0
        self._start = start
        self._micros = 0
        self._until = _NEVER
        self._order = 0
        self._queue: list[tuple[int, int, Timer]] = []

    # ---- time

    def now(self) -> datetime:
        """The moment, for `core.clock`."""
        return self._start + timedelta(microseconds=self._micros)

    def seconds(self) -> float:
        """Seconds since the start."""
        return self._micros / 1_000_000

    def after(self, seconds: float, do: Callable[[], None], *, background: bool = False) -> Timer:
        """Do something later. What is in the `background` is not waited for when the world shall come to rest."""
        timer = Timer(do, background, self)
        self._order += 1
        heapq.heappush(self._queue, (self._micros + max(0, int(seconds * 1_000_000)), self._order, timer))
        self.foreground += not background
        return timer

    # ---- processes

    def spawn(self, name: str, body: Callable[[], _T], *, after: float = 0.0) -> Future[_T]:
        """Start a process; the future holds what it returns or raises."""
        process = Process(self, name, body)
        self.after(after, lambda: self._resume(process))
        return process.outcome

    def pause(self, seconds: float) -> None:
        """Let time pass within a process; others go on meanwhile. At once outside of one (the world is being set up)."""
        process = self.current
        if process is None or self._nobody_before(seconds):
            return
        self.after(seconds, lambda: self._resume(process))
        self.hub.switch()

    def _nobody_before(self, seconds: float) -> bool:
        """Whether nothing else would happen within a pause: then it is over, without the detour over the hub."""
        moment = self._micros + max(0, int(seconds * 1_000_000))
        others = bool(self._queue) and self._queue[0][0] <= moment
        if others or moment > self._until or self.failure is not None or self.steps >= _MOST_STEPS:
            return False
        self._step_to(moment)
        return True

    def wait_for(self, future: Future[Any]) -> None:
        """Let others go on until the future is done."""
        process = self.current
        if process is None:
            raise RuntimeError("only a process can wait")
        future.on_done(lambda: self._resume(process))
        self.hub.switch()

    def _resume(self, process: Process) -> None:
        for (module, name), value in zip(self.registers, process.registers, strict=True):
            setattr(module, name, value)
        self.current = process
        process.switch()
        self.current = None
        process.registers = [getattr(module, name) for module, name in self.registers]

    # ---- running

    def fail(self, failure: BaseException) -> None:
        """Stop the world: something is wrong that must not be. Out of a process, at once; else before the next step."""
        if self.failure is None:
            self.failure = failure
        if self.current is None:
            raise self.failure

    def run(self, *, for_seconds: float | None = None) -> None:
        """Go on until nothing is left to happen but what is in the background, or for a time.

        Raises what `fail` was told, and `Stuck` after too many steps.
        """
        bounded = for_seconds is not None
        self._until = self._micros + int(for_seconds * 1_000_000) if for_seconds is not None else _NEVER
        while self._queue and (self.foreground or bounded):
            moment, _, timer = self._queue[0]
            if moment > self._until:
                break
            heapq.heappop(self._queue)
            if not timer.pending:
                continue
            timer.pending = False
            self.foreground -= not timer.background
            if self.steps >= _MOST_STEPS:
                raise Stuck(f"still busy after {self.steps} steps at {self.now()}")
            self._step_to(moment)
            timer.do()
            if self.failure is not None:
                raise self.failure
        if bounded:
            self._micros = max(self._micros, self._until)

    def _step_to(self, moment: int) -> None:
        self._micros = max(self._micros, moment)
        self.steps += 1
