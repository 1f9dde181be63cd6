"""Gap: the asyncio of Python 3.11.2, as Debian has it, reads on from a connection that was paused when it was made. The broker pauses
one until its key is there, which takes a while the first time, and what the first device says meanwhile would be lost: its TLS
handshake would never end. Later versions ask whether the connection reads, as here."""

from __future__ import annotations

from asyncio import selector_events
from collections.abc import Callable
from typing import Any


def install() -> None:
    transport: Any = selector_events._SelectorSocketTransport  # type: ignore[attr-defined]
    add_reader = transport._add_reader

    def _add_reader(self: Any, fd: int, callback: Callable[..., object], *args: Any) -> None:
        if self.is_reading():
            add_reader(self, fd, callback, *args)

    transport._add_reader = _add_reader
