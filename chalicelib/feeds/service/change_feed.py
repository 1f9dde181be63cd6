"""What a supplier may do with a feed that was sent: call it off, try its rows again, confirm what it makes vanish."""

from collections.abc import Callable
from dataclasses import replace

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.ids import new_id
from chalicelib.core.table import Transaction
from chalicelib.feeds import events, gateways, store
from chalicelib.feeds.domain import (
    AT_WORK,
    TRIED_AGAIN,
    UNDONE,
    Feed,
    FeedStatus,
    Mode,
    NewerFeed,
    NothingToRetry,
    Turn,
)
from chalicelib.feeds.domain.feed import cancelled, confirmed
from chalicelib.feeds.service.access import find_feed, unless_stale
from chalicelib.feeds.service.receive_feed import join

Answered = Callable[[Feed], Answer]


def cancel_feed(supplier_id: str, feed_id: str, *, by: Principal, once: Idempotency, answer: Answered) -> Answer:
    """Call a feed off. Rows that were taken stay taken; what was to be confirmed stays as it is.

    One whose rows are taken at this moment is `cancelling` until its workflow has stopped, unless that has died. Raises `FeedState`
    when it is over.
    """

    def command() -> Answer:
        before = find_feed(supplier_id, feed_id, by)
        at_once = before.status in AT_WORK and not gateways.import_is_running(before.execution)
        after = cancelled(before, clock.rfc3339(clock.now()), at_once=at_once)
        final = answer(after)
        tx = Transaction()
        once.record(tx, final)
        store.change_feed(tx, after)
        if after.status is FeedStatus.CANCELLED:
            events.feed_cancelled(tx, after, by)
        elif after.status is FeedStatus.FINISHED:
            events.feed_finished(tx, after, by)
        if after.status is not FeedStatus.CANCELLING:
            leave(tx, after)
        tx.commit()
        return final

    return unless_stale(command)


def leave(tx: Transaction, feed: Feed) -> None:
    """Add to a command that a feed gives up its place; the next one's turn has come if it ran."""
    before = store.get_turn(feed.supplier_id, feed.kind)
    after = before.left(feed.id)
    if (before.running, before.waiting) != (after.running, after.waiting):
        store.change_turn(tx, after)


def confirm_feed(supplier_id: str, feed_id: str, *, by: Principal, once: Idempotency, answer: Answered) -> Answer:
    """Let what the file does not name go, as the feed's mode says.

    Raises `FeedState` unless it is to be confirmed, `NewerFeed` when another of its kind came since.
    """

    def command() -> Answer:
        after = confirmed(find_feed(supplier_id, feed_id, by))
        turn = _refuse_outdated(after)
        final = answer(after)
        tx = Transaction()
        once.record(tx, final)
        store.change_feed(tx, after)
        join(tx, turn, after, by)
        tx.commit()
        return final

    return unless_stale(command)


def retry_feed(supplier_id: str, feed_id: str, *, by: Principal, once: Idempotency, answer: Answered) -> Answer:
    """Make a feed of the rows that were refused, deferred or not reached, of all when the file was never looked through; it waits for
    its turn at once.

    Raises `FeedState` while the feed is at work, `NothingToRetry`, `NewerFeed` when another of its kind came since: what the rows say
    may be outdated.
    """
    made = new_id("fed")

    def command() -> Answer:
        old = find_feed(supplier_id, feed_id, by)
        old.must_be(*sorted(TRIED_AGAIN))
        if old.received_at is None or (old.rows is not None and not _undone(old)):
            raise NothingToRetry("No row of the feed was refused, deferred or left out.")
        turn = _refuse_outdated(old)
        feed = _again(old, made)
        final = answer(feed)
        tx = Transaction()
        once.record(tx, final)
        store.add_feed(tx, feed)
        join(tx, turn, feed, by)
        tx.commit()
        return final

    return unless_stale(command)


def _undone(feed: Feed) -> int:
    left_out = (feed.rows or 0) - feed.done
    return left_out + sum(feed.counts.get(outcome, 0) for outcome in UNDONE)


def _refuse_outdated(feed: Feed) -> Turn:
    # `join` commits only while the turn is as it was read here, so no newer one comes in between.
    turn = store.get_turn(feed.supplier_id, feed.kind)
    if turn.latest != feed.id:
        raise NewerFeed(
            f"Feed {turn.latest} came after this one; send what still holds in a new file.", feed_id=turn.latest
        )
    return turn


def _again(old: Feed, feed_id: str) -> Feed:
    return replace(
        old,
        id=feed_id,
        mode=Mode.UPSERT,
        status=FeedStatus.WAITING,
        version=1,
        retry_of=old.id,
        confirmed=False,
        created_at=clock.rfc3339(clock.now()),
        started_at=None,
        finished_at=None,
        rows=None,
        missing=None,
        findings=(),
        failure=None,
        counts={},
    )
