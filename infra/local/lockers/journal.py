"""What a cabinet did by itself, numbered for ever and kept until the server has it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from infra.local.lockers.wire import Payload, rfc3339

BATCH = 100

EntryType = Literal["opened", "closed", "jammed", "code_refused"]


class Journal:
    def __init__(self) -> None:
        self._entries: list[Payload] = []
        self._last = 0

    def __len__(self) -> int:
        return len(self._entries)

    def write(self, type: EntryType, at: datetime, compartment: str | None = None, grant_id: str | None = None) -> int:
        """Add an entry; its sequence."""
        self._last += 1
        entry = {"sequence": self._last, "at": rfc3339(at), "type": type}
        known = {"compartment": compartment, "grant_id": grant_id}
        self._entries.append(entry | {name: value for name, value in known.items() if value is not None})
        return self._last

    def drop(self, up_to: int) -> int:
        """Forget what the server has; how many entries that were.

        A cabinet that has lost its memory counts on from what the server knows, so that no sequence comes twice.
        """
        before = len(self._entries)
        self._entries = [entry for entry in self._entries if entry["sequence"] > up_to]
        self._last = max(self._last, up_to)
        return before - len(self._entries)

    def batches(self) -> list[list[Payload]]:
        """All entries, oldest first, as many together as fit into one message."""
        return [self._entries[start : start + BATCH] for start in range(0, len(self._entries), BATCH)]
