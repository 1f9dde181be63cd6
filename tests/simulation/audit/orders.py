"""Orders, their parcels and their returns: counters that add up, what was agreed that stays, a status that follows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.simulation.audit.items import Document, document, number, text
from tests.simulation.dynamodb import Change

Finding = str

_COUNTERS = ("allocated", "shipped", "delivered", "cancelled", "returned")
_GROWING = ("shipped", "delivered", "cancelled", "returned")
_FROZEN = ("id", "sku", "ordered", "unit_price", "amount", "discount", "tax_rate_bps", "tax")


def look(change: Change) -> Iterator[Finding]:
    """What does not hold of an order, a fulfilment or a return after a write."""
    kind = change.key[1].partition("#")[0]
    if change.after is None:
        yield f"{kind} is gone"
    elif kind == "ORDER":
        yield from _order(change)
    elif kind == "FULFILMENT":
        yield from _fulfilment(change)
    elif kind == "RETURN":
        yield from _return(document(change.after))


def _order(change: Change) -> Iterator[Finding]:
    after, before = document(change.after), document(change.before)
    for index, line in enumerate(after.get("lines", ())):
        yield from _line(line, after["decision"])
        if before is not None:
            yield from _step(before["lines"][index], line)
    if "lines" in after:
        status = document(change.after, "summary")["status"]
        if status != status_of(after):
            yield f"the status is {status} where the counters say {status_of(after)}"


def _line(line: Document, decision: str) -> Iterator[Finding]:
    units = {name: line.get(name, 0) for name in _COUNTERS}
    if min(units.values()) < 0:
        yield "a counter of a line is below zero"
    if units["shipped"] + units["cancelled"] > line["ordered"]:
        yield "more units than ordered"
    if decision == "confirmed" and not units["shipped"] <= units["allocated"] <= line["ordered"] - units["cancelled"]:
        yield "units are allocated that are not to be shipped, or shipped that are not allocated"
    if units["delivered"] > units["shipped"]:
        yield "more delivered than shipped"
    if units["returned"] > units["shipped"]:
        yield "more returned than shipped"


def _step(before: Document, after: Document) -> Iterator[Finding]:
    if any(before.get(name) != after.get(name) for name in _FROZEN):
        yield "what was agreed has changed"
    if any(before.get(name, 0) > after.get(name, 0) for name in _GROWING):
        yield "a counter of a line went back"


def _fulfilment(change: Change) -> Iterator[Finding]:
    status, was = text(change.after, "status"), text(change.before, "status")
    if was and (was, status) not in _STEPS:
        yield f"a fulfilment cannot go from {was} to {status}"
    for line in document(change.after)["lines"]:
        counted = line["shipped"] + line["short"] + line.get("cancelled", 0)
        if counted != line["quantity"] if status in ("shipped", "short", "delivered") else counted > line["quantity"]:
            yield "units of a parcel are lost, or too many"


_STEPS = {
    *((status, status) for status in ("waiting", "requested", "packed", "shipped", "delivered", "cancelled", "short")),
    ("waiting", "requested"),
    ("waiting", "cancelled"),
    ("requested", "packed"),
    *((start, end) for start in ("requested", "packed") for end in ("shipped", "short", "cancelled")),
    ("shipped", "delivered"),
}


def _return(value: Document) -> Iterator[Finding]:
    for line in value["lines"]:
        known = sum(line["waiting"].values()) + sum(
            line[name] for name in ("restocked", "written_off", "refused", "given_up")
        )
        if not 0 <= known <= line["quantity"]:
            yield "more units in a return than were announced"


def tokens_parked(change: Change) -> bool:
    """Whether a write did no more than keep a task token."""
    versions = (number(change.before, "version"), number(change.after, "version"))
    same = document(change.before) == document(change.after) if change.before is not None else False
    return same and versions[0] == versions[1]


def status_of(order: Document) -> str:
    """The status that the counters of an order say, worked out anew."""
    decision = order["decision"]
    if decision != "confirmed":
        return {"pending": "placed", "refused": "refused", "cancelled": "cancelled"}[decision]
    lines: list[Any] = order["lines"]
    ordered, shipped, delivered, cancelled, returned = (
        sum(line.get(name, 0) for line in lines)
        for name in ("ordered", "shipped", "delivered", "cancelled", "returned")
    )
    kept = ordered - cancelled
    if lines and not kept:
        return "cancelled"
    if delivered == kept:
        return "returned" if lines and returned == delivered else "delivered"
    if delivered:
        return "partially_delivered"
    if shipped == kept:
        return "shipped"
    return "partially_shipped" if shipped else "confirmed"
