"""What fulfilment offers: allocation for orders, the life of fulfilments, and the workflow's waiting for them."""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import NotFound
from chalicelib.core.paging import Page, page_of
from chalicelib.core.table import Item, Transaction
from chalicelib.fulfilment import domain, events, store
from chalicelib.fulfilment.allocation import Assignment, Demand, Plan, Rules, Shortage, Site, allocate
from chalicelib.fulfilment.domain import (
    OPEN,
    Fulfilment,
    FulfilmentLine,
    FulfilmentStatus,
    OutOfTurn,
    fulfilment_id,
    order_of,
)
from chalicelib.fulfilment.gateways import QueuedWarehouse, Warehouse, Workflow

__all__ = [
    "Assignment",
    "Demand",
    "Fulfilment",
    "FulfilmentLine",
    "FulfilmentStatus",
    "OutOfTurn",
    "Plan",
    "Rules",
    "Shortage",
    "Site",
    "allocate",
    "order_of",
]


def create(
    tx: Transaction, order_id: str, parts: Sequence[tuple[str, Sequence[FulfilmentLine]]], address: Mapping[str, Any]
) -> list[Fulfilment]:
    """Add a fulfilment for each (location, lines) to the confirming transaction."""
    created = [
        Fulfilment(
            fulfilment_id(order_id, number), order_id, location_id, FulfilmentStatus.REQUESTED, tuple(lines), address
        )
        for number, (location_id, lines) in enumerate(parts, start=1)
    ]
    for fulfilment in created:
        store.add(tx, fulfilment)
    return created


def key_of(fulfilment_id: str) -> tuple[type[Item], str, str]:
    """Where the fulfilment is, for a batch read; `in_batch` takes it out."""
    return store.fulfilment_key(fulfilment_id)


in_batch = store.in_batch


def pack(tx: Transaction, fulfilment: Fulfilment, by: Principal) -> Fulfilment:
    """Add "packed" to the transaction."""
    return _changed(tx, domain.pack(fulfilment), by)


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


def cancel(tx: Transaction, fulfilment: Fulfilment) -> Fulfilment:
    """Call the fulfilment off in the transaction that refuses its order, whose event tells it."""
    cancelled = domain.cancel(fulfilment)
    store.change(tx, cancelled)
    return cancelled


def _changed(tx: Transaction, fulfilment: Fulfilment, by: Principal) -> Fulfilment:
    store.change(tx, fulfilment)
    events.fulfilment_changed(tx, fulfilment, by)
    return fulfilment


def dispatch(
    fulfilment_id: str, task_token: str, *, warehouse: Warehouse | None = None, workflow: Workflow | None = None
) -> FulfilmentStatus:
    """Keep the workflow's token and ask the warehouse to ship. Safe to repeat.

    A fulfilment that was answered already (a workflow run again) completes the token at once. Returns its status.
    """
    workflow = workflow or Workflow()
    fulfilment = _must_find(fulfilment_id)
    if fulfilment.status in OPEN:
        try:
            store.park_token(fulfilment_id, workflow.seal(task_token))
        except OutOfTurn:
            fulfilment = _must_find(fulfilment_id)
    if fulfilment.status in OPEN:
        (warehouse or QueuedWarehouse()).request_shipment(fulfilment)
    else:
        workflow.complete(task_token, _outcome(fulfilment))
    return fulfilment.status


def complete(fulfilment_id: str, *, workflow: Workflow | None = None) -> None:
    """Tell the waiting workflow how the warehouse answered. Safe to repeat; without a token `dispatch` will tell.

    Every token is tried: of a dispatch that was repeated, any one may be the one that waits, and the others do no harm.
    """
    found = store.get(fulfilment_id, consistent=True)
    if found is None:
        raise NotFound(f"There is no fulfilment {fulfilment_id}.")
    fulfilment, tokens = found
    if fulfilment.status in OPEN:
        return
    workflow = workflow or Workflow()
    for token in sorted(tokens):
        workflow.complete_sealed(token, _outcome(fulfilment))


def _outcome(fulfilment: Fulfilment) -> dict[str, Any]:
    shipped = any(line.shipped for line in fulfilment.lines)
    return {"outcome": "shipped" if shipped else "short", "fulfilment_id": fulfilment.id}


def _must_find(fulfilment_id: str) -> Fulfilment:
    found = store.get(fulfilment_id, consistent=True)
    if found is None:
        raise NotFound(f"There is no fulfilment {fulfilment_id}.")
    return found[0]


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
