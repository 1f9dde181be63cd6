"""Gaps in how MiniStack runs Python functions.

- A warm invocation waits 50 ms for a line on stderr before it answers. A pipe delivers what a function wrote within a
  millisecond, so 3 ms lose nothing and an API call takes 7 ms instead of 55.
- A function sees the emulator's own packages (boto3, yaml, cryptography ...), so a dependency that is missing from the
  deployment package would be noticed only on AWS. Functions here see the standard library and their package.
- A function stays `Pending` for half a second after each change, to exercise waiters; a deployment of ten functions
  would spend ten seconds on it.
"""

from __future__ import annotations

FIRST_LINE_WAIT = 0.003
IDLE_CONFIRM = 0.002
PENDING_SECONDS = 0.01

ONLY_THEIR_PACKAGE = """
import sys
sys.path[:] = [entry for entry in sys.path if "site-packages" not in entry]
"""


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
    lambda_runtime.Worker._drain_stderr_bounded = drain_at_once
    lambda_runtime._PYTHON_WORKER_SCRIPT = ONLY_THEIR_PACKAGE + lambda_runtime._PYTHON_WORKER_SCRIPT
