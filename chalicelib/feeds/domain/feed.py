"""A feed, the states of its life, and whose turn it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from chalicelib.core.errors import Conflict, RuleBroken
from chalicelib.core.findings import Finding
from chalicelib.feeds.domain.lines import Format
from chalicelib.feeds.domain.results import NO_ROWS, Outcome
from chalicelib.feeds.domain.rows import Kind

MAX_BYTES = 100 * 1024 * 1024
MAX_WAITING = 20
"""Feeds of a kind that may wait for their turn."""


class Mode(StrEnum):
    """`upsert` takes what the file says. `replace` says besides that there is nothing else: products that it does not name are
    withdrawn, stock that it does not name is none."""

    UPSERT = "upsert"
    REPLACE = "replace"


class FeedStatus(StrEnum):
    """`announced`: its file is to be uploaded. `waiting`: for its turn. `running`: its rows are taken. `cancelling`: they stop being.
    `to_confirm`: rows are taken, and what the file does not name is left until somebody confirms that so much is to go. The others
    are its ends: `refused` for the file as a whole, `failed` for our side."""

    ANNOUNCED = "announced"
    WAITING = "waiting"
    RUNNING = "running"
    CANCELLING = "cancelling"
    TO_CONFIRM = "to_confirm"
    FINISHED = "finished"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"


AT_WORK = frozenset({FeedStatus.RUNNING, FeedStatus.CANCELLING})
TRIED_AGAIN = frozenset({FeedStatus.FINISHED, FeedStatus.TO_CONFIRM, FeedStatus.FAILED, FeedStatus.CANCELLED})


class FeedState(Conflict):
    """`feed_status` says which it is in."""

    code = "feed_state"
    title = "The feed is in another state"


class TooManyFeeds(Conflict):
    code = "too_many_feeds"
    title = "Too many feeds wait for their turn"
    retryable = True


class NewerFeed(Conflict):
    """What the older one says may be outdated."""

    code = "newer_feed"
    title = "There is a newer feed of this kind"


class NothingToRetry(Conflict):
    code = "nothing_to_retry"
    title = "No row of the feed was refused or deferred"


class ReplaceNotOfPrices(RuleBroken):
    code = "replace_not_of_prices"
    title = "Prices cannot be replaced as a whole"


@dataclass(frozen=True, slots=True)
class Feed:
    """A file of a supplier, and how far it is.

    `source_id` is the feed whose file it reads: its own, or that of the feed that it tries again (`retry_of`). `rows` are known
    once the file was looked through. `missing` listings are not named by a file that replaces. `counts` tell how many rows ended
    how. Times are RFC 3339.
    """

    id: str
    supplier_id: str
    kind: Kind
    format: Format
    mode: Mode
    status: FeedStatus
    filename: str
    bytes: int
    sha256: str | None
    source_id: str
    created_at: str
    version: int = 1
    retry_of: str | None = None
    confirmed: bool = False
    received_at: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
    rows: int | None = None
    missing: int | None = None
    findings: tuple[Finding, ...] = ()
    failure: str | None = None
    counts: Mapping[Outcome, int] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """Rows that have a result."""
        return sum(count for outcome, count in self.counts.items() if outcome not in NO_ROWS)

    @property
    def execution(self) -> str:
        """The name of the execution of import_feed that it runs under; a confirmed one runs a second time."""
        return f"{self.id}-confirmed" if self.confirmed else self.id

    def must_be(self, *statuses: FeedStatus) -> None:
        """Raise `FeedState` unless it is in one of these."""
        if self.status not in statuses:
            raise FeedState(
                f"The feed is {self.status}; this needs one that is {' or '.join(statuses)}.",
                feed_status=str(self.status),
            )


def received(feed: Feed, now: str) -> Feed:
    """The feed whose file is there."""
    feed.must_be(FeedStatus.ANNOUNCED)
    return replace(feed, status=FeedStatus.WAITING, received_at=now, version=feed.version + 1)


def started(feed: Feed, now: str) -> Feed:
    """The feed whose turn it is."""
    feed.must_be(FeedStatus.WAITING)
    return replace(
        feed, status=FeedStatus.RUNNING, started_at=feed.started_at or now, finished_at=None, version=feed.version + 1
    )


def looked_through(feed: Feed, rows: int, warnings: tuple[Finding, ...]) -> Feed:
    """The feed whose rows are counted."""
    feed.must_be(FeedStatus.RUNNING)
    return replace(feed, rows=rows, findings=warnings, version=feed.version + 1)


def refused(feed: Feed, findings: tuple[Finding, ...], now: str) -> Feed:
    """The feed whose file cannot be read."""
    feed.must_be(FeedStatus.RUNNING)
    return replace(feed, status=FeedStatus.REFUSED, findings=findings, finished_at=now, version=feed.version + 1)


def parked(feed: Feed, missing: int, now: str) -> Feed:
    """The feed that would make so much vanish that somebody has to confirm it."""
    feed.must_be(FeedStatus.RUNNING)
    return replace(feed, status=FeedStatus.TO_CONFIRM, missing=missing, finished_at=now, version=feed.version + 1)


def confirmed(feed: Feed) -> Feed:
    """The feed that waits for its second turn, in which what it does not name goes."""
    feed.must_be(FeedStatus.TO_CONFIRM)
    return replace(feed, status=FeedStatus.WAITING, confirmed=True, version=feed.version + 1)


def finished(feed: Feed, missing: int | None, now: str) -> Feed:
    """The feed whose rows all have a result."""
    feed.must_be(FeedStatus.RUNNING)
    return replace(feed, status=FeedStatus.FINISHED, missing=missing, finished_at=now, version=feed.version + 1)


def failed(feed: Feed, reason: str, now: str) -> Feed:
    """The feed that went wrong on our side; rows that have a result keep it."""
    feed.must_be(FeedStatus.WAITING, *sorted(AT_WORK))
    return replace(feed, status=FeedStatus.FAILED, failure=reason, finished_at=now, version=feed.version + 1)


def cancelled(feed: Feed, now: str, *, at_once: bool) -> Feed:
    """The feed as it is called off: while rows are taken it is cancelling first, unless `at_once`. When only what it does not name was
    left to go, that stays, and the feed is finished. Raises `FeedState` for one that is over."""
    feed.must_be(FeedStatus.ANNOUNCED, FeedStatus.WAITING, FeedStatus.TO_CONFIRM, *sorted(AT_WORK))
    if feed.status is FeedStatus.TO_CONFIRM or (feed.confirmed and feed.status is FeedStatus.WAITING):
        return replace(feed, status=FeedStatus.FINISHED, confirmed=False, version=feed.version + 1)
    if feed.status in AT_WORK and not at_once:
        return replace(feed, status=FeedStatus.CANCELLING, version=feed.version + 1)
    return replace(feed, status=FeedStatus.CANCELLED, finished_at=now, version=feed.version + 1)


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is among the feeds of one kind of a supplier: one runs, the others wait in the order in which they came. `latest`
    came last."""

    supplier_id: str
    kind: Kind
    running: str | None = None
    waiting: tuple[str, ...] = ()
    latest: str | None = None
    version: int = 0

    def joined(self, feed_id: str) -> "Turn":
        """With one more feed. Raises `TooManyFeeds`."""
        if len(self.waiting) == MAX_WAITING:
            raise TooManyFeeds(f"{MAX_WAITING} feeds of this kind wait already.", limit=MAX_WAITING)
        if self.running is None:
            return replace(self, running=feed_id, latest=feed_id, version=self.version + 1)
        return replace(self, waiting=(*self.waiting, feed_id), latest=feed_id, version=self.version + 1)

    def left(self, feed_id: str) -> "Turn":
        """Without a feed: when it ran, the next one's turn has come."""
        if self.running == feed_id:
            first, rest = (self.waiting[0], self.waiting[1:]) if self.waiting else (None, ())
            return replace(self, running=first, waiting=rest, version=self.version + 1)
        rest = tuple(other for other in self.waiting if other != feed_id)
        return replace(self, waiting=rest, version=self.version + 1)
