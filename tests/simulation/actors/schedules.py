"""What the clock sets off: EventBridge Scheduler's ticks, of which only those are simulated that have something to do."""

from __future__ import annotations

from datetime import datetime

from tests.simulation.dynamodb import Change
from tests.simulation.world import World

MINUTE = 60.0


class Ticks:
    """A tick in the minute after something falls due (`gsi3`), and each minute again while it has not been dealt with."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._planned: set[int] = set()
        self._waiting: set[tuple[str, str]] = set()
        self._dates: dict[tuple[str, str], tuple[datetime, str]] = {}
        """When what is in the index falls due, and of what kind it is."""

    def see(self, changes: list[Change]) -> None:
        """Plan for what has just been written."""
        for change in changes:
            if change.after is not None and "gsi3sk" in change.after:
                due = datetime.fromisoformat(change.after["gsi3sk"]["S"].partition("#")[0])
                self._dates[change.key] = due, change.after["gsi3pk"]["S"].split("#")[1]
                self._plan((due - self._world.kernel.now()).total_seconds())
            else:
                self._dates.pop(change.key, None)
            if change.key[1].startswith("FULFILMENT#"):
                waits = change.after is not None and change.after["status"]["S"] == "waiting"
                (self._waiting.add if waits else self._waiting.discard)(change.key)
            if self._waiting and change.key[1].startswith("LOCATION#"):
                self._plan(MINUTE)

    def _plan(self, seconds: float) -> None:
        kernel = self._world.kernel
        minute = int((kernel.seconds() + max(0.0, seconds)) // MINUTE) + 1
        if minute not in self._planned:
            self._planned.add(minute)
            kernel.after(minute * MINUTE - kernel.seconds() + self._world.random.uniform(0, 2), self._tick)

    def _tick(self) -> None:
        if self._waiting:
            self._world.functions.invoke("orders-tasks", {"task": "serve_waiting"})
        due = self._due()
        for kind, (function, task) in _WORK.items():
            if kind in due:
                self._world.functions.invoke(function, {"task": task}).on_done(self._look_again)

    def _look_again(self) -> None:
        if self._due():
            self._plan(MINUTE)

    def _due(self) -> set[str]:
        """Of what kinds something is due now."""
        now = self._world.kernel.now()
        return {kind for due, kind in self._dates.values() if due <= now}


_WORK = {
    "RESERVATION": ("inventory-tasks", "release_expired_reservations"),
    "CART": ("carts-tasks", "abandon_idle_carts"),
    "CASE": ("reviews-tasks", "escalate_overdue_cases"),
}
"""What is run when something of a kind is due."""
