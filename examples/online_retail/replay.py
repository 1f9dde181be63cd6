"""The replay: invoices become orders through the public API, a simulated warehouse ships them, and each is followed home.

Everything is done under idempotency keys that follow from the file, and noted in the journal once done. So a replay can
be stopped anywhere, by Ctrl-C or by pulling the plug, and started again, with its journal (`--resume`, quick) or without
(every order is asked for again, and is the same order).
"""

import heapq
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import groupby
from threading import Condition, Event, Thread
from typing import TypeVar

from examples.online_retail.api import Api, Problem, Unreachable
from examples.online_retail.giving_back import Chain, GivingBack
from examples.online_retail.journal import Journal
from examples.online_retail.load import move_stock
from examples.online_retail.mapping import Sale, StockMovement
from examples.online_retail.reading_back import settled_facts

SETTLED = frozenset({"delivered", "refused", "cancelled", "returned"})
FIRST_LOOK_SECONDS = 20.0
"""When an order is looked at of which the warehouse has said nothing: it may have been refused."""

NEXT_LOOK_SECONDS = 2.0
POLL_SECONDS = 0.3

_Found = TypeVar("_Found")
_Work = Sale | StockMovement | Chain


class Stopped(Exception):
    """The replay was asked to stop."""


class Stuck(Exception):
    """Nothing moved for longer than the replay was told to wait."""


@dataclass(slots=True)
class Pace:
    """What was measured: orders and the seconds they took. Orders that an earlier run had placed do not count."""

    accepted: int = 0
    accepting_seconds: float = 0.0
    carried: int = 0
    carrying_seconds: float = 0.0

    @property
    def accepted_per_second(self) -> float:
        return self.accepted / self.accepting_seconds if self.accepting_seconds else 0.0

    @property
    def carried_per_second(self) -> float:
        return self.carried / self.carrying_seconds if self.carrying_seconds else 0.0


class Followed:
    """Orders that are on their way. Each is looked at when the warehouse is done with it, and now and then besides."""

    def __init__(
        self, api: Api, journal: Journal, *, most: int, on_settled: Callable[[], None], watchers: int = 2
    ) -> None:
        self._api = api
        self._journal = journal
        self._most = most
        self._on_settled = on_settled
        self._changed = Condition()
        self._due: list[tuple[float, str]] = []
        self._keys: dict[str, str] = {}
        self._looks: dict[str, float] = {}
        self._stop = Event()
        self._moved_at = time.monotonic()
        self.last_settled_at = time.monotonic()
        self.settled_here = 0
        self._threads = [Thread(target=self._watch, name=f"watcher-{n}", daemon=True) for n in range(watchers)]
        for thread in self._threads:
            thread.start()

    def __len__(self) -> int:
        return len(self._keys)

    def make_room(self, patience: float) -> None:
        """Wait while as many orders are open as may be. Stock is held for them for half an hour only."""
        with self._changed:
            while len(self._keys) >= self._most:
                self._check_patience(patience)
                self._changed.wait(0.5)
                if self._stop.is_set():
                    raise Stopped

    def add(self, order_id: str, key: str) -> None:
        """Follow an order until it is settled."""
        with self._changed:
            self._keys[order_id] = key
            self._moved_at = time.monotonic()
            self._plan(order_id, FIRST_LOOK_SECONDS)

    def look_soon(self, order_id: str) -> None:
        """The warehouse is done with a parcel of the order."""
        with self._changed:
            if order_id in self._keys:
                self._plan(order_id, 0.1)

    def _plan(self, order_id: str, seconds: float) -> None:
        at = time.monotonic() + seconds
        self._looks[order_id] = at
        heapq.heappush(self._due, (at, order_id))
        self._changed.notify_all()

    def _watch(self) -> None:
        while not self._stop.is_set():
            order_id = self._next()
            if order_id is not None:
                self._look(order_id)

    def _next(self) -> str | None:
        with self._changed:
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                at, order_id = heapq.heappop(self._due)
                if order_id in self._keys and self._looks[order_id] == at:
                    return order_id
            self._changed.wait(min(0.5, self._due[0][0] - now) if self._due else 0.5)
            return None

    def _look(self, order_id: str) -> None:
        try:
            order = self._api.get(f"/v1/orders/{order_id}")
        except (Problem, Unreachable):
            order = {"status": "unknown"}
        if order["status"] not in SETTLED:
            with self._changed:
                self._plan(order_id, NEXT_LOOK_SECONDS)
            return
        key = self._keys.get(order_id)
        if key is None:  # another watcher looked at the same time
            return
        self._journal.write("settled", key, **settled_facts(order))
        with self._changed:
            if self._keys.pop(order_id, None) is None:
                return
            self.settled_here += 1
            self.last_settled_at = self._moved_at = time.monotonic()
            self._changed.notify_all()
        self._on_settled()

    def wait_for_all(self, patience: float) -> None:
        """Wait until every order is settled. Raises `Stuck`, naming what is, when nothing moves for `patience` seconds."""
        with self._changed:
            while self._keys:
                self._check_patience(patience)
                self._changed.wait(0.5)

    def _check_patience(self, patience: float) -> None:
        idle = time.monotonic() - self._moved_at
        if idle > patience:
            raise Stuck(f"Nothing moved for {idle:.0f} s; {len(self._keys)} orders are not settled.")

    def wait_until(self, known: Callable[[], _Found | None], patience: float) -> _Found:
        """What `known` tells once it does. Raises `Stopped`, and `Stuck` when nothing moves for `patience` seconds."""
        while (found := known()) is None:
            with self._changed:
                self._check_patience(patience)
            if self._stop.wait(POLL_SECONDS):
                raise Stopped
        return found

    def moved(self) -> None:
        """Something else than an order got on."""
        with self._changed:
            self._moved_at = time.monotonic()

    def unsettled(self) -> list[tuple[str, str]]:
        """Key and id of the orders that are still on their way."""
        with self._changed:
            return [(key, order_id) for order_id, key in self._keys.items()]

    def stop(self) -> None:
        """Follow nothing any more."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=40)


@dataclass(slots=True)
class Replay:
    """One run over some orders, stock movements, and what comes back. `on_placed(order_id, key)` is told of each order."""

    api: Api
    journal: Journal
    followed: Followed
    giving_back: GivingBack
    clients: int
    patience: float
    on_accepted: Callable[[], None] = lambda: None
    on_placed: Callable[[str, str], None] = lambda *_: None
    pace: Pace = field(default_factory=Pace)
    _stopping: Event = field(default_factory=Event)

    def run(self, sales: Sequence[Sale], movements: Sequence[StockMovement], chains: Sequence[Chain] = ()) -> None:
        """Do everything of a day, in the file's order and with `clients` at once, then the next; then wait for the end.

        Days are kept apart because opening stock is just enough: what a day finds or takes back may be sold the next. A
        chain waits only for orders that stand before it, so that clients never wait for work that none of them has begun.
        """
        began = time.monotonic()
        work: list[_Work] = [*sales, *movements, *chains]
        work.sort(key=lambda one: (one.day, one.position))
        pool = ThreadPoolExecutor(self.clients, thread_name_prefix="client")
        try:
            for _, days_work in groupby(work, key=lambda one: one.day):
                self._do_all(pool, days_work)
            self.pace.accepting_seconds = time.monotonic() - began
            self.followed.wait_for_all(self.patience)
        except BaseException:
            self._stopping.set()
            self.followed.stop()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        self.pace.carried = min(self.followed.settled_here, self.pace.accepted)
        self.pace.carrying_seconds = self.followed.last_settled_at - began

    def _do_all(self, pool: ThreadPoolExecutor, work: Iterable[_Work]) -> None:
        jobs = [pool.submit(self._do, one) for one in work]
        done, _ = wait(jobs, return_when=FIRST_EXCEPTION)
        for job in done:
            job.result()

    def _do(self, one: _Work) -> None:
        if self._stopping.is_set():
            return
        if isinstance(one, Sale):
            self._place(one)
            self.on_accepted()
        elif isinstance(one, Chain):
            self.giving_back.run(one)
            self.followed.moved()
        else:
            self._move(one)

    def _place(self, sale: Sale) -> None:
        if self.journal.get("settled", sale.key):
            return
        known = self.journal.get("placed", sale.key)
        if known is None:
            self.followed.make_room(self.patience)
            try:
                reply = self.api.post("/v1/orders", sale.body, key=sale.key)
            except Problem as problem:
                self.journal.write("not_placed", sale.key, reason=str(problem))
                return
            known = {"id": reply.body["id"]}
            self.on_placed(known["id"], sale.key)
            self.journal.write("placed", sale.key, **known)
            self.pace.accepted += not reply.replayed
        self.followed.add(known["id"], sale.key)

    def _move(self, movement: StockMovement) -> None:
        if self.journal.get("moved", movement.key):
            return
        try:
            move_stock(self.api, movement)
        except Problem as problem:
            self.journal.write("not_moved", movement.key, reason=str(problem))
            return
        self.journal.write("moved", movement.key, sku=movement.sku, delta=movement.delta)
