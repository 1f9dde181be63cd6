"""What was called off of an order."""

from collections.abc import Sequence
from typing import Any

from chalicelib.core.errors import Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, Transaction, fields_of, find
from chalicelib.orders.domain import Cancellation
from chalicelib.orders.store.order import order_pk


class CancellationItem(Item):
    """pk = ORDER#<order id>, sk = CANCELLATION#<id>. `to_release` are rows (SKU, location, units) whose stock is still
    reserved, which its workflow gives back."""

    document = Json()
    to_release = Json(null=True)


def _cancellation_key(order_id: str, cancellation_id: str) -> tuple[str, str]:
    return order_pk(order_id), key("CANCELLATION", cancellation_id)


def add_cancellation(tx: Transaction, cancellation: Cancellation) -> None:
    """Write a new cancellation."""
    item = CancellationItem(
        *_cancellation_key(cancellation.order_id, cancellation.id), document=_document(cancellation)
    )
    item.to_release = [list(row) for row in cancellation.to_release] or None
    tx.create(item, lambda _: Stale("This cancellation exists."))


def released(tx: Transaction, cancellation: Cancellation, left: Sequence[tuple[str, str, int]]) -> None:
    """Note that stock was given back and that only `left` is still reserved. `Stale` at commit when another worker did."""
    before = [list(row) for row in cancellation.to_release]
    rows = [list(row) for row in left]
    action = CancellationItem.to_release.set(rows) if rows else CancellationItem.to_release.remove()
    tx.update(
        CancellationItem(*_cancellation_key(cancellation.order_id, cancellation.id)),
        [action],
        CancellationItem.to_release == before,
        lambda _: Stale("Another worker gives this stock back."),
    )


def get_cancellation(order_id: str, cancellation_id: str) -> Cancellation | None:
    """The cancellation as it is now, or None."""
    item = find(CancellationItem, *_cancellation_key(order_id, cancellation_id), consistent=True)
    return _cancellation(item) if item else None


def cancellations_of(order_id: str) -> list[Cancellation]:
    """All cancellations of an order, oldest first."""
    rows = CancellationItem.query(order_pk(order_id), CancellationItem.sk.startswith("CANCELLATION#"))
    return [_cancellation(item) for item in rows]


def _document(cancellation: Cancellation) -> dict[str, Any]:
    document = fields_of(cancellation)
    del document["to_release"]
    return document


def _cancellation(item: CancellationItem) -> Cancellation:
    rows = tuple(tuple(row) for row in item.to_release or ())
    return Cancellation(**item.document, to_release=rows)
