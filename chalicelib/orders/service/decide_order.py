"""Confirm or refuse an order: what place-order decides once it knows of the payment."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import NotFound, Stale
from chalicelib.core.table import Transaction, find_many
from chalicelib.core.tasks import Outcome
from chalicelib.fulfilment import service as fulfilment
from chalicelib.fulfilment.service import FulfilmentLine
from chalicelib.inventory import service as inventory
from chalicelib.orders import domain, events, store
from chalicelib.orders.domain import MAX_FULFILMENT_LINES, Allocation, Decision, FulfilmentNote, Order
from chalicelib.payments import service as payments

_ATTEMPTS = 5


def confirm_order(order_id: str, by: Principal) -> Outcome:
    """Confirm a paid order: its reservation becomes binding and a fulfilment is made for each location.

    Outcomes: `confirmed` with its fulfilments, `confirmed_without_goods`, `reservation_lost` (it expired), `refused` (it
    was decided so before). Repeating gives the same outcome.
    """
    for _ in range(_ATTEMPTS):
        order = _must_find(order_id)
        if order.decision is not Decision.PENDING:
            return _decided(order)
        tx = Transaction()
        confirmed = _confirmed(tx, order, by)
        try:
            tx.commit()
        except inventory.ReservationLost:
            return {"outcome": "reservation_lost"}
        except Stale:
            continue
        observability.count("OrdersConfirmed")
        return _decided(confirmed)
    raise Stale(f"Order {order_id} kept changing.")


def _confirmed(tx: Transaction, order: Order, by: Principal) -> Order:
    notes: list[FulfilmentNote] = []
    if order.allocations:
        inventory.commit_reservation(tx, order.id, by)
        parts = _parts(order)
        address = {"contact": dict(order.contact), **order.shipping_address}
        created = fulfilment.create(tx, order.id, parts, address)
        notes = [FulfilmentNote(one.id, one.location_id, one.status) for one in created]
    else:
        payment = payments.payment_from(find_many(payments.payment_keys(order.id), consistent=True), order.id)
        payments.owe(tx, payment, due=(payments.CHARGES, order.total.amount), final=True, by=by)
    confirmed = domain.confirm(order, notes, order.allocations)
    store.change(tx, confirmed)
    events.order_confirmed(tx, confirmed, by)
    return confirmed


def _parts(order: Order) -> list[tuple[str, Sequence[FulfilmentLine]]]:
    """The allocation as parcels: by location, each small enough that shipping it is one transaction."""
    skus = {line.id: line.sku for line in order.lines}
    by_location = sorted(order.allocations, key=_location)
    return [
        (location_id, [FulfilmentLine(a.line_id, skus[a.line_id], a.quantity) for a in chunk])
        for location_id, group in groupby(by_location, key=_location)
        for chunk in _chunks(list(group))
    ]


def _location(allocation: Allocation) -> str:
    return allocation.location_id


def _chunks(allocations: list[Allocation]) -> list[list[Allocation]]:
    starts = range(0, len(allocations), MAX_FULFILMENT_LINES)
    return [allocations[start : start + MAX_FULFILMENT_LINES] for start in starts]


def _decided(order: Order) -> Outcome:
    if order.decision is Decision.REFUSED:
        return {"outcome": "refused"}
    if not order.fulfilments:
        return {"outcome": "confirmed_without_goods"}
    return {"outcome": "confirmed", "fulfilments": [{"fulfilment_id": note.id} for note in order.fulfilments]}


def refuse_order(order_id: str, reason: str, by: Principal) -> Outcome:
    """Refuse an order: its stock is free again and the customer is told by OrderRefused. Repeating changes nothing.

    An order confirmed a moment ago, of which nothing left, is undone too. Outcomes: `refused`, or raises `NotPending` when
    goods are on their way: a person decides.
    """
    for _ in range(_ATTEMPTS):
        order = _must_find(order_id)
        if order.decision is Decision.REFUSED:
            return {"outcome": "refused"}
        tx = Transaction()
        refused = domain.refuse(order, reason)
        _undo(tx, order, by)
        store.change(tx, refused)
        events.order_refused(tx, refused, by)
        try:
            tx.commit()
        except (Stale, inventory.AlreadySettled):
            continue
        observability.count("OrdersRefused")
        return {"outcome": "refused"}
    raise Stale(f"Order {order_id} kept changing.")


def _undo(tx: Transaction, order: Order, by: Principal) -> None:
    if order.fulfilments:
        found = find_many([fulfilment.key_of(note.id) for note in order.fulfilments], consistent=True)
        for note in order.fulfilments:
            part = fulfilment.in_batch(found, note.id)
            if part is None:
                raise NotFound(f"There is no fulfilment {note.id}.")
            fulfilment.cancel(tx, part)
    reservation = inventory.find_reservation(order.id)
    if reservation is not None and reservation.holds_stock:
        inventory.release_reservation(tx, reservation, by)


def park_compensation(order_id: str, state: str, error: Any, by: Principal, **context: Any) -> Outcome:
    """Keep what could not be finished for a person, with an alarm. The same state of an order is kept once."""
    review_id = ".".join([order_id, str(context.get("fulfilment_id") or "order"), state])
    document = {
        "order_id": order_id,
        "state": state,
        "error": error,
        "parked_at": clock.rfc3339(clock.now()),
        **{name: value for name, value in context.items() if value is not None},
    }
    store.park(review_id, document)
    observability.count("CompensationParked")
    observability.log.error("parked for a person", order_id=order_id, state=state)
    return {"outcome": "parked", "review_id": review_id}


def _must_find(order_id: str) -> Order:
    order = store.get(order_id, consistent=True)
    if order is None:
        raise NotFound(f"There is no order {order_id}.")
    return order
