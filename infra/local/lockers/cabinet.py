"""A virtual cabinet: the machine at one end of a real MQTT line, in a thread of its own."""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Self

from infra.local.lockers.board import Answer, Effect, HangUp, Say, Show
from infra.local.lockers.faults import Faults
from infra.local.lockers.happenings import Happening, Happenings
from infra.local.lockers.identity import Identity
from infra.local.lockers.line import Broker, Down, Heard, Line, Up
from infra.local.lockers.machine import Habits, Machine

PATIENCE = 60.0


class VirtualCabinet:
    """A cabinet that does what it is told, or not, as its `faults` say (see `faults.py`).

    It is switched on by `start` or `with`, and keeps what it knows when it is switched off and on again.
    """

    def __init__(
        self,
        identity: Identity,
        compartments: Sequence[str],
        broker: Broker,
        stage: str,
        *,
        faults: str | Faults = "",
        habits: Habits | None = None,
        listener: Callable[[Happening], None] | None = None,
    ) -> None:
        self.id = identity.cabinet_id
        self.compartments = tuple(compartments)
        self.happenings = Happenings(listener)
        self._machine = Machine(
            self.id, compartments, faults=Faults.parse(faults) if isinstance(faults, str) else faults, habits=habits
        )
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._asking: dict[str, Future[Answer]] = {}
        self._line = Line(broker, identity, stage, self._machine.last_will)
        self._running = threading.Event()
        self._wake: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Switch it on; it connects, and connects again whenever the line is lost."""
        if self._thread is None:
            self._running.set()
            self._wake, woken = socket.socketpair()
            self._wake.setblocking(False)
            self._thread = threading.Thread(target=self._run, args=(woken,), name=self.id, daemon=True)
            self._thread.start()
        return self

    def stop(self, patience: float = 10.0) -> None:
        """Pull the plug: the line goes dead without a DISCONNECT, so that the broker says its last will. One that is dialling at
        the moment is waited for, for so many seconds."""
        self._running.clear()
        self._nudge()
        if self._thread is not None and self._wake is not None:
            self._thread.join(patience)
            self._thread = None
            self._wake.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def enter(self, code: str, timeout: float = 30.0) -> Answer:
        """Type a code at the keypad and wait for what it shows; TimeoutError after so many seconds."""
        answer: Future[Answer] = Future()

        def type_it() -> None:
            attempt, effects = self._machine.enter(code)
            self._asking[attempt] = answer
            self._carry_out(effects)

        self._do(type_it)
        return answer.result(timeout)

    def drop(self, seconds: float) -> None:
        """Cut the line for so many seconds. When this returns, the cabinet knows that it is off the line."""
        self._do(lambda: self._carry_out([HangUp(seconds)]))

    def close_door(self, compartment: str) -> None:
        """Someone closes a door that was left open."""
        self._do(lambda: self._carry_out(self._machine.close(compartment)))

    def force_door(self, compartment: str) -> None:
        """Someone breaks a door open."""
        self._do(lambda: self._carry_out(self._machine.force(compartment)))

    def measure(self, zone: str, celsius: float) -> None:
        """A thermometer shows a temperature."""
        self._do(lambda: self._carry_out(self._machine.measure(zone, celsius)))

    def suffer(self, faults: str) -> None:
        """Have other faults from now on; none for an empty text. Commands are counted anew."""
        self._do(lambda: self._machine.suffer(Faults.parse(faults)))

    def _do(self, action: Callable[[], None]) -> None:
        """Do something in the cabinet's own thread, and wait until it is done."""
        if self._thread is None:
            raise RuntimeError(f"{self.id} is switched off")
        done: Future[None] = Future()

        def do() -> None:
            try:
                action()
                done.set_result(None)
            except Exception as error:
                done.set_exception(error)

        self._inbox.put(do)
        self._nudge()
        done.result(PATIENCE)

    def _nudge(self) -> None:
        if self._wake is not None:
            with contextlib.suppress(OSError):  # it is being woken up already, or switched off
                self._wake.send(b"!")

    def _run(self, woken: socket.socket) -> None:
        with woken:
            woken.setblocking(False)
            while self._goes_on(woken):
                self._read_inbox()
                self._carry_out(self._machine.tick())
                self._line.turn(self._patience(), woken)
                self._handle_events()
            self._line.hang_up(0)
            self._handle_events()

    def _patience(self) -> float:
        due = self._machine.due()
        return PATIENCE if due is None else max(0.0, min(PATIENCE, due - time.monotonic()))

    def _goes_on(self, woken: socket.socket) -> bool:
        # The bell is read before what it is rung for, so that nothing is slept through.
        with contextlib.suppress(BlockingIOError):
            woken.recv(4096)
        return self._running.is_set()

    def _read_inbox(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._inbox.get_nowait()()

    def _handle_events(self) -> None:
        while (event := self._line.next_event()) is not None:
            match event:
                case Up():
                    self._carry_out(self._machine.connected())
                case Down(reason):
                    self._carry_out(self._machine.disconnected(reason))
                case Heard(channel, payload):
                    self._carry_out(self._machine.receive(channel, payload))
                    self._line.took(event)

    def _carry_out(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case Happening():
                    self.happenings.add(effect)
                case Say(channel, payload):
                    self._line.say(channel, payload)
                case Show(attempt, answer):
                    self._asking.pop(attempt).set_result(answer)
                case HangUp(seconds):
                    self._line.hang_up(seconds)
                    self._handle_events()
