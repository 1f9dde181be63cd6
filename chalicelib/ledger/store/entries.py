"""Entries: written once, read as the list of whom they concern."""

from collections.abc import Iterator
from heapq import merge
from itertools import islice
from typing import Any

from chalicelib.core.keys import key, shard
from chalicelib.core.table import Item, Json
from chalicelib.ledger.domain import Entry, Kind

DAY_SHARDS = 4
"""Partitions of a day's entries that concern no supplier."""

_OPERATOR = "operator"
_LAST = "~"
"""Sorts after every moment and id."""


class EntryItem(Item):
    """pk = LEDGER#<supplier>#<currency> | LEDGER#operator#<currency>#<day>#<shard>, sk = ENTRY#<posted at>#<entry id>. Never changed."""

    document = Json()


def ledger_pk(supplier_id: str, currency: str) -> str:
    """The partition of a supplier's books in a currency."""
    return key("LEDGER", supplier_id, currency)


def _day_pk(currency: str, day: str, number: str) -> str:
    return key("LEDGER", _OPERATOR, currency, day, number)


def entry_at(one: Entry) -> tuple[str, str]:
    """Partition and sort key of an entry."""
    sk = key("ENTRY", one.posted_at, one.id)
    if one.supplier_id:
        return ledger_pk(one.supplier_id, one.currency), sk
    return _day_pk(one.currency, one.posted_at[:10], shard(one.id, DAY_SHARDS)), sk


def entry_document(one: Entry) -> dict[str, Any]:
    """What of an entry is not in its keys."""
    fields = {
        "kind": str(one.kind),
        "postings": dict(one.postings),
        "order_id": one.order_id,
        "about": dict(one.about),
    }
    return {name: value for name, value in fields.items() if value}


def entry_of(item: EntryItem) -> Entry:
    """The entry that was written."""
    _, owner, currency, *_rest = item.pk.split("#")
    _, posted_at, id = item.sk.split("#")
    stored = item.document
    return Entry(
        id=id,
        kind=Kind(stored["kind"]),
        currency=currency,
        postings=stored.get("postings", {}),
        supplier_id=None if owner == _OPERATOR else owner,
        order_id=stored.get("order_id"),
        about=stored.get("about", {}),
        posted_at=posted_at,
    )


def entries_of(
    supplier_id: str, currency: str, first: str, until: str, after: str | None = None, count: int | None = None
) -> Iterator[Entry]:
    """A supplier's entries posted from `first` and before `until`, oldest first; those after a position if one is given."""
    condition = EntryItem.sk.between(_from(first, after), key("ENTRY", until))
    rows = EntryItem.query(ledger_pk(supplier_id, currency), condition, consistent_read=True, limit=count)
    return (entry_of(item) for item in rows)


def entries_of_day(currency: str, day: str, after: str | None = None, count: int | None = None) -> list[Entry]:
    """Entries of a day that concern no supplier, oldest first, merged from their partitions."""
    condition = EntryItem.sk.between(_from("", after), key("ENTRY", _LAST))
    lists = [
        EntryItem.query(_day_pk(currency, day, str(number)), condition, consistent_read=True, limit=count)
        for number in range(DAY_SHARDS)
    ]
    rows = merge(*lists, key=lambda item: item.sk)
    return [entry_of(item) for item in islice(rows, count)]


def _from(first: str, after: str | None) -> str:
    # What comes after a position begins with the next key that there could be.
    return f"{key('ENTRY', *after.split('#'))}\x00" if after else key("ENTRY", first)


def position(one: Entry) -> str:
    """Where an entry stands in its list."""
    return f"{one.posted_at}#{one.id}"


def first_entry(supplier_id: str, currency: str) -> Entry | None:
    """The oldest entry of a supplier, or None."""
    rows = EntryItem.query(
        ledger_pk(supplier_id, currency), EntryItem.sk.startswith("ENTRY#"), limit=1, consistent_read=True
    )
    return next((entry_of(item) for item in rows), None)
