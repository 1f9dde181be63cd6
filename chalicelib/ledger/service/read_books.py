"""The books as the operator and suppliers see them: balances, entries, statements."""

import csv
import io
from collections.abc import Iterator

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Invalid, NotFound, RuleBroken
from chalicelib.core.paging import Page, page_of
from chalicelib.ledger import domain, store
from chalicelib.ledger.domain import Closing, Entry, Statement
from chalicelib.ledger.service.settle_terms import require_bookkeeper
from chalicelib.ledger.service.whose import require_access
from chalicelib.ledger.store import Balance, Totals

MAX_ROWS = 20_000
"""Entries of a statement in one file: some 2 MB, of the 6 MB that an answer may have."""


class StatementTooLong(RuleBroken):
    code = "statement_too_long"
    title = "The statement has more entries than fit into one file"


def balances_of(supplier_id: str, by: Principal) -> list[Balance]:
    """What a supplier is owed, by currency; for itself and the operator."""
    require_access(supplier_id, by)
    return store.balances(supplier_id)


def list_entries_of(
    supplier_id: str,
    currency: str,
    first: str,
    until: str,
    limit: int,
    cursor: str | None,
    by: Principal,
) -> Page[Entry]:
    """A supplier's entries posted from `first` and before `until` (RFC 3339), oldest first; for itself and the operator."""
    require_access(supplier_id, by)
    return _page(supplier_id, currency, first, until, limit, cursor)


def _page(supplier_id: str, currency: str, first: str, until: str, limit: int, cursor: str | None) -> Page[Entry]:
    return page_of(
        f"entries of {supplier_id} {currency} {first} {until}",
        limit,
        cursor,
        lambda after, count: list(store.entries_of(supplier_id, currency, first, until, after, count)),
        store.position,
    )


# ---- statements ---------------------------------------------------------------------------------------------------------


def read_statement(
    supplier_id: str, currency: str, month: str, limit: int, cursor: str | None, by: Principal
) -> tuple[Statement, Page[Entry]]:
    """A supplier's month (`2026-01`), and its entries page by page; for itself and the operator. It follows from the entries alone,
    so it is the same whenever it is read, once it is final. Raises `NotFound` for a month that has not begun."""
    require_access(supplier_id, by)
    statement = statement_of(supplier_id, currency, month)
    return statement, _page(supplier_id, currency, *domain.bounds(month), limit, cursor)


def statement_file(supplier_id: str, currency: str, month: str, by: Principal) -> str:
    """A statement as CSV (RFC 4180): its opening, each entry with the balance after it, its closing; amounts in minor units.

    Raises `NotFound`, `StatementTooLong`.
    """
    require_access(supplier_id, by)
    statement = statement_of(supplier_id, currency, month)
    if statement.entries > MAX_ROWS:
        raise StatementTooLong(f"It has {statement.entries} entries; read it as JSON, page by page.", limit=MAX_ROWS)
    first, until = domain.bounds(month)
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["posted_at", "kind", "id", "order_id", "amount", "balance", "currency"])
    rows.writerow([first, "opening", "", "", "", statement.opening, currency])
    balance = statement.opening
    for one in store.entries_of(supplier_id, currency, first, until):
        balance += one.due_to_supplier
        rows.writerow([one.posted_at, one.kind, one.id, one.order_id or "", one.due_to_supplier, balance, currency])
    rows.writerow([until, "closing", "", "", "", balance, currency])
    return text.getvalue()


def statement_of(supplier_id: str, currency: str, month: str) -> Statement:
    """As `read_statement`, for whoever was let pass."""
    first, _ = domain.bounds(month)
    now = clock.now()
    if first > clock.rfc3339(now):
        raise NotFound(f"{month} has not begun.")
    opening = _closed_before(supplier_id, currency, month)
    closing = _closing_of(supplier_id, currency, month, opening)
    return Statement(
        supplier_id=supplier_id,
        currency=currency,
        month=month,
        opening=opening.balance if opening else 0,
        closing=closing.balance,
        by_kind=closing.by_kind,
        entries=closing.entries,
        final=domain.is_settled(month, now),
    )


def _closed_before(supplier_id: str, currency: str, month: str) -> Closing | None:
    """What closed before a month. Months that were never asked for are worked out one after the other, and kept."""
    known = store.closing_before(supplier_id, currency, month)
    for later in _months(supplier_id, currency, known, month):
        known = _closing_of(supplier_id, currency, later, known)
    return known


def _months(supplier_id: str, currency: str, known: Closing | None, until: str) -> Iterator[str]:
    if known is not None:
        month = domain.next_month(known.month)
    else:
        oldest = store.first_entry(supplier_id, currency)
        month = domain.month_of(oldest.posted_at) if oldest else until
    while month < until:
        yield month
        month = domain.next_month(month)


def _closing_of(supplier_id: str, currency: str, month: str, before: Closing | None) -> Closing:
    known = store.closing(supplier_id, currency, month)
    if known is not None:
        return known
    made = domain.closed(before, month, store.entries_of(supplier_id, currency, *domain.bounds(month)))
    if domain.is_settled(month, clock.now()):
        store.add_closing(supplier_id, currency, made)
    return made


# ---- the operator's -----------------------------------------------------------------------------------------------------


def operator_balances(currency: str, by: Principal) -> Totals:
    """The operator's accounts in a currency, for whoever keeps the books."""
    require_bookkeeper(by)
    return store.totals(currency)


def list_entries(
    order_id: str | None, currency: str | None, day: str | None, limit: int, cursor: str | None, by: Principal
) -> Page[Entry]:
    """Everything booked for an order, or, of a currency and UTC day, what concerns no supplier; for whoever keeps the books.

    Raises `Invalid` when neither is named.
    """
    require_bookkeeper(by)
    if order_id is not None:
        return Page(store.entries_of_order(order_id), None)
    if currency is None or day is None:
        raise Invalid("Name an order_id, or a currency and a day.")
    return page_of(
        f"entries {currency} {day}",
        limit,
        cursor,
        lambda after, count: store.entries_of_day(currency, day, after, count),
        store.position,
    )
