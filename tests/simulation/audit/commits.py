"""What must hold after every single write. Looks only at what the write touched."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.simulation.dynamodb import Change
from tests.simulation.world import World

Item = Mapping[str, Any]
Place = tuple[str, str]
"""A SKU and a location."""

_OPEN = {"requested", "packed"}


class Commits:
    """Watches the table, keeps sums of its own, and holds every write against them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._moved: Counter[Place] = Counter()
        self._held: Counter[Place] = Counter()
        self._events: set[tuple[str, str, int, str]] = set()
        self._written: Mapping[tuple[str, str], Change] = {}
        self._kinds: Mapping[str, Callable[[Change], None]] = {
            "STOCK": self._stock_or_movement,
            "RESERVATION": self._reservation_or_event,
            "ORDER": self._in_order,
            "TRANSFER": self._transfer_or_event,
            "STOCKCHANGE": self._event,
            "IDEMPOTENCY": self._idempotency,
            "SANDBOX": self._sandbox,
        }

    def see(self, changes: list[Change]) -> None:
        """Check a write; the first thing that does not hold ends the history."""
        self._written = {change.key: change for change in changes}
        for change in changes:
            kind = change.key[0].partition("#")[0]
            if kind in self._kinds:
                self._kinds[kind](change)
        for change in changes:
            if change.key[0].startswith("STOCK#") and change.key[1].startswith("LOCATION#"):
                self._counters(change)
        self._announced(changes)

    def _check(self, holds: bool, what: str, change: Change) -> None:
        if not holds:
            self._world.problem(f"{what}: {change.key} became {change.after}, was {change.before}")

    # ---- stock

    def _stock_or_movement(self, change: Change) -> None:
        if change.key[1].startswith("MOVEMENT#"):
            self._unchangeable(change)
            if change.after is not None:
                place = (change.key[0].removeprefix("STOCK#"), _text(change.after, "location_id"))
                self._moved[place] += _number(change.after, "quantity")

    def _counters(self, change: Change) -> None:
        after = change.after
        if after is None:
            self._check(False, "a stock row is gone", change)
            return
        place = (change.key[0].removeprefix("STOCK#"), change.key[1].removeprefix("LOCATION#"))
        on_hand, available, reserved = (_number(after, name) for name in ("on_hand", "available", "reserved"))
        self._check(min(on_hand, available, reserved) >= 0, "a counter is below zero", change)
        self._check(on_hand == available + reserved, "on hand is not available and reserved", change)
        self._check(on_hand == self._moved[place], f"on hand is not what moved, {self._moved[place]}", change)
        self._check(reserved == self._held[place], f"reserved is not what is held, {self._held[place]}", change)
        self._next_version(change)

    def _hold(self, lines: Iterator[tuple[Place, int]], sign: int) -> None:
        for place, units in lines:
            self._held[place] += sign * units

    def _reservation_or_event(self, change: Change) -> None:
        if change.key[1] != "RESERVATION":
            self._event(change)
            return
        self._next_version(change)
        for item, sign in ((change.before, -1), (change.after, 1)):
            if item is not None and _text(item, "state") == "open":
                self._hold((((sku, at), units) for sku, at, units in _json(item, "lines")), sign)
        if change.before is not None and change.after is not None:
            step = (_text(change.before, "state"), _text(change.after, "state"))
            self._check(step in _RESERVATION_STEPS, "a reservation took a step that is none", change)

    def _transfer_or_event(self, change: Change) -> None:
        if change.key[1] == "TRANSFER":
            self._next_version(change)
        else:
            self._event(change)

    # ---- orders and all that stands beside them

    def _in_order(self, change: Change) -> None:
        kind = change.key[1].partition("#")[0]
        if kind == "ORDER":
            self._order(change)
        elif kind == "PAYMENT":
            self._payment(change)
        elif kind == "FULFILMENT":
            self._fulfilment(change)
        elif kind == "EVENT":
            self._event(change)

    def _order(self, change: Change) -> None:
        self._next_version(change)
        if change.after is None:
            return
        after = _json(change.after, "document")
        before = _json(change.before, "document") if change.before is not None else None
        for index, line in enumerate(after["lines"]):
            units = {name: line.get(name, 0) for name in _COUNTERS}
            self._check(min(units.values()) >= 0, "a counter of a line is below zero", change)
            self._check(units["shipped"] + units["cancelled"] <= line["ordered"], "more units than ordered", change)
            self._check(units["delivered"] <= units["shipped"], "more delivered than shipped", change)
            self._check(units["returned"] <= units["shipped"], "more returned than shipped", change)
            if before is not None:
                self._line_step(before["lines"][index], line, change)
        status = _json(change.after, "summary")["status"]
        self._check(status == _status(after), f"the status is not {_status(after)}", change)

    def _line_step(self, before: Item, after: Item, change: Change) -> None:
        frozen = all(before[name] == after[name] for name in _FROZEN)
        self._check(frozen, "what was agreed has changed", change)
        grown = all(before.get(name, 0) <= after.get(name, 0) for name in _GROWING)
        self._check(grown, "a counter of a line went back", change)

    def _payment(self, change: Change) -> None:
        self._next_version(change)
        if change.after is None:
            return
        payment = _json(change.after, "document")
        due, captured, voided = sum(payment["dues"].values()), payment["captured"], payment["voided"]
        self._check(min(due, captured, voided) >= 0, "an amount is below zero", change)
        self._check(captured + due + voided <= payment["authorised"], "more than is authorised", change)
        self._check(payment["authorised"] <= payment["amount"], "more authorised than the order costs", change)
        taken = sum(capture["amount"] for capture in payment["captures"].values())
        self._check(captured == taken, "captured is not the sum of captures", change)

    def _fulfilment(self, change: Change) -> None:
        versions = [_number(item, "version") for item in (change.before, change.after) if item is not None]
        parked = len(versions) == 2 and versions[0] == versions[1]
        if not parked:
            self._next_version(change)
        for item, sign in ((change.before, -1), (change.after, 1)):
            if item is not None and _text(item, "status") in _OPEN:
                document = _json(item, "document")
                at = document["location_id"]
                self._hold((((line["sku"], at), line["quantity"]) for line in document["lines"]), sign)
        if change.after is not None and _text(change.after, "status") in {"shipped", "short", "delivered"}:
            for line in _json(change.after, "document")["lines"]:
                self._check(line["shipped"] + line["short"] == line["quantity"], "units of a parcel are lost", change)

    # ---- events

    def _event(self, change: Change) -> None:
        if not change.key[1].startswith("EVENT#"):
            return
        self._unchangeable(change)
        if change.after is None:
            return
        envelope = json.loads(_text(change.after, "event"))
        about = envelope["aggregate"]
        name = (about["type"], about["id"], about["version"], envelope["type"])
        self._check(name not in self._events, "an event is told twice", change)
        self._events.add(name)
        key = _key_of(about["type"], about["id"])
        if key is not None:
            written = self._written.get(key)
            version = _number(written.after, "version") if written and written.after else None
            self._check(version == about["version"], "an event of a change that is not in its transaction", change)

    def _announced(self, changes: list[Change]) -> None:
        """Each change that others must hear of has its event in the same transaction, once; no other has."""
        told: dict[tuple[str, str], Counter[str]] = {}
        for change in changes:
            if change.key[1].startswith("EVENT#") and change.after is not None:
                envelope = json.loads(_text(change.after, "event"))
                key = _key_of(envelope["aggregate"]["type"], envelope["aggregate"]["id"])
                if key is not None:
                    told.setdefault(key, Counter())[envelope["type"]] += 1
        for change in changes:
            wanted = Counter(_to_tell(change))
            heard = told.get(change.key, Counter())
            self._check(wanted == heard, f"events {dict(heard)} where {dict(wanted)} were due", change)

    # ---- the rest

    def _idempotency(self, change: Change) -> None:
        if change.before is not None:
            expired = _number(change.before, "ttl") < self._world.kernel.now().timestamp()
            self._check(expired, "an idempotency record was overwritten", change)

    def _sandbox(self, change: Change) -> None:
        if change.after is not None and "operations" in change.after:
            self._check(_number(change.after, "operations") <= 1, "the provider acted twice under one key", change)
            self._check(_number(change.after, "remaining") >= 0, "more was taken than is held", change)

    def _unchangeable(self, change: Change) -> None:
        self._check(change.before is None, "a record of the past was changed", change)

    def _next_version(self, change: Change) -> None:
        before = _number(change.before, "version") if change.before is not None else 0
        after = _number(change.after, "version") if change.after is not None else None
        self._check(after == before + 1, "not the next version", change)


_COUNTERS = ("allocated", "shipped", "delivered", "cancelled", "returned")
_GROWING = ("shipped", "delivered", "cancelled", "returned")
_FROZEN = ("id", "sku", "ordered", "unit_price", "amount", "tax_rate_bps", "tax")
_RESERVATION_STEPS = {
    ("open", "committed"),
    ("open", "released"),
    ("open", "expired"),
    ("committed", "released"),
}


def _status(order: Mapping[str, Any]) -> str:
    """The status that the counters of an order say, worked out anew."""
    decision = order["decision"]
    if decision != "confirmed":
        return {"pending": "placed", "refused": "refused"}[decision]
    lines = order["lines"]
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


def _to_tell(change: Change) -> Iterator[str]:
    """The events that a change has to have with it."""
    kind = change.key[1].partition("#")[0]
    if change.after is None or kind not in _TELLING:
        return
    before, after = _TELLING[kind](change.before), _TELLING[kind](change.after)
    if kind == "PAYMENT":
        yield from _payment_tells(before or {}, after)
    elif before != after and after in _TOLD[kind]:
        yield _TOLD[kind][after]


def _payment_tells(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    if before.get("status") != after["status"] and after["status"] in ("authorised", "declined"):
        yield "PaymentAuthorised" if after["status"] == "authorised" else "PaymentDeclined"
    if after["captured"] != before.get("captured", 0):
        yield "PaymentCaptured"
    if after["voided"] != before.get("voided", 0):
        yield "PaymentVoided"


def _payment_state(item: Item | None) -> Any:
    return {"status": _text(item, "status"), **_json(item, "document")} if item is not None else None


def _transfer_state(item: Item | None) -> Any:
    if item is None:
        return None
    summary = _json(item, "summary")
    # Receipts in part leave the status as it is, and are told all the same.
    return "in part" if summary["status"] == "in_transit" and _number(item, "version") > 1 else summary["status"]


_TELLING: Mapping[str, Callable[[Item | None], Any]] = {
    "ORDER": lambda item: _json(item, "document")["decision"] if item is not None else None,
    "PAYMENT": _payment_state,
    "FULFILMENT": lambda item: _text(item, "status") if item is not None else None,
    "RESERVATION": lambda item: _text(item, "state") if item is not None else None,
    "TRANSFER": lambda item: (_number(item, "version"), _transfer_state(item)) if item is not None else None,
}


class _Transfers(dict[Any, str]):
    """Each version of a transfer is told, by the status that it brought."""

    def __contains__(self, state: object) -> bool:
        return True

    def __missing__(self, state: tuple[int, str]) -> str:
        version, status = state
        if version == 1:
            return "TransferDispatched"
        return "TransferCancelled" if status == "cancelled" else "TransferReceived"


_TOLD: Mapping[str, Mapping[Any, str]] = {
    "ORDER": {"pending": "OrderPlaced", "confirmed": "OrderConfirmed", "refused": "OrderRefused"},
    "FULFILMENT": {
        "packed": "FulfilmentPacked",
        "shipped": "FulfilmentShipped",
        "short": "FulfilmentShort",
        "delivered": "FulfilmentDelivered",
    },
    "RESERVATION": {"expired": "ReservationExpired"},
    "TRANSFER": _Transfers(),
}


def _key_of(kind: str, id: str) -> tuple[str, str] | None:
    """Where an aggregate is stored; None for one that is only events."""
    if kind == "fulfilment":
        order, _, number = id.removeprefix("ful_").rpartition("_")
        return f"ORDER#ord_{order}", f"FULFILMENT#{number}"
    return {
        "order": (f"ORDER#{id}", "ORDER"),
        "payment": (f"ORDER#{id}", "PAYMENT"),
        "reservation": (f"RESERVATION#{id}", "RESERVATION"),
        "transfer": (f"TRANSFER#{id}", "TRANSFER"),
    }.get(kind)


def _text(item: Item | None, name: str) -> str:
    return str(item[name]["S"]) if item is not None else ""


def _number(item: Item, name: str) -> int:
    return int(item[name]["N"]) if name in item else 0


def _json(item: Item | None, name: str) -> Any:
    return json.loads(item[name]["S"]) if item is not None else None
