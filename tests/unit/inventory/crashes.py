"""A process that dies at a given transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib.core.table import Transaction


class Crash(BaseException):
    """Nothing catches it, as nothing catches the end of a process."""


@contextmanager
def dying_at(number: int, *, committed: bool) -> Iterator[list[int]]:
    """Within the block the transaction `number` (from 1) does not return: it was `committed`, or never sent. Yields the
    sizes of the transactions that were asked for."""
    sizes: list[int] = []
    commit = Transaction.commit

    def counted(tx: Transaction) -> None:
        sizes.append(len(tx))
        if len(sizes) == number and not committed:
            raise Crash
        commit(tx)
        if len(sizes) == number:
            raise Crash

    patched: Any = Transaction
    patched.commit = counted
    try:
        yield sizes
    finally:
        patched.commit = commit


def transactions_of(work: Callable[[], Any]) -> list[int]:
    """The sizes of the transactions that `work` commits."""
    with dying_at(0, committed=False) as sizes:
        work()
    return sizes
