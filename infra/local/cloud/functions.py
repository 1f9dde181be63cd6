"""Gaps in how MiniStack runs Python functions.

- A warm invocation waits 50 ms for a line on stderr before it answers. A pipe delivers what a function wrote within a
  millisecond, so 3 ms lose nothing and an API call takes 7 ms instead of 55.
- A function sees the emulator's own packages (boto3, yaml, cryptography ...), so a dependency that is missing from the
  deployment package would be noticed only on AWS. Functions here see the standard library and their package.
- A function stays `Pending` for half a second after each change, to exercise waiters; a deployment of ten functions
  would spend ten seconds on it.
- Each invocation that finds all processes of its function at work starts another, as on AWS; but here they share a few
  cores with the emulator. Three hundred orders at once start a hundred processes of each function, whose starts alone
  take longer than the work, and invocations time out. Functions that work in the background queue for a few processes, which
  yield to the emulator and to the function that answers the API.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from threading import BoundedSemaphore, Lock
from typing import Any

FIRST_LINE_WAIT = 0.003
IDLE_CONFIRM = 0.002
PENDING_SECONDS = 0.01

API_HANDLER = "app.app"
"""What Chalice calls the handler of the function behind a REST API. Callers wait for it, and it may wait for the others
(`Prefer: wait`), so it never queues."""

BACKGROUND_PROCESSES = max(2, os.cpu_count() or 2)
"""Of each function."""

BACKGROUND_NICENESS = 10

ONLY_THEIR_PACKAGE = """
import sys
sys.path[:] = [entry for entry in sys.path if "site-packages" not in entry]
"""


class Queues:
    """Invocations of background functions, of which few run at a time."""

    def __init__(self, at_a_time: int) -> None:
        self._at_a_time = at_a_time
        self._places: dict[str, BoundedSemaphore] = {}
        self._lock = Lock()

    def queued(self, execute: Callable[..., Any]) -> Callable[..., Any]:
        """The executor, entered by as many threads at once as the function has places."""

        def act(func: dict[str, Any], event: Any, request_id: str) -> Any:
            config = func.get("config") or func
            if config.get("Handler") == API_HANDLER:
                return execute(func, event, request_id)
            with self._place(str(config.get("FunctionArn") or config.get("FunctionName"))):
                return execute(func, event, request_id)

        return act

    def _place(self, function: str) -> BoundedSemaphore:
        with self._lock:
            return self._places.setdefault(function, BoundedSemaphore(self._at_a_time))


def yielding(spawn: Callable[[Any], None]) -> Callable[[Any], None]:
    """The start of a function's process, which yields to others when it works in the background."""

    def act(worker: Any) -> None:
        spawn(worker)
        if worker.config.get("Handler") != API_HANDLER:
            with suppress(OSError):  # it has ended already
                os.setpriority(os.PRIO_PROCESS, worker._proc.pid, BACKGROUND_NICENESS)

    return act


def install() -> None:
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    drain = lambda_runtime.Worker._drain_stderr_bounded

    def drain_at_once(
        worker: object,
        first_line_wait: float = FIRST_LINE_WAIT,
        idle_confirm: float = IDLE_CONFIRM,
        hard_cap: float = 0.25,
    ) -> str:
        return str(drain(worker, first_line_wait, idle_confirm, hard_cap))

    lambda_svc._LAMBDA_STATE_TRANSITION_DELAY = PENDING_SECONDS
    lambda_svc._execute_function_warm = Queues(BACKGROUND_PROCESSES).queued(lambda_svc._execute_function_warm)
    lambda_runtime.Worker._drain_stderr_bounded = drain_at_once
    lambda_runtime.Worker._spawn = yielding(lambda_runtime.Worker._spawn)
    lambda_runtime._PYTHON_WORKER_SCRIPT = ONLY_THEIR_PACKAGE + lambda_runtime._PYTHON_WORKER_SCRIPT
