"""Booking: what other contexts add to their transactions. Each call adds one cause, which is booked once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.table import Item, Transaction
from chalicelib.ledger import domain, store
from chalicelib.ledger.domain import Entry, RefundAsked, Sale, Sold, Terms

COSTS = 4
"""Actions that booking one cause adds to a transaction: what was booked, the entry, and a balance on either side."""


def book(tx: Transaction, cause: str, entries: Sequence[Entry]) -> None:
    """Add entries of one cause and currency to the caller's transaction. At commit `AlreadyBooked`, a `Stale`, if it was booked.

    Entries that move nothing are left out. One transaction books one cause, and beside it what was given back (`book_refund_paid`):
    two others could meet in a row of the operator's balances.
    """
    moving = [_posted(one) for one in entries if one.postings]
    if moving:
        store.add(tx, cause, moving)


def _posted(entry: Entry) -> Entry:
    return replace(entry, posted_at=clock.rfc3339(clock.now()))


def book_sale(tx: Transaction, sale: Sale) -> None:
    """Add that a parcel left: its customer owes what falls due with it, its supplier is owed its price less commission.

    Four actions. What was booked is remembered, unit by unit, for what comes back. At commit `AlreadyBooked`.
    """
    made = domain.sold(sale)
    if made.lines or sale.charges:
        store.add(tx, made.id, [_posted(domain.sale_entry(sale, made))], sold=made)


def book_capture(
    tx: Transaction, order_id: str, key: str, amount: int, currency: str, *, stored_value: bool = False
) -> None:
    """Add that so much (minor units) of what an order's customer owes was taken, by the payment provider or from stored value.
    `key` names the capture within its order. Four actions at most."""
    entry = domain.capture_entry(order_id, key, currency, amount, stored_value=stored_value)
    book(tx, entry.id, [entry])


def sales_of(order_id: str) -> list[Sold]:
    """What was sold of an order, as the last finished write left it; for `book_refund_asked`."""
    return store.sales_of(order_id)


def book_refund_asked(tx: Transaction, asked: RefundAsked, sales: Sequence[Sold] = ()) -> None:
    """Add that a refund is owed to a customer. For goods that came back it takes back what was booked when they left: of the
    supplier its price, of the operator its commission. Without lines and postage it is goodwill, at the operator's expense.

    `sales` are those of the order (`sales_of`). At commit `AlreadyBooked`, and `Stale` when more came back meanwhile.
    """
    entries, changed = domain.take_back(asked, sales)
    for sold in changed:
        store.take_back(tx, sold)
    book(tx, domain.refund_id(asked.order_id, asked.key), entries)


def book_refund_paid(
    tx: Transaction, order_id: str, key: str, amount: int, currency: str, *, stored_value: bool = False
) -> None:
    """Add that so much (minor units) of a refund was given back, by the payment provider or as store credit."""
    entry = domain.refund_paid_entry(order_id, key, currency, amount, stored_value=stored_value)
    book(tx, entry.id, [entry])


def book_refund_forgone(tx: Transaction, order_id: str, key: str, amount: int, currency: str) -> None:
    """Add that so much (minor units) of a refund that was booked is not asked for: no more is left of what was paid."""
    entry = domain.forgone_entry(order_id, key, currency, amount)
    book(tx, entry.id, [entry])


def charge_listing_fee(tx: Transaction, supplier_id: str, listing_id: str, currency: str, by: Principal) -> int:
    """Add what a supplier is charged for a listing in a currency, once per listing; answers how much (minor units), often 0."""
    fee = store.rules().listing_fees.get(currency, 0)
    entry = domain.listing_fee_entry(supplier_id, listing_id, currency, fee)
    book(tx, entry.id, [entry])
    return fee


# ---- terms --------------------------------------------------------------------------------------------------------------


def rule_keys() -> list[tuple[type[Item], str, str]]:
    """Where the commission rules are, for the caller's batch read."""
    return [store.rules_key()]


def terms_from(
    found: Mapping[tuple[str, str], Item], *, supplier_id: str, category_path: Sequence[str], currency: str
) -> Terms:
    """What holds for a sale of a supplier, out of a batch read with `rule_keys`; orders keep it (`Terms.as_dict`).

    `category_path` leads from the root to the product's own category.
    """
    return domain.terms_for(store.rules_in(found), supplier_id, category_path, currency)
