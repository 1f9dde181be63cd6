"""Counters of stock against sums of the audit's own: what moved, and what is held for whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from tests.simulation.audit.items import Item, document, number, text
from tests.simulation.dynamodb import Change

Place = tuple[str, str]
"""A SKU and a location."""
Finding = str

_OPEN = ("requested", "packed")
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
        self._rows: dict[str, tuple[int, int]] = {}
        self._on_hand: Counter[Place] = Counter()
        self._reserved: Counter[Place] = Counter()

    def look(self, changes: list[Change]) -> Iterator[tuple[Finding, Change]]:
        """What does not hold after a write, with the change that shows it."""
        for change in changes:
            kind = change.key[1].partition("#")[0]
            if kind == "MOVEMENT" and change.after is not None:
                place = (change.key[0].removeprefix("STOCK#"), text(change.after, "location_id"))
                self._moved[place] += number(change.after, "quantity")
            for item, sign in ((change.before, -1), (change.after, 1)):
                if item is not None and kind in _HOLDERS:
                    for place, units in _HOLDERS[kind](item):
                        self._held[place] += sign * units
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
        on_hand, available, reserved = (number(change.after, name) for name in ("on_hand", "available", "reserved"))
        if min(on_hand, available, reserved) < 0:
            yield "a counter is below zero"
        if on_hand != available + reserved:
            yield "on hand is not available and reserved"
        was_on_hand, was_reserved = self._rows.get(change.key[0] + change.key[1], (0, 0))
        self._rows[change.key[0] + change.key[1]] = (on_hand, reserved)
        self._on_hand[_place(change)] += on_hand - was_on_hand
        self._reserved[_place(change)] += reserved - was_reserved

    def _sums(self, place: Place) -> Iterator[Finding]:
        if self._on_hand[place] != self._moved[place]:
            yield f"on hand is not what moved, {self._moved[place]}"
        if self._reserved[place] != self._held[place]:
            yield f"reserved is not what is held, {self._held[place]}"


def _is_row_of_stock(change: Change) -> bool:
    return change.key[0].startswith("STOCK#") and change.key[1].startswith("LOCATION#")


def _place(change: Change) -> Place:
    return change.key[0].split("#")[1], change.key[1].removeprefix("LOCATION#")


def _of_reservation(item: Item) -> Iterable[tuple[Place, int]]:
    if text(item, "state") == "open":
        for sku, location, units in document(item, "lines"):
            yield (sku, location), units


def _of_fulfilment(item: Item) -> Iterable[tuple[Place, int]]:
    if text(item, "status") in _OPEN:
        parcel = document(item)
        for line in parcel["lines"]:
            yield (line["sku"], parcel["location_id"]), line["quantity"] - line.get("cancelled", 0)


def _of_cancellation(item: Item) -> Iterable[tuple[Place, int]]:
    for sku, location, units in document(item, "to_release") or ():
        yield (sku, location), units


_HOLDERS = {"RESERVATION": _of_reservation, "FULFILMENT": _of_fulfilment, "CANCELLATION": _of_cancellation}
