"""Each change that others must hear of has its event in the same transaction, once; and no event tells what did not happen."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from tests.simulation.audit import carts
from tests.simulation.audit.items import Item, Money, document, events_in, key_of, number, text
from tests.simulation.audit.orders import tokens_parked
from tests.simulation.dynamodb import Change

Finding = str
Written = Mapping[tuple[str, str], Change]


class Announcements:
    """Remembers every event that was told."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def look(self, changes: list[Change]) -> Iterator[tuple[Finding, Change]]:
        """What is told and did not happen, or happened and is not told."""
        written: Written = {change.key: change for change in changes}
        told: dict[tuple[str, str], Counter[str]] = {}
        for change, envelope in events_in(iter(changes)):
            about = envelope["aggregate"]
            name = json.dumps([about, envelope["type"], envelope["data"]], sort_keys=True)
            if name in self._told:
                yield "an event is told twice", change
            self._told.add(name)
            key = key_of(about["type"], about["id"])
            if key is not None:
                told.setdefault(key, Counter())[envelope["type"]] += 1
                subject = written.get(key)
                if subject is None or number(subject.after, "version") != about["version"]:
                    yield "an event of a change that is not in its transaction", change
        for change in changes:
            kind = change.key[1].partition("#")[0]
            if kind not in _DUE or change.after is None:
                continue
            heard, due = told.get(change.key, Counter()), Counter(_DUE[kind](change, written))
            if kind == "RETURN":
                heard = Counter(heard.keys() and {"any": 1})
            if heard != due:
                yield f"events {dict(heard)} where {dict(due)} were due", change


def _of_order(change: Change, written: Written) -> Iterator[str]:
    after, before = document(change.after), document(change.before)
    if before is None:
        yield "OrderPlaced"
        return
    if before["decision"] != after["decision"] and after["decision"] != "cancelled":
        yield {"confirmed": "OrderConfirmed", "refused": "OrderRefused"}[after["decision"]]
    beside = [other for other in written.values() if other.key[0] == change.key[0]]
    if any(other.key[1].startswith("CANCELLATION#") and other.before is None for other in beside):
        yield "OrderCancelled"
    parcels = [other for other in beside if other.key[1].startswith("FULFILMENT#")]
    if any(_came_up_short(other) for other in parcels):
        yield "OrderUnitsMissing"
    if before["decision"] == "confirmed" and any(other.before is None for other in parcels):
        yield "OrderReassigned"
    if len(before.get("holds", ())) != len(after.get("holds", ())):
        yield "OrderHeld" if len(before.get("holds", ())) < len(after.get("holds", ())) else "OrderReleased"
    if (before["shipping_address"], before["contact"]) != (after["shipping_address"], after["contact"]):
        yield "OrderReaddressed"


def _came_up_short(parcel: Change) -> bool:
    settled = text(parcel.after, "status") in ("shipped", "short")
    return (
        settled
        and text(parcel.before, "status") in ("requested", "packed")
        and any(line["short"] for line in document(parcel.after)["lines"])
    )


def _of_payment(change: Change, written: Written) -> Iterator[str]:
    after = Money(document(change.after))
    before = Money(document(change.before)) if change.before is not None else None
    if before is None:
        return
    if after.whole and not before.whole:
        yield "PaymentAuthorised"
    if text(change.after, "status") == "declined" != text(change.before, "status"):
        yield "PaymentDeclined"
    yield from ["PaymentCaptured"] * len(after.captures - before.captures)
    if after.whole:
        yield from ["PaymentVoided"] * sum(now > then for now, then in zip(after.voided, before.voided, strict=True))
    yield from ["RefundRequested"] * (len(after.refunds) - len(before.refunds))
    yield from ["PaymentRefunded"] * (len(after.given_back) - len(before.given_back))


def _of_fulfilment(change: Change, written: Written) -> Iterator[str]:
    status, was = text(change.after, "status"), text(change.before, "status")
    number_ = change.key[1].partition("#")[2]
    tracked = any(key[0] == change.key[0] and key[1].startswith(f"TRACKING#{number_}#") for key in written)
    if (was, status) == ("waiting", "requested"):
        yield "FulfilmentReady"
    elif status != was and status in _PARCEL:
        yield _PARCEL[status]
    elif tracked:
        yield "ParcelTracked"


_PARCEL = {
    "packed": "FulfilmentPacked",
    "shipped": "FulfilmentShipped",
    "short": "FulfilmentShort",
    "delivered": "FulfilmentDelivered",
}


def _of_reservation(change: Change, written: Written) -> Iterator[str]:
    if text(change.after, "state") == "expired" != text(change.before, "state"):
        yield "ReservationExpired"


def _of_transfer(change: Change, written: Written) -> Iterator[str]:
    if change.before is None:
        yield "TransferDispatched"
    else:
        cancelled = document(change.after, "summary")["status"] == "cancelled"
        yield "TransferCancelled" if cancelled else "TransferReceived"


def _of_return(change: Change, written: Written) -> Iterator[str]:
    """Something is told of each change, but for tokens and for the difference that an exchange owes, which the payment tells."""
    if tokens_parked(change):
        return
    owed = [(document(item).get("exchange") or {}).get("owes_difference") for item in _states(change)]
    if owed == [True, False]:
        return
    yield "any"


def _of_cart(change: Change, written: Written) -> Iterator[str]:
    if carts.abandoned(change):
        yield "CartAbandoned"
    if carts.merged_into(change.key, written) is not None:
        yield "CartMerged"


def _states(change: Change) -> list[Item]:
    return [item for item in (change.before, change.after) if item is not None]


_DUE: Mapping[str, Callable[[Change, Written], Iterator[str]]] = {
    "ORDER": _of_order,
    "PAYMENT": _of_payment,
    "FULFILMENT": _of_fulfilment,
    "RESERVATION": _of_reservation,
    "TRANSFER": _of_transfer,
    "RETURN": _of_return,
    "CART": _of_cart,
}
