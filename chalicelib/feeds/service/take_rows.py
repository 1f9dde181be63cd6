"""Rows on their way to listings: several at a time, and of each what became of it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from time import sleep
from typing import Protocol

from chalicelib.core import observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import AisleError
from chalicelib.core.findings import Finding, Severity
from chalicelib.core.retry import full_jitter
from chalicelib.feeds.domain import Feed, Kind, Outcome, Row, RowResult, refused
from chalicelib.listings.service import use_cases as listings
from chalicelib.listings.service.use_cases import ListingRow, ListingStatus, RowOutcome, Taken
from chalicelib.suppliers.service import Seller

WORKERS = 8
_TRIES = 3

Take = Callable[[Row], RowOutcome]
LetGo = Callable[[str], RowOutcome]


class Shelf(Protocol):
    """Where rows go."""

    def taking(self, feed: Feed, seller: Seller, rows: Sequence[Row], by: Principal) -> AbstractContextManager[Take]:
        """Read ahead what some rows need, and take it back when they are taken; the function that takes one of them."""

    def standing(self, feed: Feed, cursor: str | None, by: Principal) -> tuple[list[str], str | None]:
        """A page of the supplier's SKUs that a file which replaces has to name, if they are to stay; and the cursor of the next."""

    def letting_go(
        self, feed: Feed, seller: Seller, supplier_skus: Sequence[str], by: Principal
    ) -> AbstractContextManager[LetGo]:
        """The function that does what it means that a file which replaces does not name one of these SKUs."""


def take_rows(shelf: Shelf, feed: Feed, seller: Seller, rows: Sequence[Row], by: Principal) -> list[RowResult]:
    """Take rows, those of one SKU one after the other, others in parallel; no row's failure touches another.

    Answers a result a row, in the order of the rows. A row that is taken again changes nothing.
    """
    from concurrent.futures import ThreadPoolExecutor  # late: other functions need no threads

    if not rows:
        return []
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.supplier_sku, []).append(row)

    def run(take: Take, group: list[Row]) -> list[RowResult]:
        return [_result(row, partial(take, row)) for row in group]

    with shelf.taking(feed, seller, rows, by) as take, ThreadPoolExecutor(WORKERS) as pool:
        # Each group runs in a copy of this context, so its events carry the feed's correlation id.
        running = [pool.submit(copy_context().run, run, take, group) for group in groups.values()]
        results = [result for future in running for result in future.result()]
    return sorted(results, key=lambda result: result.line or 0)


def withdraw(shelf: Shelf, feed: Feed, seller: Seller, skus: Sequence[str], by: Principal) -> list[RowResult]:
    """Let go of what the file does not name; as `take_rows`."""
    from concurrent.futures import ThreadPoolExecutor  # late: other functions need no threads

    def run(let_go: LetGo, sku: str) -> RowResult:
        return _result(Row(0, sku, {}), partial(let_go, sku))

    with shelf.letting_go(feed, seller, skus, by) as let_go, ThreadPoolExecutor(WORKERS) as pool:
        running = [pool.submit(copy_context().run, run, let_go, sku) for sku in skus]
        return [_let_go(future.result()) for future in running]


def _let_go(result: RowResult) -> RowResult:
    stays = result.outcome in (Outcome.REFUSED, Outcome.DEFERRED) or result.code == listings.NEWER_KNOWN
    return replace(result, line=None, outcome=Outcome.KEPT if stays else Outcome.WITHDRAWN)


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
    if taken.outcome is Taken.REFUSED:
        return refused(row.line, row.supplier_sku, findings)
    outcome = Outcome(taken.outcome.value)
    detail = "Something newer is known." if taken.code == listings.NEWER_KNOWN else None
    return RowResult(row.line, row.supplier_sku, outcome, taken.sku, taken.code, detail, findings)


class Listings:
    """The shelf of the marketplace."""

    @contextmanager
    def taking(self, feed: Feed, seller: Seller, rows: Sequence[Row], by: Principal) -> Iterator[Take]:
        """What rows say is taken by listings; new ones take their places together."""
        if feed.kind is Kind.STOCK:
            yield lambda row: listings.take_stock_row(
                seller, row.supplier_sku, row.fields["on_hand"], row.fields["as_of"], by=by
            )
        elif feed.kind is Kind.PRICES:
            yield lambda row: listings.take_price_row(
                seller, row.supplier_sku, row.fields["prices"], row.fields["as_of"], by=by
            )
        else:
            given = {row.line: _listing_row(row, feed) for row in rows}
            with listings.Prepared.of(seller, list(given.values())) as prepared:
                yield lambda row: listings.take_row(
                    seller, given[row.line], feed_id=feed.id, line=row.line, by=by, prepared=prepared
                )

    def standing(self, feed: Feed, cursor: str | None, by: Principal) -> tuple[list[str], str | None]:
        """All listings that are not withdrawn, and of which nothing was said since the file came; for stock those that have a place
        in it."""
        page = listings.list_listings(feed.supplier_id, None, _LISTED_AT_ONCE, cursor, by)
        if feed.kind is Kind.STOCK:
            rows = [row for row in page.items if row["status"] in _WITH_STOCK]
        else:
            known = feed.received_at or ""
            rows = [row for row in page.items if row["status"] in _STANDING and row["told_at"] <= known]
        return [row["supplier_sku"] for row in rows], page.next_cursor

    @contextmanager
    def letting_go(self, feed: Feed, seller: Seller, supplier_skus: Sequence[str], by: Principal) -> Iterator[LetGo]:
        """Products are withdrawn; of stock there is none, from when the file came."""
        if feed.kind is Kind.STOCK:
            yield lambda sku: listings.take_stock_row(seller, sku, 0, feed.received_at, by=by)
        else:
            with listings.leaving(seller.id, supplier_skus) as hold:
                yield lambda sku: listings.take_withdrawal_row(seller, sku, by=by, told_at=feed.received_at, hold=hold)


_LISTED_AT_ONCE = 500
_WITH_STOCK = frozenset({ListingStatus.PUBLISHED, ListingStatus.PAUSED})
_STANDING = frozenset(ListingStatus) - {ListingStatus.WITHDRAWN, ListingStatus.REJECTED}


def _listing_row(row: Row, feed: Feed) -> ListingRow:
    # What a file says holds from when it came, not from when its turn came or it was tried again.
    told = {name: value for name, value in row.fields.items() if value is not None}
    return ListingRow(**{"as_of": feed.received_at, **told}, told_at=feed.received_at)
