"""Counters of stock against sums of the audit's own: what moved, and what is held for whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from tests.simulation.audit.items import Item, document, number, text
from tests.simulation.dynamodb import Change

Place = tuple[str, str]
"""A SKU and a location."""
Finding = str

Held = tuple[Place, int, int]
"""Units of somebody's at a place, and how many of them wait until they are there."""

_OPEN = ("waiting", "requested", "packed")
_STEPS = {
    ("open", "committed"),
    ("open", "released"),
    ("open", "expired"),
    ("committed", "released"),
    ("building", "building"),
    ("building", "open"),
    ("building", "released"),
    ("building", "expired"),
    ("released", "released"),
    ("expired", "expired"),
}
"""What may become of a reservation; one that is made or given back in parts stays in its state meanwhile."""


class Stock:
    """On hand is what moved; reserved is what reservations, parcels and cancellations hold; available is the rest."""

    def __init__(self) -> None:
        self._moved: Counter[Place] = Counter()
        self._held: Counter[Place] = Counter()
        self._awaited: Counter[Place] = Counter()
        self._rows: dict[str, tuple[int, int, int]] = {}
        self._limits: Counter[Place] = Counter()
        self._on_hand: Counter[Place] = Counter()
        self._reserved: Counter[Place] = Counter()
        self._waiting: Counter[Place] = Counter()

    def look(self, changes: list[Change]) -> Iterator[tuple[Finding, Change]]:
        """What does not hold after a write, with the change that shows it."""
        for change in changes:
            kind = change.key[1].partition("#")[0]
            if kind == "MOVEMENT" and change.after is not None:
                place = (change.key[0].removeprefix("STOCK#"), text(change.after, "location_id"))
                self._moved[place] += number(change.after, "quantity")
            for item, sign in ((change.before, -1), (change.after, 1)):
                if item is not None and kind in _HOLDERS:
                    for place, units, waiting in _HOLDERS[kind](item):
                        self._held[place] += sign * units
                        self._awaited[place] += sign * waiting
            if kind == "RESERVATION" and change.before is not None and change.after is not None:
                step = (text(change.before, "state"), text(change.after, "state"))
                if step not in _STEPS:
                    yield f"a reservation cannot go from {step[0]} to {step[1]}", change
        counted = [change for change in changes if _is_row_of_stock(change)]
        for change in counted:
            yield from ((finding, change) for finding in self._count(change))
        for change in counted:
            yield from ((finding, change) for finding in self._sums(_place(change)))

    def _count(self, change: Change) -> Iterator[Finding]:
        """The counters of one row, of which split stock has several."""
        on_hand, available, reserved, waiting = (
            number(change.after, name) for name in ("on_hand", "available", "reserved", "waiting")
        )
        place, row = _place(change), change.key[0] + change.key[1]
        self._limits[place] = max(self._limits[place], number(change.after, "backorder_limit"))
        if min(on_hand, reserved, waiting) < 0 or available < -self._limits[place]:
            yield "a counter is below zero, or more is sold than may be before it is there"
        if on_hand != available + reserved:
            yield "on hand is not available and reserved"
        if reserved - waiting > on_hand:
            yield "units are promised that are not there, and do not wait"
        was_on_hand, was_reserved, was_waiting = self._rows.get(row, (0, 0, 0))
        self._rows[row] = (on_hand, reserved, waiting)
        self._on_hand[place] += on_hand - was_on_hand
        self._reserved[place] += reserved - was_reserved
        self._waiting[place] += waiting - was_waiting

    def _sums(self, place: Place) -> Iterator[Finding]:
        if self._on_hand[place] != self._moved[place]:
            yield f"on hand is not what moved, {self._moved[place]}"
        if self._reserved[place] != self._held[place]:
            yield f"reserved is not what is held, {self._held[place]}"
        if self._waiting[place] != self._awaited[place]:
            yield f"waiting is not what is waited for, {self._awaited[place]}"


def _is_row_of_stock(change: Change) -> bool:
    return change.key[0].startswith("STOCK#") and change.key[1].startswith("LOCATION#")


def _place(change: Change) -> Place:
    return change.key[0].split("#")[1], change.key[1].removeprefix("LOCATION#")


def _of_reservation(item: Item) -> Iterable[Held]:
    if text(item, "state") == "open":
        yield from _of_rows(document(item, "lines"))


def _of_fulfilment(item: Item) -> Iterable[Held]:
    status = text(item, "status")
    if status in _OPEN:
        parcel = document(item)
        for line in parcel["lines"]:
            units = line["quantity"] - line.get("cancelled", 0)
            yield (line["sku"], parcel["location_id"]), units, units if status == "waiting" else 0


def _of_cancellation(item: Item) -> Iterable[Held]:
    yield from _of_rows(document(item, "to_release") or ())


def _of_rows(rows: Iterable[list[Any]]) -> Iterable[Held]:
    for sku, location, units, *waiting in rows:
        yield (sku, location), units, sum(waiting)


_HOLDERS = {"RESERVATION": _of_reservation, "FULFILMENT": _of_fulfilment, "CANCELLATION": _of_cancellation}
