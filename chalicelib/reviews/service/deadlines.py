"""Until when cases are to be decided: set by operators."""

from dataclasses import replace

from chalicelib.core.auth import Principal
from chalicelib.core.errors import Stale
from chalicelib.core.table import Transaction
from chalicelib.reviews import events, store
from chalicelib.reviews.domain.deadlines import Deadlines
from chalicelib.reviews.service.access import require_reviewer


def read_deadlines(by: Principal) -> Deadlines:
    """The deadlines in force; version 0 until somebody sets any."""
    require_reviewer(by)
    return store.get_deadlines()


def change_deadlines(wanted: Deadlines, expected_version: int, by: Principal) -> Deadlines:
    """Let other deadlines hold for cases that are opened from now on. Raises `Stale` when they are at another version."""
    require_reviewer(by)
    current = store.get_deadlines().version
    if current != expected_version:
        raise Stale(f"The deadlines are at version {current}.", version=current)
    made = replace(wanted, version=current + 1)
    tx = Transaction()
    store.put_deadlines(tx, made)
    events.deadlines_changed(tx, made, by)
    tx.commit()
    return made
