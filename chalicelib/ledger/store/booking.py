"""What was booked, once: the one write of the books, and what can be taken back of a sale."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from pynamodb.attributes import NumberAttribute

from chalicelib.core.errors import Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, Transaction, find_many
from chalicelib.ledger.domain import Entry, Sold, SoldLine
from chalicelib.ledger.store.balances import Balance, count_operator, count_supplier
from chalicelib.ledger.store.entries import EntryItem, entry_at, entry_document, entry_of, position


class AlreadyBooked(Stale):
    """The cause was booked before: what was decided was read before that, and is to be read again."""


class BookedItem(Item):
    """pk = BOOKED#<order, or what was booked>, sk = <what was booked>. It is there once: the guard against booking twice, and the
    list of an order's entries. `entries` are their keys. Of a sale it holds what can be taken back."""

    entries = Json()
    version = NumberAttribute(default=1)
    sold = Json(null=True)


def add(
    tx: Transaction,
    booking: str,
    entries: Sequence[Entry],
    *,
    sold: Sold | None = None,
    seen: Balance | None = None,
) -> None:
    """Write entries of one cause and currency that is booked once, and count them. Raises `AlreadyBooked` at commit.

    `seen` is for payouts: they are written only while no other payout was, and while their supplier is owed as much; else `Stale`.
    """
    first = entries[0]
    item = BookedItem(
        _booked_pk(first.order_id or booking), booking, entries=[list(entry_at(one)) for one in entries], version=1
    )
    if sold is not None:
        item.sold = _sold_document(sold)
    tx.create(item, lambda _: AlreadyBooked(f"{booking} was booked before."))
    for one in entries:
        entry_item = EntryItem(*entry_at(one), document=entry_document(one))
        tx.create(entry_item, lambda _: AlreadyBooked(f"{booking} was booked before."))
    for supplier_id in dict.fromkeys(one.supplier_id for one in entries if one.supplier_id):
        own = [one for one in entries if one.supplier_id == supplier_id]
        count_supplier(tx, supplier_id, own, seen)
    count_operator(tx, booking, entries)


def take_back(tx: Transaction, sold: Sold) -> None:
    """Write how much of a sale was taken back. Raises `Stale` at commit when another was quicker."""
    item = BookedItem(_booked_pk(sold.order_id), sold.id)
    actions = [BookedItem.sold.set(_sold_document(sold)), BookedItem.version.set(sold.version)]
    tx.update(item, actions, BookedItem.version == sold.version - 1, lambda _: Stale("More of it came back meanwhile."))


def entries_of_order(order_id: str) -> list[Entry]:
    """Everything that was booked for an order, oldest first."""
    booked = BookedItem.query(_booked_pk(order_id), consistent_read=True)
    keys = [(EntryItem, pk, sk) for item in booked for pk, sk in item.entries]
    found = find_many(cast("Iterable[tuple[type[Item], str, str]]", keys), consistent=True)
    return sorted((entry_of(cast(EntryItem, item)) for item in found.values()), key=position)


def is_booked(order_id: str) -> bool:
    """Whether anything was booked for an order."""
    return any(True for _ in BookedItem.query(_booked_pk(order_id), consistent_read=True, limit=1))


def sales_of(order_id: str) -> list[Sold]:
    """What was sold of an order, and how much of it was taken back."""
    condition = BookedItem.sk.startswith("sale:")
    return [_sold(item) for item in BookedItem.query(_booked_pk(order_id), condition, consistent_read=True)]


def _booked_pk(order_id: str) -> str:
    return key("BOOKED", order_id)


def adjustment_pk(entry_id: str) -> str:
    """Where the event of an adjustment stands: among what was booked nothing else may."""
    return key("ADJUSTMENT", entry_id)


_SOLD = SoldLine.__slots__


def _sold_document(sold: Sold) -> dict[str, Any]:
    lines = {line_id: [getattr(line, name) for name in _SOLD] for line_id, line in sold.lines.items()}
    return {"currency": sold.currency, "supplier_id": sold.supplier_id, "lines": lines}


def _sold(item: BookedItem) -> Sold:
    lines = {line_id: SoldLine(*amounts) for line_id, amounts in item.sold["lines"].items()}
    order_id = item.pk.partition("#")[2]
    return Sold(item.sk, order_id, item.sold["currency"], item.sold["supplier_id"], lines, int(item.version))
