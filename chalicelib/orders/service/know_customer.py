"""Whose an order is: guests' orders claimed, and people forgotten. For the context customers."""

from chalicelib.core.auth import Principal
from chalicelib.core.errors import NotFound, Stale
from chalicelib.core.table import Transaction, find_many
from chalicelib.fulfilment import service as fulfilment
from chalicelib.orders import domain, events, store
from chalicelib.orders.domain import Order
from chalicelib.orders.service.record_return import find_order

_ATTEMPTS = 8


def guest_orders(email_hash: str, count: int) -> list[str]:
    """Ids of orders that were placed without an account and with this address (core.contacts), newest first."""
    return store.recent_for_guest(email_hash, count)


def claim_order(order_id: str, customer_id: str, by: Principal) -> None:
    """Make a guest's order a customer's. Whoever calls has proven that the address of the order is theirs.

    Raises `NotFound`, `HasCustomer`.
    """
    for _ in range(_ATTEMPTS):
        claimed = domain.claim(find_order(order_id), customer_id)
        tx = Transaction()
        store.change(tx, claimed)
        events.order_claimed(tx, claimed, by)
        try:
            tx.commit()
        except Stale:
            continue
        return
    raise Stale(f"Order {order_id} kept changing.")


def forget_person(order_id: str, by: Principal) -> None:
    """Remove from an order who ordered it and where it went, in its parcels and what staff wrote, too. Safe to repeat.

    Raises `NotFound`, `StillOpen` while it is under way.
    """
    for _ in range(_ATTEMPTS):
        order = find_order(order_id)
        forgotten = domain.forget(order)
        if order.contact != forgotten.contact:
            tx = Transaction()
            store.change(tx, forgotten)
            _forget_parcels(tx, order)
            events.person_forgotten(tx, forgotten, by)
            try:
                tx.commit()
            except Stale:
                continue
        store.forget_what_was_written(order_id)
        return
    raise Stale(f"Order {order_id} kept changing.")


def _forget_parcels(tx: Transaction, order: Order) -> None:
    found = find_many([fulfilment.key_of(note.id) for note in order.fulfilments], consistent=True)
    for note in order.fulfilments:
        part = fulfilment.in_batch(found, note.id)
        if part is None:
            raise NotFound(f"There is no fulfilment {note.id}.")
        fulfilment.forget_address(tx, part)
