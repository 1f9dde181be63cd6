"""The reference supplier as one thing that starts, stops and can be looked into."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any, Self

from aisle_supplier import signing
from aisle_supplier.server import delivery, habits
from aisle_supplier.server.back_office import Agenda, Aisle, NotTaken
from aisle_supplier.server.book import Order, OrderBook, Shelf, read_stock
from aisle_supplier.server.calls import Call, Reply
from aisle_supplier.server.handler import Server
from aisle_supplier.server.modes import Mode, Modes

MAX_CALLS = 10_000
"""That are remembered."""


class ReferenceSupplier:
    """A supplier with an Order Acceptance API of its own, at `url` once it is started.

        with ReferenceSupplier({"MUG-RED": 10}) as supplier:
            ...  # let Aisle call supplier.url, signed with supplier.secret
            assert supplier.orders["ful_..."].answer["decision"] == "accepted"

    `stock` is units, or {"quantity": 5, "refuse": "discontinued"}, by supplier SKU. `mode("flaky=0.5", ...)` makes it
    misbehave (see `modes`), `mode()` ends that. With `aisle` it ships what it accepted `ships_after` seconds later, unless that
    is None. `secrets` are those that it takes: two while one is being replaced. Safe for threads.
    """

    def __init__(
        self,
        stock: Mapping[str, Any] | None = None,
        *,
        secrets: tuple[str, ...] = (),
        modes: tuple[str, ...] = (),
        seed: int | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        base: str = "/aisle",
        journal: Path | None = None,
        aisle: Aisle | None = None,
        ships_after: float | None = None,
        carrier: str = "Reference Parcels",
        control_token: str = "",
    ) -> None:
        self.secrets = tuple(signing.checked_secret(secret) for secret in secrets) or (signing.new_secret(),)
        self.base = base.rstrip("/")
        self.modes = Modes(modes, seed)
        self.book = OrderBook(stock or {}, journal)
        self.control_token = control_token
        self.stopping = Event()
        self.troubles: list[str] = []
        """What Aisle did not take."""
        self._stock = copy.deepcopy(dict(stock or {}))
        self._calls: list[Call] = []
        self._lock = Lock()
        self._aisle = aisle
        self._ships_after = ships_after
        self._carrier = carrier
        self._agenda = Agenda()
        self._planned: set[str] = set()
        self._server = Server((host, port), self)
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="supplier", daemon=True)

    def works_for(self, aisle: Aisle) -> None:
        """Answer later, and ship, over this deployment's API; for who learns its own id only after it has started."""
        self._aisle = aisle

    @property
    def url(self) -> str:
        """The base URL, as the supplier tells it to Aisle."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}{self.base}"

    @property
    def secret(self) -> str:
        """What calls are to be signed with."""
        return self.secrets[0]

    @property
    def calls(self) -> list[Call]:
        """What came in so far, the oldest first."""
        with self._lock:
            return list(self._calls)

    @property
    def orders(self) -> dict[str, Order]:
        """A copy of what is in the book, by allocation id."""
        with self.book.lock:
            return copy.deepcopy(self.book.orders)

    @property
    def stock(self) -> dict[str, Shelf]:
        """A copy of what is on the shelves, by supplier SKU."""
        with self.book.lock:
            return copy.deepcopy(self.book.stock)

    def mode(self, *modes: str) -> None:
        """Misbehave like this from now on; without any, keep to the protocol. Raises `UnknownMode`."""
        self.modes.set(modes)

    def restock(self, stock: object) -> None:
        """The shelves are now as `stock` has them. Raises `StockUnreadable`."""
        shelves = read_stock(stock)
        with self.book.lock:
            self.book.stock = shelves

    def reset(self) -> None:
        """As at the start: no orders, no calls, no modes, the stock of then."""
        self.modes.set(())
        self.book.reset(self._stock)
        with self._lock:
            self._calls.clear()
            self._planned.clear()
            self.troubles.clear()

    def start(self) -> Self:
        """Listen, in threads of its own."""
        self._agenda.start()
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close the door; calls that hang are broken off."""
        self.stopping.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(5)
        self._server.server_close()
        self._agenda.stop()
        if self._aisle:
            self._aisle.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def answer(self, call: Call) -> tuple[Reply | None, Mode]:
        """What to send, and how; nothing if the connection is to break."""
        mode = self.modes.pick(call.operation, call.allocation_id)
        call.mode = str(mode)
        fault = self.modes.chosen_fault(mode) if mode.name == "flaky" else ""
        reply = None if fault == "reset" else delivery.instead(mode, fault)
        if reply is None and fault != "reset":
            reply = delivery.spoiled(mode, call, habits.answer(call, mode, self.book, self.secrets))
            self._plan(call, mode)
        if fault == "lost":
            reply = None
        call.status = reply.status if reply else 0
        self._record(call)
        return reply, mode

    def cut_off(self, call: Call) -> None:
        """A request ended before its end."""
        mode = self.modes.pick(call.operation, call.webhook_id)
        call.mode = str(mode)
        habits.cut_off(call, mode, self.book)
        self._record(call)

    def ship(self, allocation_id: str) -> dict[str, int]:
        """Ship what was accepted, now: the units by line id, and Aisle is told. Nothing for what may not be shipped."""
        units = self.book.ship(allocation_id)
        if units and self._aisle:
            number = f"RP{allocation_id.removeprefix('ful_')}"
            self._tell(lambda aisle: aisle.ship(allocation_id, units, self._carrier, number))
        return units

    def _record(self, call: Call) -> None:
        with self._lock:
            self._calls.append(call)
            del self._calls[:-MAX_CALLS]

    def _plan(self, call: Call, mode: Mode) -> None:
        """What is to be done about an order afterwards, once."""
        if call.operation not in ("order", "change"):
            return
        with self.book.lock:
            order = self.book.orders.get(call.allocation_id)
            if order is None or (call.allocation_id in self._planned and call.operation == "order"):
                return
            self._planned.add(call.allocation_id)
        if order.open:
            self._agenda.after(_due(order, mode), lambda: self._answer_later(order.allocation_id))
        else:
            self._plan_shipment(order.allocation_id)

    def _answer_later(self, allocation_id: str) -> None:
        if allocation_id not in self.book.orders:
            return
        answer = self.book.decide(allocation_id)
        if not self.orders[allocation_id].is_test:
            self._tell(lambda aisle: aisle.answer(allocation_id, answer))
        self._plan_shipment(allocation_id)

    def _plan_shipment(self, allocation_id: str) -> None:
        if self._ships_after is not None:
            self._agenda.after(self._ships_after, lambda: self._ship_if_known(allocation_id))

    def _ship_if_known(self, allocation_id: str) -> None:
        if allocation_id in self.book.orders:
            self.ship(allocation_id)

    def _tell(self, what: Callable[[Aisle], object]) -> None:
        if self._aisle is None:
            return
        try:
            what(self._aisle)
        except NotTaken as error:
            with self._lock:
                self.troubles.append(str(error))


def _due(order: Order, mode: Mode) -> float:
    """Seconds until an open order is answered."""
    seconds = mode.seconds if mode.name in ("later", "late") else 0.0
    if mode.name != "late":
        return seconds
    try:
        until = datetime.fromisoformat(order.answer_by) - datetime.now(UTC)
    except (ValueError, TypeError):
        return seconds
    return max(until.total_seconds(), 0) + seconds
