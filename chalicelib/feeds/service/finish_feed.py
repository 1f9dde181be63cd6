"""Last steps of import_feed: what a file does not name goes, results are put together, and the next feed's turn comes."""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.settings import settings
from chalicelib.core.table import Transaction
from chalicelib.core.tasks import Outcome
from chalicelib.feeds import events, gateways, store
from chalicelib.feeds.domain import AT_WORK, Feed, FeedStatus, Mode, Row, RowResult
from chalicelib.feeds.domain.feed import cancelled, failed, finished, parked
from chalicelib.feeds.gateways import FeedFiles
from chalicelib.feeds.service.access import must_find, unless_stale
from chalicelib.feeds.service.change_feed import leave
from chalicelib.feeds.service.lanes import Entry, first_left, manifest_of, seller_of, take_part
from chalicelib.feeds.service.results import write_results
from chalicelib.feeds.service.split_feed import BUDGET_SECONDS
from chalicelib.feeds.service.take_rows import Shelf, withdraw

AT_ONCE = 500
"""Listings that go between two looks at what became of the feed."""


class RowsMissing(RuntimeError):
    """A feed is to be finished, and rows of it have no result. It is a defect of ours: a person has to look."""


def finish_feed(feed_id: str, by: Principal, shelf: Shelf, *, budget_seconds: float = BUDGET_SECONDS) -> Outcome:
    """End a feed whose rows have been taken, or that was called off, in as many calls as that takes.

    Outcomes: `finished` · `parked`, so much would vanish that somebody has to confirm it · `continue`, time ran out · `cancelled` ·
    `over`. Raises `RowsMissing`.
    """
    deadline = monotonic() + budget_seconds
    feed = must_find(feed_id)
    if feed.status not in AT_WORK:
        return {"outcome": "over"}
    missing: list[str] | None = None
    if feed.status is FeedStatus.RUNNING:
        if feed.rows is None or feed.done < feed.rows:
            raise RowsMissing(f"{feed.done} of {feed.rows} rows have a result.")
        if feed.mode is Mode.REPLACE:
            missing = _missing(feed, shelf, deadline, by)
            if missing is None:
                return {"outcome": "continue"}
        if missing and not feed.confirmed and _is_too_much(feed, missing):
            vanishing = len(missing)
            return _with_results(feed, deadline, lambda: _park(feed_id, vanishing, by))
        if missing and not _let_go(feed, missing, deadline, by, shelf):
            return {"outcome": "continue"}
    return _with_results(feed, deadline, lambda: _end(feed_id, None if missing is None else len(missing), by))


def _with_results(feed: Feed, deadline: float, end: Callable[[], Outcome]) -> Outcome:
    return unless_stale(end) if write_results(feed, deadline) else {"outcome": "continue"}


def _missing(feed: Feed, shelf: Shelf, deadline: float, by: Principal) -> list[str] | None:
    """What stands and the file does not name; None when time ran out, and what is known by now was put aside. It is found once: what
    is listed later does not go."""
    files, key = FeedFiles(), gateways.work_key(feed.id, "missing")
    known: dict[str, Any] = files.read_json(key) or {"missing": [], "of": 0, "cursor": None, "is_whole": False}
    missing: list[str] = known["missing"]
    if known["is_whole"]:
        return missing
    named = set(files.read_json(gateways.work_key(feed.id, "names")) or ())
    while not known["is_whole"]:
        standing, known["cursor"] = shelf.standing(feed, known["cursor"], by)
        missing += [sku for sku in standing if sku not in named]
        known |= {"of": known["of"] + len(standing), "is_whole": known["cursor"] is None}
        if monotonic() >= deadline:
            break
    files.put_json(key, known)
    return missing if known["is_whole"] else None


def _is_too_much(feed: Feed, missing: Sequence[str]) -> bool:
    """Whether a person has to look: too large a part of all listings goes, or rows could not be read that may have named them."""
    known = FeedFiles().read_json(gateways.work_key(feed.id, "missing"))
    return len(missing) * 100 >= known["of"] * settings().feeds_vanishing_percent or manifest_of(feed.id).nameless > 0


def _let_go(feed: Feed, missing: Sequence[str], deadline: float, by: Principal, shelf: Shelf) -> bool:
    """Whether nothing was left to go. If something was, the next call has all its time for what comes then."""
    seller, number = seller_of(feed), len(manifest_of(feed.id).chunks)

    def go(some: Sequence[Entry]) -> list[RowResult]:
        skus = [entry.supplier_sku for entry in some if isinstance(entry, Row)]
        return withdraw(shelf, feed, seller, skus, by)

    begin = first_left({(part.chunk, part.begin): part.until for part in store.parts_of(feed.id)}, number)
    if begin == len(missing):
        return True
    while begin < len(missing):
        entries = [Row(0, sku, {}) for sku in missing[begin : begin + AT_ONCE]]
        begin = take_part(feed, number, begin, entries, go, deadline)
        if monotonic() >= deadline or must_find(feed.id).status is not FeedStatus.RUNNING:
            break
    return False


def _park(feed_id: str, missing: int, by: Principal) -> Outcome:
    feed = must_find(feed_id)
    if feed.status is not FeedStatus.RUNNING:
        return {"outcome": "continue" if feed.status is FeedStatus.CANCELLING else "over"}
    after = parked(feed, missing, clock.rfc3339(clock.now()))
    tx = Transaction()
    store.change_feed(tx, after)
    leave(tx, after)
    events.feed_finished(tx, after, by)
    tx.commit()
    return {"outcome": "parked"}


def _end(feed_id: str, missing: int | None, by: Principal) -> Outcome:
    feed, now = must_find(feed_id), clock.rfc3339(clock.now())
    if feed.status not in AT_WORK:
        return {"outcome": "over"}
    tx = Transaction()
    if feed.status is FeedStatus.CANCELLING:
        after = cancelled(feed, now, at_once=True)
        events.feed_cancelled(tx, after, by)
    else:
        after = finished(feed, missing, now)
        events.feed_finished(tx, after, by)
    store.change_feed(tx, after)
    leave(tx, after)
    tx.commit()
    return {"outcome": str(after.status)}


def fail_feed(feed_id: str, state: str, by: Principal) -> Outcome:
    """End a feed whose workflow cannot go on; what was taken stays taken, and the rest can be tried again. Safe to repeat."""
    return unless_stale(lambda: _fail(feed_id, state, by))


def _fail(feed_id: str, state: str, by: Principal) -> Outcome:
    feed = must_find(feed_id)
    if feed.status is not FeedStatus.WAITING and feed.status not in AT_WORK:
        return {"outcome": "over"}
    after = failed(feed, state, clock.rfc3339(clock.now()))
    tx = Transaction()
    store.change_feed(tx, after)
    leave(tx, after)
    events.feed_failed(tx, after, by)
    tx.commit()
    return {"outcome": "failed"}
