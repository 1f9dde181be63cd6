"""The reference supplier's orders and stock: what it answers, once, and what it owes.

Everything happens under one lock and is written to the journal, if there is one, before it is answered: a supplier that has answered
remembers it, whatever happens to it next.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import RLock
from typing import Any

from aisle_supplier.protocol import REASONS, TEST_PREFIX, units_promised

Answer = dict[str, Any]
LATER: Answer = {"decision": "later"}


class Malformed(ValueError):
    """A body without what the operation needs."""


class StockUnreadable(ValueError):
    """Stock is an object: supplier SKU to units, or to {"quantity": …, "refuse": reason}."""


@dataclass(slots=True)
class Shelf:
    """What there is of a SKU; one with a `refuse` is rejected for that reason."""

    quantity: int
    refuse: str = ""


@dataclass(slots=True)
class Order:
    """What Aisle asked for, what was answered, and what is still to be shipped (`promised`)."""

    allocation_id: str
    order_id: str
    asked: dict[str, int]
    skus: dict[str, str]
    answer: Answer
    decision: Answer
    promised: dict[str, int]
    held: bool = False
    ship_to: dict[str, Any] = field(default_factory=dict)
    answer_by: str = ""
    carried_out: int = 1
    shipped: bool = False
    cancellations: dict[str, Answer] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Whether the answer is still to come."""
        return self.answer == LATER

    @property
    def is_test(self) -> bool:
        """Whether it is to be answered, and nothing else: neither shipped nor charged."""
        return self.allocation_id.startswith(TEST_PREFIX)


def read_stock(content: object) -> dict[str, Shelf]:
    """Shelves by supplier SKU. Raises `StockUnreadable`."""
    if not isinstance(content, Mapping):
        raise StockUnreadable(StockUnreadable.__doc__)
    return {str(sku): _shelf(sku, entry) for sku, entry in content.items()}


def _shelf(sku: object, entry: object) -> Shelf:
    quantity, refuse = (
        (entry.get("quantity", 0), entry.get("refuse", "")) if isinstance(entry, Mapping) else (entry, "")
    )
    if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < 0:
        raise StockUnreadable(f"{sku}: a quantity is a whole number from 0.")
    if refuse and refuse not in REASONS:
        raise StockUnreadable(f"{sku}: a reason is one of {', '.join(REASONS)}.")
    return Shelf(quantity, refuse)


class OrderBook:
    """Orders by allocation id, shelves by supplier SKU. Safe for threads."""

    def __init__(self, stock: Mapping[str, Any], journal: Path | None = None) -> None:
        self.lock = RLock()
        self.orders: dict[str, Order] = {}
        self.never: set[str] = set()
        """Allocations that were cancelled before they arrived."""
        self.stock = read_stock(stock)
        self._journal = journal
        if journal and journal.exists():
            self._remember(json.loads(journal.read_text()))

    def take(self, asked: Mapping[str, Any], *, later: bool = False) -> Answer:
        """The answer to an order: the first one, however often it is asked. `later` leaves it open. Raises `Malformed`."""
        order = read_order(asked)
        with self.lock:
            known = self.orders.get(order.allocation_id)
            return dict(known.answer) if known else dict(self.carry_out(order, later=later).answer)

    def carry_out(self, order: Order, *, later: bool = False) -> Order:
        """Decide an order, take its units from the shelves and remember it."""
        with self.lock:
            order.decision = self._decided(order)
            order.promised = units_promised(order.decision, order.asked)
            for line_id, units in order.promised.items():
                self.stock[order.skus[line_id]].quantity -= units
            order.answer = dict(LATER) if later else order.decision
            self.remember(order)
        return order

    def remember(self, order: Order) -> None:
        """Put an order into the book as it is."""
        with self.lock:
            self.orders[order.allocation_id] = order
            self._write()

    def decide(self, allocation_id: str) -> Answer:
        """Close an order that was left open, less what has been cancelled meanwhile, and tell the answer."""
        with self.lock:
            order = self.orders[allocation_id]
            if order.open:
                order.answer = _still_true(order)
                self._write()
            return dict(order.answer)

    def status(self, allocation_id: str) -> Answer | None:
        """What was answered; None for an allocation that never arrived."""
        with self.lock:
            order = self.orders.get(allocation_id)
            return dict(order.answer) if order else None

    def cancel(self, allocation_id: str, asked: Mapping[str, Any]) -> Answer | None:
        """Leave units out and put them back; None for an allocation that never arrived, and never will. Raises `Malformed`."""
        cancellation_id, lines = _text(asked, "cancellation_id"), units_asked(asked)
        with self.lock:
            order = self.orders.get(allocation_id)
            if order is None or allocation_id in self.never:
                self.never.add(allocation_id)
                self._write()
                return None
            if cancellation_id not in order.cancellations:
                order.cancellations[cancellation_id] = self._left_out(order, lines)
                self._write()
            return dict(order.cancellations[cancellation_id])

    def change(self, allocation_id: str, asked: Mapping[str, Any]) -> bool:
        """Hold, go on, or send elsewhere; False for an allocation that never arrived. Raises `Malformed`."""
        change_id, held, ship_to = _text(asked, "change_id"), asked.get("held", False), asked.get("ship_to")
        if not isinstance(held, bool) or not isinstance(ship_to, Mapping | None):
            raise Malformed("`held` is true or false, `ship_to` an object.")
        with self.lock:
            order = self.orders.get(allocation_id)
            if order is None:
                return False
            if change_id not in order.changes:
                order.changes.append(change_id)
                order.held, order.ship_to = held, dict(ship_to or order.ship_to)
                self._write()
            return True

    def ship(self, allocation_id: str) -> dict[str, int]:
        """Units by line id that leave now: none if held, still open, shipped before, or a test."""
        with self.lock:
            order = self.orders[allocation_id]
            if order.held or order.open or order.shipped or order.is_test or not order.promised:
                return {}
            order.shipped = True
            self._write()
            return dict(order.promised)

    def reset(self, stock: Mapping[str, Any]) -> None:
        """Forget every order; the shelves are as `stock` has them."""
        with self.lock:
            self.orders, self.never, self.stock = {}, set(), read_stock(stock)
            self._write()

    def _decided(self, order: Order) -> Answer:
        if order.allocation_id in self.never:
            return {"decision": "rejected", "reason": "other"}
        left = {sku: shelf.quantity for sku, shelf in self.stock.items() if not shelf.refuse}
        promised = {}
        for line_id, units in order.asked.items():
            sku = order.skus[line_id]
            if taken := min(units, left.get(sku, 0)):
                left[sku] -= taken
                promised[line_id] = taken
        if not promised:
            return {"decision": "rejected", "reason": self._reason(order)}
        reference = {"supplier_reference": f"R-{secrets.token_hex(5)}"}
        if promised == order.asked:
            ship_by = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
            return {"decision": "accepted", **reference, "ship_by": ship_by}
        lines = [{"line_id": line_id, "quantity": units} for line_id, units in promised.items()]
        return {"decision": "partial", "lines": lines, "reason": self._reason(order), **reference}

    def _reason(self, order: Order) -> str:
        """Why something of it is not there: what was decided for a SKU first, then whether it was ever sold."""
        shelves = [self.stock.get(sku) for sku in order.skus.values()]
        refused = [shelf.refuse for shelf in shelves if shelf and shelf.refuse]
        if refused:
            return refused[0]
        return "discontinued" if None in shelves else "out_of_stock"

    def _left_out(self, order: Order, lines: dict[str, int]) -> Answer:
        if order.shipped:
            return {"decision": "too_late"}
        for line_id, units in lines.items():
            freed = min(units, order.promised.get(line_id, 0))
            if freed:
                self.stock[order.skus[line_id]].quantity += freed
                order.promised[line_id] -= freed
        order.promised = {line_id: units for line_id, units in order.promised.items() if units}
        return {"decision": "cancelled"}

    def _write(self) -> None:
        if not self._journal:
            return
        content = {
            "stock": {sku: asdict(shelf) for sku, shelf in self.stock.items()},
            "orders": [asdict(order) for order in self.orders.values()],
            "never": sorted(self.never),
        }
        fresh = self._journal.with_name(f"{self._journal.name}.new")
        fresh.write_text(json.dumps(content))
        fresh.replace(self._journal)  # whole or not at all

    def _remember(self, content: Mapping[str, Any]) -> None:
        self.stock = read_stock(content["stock"])
        self.orders = {order["allocation_id"]: Order(**order) for order in content["orders"]}
        self.never = set(content["never"])


def _still_true(order: Order) -> Answer:
    if order.promised == units_promised(order.decision, order.asked):
        return order.decision
    if not order.promised:
        return {"decision": "rejected", "reason": "other"}
    lines = [{"line_id": line_id, "quantity": units} for line_id, units in order.promised.items()]
    return {"decision": "partial", "lines": lines, "reason": "other"}


def read_order(asked: Mapping[str, Any]) -> Order:
    """The order in a body, not yet decided. Raises `Malformed`."""
    lines = units_asked(asked)
    skus = {line["line_id"]: _text(line, "supplier_sku") for line in asked["lines"]}
    ship_to = asked.get("ship_to", {})
    if not isinstance(ship_to, Mapping):
        raise Malformed("`ship_to` is an object.")
    return Order(
        allocation_id=_text(asked, "allocation_id"),
        order_id=_text(asked, "order_id"),
        asked=lines,
        skus=skus,
        answer={},
        decision={},
        promised={},
        held=asked.get("held") is True,
        ship_to=dict(ship_to),
        answer_by=str(asked.get("answer_by", "")),
    )


def units_asked(asked: Mapping[str, Any]) -> dict[str, int]:
    """Units by line id in a body. Raises `Malformed`."""
    lines = asked.get("lines")
    if not isinstance(lines, list) or not lines:
        raise Malformed("`lines` is a list with something in it.")
    units: dict[str, int] = {}
    for line in lines:
        if not isinstance(line, Mapping):
            raise Malformed("A line is an object.")
        line_id, quantity = _text(line, "line_id"), line.get("quantity")
        if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < 1 or line_id in units:
            raise Malformed("A line has a `line_id` of its own and a `quantity` from 1.")
        units[line_id] = quantity
    return units


def _text(asked: Mapping[str, Any], name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise Malformed(f"`{name}` is text of up to 200 characters.")
    return value
