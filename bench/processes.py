"""CPU of the local cloud and of the functions it runs, from /proc; where there is none, nothing is told."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")


class Cpu(NamedTuple):
    """Seconds of CPU so far: of the emulator's one process, and of its functions' processes."""

    emulator: float
    functions: float


def cpu_of(emulator: int) -> Cpu | None:
    """The emulator leads a session, of which the functions' processes are members. None where /proc does not tell."""
    taken = {pid: seconds for pid, session, seconds in _processes() if session == emulator}
    if emulator not in taken:
        return None
    return Cpu(taken[emulator], sum(taken.values()) - taken[emulator])


def _processes() -> list[tuple[int, int, float]]:
    found = []
    for directory in PROC.glob("[0-9]*"):
        try:
            fields = (directory / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        ticks = sum(int(field) for field in fields[11:15])  # its own, and of its children that have ended
        found.append((int(directory.name), int(fields[3]), ticks / os.sysconf("SC_CLK_TCK")))
    return found
