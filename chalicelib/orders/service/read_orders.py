"""Reading orders: each by whom it concerns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

from chalicelib.core import outbox
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import NotFound
from chalicelib.core.outbox import Event
from chalicelib.core.paging import Page, page_of
from chalicelib.fulfilment import service as fulfilment
from chalicelib.fulfilment.service import TrackingEvent
from chalicelib.orders import store
from chalicelib.orders.domain import Decision, Order

_LOOK_EVERY = 0.25


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to tell about an order, and in which language (BCP 47)."""

    name: str
    email: str | None
    phone: str | None
    language: str
    customer_id: str | None


def read_order(order_id: str, by: Principal, scope: str = "orders.read") -> Order:
    """The order, for its customer, staff and machines with `scope`. Another customer's order is `NotFound`, as one that
    never was."""
    by.require(Role.SHOPPER, Role.ASSOCIATE, Role.ADMIN, scope=scope)
    order = store.get(order_id)
    if order is None or not _concerns(order, by, scope):
        raise NotFound(f"There is no order {order_id}.")
    return order


def _concerns(order: Order, by: Principal, scope: str) -> bool:
    return by.may(Role.ASSOCIATE, Role.ADMIN, scope=scope) or order.customer_id == by.id


def read_timeline(order_id: str, by: Principal) -> Iterable[Event]:
    """Who did what to the order and when, oldest first."""
    read_order(order_id, by)
    return outbox.timeline(store.order_pk(order_id))


def read_tracking(order_id: str, by: Principal) -> Sequence[tuple[str, TrackingEvent]]:
    """What carriers said of the order's parcels, by fulfilment id, each in the order in which it happened."""
    order = read_order(order_id, by)
    return [(note.id, word) for note in order.fulfilments for word in fulfilment.read_tracking(note.id)]


def wait_until_decided(order_id: str, seconds: int, by: Principal) -> Order:
    """The order once it is confirmed or refused, or as it is after `seconds`."""
    until = monotonic() + seconds
    order = read_order(order_id, by)
    while order.decision is Decision.PENDING and monotonic() < until:
        sleep(_LOOK_EVERY)
        order = read_order(order_id, by)
    return order


def list_for_customer(customer_id: str | None, limit: int, cursor: str | None, by: Principal) -> Page[dict[str, Any]]:
    """Summaries of a customer's orders, newest first; shoppers get their own whoever they ask for."""
    by.require(Role.SHOPPER, Role.ASSOCIATE, Role.ADMIN, scope="orders.read")
    staff = by.may(Role.ASSOCIATE, Role.ADMIN, scope="orders.read")
    whose = customer_id if staff and customer_id else by.id
    return page_of(
        f"orders of {whose}",
        limit,
        cursor,
        lambda after, count: store.recent_for_customer(whose, after, count),
        lambda row: row["id"],
    )


def list_for_staff(day: str, status: str, limit: int, cursor: str | None, by: Principal) -> Page[dict[str, Any]]:
    """Summaries of the orders placed on a UTC day that are in a status now, newest first."""
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="orders.read")
    return page_of(
        f"orders on {day} {status}",
        limit,
        cursor,
        lambda after, count: store.by_status_and_day(day, status, after, count),
        lambda row: row["id"],
    )


def list_reviews(limit: int, cursor: str | None, by: Principal) -> Page[dict[str, Any]]:
    """What workflows could not finish and parked for a person."""
    by.require(Role.ASSOCIATE, Role.ADMIN)
    return page_of("reviews", limit, cursor, store.open_reviews, lambda row: row["id"])


def contact_of(order_id: str) -> Contact:
    """Whom to tell about an order. For notifications, which act for the system."""
    order = store.get(order_id, consistent=True)
    if order is None:
        raise NotFound(f"There is no order {order_id}.")
    return Contact(
        name=order.contact["name"],
        email=order.contact.get("email"),
        phone=order.contact.get("phone"),
        language=order.contact.get("language") or "en",
        customer_id=order.customer_id,
    )
