"""Run the wrapped MiniStack in the foreground: `python -m infra.local.cloud <stack directory>`.

The process holds a lock on `<stack directory>/emulator.lock` for as long as it lives, with its process id inside, so
that `up` and `down` know for certain whether the emulator of a stack runs, whatever happened to the command that
started it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sys
import traceback
from importlib.metadata import version
from pathlib import Path

from infra.local.cloud import MINISTACK_VERSION


def main() -> None:
    stack = Path(sys.argv[1])
    lock = (stack / "emulator.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit(f"an emulator already runs for {stack}")
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()

    found = version("ministack")
    if found != MINISTACK_VERSION:
        sys.exit(
            f"MiniStack {found} is installed, and this wrapper is written for {MINISTACK_VERSION}: it replaces "
            "functions inside MiniStack, so run its tests before you change the pin"
        )

    # Imported only now: MiniStack reads the environment and configures logging at import.
    from infra.local.cloud import (
        alarms,
        conditions,
        event_buses,
        functions,
        iot_resources,
        lost_answers,
        pace,
        paused_connections,
        pipes,
        rest_api_import,
        secret_versions,
        state_machines,
    )

    for gap in (
        rest_api_import,
        functions,
        state_machines,
        pipes,
        event_buses,
        alarms,
        conditions,
        secret_versions,
        iot_resources,
        lost_answers,
        pace,
        paused_connections,
    ):
        gap.install()

    # `-m` put this repository on the path; functions must not find it there.
    sys.path[:] = [entry for entry in sys.path if entry not in ("", str(Path.cwd()))]

    from ministack.app import main as serve

    sys.argv[1:] = []
    code = 1
    try:
        serve()
        code = 0
    except Exception:
        traceback.print_exc()
    finally:
        # Executions that wait are threads that the interpreter would wait for, too, long after it had let go of the lock.
        logging.shutdown()
        os._exit(code)


if __name__ == "__main__":
    main()
