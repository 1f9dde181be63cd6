"""Carts end once, and what was in them goes where they went: into an order, or another cart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from tests.simulation.audit.items import Item, document, text
from tests.simulation.dynamodb import Change

MOST = 9_999
"""Units of a line."""


def look(changes: list[Change]) -> Iterator[tuple[str, Change]]:
    """What of the carts among the changes does not hold."""
    written = {change.key: change for change in changes}
    for change in changes:
        if change.key[1] == "CART":
            yield from ((finding, change) for finding in _of_one(change, written))


def only_looked_at(change: Change) -> bool:
    """Whether all that changed of a cart is when somebody looks whether it is idle: its owner's version stays good."""
    return change.key[1] == "CART" and _without_due(change.before) == _without_due(change.after) is not None


def abandoned(change: Change) -> bool:
    """Whether somebody looked, and it is idle."""
    return only_looked_at(change) and bool(text(change.before, "gsi3sk")) and not text(change.after, "gsi3sk")


def merged_into(key: tuple[str, str], written: Mapping[tuple[str, str], Change]) -> Change | None:
    """The guest's cart that ended in this one by the same write."""
    for other in written.values():
        ends = other.key[1] == "CART" and other.after is not None and document(other.after)["state"] == "merged"
        if ends and f"CART#{document(other.after)['merged_into']}" == key[0]:
            return other
    return None


def _of_one(change: Change, written: Mapping[tuple[str, str], Change]) -> Iterator[str]:
    if change.after is None:
        yield "a cart was deleted"
        return
    if change.before is not None and document(change.before)["state"] != "active":
        yield "a cart that has ended was changed"
    state = document(change.after)["state"]
    if state == "ordered":
        order = written.get((f"ORDER#{document(change.after)['order_id']}", "ORDER"))
        if order is None or order.before is not None:
            yield "a cart was ordered without its order"
        elif _ordered(order.after) != _units(change.before):
            yield f"an order of {_ordered(order.after)} came of a cart of {_units(change.before)}"
    if state == "merged" and (f"CART#{document(change.after)['merged_into']}", "CART") not in written:
        yield "a cart was merged into none"
    guests = merged_into(change.key, written)
    if guests is not None:
        whole = _units(change.before) + _units(guests.before)
        if _units(change.after) != Counter({sku: min(units, MOST) for sku, units in whole.items()}):
            yield f"carts of {_units(change.before)} and {_units(guests.before)} became one of {_units(change.after)}"


def _units(cart: Item | None) -> Counter[str]:
    lines = document(cart).get("lines", ()) if cart is not None else ()
    return Counter({sku: quantity for sku, quantity, _ in lines})


def _ordered(order: Item | None) -> Counter[str]:
    units: Counter[str] = Counter()
    for line in document(order)["lines"]:
        units[line["sku"]] += line["ordered"]
    return units


def _without_due(item: Item | None) -> Item | None:
    return {name: value for name, value in item.items() if not name.startswith("gsi3")} if item is not None else None
