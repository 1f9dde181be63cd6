"""What a replay has done, kept so that it can be stopped at any point and started again.

One JSON document a line, only ever appended, on disk before the next thing is done. A line that a kill cut in half is
dropped when the journal is opened again: what it would have said is done once more, under the same idempotency key.
"""

import json
import os
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self


class Journal:
    """Append-only facts of a kind, each under a key; a later fact of the same kind and key replaces the earlier."""

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._facts: dict[str, dict[str, dict[str, Any]]] = {}
        self._lock = Lock()
        self._file = path.open("a+b")
        if fresh:
            self._file.truncate(0)
        self._load()

    def _load(self) -> None:
        self._file.seek(0)
        whole = 0
        for line in self._file.read().splitlines(keepends=True):
            if not line.endswith(b"\n"):
                break
            try:
                fact = json.loads(line)
            except ValueError:
                break
            self._keep(fact)
            whole += len(line)
        self._file.truncate(whole)

    def _keep(self, fact: dict[str, Any]) -> None:
        self._facts.setdefault(fact["kind"], {})[fact["key"]] = fact

    def write(self, kind: str, key: str, **facts: Any) -> None:
        """Add a fact; it is on disk when this returns."""
        fact = {"kind": kind, "key": key, **facts}
        with self._lock:
            self._file.write(json.dumps(fact, separators=(",", ":")).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
            self._keep(fact)

    def get(self, kind: str, key: str) -> dict[str, Any] | None:
        """The last fact of this kind and key."""
        with self._lock:
            return self._facts.get(kind, {}).get(key)

    def all(self, kind: str) -> dict[str, dict[str, Any]]:
        """The last fact of each key of a kind."""
        with self._lock:
            return dict(self._facts.get(kind, {}))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
