"""Entries, what was booked once, and the balances that they add up to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Any, cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from chalicelib.core.errors import Contended, Stale
from chalicelib.core.keys import key, shard
from chalicelib.core.table import Item, Json, Transaction, find, find_many
from chalicelib.ledger.domain import Account, Closing, Entry, Kind, Sold, SoldLine, sums_of

SHARDS = 16
"""Rows of the operator's balances, of which an entry counts in one: an item takes 500 transactional writes a second. The upper half
counts what is given back, because that may be booked in one transaction with what it is given back for, and a transaction changes a
row once."""

DAY_SHARDS = 4
"""Partitions of a day's entries that concern no supplier."""

_OPERATOR = "operator"
_LAST = "~"
"""Sorts after every moment and id."""


class AlreadyBooked(Stale):
    """The cause was booked before: what was decided was read before that, and is to be read again."""


class EntryItem(Item):
    """pk = LEDGER#<supplier>#<currency> | LEDGER#operator#<currency>#<day>#<shard>, sk = ENTRY#<posted at>#<entry id>. Never changed."""

    document = Json()


class BalanceItem(Item):
    """pk = LEDGER#<supplier>#<currency>, sk = BALANCE. `total` is the sum of the postings to the supplier's account (debits
    positive); `payouts` counts its payouts and `paid_at` is the last one's time, until one came back."""

    total = NumberAttribute(default=0)
    version = NumberAttribute(default=0)
    payouts = NumberAttribute(default=0)
    paid_at = UnicodeAttribute(null=True)


class ClosingItem(Item):
    """pk = LEDGER#<supplier>#<currency>, sk = CLOSING#<month>. Worked out of the entries when first asked for."""

    document = Json()


class TotalsItem(Item):
    """pk = LEDGERTOTALS#<currency>#<shard>, sk = TOTALS. Sums of postings, an attribute for each account of the operator; `since` is
    the day of the first."""

    version = NumberAttribute(default=0)
    since = UnicodeAttribute(null=True)
    customers = NumberAttribute(default=0)
    cash = NumberAttribute(default=0)
    stored_value = NumberAttribute(default=0)
    commission = NumberAttribute(default=0)
    commission_tax = NumberAttribute(default=0)
    sales_tax = NumberAttribute(default=0)
    own_sales = NumberAttribute(default=0)
    price_difference = NumberAttribute(default=0)
    discounts = NumberAttribute(default=0)
    listing_fees = NumberAttribute(default=0)
    refunds_payable = NumberAttribute(default=0)
    goodwill = NumberAttribute(default=0)
    bank = NumberAttribute(default=0)
    chargeback_losses = NumberAttribute(default=0)
    bad_debt = NumberAttribute(default=0)


class BookedItem(Item):
    """pk = BOOKED#<order, or what was booked>, sk = <what was booked>. It is there once: the guard against booking twice, and the
    list of an order's entries. `entries` are their keys. Of a sale it holds what can be taken back."""

    entries = Json()
    version = NumberAttribute(default=1)
    sold = Json(null=True)


@dataclass(frozen=True, slots=True)
class Balance:
    """A supplier's account in a currency: what it is owed (minor units), after so many payouts."""

    supplier_id: str
    currency: str
    amount: int = 0
    version: int = 0
    payouts: int = 0
    paid_at: str | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """The operator's accounts in a currency (minor units, debits positive). `version` counts what was booked."""

    currency: str
    accounts: Mapping[Account, int]
    version: int
    since: str | None


# ---- writing ------------------------------------------------------------------------------------------------------------


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
        booked_pk(first.order_id or booking), booking, entries=[list(_at(one)) for one in entries], version=1
    )
    if sold is not None:
        item.sold = _sold_document(sold)
    tx.create(item, lambda _: AlreadyBooked(f"{booking} was booked before."))
    for one in entries:
        entry_item = EntryItem(*_at(one), document=_document(one))
        tx.create(entry_item, lambda _: AlreadyBooked(f"{booking} was booked before."))
    for supplier_id in dict.fromkeys(one.supplier_id for one in entries if one.supplier_id):
        own = [one for one in entries if one.supplier_id == supplier_id]
        _count_supplier(tx, supplier_id, own, seen)
    _count_operator(tx, booking, entries)


def _count_supplier(tx: Transaction, supplier_id: str, entries: Sequence[Entry], seen: Balance | None) -> None:
    currency = entries[0].currency
    owed = sum(one.due_to_supplier for one in entries)
    item = BalanceItem(ledger_pk(supplier_id, currency), "BALANCE")
    actions: list[Action] = [
        BalanceItem.total.add(-owed),
        BalanceItem.version.add(1),
        BalanceItem.gsi1pk.set(key("LEDGERBALANCES", supplier_id)),
        BalanceItem.gsi1sk.set(currency),
        BalanceItem.gsi2pk.set(key("LEDGERBALANCES", currency)),
        BalanceItem.gsi2sk.set(supplier_id),
    ]
    if seen is None:
        if entries[0].kind is Kind.PAYOUT_RETURNED:
            actions.append(BalanceItem.paid_at.remove())  # it does not have to wait again for what it did not get
        always = BalanceItem.pk.does_not_exist() | BalanceItem.pk.exists()
        tx.update(item, actions, always, lambda _: Contended("The balance was not counted."))
        return
    actions += [BalanceItem.payouts.add(1), BalanceItem.paid_at.set(entries[0].posted_at)]
    none_since = BalanceItem.payouts == seen.payouts if seen.payouts else BalanceItem.payouts.does_not_exist()
    enough = BalanceItem.total <= owed
    tx.update(item, actions, none_since & enough, lambda _: Stale("The balance has changed."))


def _count_operator(tx: Transaction, booking: str, entries: Sequence[Entry]) -> None:
    first = entries[0]
    sums = sums_of(entries)
    # `set(path | value)` is if_not_exists.
    actions: list[Action] = [
        TotalsItem.version.add(1),
        TotalsItem.since.set(TotalsItem.since | first.posted_at[:10]),
        *(getattr(TotalsItem, account).add(sums[account]) for account in Account if sums.get(account)),
    ]
    lane = SHARDS // 2
    row = int(shard(booking, lane)) + (lane if first.kind is Kind.REFUND_PAID else 0)
    item = TotalsItem(key("LEDGERTOTALS", first.currency, str(row)), "TOTALS")
    always = TotalsItem.pk.does_not_exist() | TotalsItem.pk.exists()
    tx.update(item, actions, always, lambda _: Contended("The balances were not counted."))


def take_back(tx: Transaction, sold: Sold) -> None:
    """Write how much of a sale was taken back. Raises `Stale` at commit when another was quicker."""
    item = BookedItem(booked_pk(sold.order_id), sold.id)
    actions = [BookedItem.sold.set(_sold_document(sold)), BookedItem.version.set(sold.version)]
    tx.update(item, actions, BookedItem.version == sold.version - 1, lambda _: Stale("More of it came back meanwhile."))


def add_closing(supplier_id: str, currency: str, closing: Closing) -> None:
    """Keep what a month came to; it follows from its entries, so whoever writes it writes the same."""
    document = [closing.balance, dict(closing.by_kind), closing.entries]
    ClosingItem(ledger_pk(supplier_id, currency), key("CLOSING", closing.month), document=document).save()


# ---- keys and documents -------------------------------------------------------------------------------------------------


def ledger_pk(supplier_id: str, currency: str) -> str:
    return key("LEDGER", supplier_id, currency)


def booked_pk(order_id: str) -> str:
    return key("BOOKED", order_id)


def adjustment_pk(entry_id: str) -> str:
    """Where the event of an adjustment stands: among what was booked nothing else may."""
    return key("ADJUSTMENT", entry_id)


def _day_pk(currency: str, day: str, number: str) -> str:
    return key("LEDGER", _OPERATOR, currency, day, number)


def _at(one: Entry) -> tuple[str, str]:
    sk = key("ENTRY", one.posted_at, one.id)
    if one.supplier_id:
        return ledger_pk(one.supplier_id, one.currency), sk
    return _day_pk(one.currency, one.posted_at[:10], shard(one.id, DAY_SHARDS)), sk


def _document(one: Entry) -> dict[str, Any]:
    fields = {
        "kind": str(one.kind),
        "postings": dict(one.postings),
        "order_id": one.order_id,
        "about": dict(one.about),
    }
    return {name: value for name, value in fields.items() if value}


def _entry(item: EntryItem) -> Entry:
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


_SOLD = SoldLine.__slots__


def _sold_document(sold: Sold) -> dict[str, Any]:
    lines = {line_id: [getattr(line, name) for name in _SOLD] for line_id, line in sold.lines.items()}
    return {"currency": sold.currency, "supplier_id": sold.supplier_id, "lines": lines}


def _sold(item: BookedItem) -> Sold:
    lines = {line_id: SoldLine(*amounts) for line_id, amounts in item.sold["lines"].items()}
    order_id = item.pk.partition("#")[2]
    return Sold(item.sk, order_id, item.sold["currency"], item.sold["supplier_id"], lines, int(item.version))


# ---- reading ------------------------------------------------------------------------------------------------------------


def balance(supplier_id: str, currency: str) -> Balance:
    """What a supplier is owed, as the last finished write left it."""
    item = find(BalanceItem, ledger_pk(supplier_id, currency), "BALANCE", consistent=True)
    return _balance(item) if item else Balance(supplier_id, currency)


def balances(supplier_id: str) -> list[Balance]:
    """A supplier's balances, by currency; one that is a second old may be missing."""
    rows = BalanceItem.by_owner.query(key("LEDGERBALANCES", supplier_id))
    found = find_many([(BalanceItem, row.pk, row.sk) for row in rows], consistent=True)
    return sorted((_balance(cast(BalanceItem, item)) for item in found.values()), key=lambda one: one.currency)


def owed_suppliers(currency: str, after: str | None, count: int) -> list[str]:
    """Ids of suppliers that have a balance in a currency, whatever it is; one that is a second old may be missing."""
    condition = BalanceItem.gsi2sk > after if after else None
    rows = BalanceItem.by_state.query(key("LEDGERBALANCES", currency), condition, limit=count)
    return [str(row.gsi2sk) for row in rows]


def _balance(item: BalanceItem) -> Balance:
    _, supplier_id, currency = item.pk.split("#")
    return Balance(supplier_id, currency, -int(item.total), int(item.version), int(item.payouts), item.paid_at)


def totals(currency: str) -> Totals:
    """The operator's balances, the sums of their rows."""
    at = [(key("LEDGERTOTALS", currency, str(number)), "TOTALS") for number in range(SHARDS)]
    rows = [cast(TotalsItem, item) for item in find_many([(TotalsItem, *one) for one in at], consistent=True).values()]
    accounts = {account: sum(int(getattr(row, account)) for row in rows) for account in Account}
    since = min((row.since for row in rows if row.since), default=None)
    return Totals(currency, accounts, sum(int(row.version) for row in rows), since)


def entries_of(
    supplier_id: str, currency: str, first: str, until: str, after: str | None = None, count: int | None = None
) -> Iterator[Entry]:
    """A supplier's entries posted from `first` and before `until`, oldest first; those after a position if one is given."""
    condition = EntryItem.sk.between(_from(first, after), key("ENTRY", until))
    rows = EntryItem.query(ledger_pk(supplier_id, currency), condition, consistent_read=True, limit=count)
    return (_entry(item) for item in rows)


def entries_of_day(currency: str, day: str, after: str | None = None, count: int | None = None) -> list[Entry]:
    """Entries of a day that concern no supplier, oldest first, merged from their partitions."""
    condition = EntryItem.sk.between(_from("", after), key("ENTRY", _LAST))
    lists = [
        EntryItem.query(_day_pk(currency, day, str(number)), condition, consistent_read=True, limit=count)
        for number in range(DAY_SHARDS)
    ]
    rows = merge(*lists, key=lambda item: item.sk)
    return [_entry(item) for item in islice(rows, count)]


def _from(first: str, after: str | None) -> str:
    # What comes after a position begins with the next key that there could be.
    return f"{key('ENTRY', *after.split('#'))}\x00" if after else key("ENTRY", first)


def position(one: Entry) -> str:
    """Where an entry stands in its list."""
    return f"{one.posted_at}#{one.id}"


def entries_of_order(order_id: str) -> list[Entry]:
    """Everything that was booked for an order, oldest first."""
    booked = BookedItem.query(booked_pk(order_id), consistent_read=True)
    keys = [(EntryItem, pk, sk) for item in booked for pk, sk in item.entries]
    found = find_many(cast("Iterable[tuple[type[Item], str, str]]", keys), consistent=True)
    return sorted((_entry(cast(EntryItem, item)) for item in found.values()), key=position)


def sales_of(order_id: str) -> list[Sold]:
    """What was sold of an order, and how much of it was taken back."""
    condition = BookedItem.sk.startswith("sale:")
    return [_sold(item) for item in BookedItem.query(booked_pk(order_id), condition, consistent_read=True)]


def closing(supplier_id: str, currency: str, month: str) -> Closing | None:
    """What a month came to, if it was worked out before."""
    item = find(ClosingItem, ledger_pk(supplier_id, currency), key("CLOSING", month), consistent=True)
    return _closing(item) if item else None


def closing_before(supplier_id: str, currency: str, month: str) -> Closing | None:
    """The latest closing before a month, or None."""
    condition = ClosingItem.sk.between("CLOSING#", key("CLOSING", month))
    rows = ClosingItem.query(
        ledger_pk(supplier_id, currency), condition, scan_index_forward=False, limit=2, consistent_read=True
    )
    return next((_closing(item) for item in rows if item.sk < key("CLOSING", month)), None)


def first_entry(supplier_id: str, currency: str) -> Entry | None:
    """The oldest entry of a supplier, or None."""
    rows = EntryItem.query(
        ledger_pk(supplier_id, currency), EntryItem.sk.startswith("ENTRY#"), limit=1, consistent_read=True
    )
    return next((_entry(item) for item in rows), None)


def _closing(item: ClosingItem) -> Closing:
    balance, by_kind, entries = item.document
    return Closing(item.sk.partition("#")[2], balance, by_kind, entries)
