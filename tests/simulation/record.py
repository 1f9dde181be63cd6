"""What happened, line by line. Its digest tells whether two histories are the same; its text is for whoever has to find out why."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

from tests.simulation.kernel import Kernel

Detail = str | Callable[[], str]


class Record:
    """The log of one history. Details are worked out only when somebody is going to read them."""

    def __init__(self, kernel: Kernel, *, keep: bool) -> None:
        self._kernel = kernel
        self._keep = keep
        self._digest = blake2b(digest_size=16)
        self.lines: list[str] = []

    def add(self, what: str, detail: Detail = "") -> None:
        """Something happened at this moment in the process at hand."""
        process = self._kernel.current
        line = f"{self._kernel.seconds():14.6f} {process.name if process else '-':34} {what}"
        if self._keep:
            line = f"{line} {detail if isinstance(detail, str) else detail()}"
            self.lines.append(line)
        self._digest.update(line.encode())

    @property
    def digest(self) -> str:
        """The same for two histories in which the same happened at the same moments."""
        return self._digest.hexdigest()
