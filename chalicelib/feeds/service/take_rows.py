"""Rows on their way to listings: several at a time, and of each what became of it."""

from collections.abc import Callable, Sequence
from contextvars import copy_context
from functools import partial
from time import sleep
from typing import Protocol

from chalicelib.core import observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import AisleError
from chalicelib.core.findings import Finding, Severity
from chalicelib.core.retry import full_jitter
from chalicelib.feeds.domain import Feed, Kind, Outcome, Row, RowResult, refused
from chalicelib.listings import service as listings
from chalicelib.listings.service import ListingRow, RowOutcome
from chalicelib.suppliers.service import Seller

WORKERS = 8
_TRIES = 3

Take = Callable[[Row], RowOutcome]
Withdraw = Callable[[str], RowOutcome]


class Shelf(Protocol):
    """Where rows go."""

    def taking(self, feed: Feed, seller: Seller, rows: Sequence[Row], by: Principal) -> Take:
        """Read ahead what some rows need; the function that takes one of them."""

    def standing(self, feed: Feed, after: str | None, count: int, by: Principal) -> list[str]:
        """The supplier's SKUs that are sold or could be, in their order, from the one after `after`."""

    def withdrawing(self, feed: Feed, seller: Seller, supplier_skus: Sequence[str], by: Principal) -> Withdraw:
        """The function that does to one of these SKUs what it means that a file which replaces does not name it."""


def take_rows(shelf: Shelf, feed: Feed, seller: Seller, rows: Sequence[Row], by: Principal) -> list[RowResult]:
    """Take rows, those of one SKU one after the other, others in parallel; no row's failure touches another.

    Answers a result a row, in the order of the rows. A row that is taken again changes nothing.
    """
    from concurrent.futures import ThreadPoolExecutor  # late: other functions need no threads

    if not rows:
        return []
    take = shelf.taking(feed, seller, rows, by)
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.supplier_sku, []).append(row)

    def run(group: list[Row]) -> list[RowResult]:
        return [_result(row, partial(take, row)) for row in group]

    with ThreadPoolExecutor(WORKERS) as pool:
        # Each group runs in a copy of this context, so its events carry the feed's correlation id.
        running = [pool.submit(copy_context().run, run, group) for group in groups.values()]
        results = [result for future in running for result in future.result()]
    return sorted(results, key=lambda result: result.line or 0)


def withdraw(shelf: Shelf, feed: Feed, seller: Seller, skus: Sequence[str], by: Principal) -> list[RowResult]:
    """Let go of what the file does not name; as `take_rows`."""
    from concurrent.futures import ThreadPoolExecutor  # late: other functions need no threads

    let_go = shelf.withdrawing(feed, seller, skus, by)

    def run(sku: str) -> RowResult:
        return _result(Row(0, sku, {}), partial(let_go, sku))

    with ThreadPoolExecutor(WORKERS) as pool:
        running = [pool.submit(copy_context().run, run, sku) for sku in skus]
        return [_withdrawn(future.result()) for future in running]


def _withdrawn(result: RowResult) -> RowResult:
    done = result.outcome not in (Outcome.REFUSED, Outcome.DEFERRED)
    return RowResult(
        None,
        result.supplier_sku,
        Outcome.WITHDRAWN if done else result.outcome,
        result.sku,
        result.code,
        result.detail,
        result.findings,
    )


def _result(row: Row, take: Callable[[], RowOutcome]) -> RowResult:
    for attempt in range(1, _TRIES + 1):
        result = _attempt(row, take)
        if result.outcome is not Outcome.DEFERRED:
            break
        if attempt < _TRIES:
            sleep(full_jitter(attempt, base=0.1))
    return result


def _attempt(row: Row, take: Callable[[], RowOutcome]) -> RowResult:
    try:
        taken = take()
    except AisleError as error:
        if not error.retryable:
            found = tuple(Finding(fault.pointer, fault.code, Severity.ERROR, fault.detail) for fault in error.faults)
            return RowResult(
                row.line, row.supplier_sku, Outcome.REFUSED, None, error.code, error.detail, (*found, *row.warnings)
            )
        return RowResult(row.line, row.supplier_sku, Outcome.DEFERRED, None, error.code, error.detail)
    except Exception:
        # The other rows' results must not be lost with this one.
        observability.log.exception("a row failed", line=row.line)
        said = "Something went wrong on our side."
        return RowResult(row.line, row.supplier_sku, Outcome.DEFERRED, None, "internal_error", said)
    findings = (*taken.findings, *row.warnings)
    if taken.outcome == Outcome.REFUSED:
        return refused(row.line, row.supplier_sku, findings)
    outcome = Outcome(taken.outcome.value)
    return RowResult(row.line, row.supplier_sku, outcome, taken.sku, taken.code, None, findings)


class Listings:
    """The shelf of the marketplace."""

    def taking(self, feed: Feed, seller: Seller, rows: Sequence[Row], by: Principal) -> Take:
        """What rows say is taken by listings."""
        given = {row.line: _listing_row(row, feed) for row in rows}
        prepared = listings.Prepared.of(seller, list(given.values()))

        def product(row: Row) -> RowOutcome:
            return listings.take_row(
                seller, given[row.line], feed_id=feed.id, line=row.line, by=by, prepared=prepared
            )

        def stock(row: Row) -> RowOutcome:
            fields = row.fields
            return listings.take_stock_row(
                seller, row.supplier_sku, fields["on_hand"], fields["as_of"], by=by, prepared=prepared
            )

        def prices(row: Row) -> RowOutcome:
            asked = {row.fields["currency"]: row.fields["amount"]}
            return listings.take_price_row(
                seller, row.supplier_sku, asked, row.fields["as_of"], by=by, prepared=prepared
            )

        return {Kind.PRODUCTS: product, Kind.STOCK: stock, Kind.PRICES: prices}[feed.kind]


def _listing_row(row: Row, feed: Feed) -> ListingRow:
    if feed.kind is not Kind.PRODUCTS:
        return ListingRow(row.supplier_sku)
    # What a file says holds from when it came, not from when its turn came or it was tried again.
    return ListingRow(**{"as_of": feed.received_at, **{name: value for name, value in row.fields.items() if value is not None}})
