"""What fulfilment offers: allocation for orders, the life of fulfilments, and the workflow's waiting for them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import NotFound
from chalicelib.core.paging import Page, page_of
from chalicelib.core.table import Item, Transaction
from chalicelib.core.workflow import Workflow
from chalicelib.fulfilment import domain, events, store
from chalicelib.fulfilment.allocation import Assignment, Demand, Plan, Rules, Shortage, Site, allocate
from chalicelib.fulfilment.backorders import Later, allocate_with_backorders
from chalicelib.fulfilment.domain import (
    ASKED_FOR,
    OPEN,
    PACKED_OR_READY,
    Collected,
    Fulfilment,
    FulfilmentLine,
    FulfilmentStatus,
    InLocker,
    MoreThanRequested,
    OnHold,
    OutOfTurn,
    Parcel,
    TrackingCode,
    TrackingEvent,
    fulfilment_id,
    order_of,
)
from chalicelib.fulfilment.gateways import QueuedWarehouse, Warehouse
from chalicelib.fulfilment.sellers import OWN, Candidate, SellerChoice, SellerPart, choose_sellers
from chalicelib.fulfilment.store import AlreadyTracked, Place

__all__ = [
    "OPEN",
    "OWN",
    "PACKED_OR_READY",
    "AlreadyTracked",
    "Assignment",
    "Candidate",
    "Collected",
    "Demand",
    "Fulfilment",
    "FulfilmentLine",
    "FulfilmentStatus",
    "InLocker",
    "Later",
    "MoreThanRequested",
    "OnHold",
    "OutOfTurn",
    "Parcel",
    "Place",
    "Plan",
    "Rules",
    "SellerChoice",
    "SellerPart",
    "Shortage",
    "Site",
    "TrackingCode",
    "TrackingEvent",
    "allocate",
    "allocate_with_backorders",
    "choose_sellers",
    "order_of",
]


def create(
    tx: Transaction,
    order_id: str,
    parcels: Sequence[Parcel],
    address: Mapping[str, Any],
    *,
    after: int = 0,
    held: bool = False,
    pickup: Mapping[str, Any] | None = None,
) -> list[Fulfilment]:
    """Add a fulfilment for each parcel to the transaction; the order has `after` of them. `pickup`: where they are collected."""
    created = [
        Fulfilment(
            fulfilment_id(order_id, number),
            order_id,
            parcel.location_id,
            FulfilmentStatus.WAITING if parcel.promised_on else FulfilmentStatus.REQUESTED,
            parcel.lines,
            address,
            held=held,
            promised_on=parcel.promised_on,
            pickup=pickup,
        )
        for number, parcel in enumerate(parcels, start=after + 1)
    ]
    for fulfilment in created:
        store.add(tx, fulfilment)
    return created


def key_of(fulfilment_id: str) -> tuple[type[Item], str, str]:
    """Where the fulfilment is, for a batch read; `in_batch` takes it out."""
    return store.fulfilment_key(fulfilment_id)


in_batch = store.in_batch
in_line = store.in_line
all_in_line = store.all_in_line


def serve(tx: Transaction, fulfilment: Fulfilment, by: Principal) -> Fulfilment:
    """Add to the transaction that the units it waited for are there: it is asked for now, by the workflow that its event
    starts."""
    served = domain.serve(fulfilment)
    store.change(tx, served)
    events.fulfilment_ready(tx, served, by)
    return served


def promise(tx: Transaction, fulfilment: Fulfilment, promised_on: str) -> Fulfilment:
    """Add to the transaction that what it waits for is promised for another day (`YYYY-MM-DD`)."""
    changed = domain.promise(fulfilment, promised_on)
    store.change(tx, changed)
    return changed


def pack(
    tx: Transaction, fulfilment: Fulfilment, by: Principal, packages: Sequence[Mapping[str, Any]] = ()
) -> Fulfilment:
    """Add "packed" to the transaction, with the packages of one that is collected."""
    return _changed(tx, domain.pack(fulfilment, packages), by)


def make_ready(tx: Transaction, fulfilment: Fulfilment, waiting: Mapping[str, Any], by: Principal) -> Fulfilment:
    """Add to the transaction that it lies where it is collected; `waiting` is what the event tells of that."""
    ready = domain.make_ready(fulfilment)
    store.change(tx, ready)
    events.order_ready_for_pickup(tx, ready, waiting, by)
    return ready


def hand_over(tx: Transaction, fulfilment_id: str, *, gone: bool = False) -> Fulfilment:
    """Add to the transaction that its customer is at the door: of cancelling, holding and collecting, one wins. Raises `OnHold`
    unless it is `gone` already, `OutOfTurn`, and `Stale` at commit."""
    handed = domain.hand_over(_must_find(fulfilment_id), gone=gone)
    store.change(tx, handed)
    return handed


def keep_back(tx: Transaction, fulfilment_id: str) -> None:
    """Add to the transaction that it could not be handed over. `Stale` at commit."""
    store.change(tx, domain.keep_back(_must_find(fulfilment_id)))


def redeliver(tx: Transaction, fulfilment: Fulfilment, address: Mapping[str, Any]) -> Fulfilment:
    """Add to the transaction that it is shipped to an address, because nobody collected it; the order's event tells it."""
    changed = domain.redeliver(fulfilment, address)
    store.change(tx, changed)
    return changed


def collect(tx: Transaction, fulfilment: Fulfilment, by: Principal) -> Fulfilment:
    """Add to the transaction that its customer has it."""
    collected = domain.collect(fulfilment)
    store.change(tx, collected)
    events.fulfilment_collected(tx, collected, by)
    return collected


def ship(
    tx: Transaction,
    fulfilment: Fulfilment,
    shipped: Mapping[str, int],
    tracking: Mapping[str, str] | None,
    by: Principal,
) -> Fulfilment:
    """Add "shipped" (units by line id; what is missing is short) to the transaction."""
    return _changed(tx, domain.ship(fulfilment, shipped, tracking), by)


def deliver(tx: Transaction, fulfilment: Fulfilment, by: Principal) -> Fulfilment:
    """Add "delivered" to the transaction."""
    return _changed(tx, domain.deliver(fulfilment), by)


def track(tx: Transaction, fulfilment: Fulfilment, word: TrackingEvent, by: Principal) -> Fulfilment:
    """Add a carrier's word to the transaction; its last one delivers the parcel. `AlreadyTracked` at commit."""
    store.add_tracking(tx, fulfilment.id, word)
    tracked = domain.track(fulfilment, word)
    if word.code is TrackingCode.DELIVERED and fulfilment.status is FulfilmentStatus.SHIPPED:
        delivered = replace(domain.deliver(fulfilment), whereabouts=tracked.whereabouts)
        return _changed(tx, delivered, by)
    store.change(tx, tracked)
    events.parcel_tracked(tx, tracked, word, by)
    return tracked


def read_tracking(fulfilment_id: str) -> list[TrackingEvent]:
    """What the carrier said of a parcel, in the order in which it happened. Callers decide who may read it."""
    return store.tracking_of(fulfilment_id)


def cancel(tx: Transaction, fulfilment: Fulfilment) -> Fulfilment:
    """Call the fulfilment off in the transaction that refuses its order, whose event tells it."""
    cancelled = domain.cancel(fulfilment)
    store.change(tx, cancelled)
    return cancelled


def withdraw(tx: Transaction, fulfilment: Fulfilment, units: Mapping[str, int]) -> Fulfilment:
    """Take units by line id out of the fulfilment in the transaction that cancels them, whose event tells it."""
    reduced = domain.withdraw(fulfilment, units)
    store.change(tx, reduced)
    return reduced


def decline(tx: Transaction, fulfilment: Fulfilment, units: Mapping[str, int], by: Principal) -> Fulfilment:
    """Add to the transaction that units by line id will not be shipped by whoever was asked. With the last of them the workflow
    waits no more."""
    declined = domain.decline(fulfilment, units)
    store.change(tx, declined)
    if declined.status is FulfilmentStatus.SHORT:
        events.fulfilment_changed(tx, declined, by)
    return declined


def hold(tx: Transaction, fulfilment: Fulfilment, held: bool) -> Fulfilment:
    """Keep the fulfilment back, or release it, in the transaction of its order, whose event tells it."""
    changed = domain.hold(fulfilment, held)
    store.change(tx, changed)
    return changed


def readdress(tx: Transaction, fulfilment: Fulfilment, address: Mapping[str, Any]) -> Fulfilment:
    """Send the fulfilment elsewhere, in the transaction of its order, whose event tells it."""
    changed = domain.readdress(fulfilment, address)
    store.change(tx, changed)
    return changed


def forget_address(tx: Transaction, fulfilment: Fulfilment) -> None:
    """Remove who got the parcel, and where, but for the country."""
    store.change(tx, domain.forget_address(fulfilment))


def _changed(tx: Transaction, fulfilment: Fulfilment, by: Principal) -> Fulfilment:
    store.change(tx, fulfilment)
    events.fulfilment_changed(tx, fulfilment, by)
    return fulfilment


def dispatch(
    fulfilment_id: str, task_token: str, *, warehouse: Warehouse | None = None, workflow: Workflow | None = None
) -> FulfilmentStatus:
    """Keep the workflow's token and ask the warehouse to ship. Safe to repeat.

    A fulfilment that was answered already (a workflow run again) completes the token at once; a held one is asked for when
    it is released, and one that waits when its units are there. Returns its status.
    """
    workflow = workflow or Workflow()
    fulfilment = _must_find(fulfilment_id)
    if fulfilment.status in OPEN:
        try:
            store.park_token(fulfilment_id, workflow.seal(task_token))
        except OutOfTurn:
            fulfilment = _must_find(fulfilment_id)
    if fulfilment.status not in OPEN:
        workflow.complete(task_token, _outcome(fulfilment))
    elif fulfilment.status in ASKED_FOR and not fulfilment.held:
        (warehouse or QueuedWarehouse()).request_shipment(fulfilment)
    return fulfilment.status


def tell(fulfilment_id: str, change: str, warehouse: Warehouse | None = None) -> None:
    """Tell the location what its order's change means for a fulfilment: `held`, `released` or `readdressed`.

    It is told how things are now, so late and repeated changes do no harm: a held one to wait, any other to ship what is
    asked for, and where to. Of one that has left, or that waits for stock, nothing is told.
    """
    fulfilment = _must_find(fulfilment_id)
    if fulfilment.status not in ASKED_FOR:
        return
    through = warehouse or QueuedWarehouse()
    if fulfilment.held:
        through.hold(fulfilment)
    elif change == "readdressed":
        through.readdress(fulfilment)
    else:
        through.request_shipment(fulfilment)


def complete(fulfilment_id: str, *, workflow: Workflow | None = None) -> None:
    """Tell the waiting workflow how the warehouse answered. Safe to repeat; without a token `dispatch` will tell."""
    fulfilment, tokens = _found(fulfilment_id)
    _complete(fulfilment, tokens, workflow)


def _complete(fulfilment: Fulfilment, tokens: Collection[bytes], workflow: Workflow | None) -> None:
    """Every token is tried: of a dispatch that was repeated, any one may be the one that waits, and the others do no harm."""
    if fulfilment.status in OPEN:
        return
    workflow = workflow or Workflow()
    for token in sorted(tokens):
        workflow.complete_sealed(token, _outcome(fulfilment))


def recall(
    fulfilment_id: str,
    units: Mapping[str, int],
    cancellation_id: str,
    *,
    warehouse: Warehouse | None = None,
    workflow: Workflow | None = None,
) -> None:
    """Tell the location to leave units by line id out of the parcel, and the workflow, if none are left, to wait no more.

    Safe to repeat: `cancellation_id` tells the location that it is the same recall.
    """
    fulfilment, tokens = _found(fulfilment_id)
    (warehouse or QueuedWarehouse()).recall(fulfilment, units, cancellation_id)
    _complete(fulfilment, tokens, workflow)


def call_off(
    fulfilment_id: str, recall_id: str, *, warehouse: Warehouse | None = None, workflow: Workflow | None = None
) -> None:
    """`recall` of all that was ever withdrawn from a fulfilment, which another location ships now."""
    fulfilment = _must_find(fulfilment_id)
    units = {line.line_id: line.cancelled for line in fulfilment.lines}
    recall(fulfilment_id, units, recall_id, warehouse=warehouse, workflow=workflow)


def _outcome(fulfilment: Fulfilment) -> dict[str, Any]:
    if fulfilment.status is FulfilmentStatus.CANCELLED:
        return {"outcome": "cancelled", "fulfilment_id": fulfilment.id}
    shipped = any(line.shipped for line in fulfilment.lines)
    return {"outcome": "shipped" if shipped else "short", "fulfilment_id": fulfilment.id}


def _must_find(fulfilment_id: str) -> Fulfilment:
    return _found(fulfilment_id)[0]


def _found(fulfilment_id: str) -> tuple[Fulfilment, Collection[bytes]]:
    found = store.get(fulfilment_id, consistent=True)
    if found is None:
        raise NotFound(f"There is no fulfilment {fulfilment_id}.")
    return found


def read(fulfilment_id: str, by: Principal) -> Fulfilment:
    """A fulfilment, for staff and warehouse systems."""
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="fulfilment.write")
    return _must_find(fulfilment_id)


def at_location(location_id: str, status: str, limit: int, cursor: str | None, by: Principal) -> Page[dict[str, Any]]:
    """Fulfilments of a location in a status, oldest first, for staff and warehouse systems."""
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="fulfilment.write")
    return page_of(
        f"fulfilments {location_id} {status}",
        limit,
        cursor,
        lambda after, count: store.at_location(location_id, status, after, count),
        lambda row: row["id"],
    )
