"""Thousands of histories, each under its own weather. A seed that fails is played again with
`python -m tests.simulation SEED --trace`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HISTORIES = int(os.environ.get("AISLE_HISTORIES", "2000"))
PROCESSES = 2
_ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_no_history_breaks_what_must_hold() -> None:
    share = HISTORIES // PROCESSES
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.simulation", str(number * share), "--count", str(share)],
            cwd=_ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    said = [process.communicate()[0] for process in running]
    assert all(process.returncode == 0 for process in running), "\n".join(said)
