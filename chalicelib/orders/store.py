"""Orders in the table.

| item | pk | sk | gsi1 | gsi2 |
|---|---|---|---|---|
| order | ORDER#<id> | ORDER | CUSTOMER#<customer> / <id> | ORDERS#<day>#<status>#<shard> / <id> |
| review | REVIEW#<id> | REVIEW | REVIEWS#<state> / <id> | |

The collection ORDER#<id> also holds the order's payment (payments), fulfilments (fulfilment) and events (core.outbox).
"""

from collections.abc import Mapping
from heapq import merge
from typing import Any, cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core.errors import AisleError, Stale
from chalicelib.core.keys import key, shard
from chalicelib.core.table import Item, Json, RawItem, Transaction, fields_of, find
from chalicelib.orders.domain import Allocation, Charge, Decision, FulfilmentNote, Line, Order

SHARDS = 4
"""Index partitions per day and status: four take 4,000 index writes a second."""


class OrderItem(Item):
    """pk = ORDER#<order id>, sk = ORDER. The document is the order without its version."""

    version = NumberAttribute()
    document = Json()
    customer_id = UnicodeAttribute(null=True)


class ReviewItem(Item):
    """pk = REVIEW#<id>, sk = REVIEW. Work that the system could not finish and parked for a person."""

    document = Json()
    state = UnicodeAttribute()


_ZEROES = dict.fromkeys(("discount", "allocated", "shipped", "delivered", "cancelled", "returned"), 0)
"""Fields of a line that are mostly zero and then not stored: a ten-line order stays a kilobyte smaller."""


def _without_zeroes(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if value or name not in _ZEROES}


def order_pk(order_id: str) -> str:
    return key("ORDER", order_id)


def order_key(order_id: str) -> tuple[type[Item], str, str]:
    return OrderItem, order_pk(order_id), "ORDER"


def _item(order: Order) -> OrderItem:
    document = fields_of(order)
    del document["version"]
    document["lines"] = [_without_zeroes(fields_of(line)) for line in order.lines]
    document["charges"] = [fields_of(charge) for charge in order.charges]
    document["allocations"] = [[one.line_id, one.location_id, one.quantity] for one in order.allocations]
    document["fulfilments"] = [fields_of(note) for note in order.fulfilments]
    item = OrderItem(
        order_pk(order.id),
        "ORDER",
        version=order.version,
        document=document,
        customer_id=order.customer_id,
        summary={
            "status": order.status,
            "total": order.total.amount,
            "currency": order.currency,
            "placed_at": order.placed_at,
            "reference": order.reference,
            "customer_id": order.customer_id,
            "channel": order.channel,
        },
        gsi2pk=_state_pk(order.placed_at[:10], order.status, order.id),
        gsi2sk=order.id,
    )
    if order.customer_id is not None:
        item.gsi1pk = key("CUSTOMER", order.customer_id)
        item.gsi1sk = order.id
    return item


def order_from(item: OrderItem) -> Order:
    """The order of its item."""
    stored = dict(item.document)
    return Order(
        **{
            **stored,
            "decision": Decision(stored["decision"]),
            "lines": tuple(Line(**{**_ZEROES, **line}) for line in stored["lines"]),
            "charges": tuple(Charge(**charge) for charge in stored["charges"]),
            "allocations": tuple(Allocation(*allocation) for allocation in stored["allocations"]),
            "fulfilments": tuple(FulfilmentNote(**note) for note in stored["fulfilments"]),
            "reasons": tuple(stored["reasons"]),
        },
        version=int(item.version),
    )


def add(tx: Transaction, order: Order) -> None:
    """Write a new order."""
    tx.create(_item(order), lambda _: Stale("An order with this id exists."))


def change(tx: Transaction, order: Order) -> None:
    """Write the next version of an order. Raises `Stale` at commit when another was quicker."""

    def stale(raw: RawItem | None) -> AisleError:
        return Stale(f"The order is not at version {order.version - 1} any more.")

    tx.put(_item(order), OrderItem.version == order.version - 1, stale)


def get(order_id: str, *, consistent: bool = False) -> Order | None:
    """The order, or None."""
    item = find(OrderItem, order_pk(order_id), "ORDER", consistent=consistent)
    return order_from(item) if item else None


def in_batch(found: Mapping[tuple[str, str], Item], order_id: str) -> Order | None:
    """The order out of a batch read with `order_key`."""
    item = found.get((order_pk(order_id), "ORDER"))
    return order_from(cast(OrderItem, item)) if item else None


def recent_for_customer(customer_id: str, after: str | None, count: int) -> list[dict[str, Any]]:
    """Summaries of a customer's orders, newest first."""
    condition = OrderItem.gsi1sk < after if after else None
    rows = OrderItem.by_owner.query(key("CUSTOMER", customer_id), condition, scan_index_forward=False, limit=count)
    return [{"id": row.gsi1sk, **row.summary} for row in rows]


def by_status_and_day(day: str, status: str, after: str | None, count: int) -> list[dict[str, Any]]:
    """Summaries of a day's orders in a status, newest first, merged from the shards."""
    condition = OrderItem.gsi2sk < after if after else None
    lists = [
        OrderItem.by_state.query(
            key("ORDERS", day, status, str(number)), condition, scan_index_forward=False, limit=count
        )
        for number in range(SHARDS)
    ]
    rows = merge(*lists, key=lambda row: row.gsi2sk, reverse=True)
    return [{"id": row.gsi2sk, **row.summary} for row, _ in zip(rows, range(count), strict=False)]


def _state_pk(day: str, status: str, order_id: str) -> str:
    return key("ORDERS", day, status, shard(order_id, SHARDS))


def park(review_id: str, document: dict[str, Any]) -> None:
    """Keep a review item; parking the same thing twice keeps one."""
    ReviewItem(
        key("REVIEW", review_id),
        "REVIEW",
        document=document,
        state="open",
        summary=document,
        gsi1pk=key("REVIEWS", "open"),
        gsi1sk=review_id,
    ).save()


def open_reviews(after: str | None, count: int) -> list[dict[str, Any]]:
    """Review items that wait for a person, by id."""
    condition = ReviewItem.gsi1sk > after if after else None
    rows = ReviewItem.by_owner.query(key("REVIEWS", "open"), condition, limit=count)
    return [{"id": row.gsi1sk, **row.summary} for row in rows]
