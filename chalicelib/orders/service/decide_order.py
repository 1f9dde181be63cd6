"""Confirm or refuse an order: what place-order decides once it knows of the payment."""

from typing import Any

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import NotFound, Stale
from chalicelib.core.table import Transaction, find_many
from chalicelib.core.tasks import Outcome
from chalicelib.fulfilment import service as fulfilment
from chalicelib.inventory import service as inventory
from chalicelib.orders import domain, events, store
from chalicelib.orders.domain import INLINE_LINES, Decision, FulfilmentNote, Order
from chalicelib.orders.service.notes import note_of
from chalicelib.orders.service.parcels import parcels, pickup_of
from chalicelib.orders.service.record_return import find_order
from chalicelib.payments import service as payments
from chalicelib.promotions import service as promotions

_ATTEMPTS = 5
_PARTS_OF_AN_ORDER = ("pickup_id", "fulfilment_id", "cancellation_id", "return_id", "refund")
_CALLED_OFF = (Decision.REFUSED, Decision.CANCELLED)


def confirm_order(order_id: str, by: Principal) -> Outcome:
    """Confirm a paid order: its reservation becomes binding and a fulfilment is made for each location.

    Outcomes: `confirmed` with its fulfilments, `confirmed_without_goods`, `reservation_lost` (it expired), `refused` or
    `cancelled` (it was decided so before). Repeating gives the same outcome.
    """
    for _ in range(_ATTEMPTS):
        order = find_order(order_id)
        if order.decision is not Decision.PENDING:
            return _decided(order)
        tx = Transaction()
        try:
            confirmed = _confirmed(tx, order, by)
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
        address = {"contact": dict(order.contact), **order.shipping_address}
        created = fulfilment.create(
            tx,
            order.id,
            parcels(order, order.allocations),
            address,
            held=bool(order.holds),
            pickup=pickup_of(order),
        )
        notes = [note_of(one) for one in created]
    else:
        payment = payments.payment_from(find_many(payments.payment_keys(order.id), consistent=True), order.id)
        payments.owe(tx, payment, due=(payments.CHARGES, order.total.amount), final=True, by=by)
    confirmed = domain.confirm(order, notes, order.allocations)
    store.change(tx, confirmed)
    events.order_confirmed(tx, confirmed, by)
    return confirmed


def _decided(order: Order) -> Outcome:
    if order.decision in _CALLED_OFF:
        return {"outcome": str(order.decision)}
    if not order.fulfilments:
        return {"outcome": "confirmed_without_goods"}
    # Those that wait for stock get a workflow of their own once it is there.
    asked_for = [note for note in order.fulfilments if note.status != fulfilment.FulfilmentStatus.WAITING]
    return {"outcome": "confirmed", "fulfilments": [{"fulfilment_id": note.id} for note in asked_for]}


def refuse_order(order_id: str, reason: str, by: Principal) -> Outcome:
    """Refuse an order: its stock is free again and the customer is told by OrderRefused. Repeating changes nothing.

    An order confirmed a moment ago, of which nothing left, is undone too. Outcomes: `refused`, `cancelled` (before); raises
    `NotPending` when goods are on their way: a person decides.
    """
    for _ in range(_ATTEMPTS):
        order = find_order(order_id)
        if order.decision in _CALLED_OFF:
            return {"outcome": str(order.decision)}
        tx = Transaction()
        refused = domain.refuse(order, reason)
        _undo(tx, order, by)
        store.change(tx, refused)
        events.order_refused(tx, refused, by)
        try:
            tx.commit()
        except (Stale, inventory.AlreadySettled):
            continue
        if len(order.lines) > INLINE_LINES:
            # Marked in the transaction; the schedule would come by within a minute.
            inventory.finish_release(order_id, by)
        observability.count("OrdersRefused")
        return {"outcome": "refused"}
    raise Stale(f"Order {order_id} kept changing.")


def _undo(tx: Transaction, order: Order, by: Principal) -> None:
    served: list[inventory.StockLine] = []
    if order.fulfilments:
        found = find_many([fulfilment.key_of(note.id) for note in order.fulfilments], consistent=True)
        for note in order.fulfilments:
            part = fulfilment.in_batch(found, note.id)
            if part is None:
                raise NotFound(f"There is no fulfilment {note.id}.")
            fulfilment.cancel(tx, part)
            if part.promised_on and part.status is not fulfilment.FulfilmentStatus.WAITING:
                served += [inventory.StockLine(line.sku, part.location_id, line.quantity) for line in part.lines]
    reservation = inventory.find_reservation(order.id)
    if reservation is not None and reservation.holds_stock:
        inventory.release_reservation(tx, reservation, by, served=served)
    if order.coupons:
        promotions.give_back(tx, order.id, by)


def park_compensation(order_id: str, state: str, error: Any, by: Principal, **context: Any) -> Outcome:
    """Keep what could not be finished for a person, with an alarm. The same state of an order is kept once."""
    of_what = next((str(context[name]) for name in _PARTS_OF_AN_ORDER if context.get(name)), "order")
    review_id = f"{order_id}.{of_what}.{state}"
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
