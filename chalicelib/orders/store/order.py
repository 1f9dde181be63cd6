"""The order's own item, and the lines of long orders beside it."""

from collections.abc import Mapping
from heapq import merge
from typing import Any, cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core.errors import AisleError, Stale
from chalicelib.core.keys import key, shard
from chalicelib.core.table import Item, Json, RawItem, Transaction, fields_of, find, find_many
from chalicelib.orders.domain import (
    INLINE_LINES,
    Allocation,
    Charge,
    Decision,
    FulfilmentNote,
    Hold,
    Line,
    Order,
    Shortage,
)

SHARDS = 4
"""Index partitions per day and status: four take 4,000 index writes a second."""


class OrderItem(Item):
    """pk = ORDER#<order id>, sk = ORDER. The document is the order without its version."""

    version = NumberAttribute()
    document = Json()
    customer_id = UnicodeAttribute(null=True)


class LinesItem(Item):
    """pk = ORDER#<order id>, sk = LINES#<nnn>. What is frozen of the lines of a long order, and their allocations; the order's
    item holds their counters. Never changed."""

    lines = Json()
    allocations = Json()


LINES_IN_AN_ITEM = 200
"""At about 250 bytes a line, some 50 KB."""


_COUNTERS = ("allocated", "shipped", "delivered", "cancelled", "returned", "waiting")
_ZEROES: dict[str, Any] = {
    **dict.fromkeys(("discount", "tax_relief", "relieved_bps", *_COUNTERS), 0),
    "promised_on": None,
}
"""Fields of a line that are mostly zero and then not stored: a ten-line order stays a kilobyte smaller."""


_MOSTLY_EMPTY = ("shortages", "holds", "coupons", "promotions", "vat_number", "guest", "shipping", "pickup")


def _without_zeroes(line: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in line.items() if value or name not in _ZEROES}
    if kept["tax_included"]:
        del kept["tax_included"]
    return kept


def _frozen(line: Line) -> dict[str, Any]:
    return {name: value for name, value in _without_zeroes(fields_of(line)).items() if name not in _COUNTERS}


def order_pk(order_id: str) -> str:
    return key("ORDER", order_id)


def order_key(order_id: str) -> tuple[type[Item], str, str]:
    return OrderItem, order_pk(order_id), "ORDER"


def _item(order: Order) -> OrderItem:
    document = fields_of(order)
    for name in ("version", *(name for name in _MOSTLY_EMPTY if not document[name])):
        del document[name]
    if order.shortages:
        document["shortages"] = [[one.fulfilment_id, one.line_id, one.units, one.open] for one in order.shortages]
    if order.holds:
        document["holds"] = [fields_of(hold) for hold in order.holds]
    document["charges"] = [fields_of(charge) for charge in order.charges]
    if _is_long(order):
        del document["lines"], document["allocations"]
        document["counters"] = [[getattr(line, name) for name in _COUNTERS] for line in order.lines]
    else:
        document["lines"] = [_without_zeroes(fields_of(line)) for line in order.lines]
        document["allocations"] = [_row(one) for one in order.allocations]
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
    owner = _owner(order)
    if owner is not None:
        item.gsi1pk = owner
        item.gsi1sk = order.id
    return item


def _owner(order: Order) -> str | None:
    """In whose list the order stands: its customer's, or a guest's, who is known by a keyed hash of the e-mail address."""
    if order.customer_id is not None:
        return key("CUSTOMER", order.customer_id)
    return key("GUEST", order.guest) if order.guest is not None else None


def _is_long(order: Order) -> bool:
    return len(order.lines) > INLINE_LINES


def _row(allocation: Allocation) -> list[Any]:
    row = [allocation.line_id, allocation.location_id, allocation.quantity]
    if allocation.terms is not None:
        return [*row, allocation.waits, dict(allocation.terms)]
    return [*row, True] if allocation.waits else row


def _parts(order: Order) -> list[LinesItem]:
    starts = range(0, len(order.lines), LINES_IN_AN_ITEM)
    chunks = [order.lines[start : start + LINES_IN_AN_ITEM] for start in starts]
    part_of = {line.id: number for number, chunk in enumerate(chunks) for line in chunk}
    allocations: list[list[list[Any]]] = [[] for _ in chunks]
    for one in order.allocations:
        allocations[part_of[one.line_id]].append(_row(one))
    return [
        LinesItem(
            *_part_key(order.id, number), lines=[_frozen(line) for line in chunk], allocations=allocations[number]
        )
        for number, chunk in enumerate(chunks)
    ]


def _part_key(order_id: str, number: int) -> tuple[str, str]:
    return order_pk(order_id), key("LINES", f"{number:03}")


def order_from(item: OrderItem) -> Order:
    """The order of its item; a long order's lines are read with it."""
    stored = dict(item.document)
    if "counters" in stored:
        lines, allocations = _long_lines(item.pk.removeprefix("ORDER#"), stored.pop("counters"))
    else:
        lines, allocations = stored["lines"], stored["allocations"]
    return Order(
        **{
            **stored,
            "decision": Decision(stored["decision"]),
            "lines": tuple(Line(**{**_ZEROES, **line}) for line in lines),
            "charges": tuple(Charge(**charge) for charge in stored["charges"]),
            "allocations": tuple(Allocation(*allocation) for allocation in allocations),
            "fulfilments": tuple(FulfilmentNote(**note) for note in stored["fulfilments"]),
            "shortages": tuple(Shortage(*row) for row in stored.get("shortages", ())),
            "reasons": tuple(stored["reasons"]),
            "holds": tuple(Hold(**hold) for hold in stored.get("holds", ())),
            "coupons": tuple(stored.get("coupons", ())),
            "promotions": tuple(stored.get("promotions", ())),
        },
        version=int(item.version),
    )


def _long_lines(order_id: str, counters: list[list[int]]) -> tuple[list[dict[str, Any]], list[list[Any]]]:
    keys = [_part_key(order_id, number) for number in range(-(-len(counters) // LINES_IN_AN_ITEM))]
    found = find_many([(LinesItem, *at) for at in keys], consistent=True)
    parts = [cast(LinesItem, found[at]) for at in keys]
    frozen = [line for part in parts for line in part.lines]
    lines = [
        {**line, **dict(zip(_COUNTERS, counted, strict=True))} for line, counted in zip(frozen, counters, strict=True)
    ]
    return lines, [row for part in parts for row in part.allocations]


def add(tx: Transaction, order: Order) -> None:
    """Write a new order."""
    for item in (_item(order), *(_parts(order) if _is_long(order) else ())):
        tx.create(item, lambda _: Stale("An order with this id exists."))


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


def recent_for_guest(email_hash: str, count: int) -> list[str]:
    """Ids of the orders that a guest of this address placed, newest first."""
    rows = OrderItem.by_owner.query(key("GUEST", email_hash), scan_index_forward=False, limit=count)
    return [str(row.gsi1sk) for row in rows]


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
