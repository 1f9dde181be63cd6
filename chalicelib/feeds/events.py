"""Events of feeds, in the feed's own timeline."""

from typing import Any

from chalicelib.core import outbox
from chalicelib.core.auth import Principal
from chalicelib.core.outbox import Aggregate
from chalicelib.core.table import Transaction
from chalicelib.feeds.domain import Feed
from chalicelib.feeds.store import feed_pk

SOURCE = "feeds"


def feed_received(tx: Transaction, feed: Feed, by: Principal) -> None:
    """A file is there, and waits for its turn; for a second one when it was confirmed."""
    _publish(tx, "FeedReceived", feed, by, {"bytes": feed.bytes, "confirmed": feed.confirmed})


def feed_started(tx: Transaction, feed: Feed, by: Principal) -> None:
    """Its turn has come."""
    _publish(tx, "FeedStarted", feed, by, {})


def feed_finished(tx: Transaction, feed: Feed, by: Principal) -> None:
    """Every row has a result. `status` is `to_confirm` when `missing` listings are left until somebody confirms that they go."""
    _publish(tx, "FeedFinished", feed, by, {"missing": feed.missing, **_progress(feed)})


def feed_failed(tx: Transaction, feed: Feed, by: Principal) -> None:
    """The file was refused as a whole (`codes` say why), or we failed (`failure`)."""
    codes = [finding.rule for finding in feed.findings] if feed.failure is None else []
    _publish(tx, "FeedFailed", feed, by, {"failure": feed.failure, "codes": codes, **_progress(feed)})


def feed_cancelled(tx: Transaction, feed: Feed, by: Principal) -> None:
    """Called off; rows that were taken stay taken."""
    _publish(tx, "FeedCancelled", feed, by, _progress(feed))


def _progress(feed: Feed) -> dict[str, Any]:
    return {"rows": feed.rows, "counts": {str(outcome): count for outcome, count in feed.counts.items()}}


def _publish(tx: Transaction, type: str, feed: Feed, by: Principal, data: dict[str, Any]) -> None:
    about = {
        "supplier_id": feed.supplier_id,
        "kind": str(feed.kind),
        "mode": str(feed.mode),
        "status": str(feed.status),
        "retry_of": feed.retry_of,
    }
    outbox.publish(
        tx,
        pk=feed_pk(feed.id),
        source=SOURCE,
        type=type,
        aggregate=Aggregate("feed", feed.id, feed.version),
        by=by,
        data={**about, **data},
    )
