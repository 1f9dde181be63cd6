"""Feeds, how far they are, and what became of their rows."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Conflict
from chalicelib.core.paging import Page, page_of
from chalicelib.feeds import gateways, store
from chalicelib.feeds.domain import Feed, FeedStatus, Outcome, RowResult
from chalicelib.feeds.gateways import FeedFiles
from chalicelib.feeds.service.access import find_feed
from chalicelib.feeds.service.receive_feed import CONTENT_TYPES
from chalicelib.feeds.service.results import page_of_results
from chalicelib.suppliers import service as suppliers


class ResultsNotReady(Conflict):
    code = "results_not_ready"
    title = "The results are put together when the feed is over"
    retryable = True


@dataclass(frozen=True, slots=True)
class Upload:
    """Where a file is posted to (multipart/form-data): all `fields` first, then `file`."""

    url: str
    fields: dict[str, str]


def upload_of(feed: Feed) -> Upload | None:
    """Where the file of a feed can be uploaded to for an hour from now; None when it is there."""
    if feed.status is not FeedStatus.ANNOUNCED:
        return None
    url, fields = FeedFiles().upload_form(feed.id, CONTENT_TYPES[feed.format], feed.bytes, feed.sha256)
    return Upload(url, fields)


def read_feed(supplier_id: str, feed_id: str, by: Principal) -> Feed:
    """A feed, for its supplier and the operator."""
    return find_feed(supplier_id, feed_id, by)


def list_feeds(supplier_id: str, limit: int, cursor: str | None, by: Principal) -> Page[Feed]:
    """Feeds of a supplier, the latest first."""
    suppliers.require_access(supplier_id, by)

    def fetch(after: str | None, count: int) -> list[Feed]:
        return store.feeds_of(supplier_id, after, count)

    return page_of(f"feeds:{supplier_id}", limit, cursor, fetch, lambda feed: feed.id)


def list_results(
    supplier_id: str, feed_id: str, outcome: Outcome | None, limit: int, cursor: str | None, by: Principal
) -> Page[RowResult]:
    """What became of rows so far, in the order in which they stand in the file; only those with an `outcome` where it is given."""
    find_feed(supplier_id, feed_id, by)
    page = page_of(
        f"feed-rows:{feed_id}:{outcome}",
        limit,
        cursor,
        lambda after, count: page_of_results(feed_id, outcome, tuple(after) if after else None, count),
        lambda entry: entry[0],
    )
    return Page([result for _, result in page.items], page.next_cursor)


def link_to_results(supplier_id: str, feed_id: str, format: str, by: Principal) -> str:
    """Where all results of a feed can be read, as `jsonl` or `csv`, for a quarter of an hour. Raises `ResultsNotReady`."""
    find_feed(supplier_id, feed_id, by)
    key = gateways.whole_key(feed_id, format)
    files = FeedFiles()
    if files.size(key) is None:
        raise ResultsNotReady("There are no results as a whole; rows that were taken are listed meanwhile.")
    return files.link(key, f"{feed_id}-results.{format}")


def rows_per_second(feed: Feed) -> float | None:
    """How fast rows are taken, or were; None before the first one."""
    if feed.started_at is None or not feed.done:
        return None
    until = datetime.fromisoformat(feed.finished_at) if feed.finished_at else clock.now()
    seconds = (until - datetime.fromisoformat(feed.started_at)).total_seconds()
    return round(feed.done / seconds, 1) if seconds > 0 else None
