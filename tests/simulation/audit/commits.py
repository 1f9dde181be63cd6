"""What must hold after every single write. Looks only at what the write touched."""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulation.audit import carts, money, orders
from tests.simulation.audit.announcements import Announcements
from tests.simulation.audit.items import number
from tests.simulation.audit.stock import Stock
from tests.simulation.dynamodb import Change
from tests.simulation.world import World

_FOR_EVER = {"EVENT", "MOVEMENT", "LINES", "TRACKING", "AUDIT"}
"""Kinds of records that are written once."""
_VERSIONED = {"ORDER", "PAYMENT", "FULFILMENT", "RETURN", "RESERVATION", "TRANSFER", "CART"}
_IN_ORDER = {"ORDER", "FULFILMENT", "RETURN"}


class Commits:
    """Watches the table and holds every write against what the audit knows."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stock = Stock()
        self._announcements = Announcements()

    def see(self, changes: list[Change]) -> None:
        """Check a write; the first thing that does not hold ends the history."""
        for finding, change in self._findings(changes):
            self._world.problem(f"{finding}: {change.key} became {change.after}, was {change.before}")
            return

    def _findings(self, changes: list[Change]) -> Iterator[tuple[str, Change]]:
        for change in changes:
            yield from ((finding, change) for finding in self._of_one(change))
        yield from self._stock.look(changes)
        yield from money.look(changes)
        yield from carts.look(changes)
        yield from self._announcements.look(changes)

    def _of_one(self, change: Change) -> Iterator[str]:
        kind = change.key[1].partition("#")[0]
        if kind in _FOR_EVER and change.before is not None:
            yield "a record of the past was changed"
        if kind in _VERSIONED and not (orders.tokens_parked(change) or carts.only_looked_at(change)):
            before, after = number(change.before, "version"), number(change.after, "version")
            if after != before + 1:
                yield "not the next version"
        if kind in _IN_ORDER and change.key[0].startswith("ORDER#"):
            yield from orders.look(change)
        if kind == "IDEMPOTENCY" and change.before is not None and self._in_time(change):
            yield "an idempotency record was overwritten"

    def _in_time(self, change: Change) -> bool:
        return number(change.before, "ttl") >= self._world.kernel.now().timestamp()
