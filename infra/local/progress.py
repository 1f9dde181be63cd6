"""Steps with their seconds, on a terminal with a spinner, elsewhere one line per step."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status


class Step:
    """One step under way."""

    def __init__(self, name: str, status: Status) -> None:
        self._name = name
        self._status = status
        self.result = ""
        self.mark = "[green]✓[/]"

    def says(self, what: str) -> None:
        """Show what the step is at."""
        self._status.update(f"{self._name}: {what}")

    def done(self, result: str = "") -> None:
        self.result = result

    def unchanged(self, result: str = "") -> None:
        self.mark = "[dim]·[/]"
        self.result = f"[dim]unchanged[/] {result}".rstrip()


class Progress:
    """Shows steps on stderr, so that a command's own output can be piped."""

    def __init__(self, quiet: bool = False) -> None:
        self.console = Console(stderr=True, quiet=quiet, highlight=False)

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        began = time.monotonic()
        with self.console.status(name) as status:
            step = Step(name, status)
            try:
                yield step
            except BaseException:
                self.console.print(f"[red]✗[/] {name:<15}{time.monotonic() - began:6.1f} s")
                raise
        self.console.print(f"{step.mark} {name:<15}{time.monotonic() - began:6.1f} s  {step.result}", soft_wrap=True)

    def note(self, text: str) -> None:
        self.console.print(f"[yellow]![/] {text}", soft_wrap=True)
