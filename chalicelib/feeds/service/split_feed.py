"""First step of import_feed: the file's turn has come, and it is looked through."""

from collections.abc import Callable
from hashlib import sha256
from time import monotonic

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import RuleBroken
from chalicelib.core.findings import Finding, Severity
from chalicelib.core.table import Transaction
from chalicelib.core.tasks import Outcome
from chalicelib.feeds import events, gateways, store
from chalicelib.feeds.domain import UNDONE, Feed, FeedStatus, Manifest, Mode, RowResult, Splitter
from chalicelib.feeds.domain.feed import looked_through, refused, started
from chalicelib.feeds.gateways import FeedFiles, FileGone
from chalicelib.feeds.service.access import must_find, unless_stale
from chalicelib.feeds.service.change_feed import leave
from chalicelib.feeds.service.receive_feed import OtherFile
from chalicelib.feeds.service.results import results_of

LANES = 4
"""Chunks that are taken side by side: every lane takes each fourth one."""

BUDGET_SECONDS = 25.0
"""After this a step stops where it may, and says `continue`. Its function has 60, for the last batch may look at images half a
minute."""


def split_feed(feed_id: str, by: Principal, *, budget_seconds: float = BUDGET_SECONDS) -> Outcome:
    """Find the chunks of a feed's file, in as many calls as that takes.

    Outcomes: `ready` with the numbers of its `lanes` · `continue` · `taken`, no row is left to take · `cancelled` · `refused`, the
    file cannot be read · `over`, there is nothing to do any more.
    """
    deadline = monotonic() + budget_seconds
    feed = unless_stale(lambda: _begin(feed_id, by))
    if feed.status is FeedStatus.CANCELLING:
        return {"outcome": "cancelled"}
    if feed.status is not FeedStatus.RUNNING:
        return {"outcome": "over"}
    try:
        manifest = _manifest(feed, lambda: monotonic() < deadline)
    except (RuleBroken, FileGone) as error:
        found = Finding("", error.code, Severity.ERROR, error.detail)
        return unless_stale(lambda: _refuse(feed_id, found, by))
    if manifest is None:
        return {"outcome": "continue"}
    return unless_stale(lambda: _ready(feed_id, manifest))


def _begin(feed_id: str, by: Principal) -> Feed:
    feed = must_find(feed_id)
    if feed.status is not FeedStatus.WAITING:
        return feed
    turn = store.get_turn(feed.supplier_id, feed.kind)
    if turn.running != feed_id:
        return feed
    begun = started(feed, clock.rfc3339(clock.now()))
    tx = Transaction()
    store.change_feed(tx, begun)
    store.check_turn(tx, turn)
    events.feed_started(tx, begun, by)
    tx.commit()
    return begun


def _manifest(feed: Feed, more: Callable[[], bool]) -> Manifest | None:
    """What the file holds; None when time ran out, and what is known by now was put aside."""
    files = FeedFiles()
    known = files.read_json(gateways.work_key(feed.id, "manifest"))
    if known is not None:
        return Manifest.of(known)
    manifest = _left_of(feed.retry_of) if feed.retry_of else None
    if manifest is None:
        manifest = _split(feed, files, more)
    if manifest is not None:
        files.put_json(gateways.work_key(feed.id, "manifest"), manifest.as_dict())
    return manifest


def _split(feed: Feed, files: FeedFiles, more: Callable[[], bool]) -> Manifest | None:
    put_aside = files.read_json(gateways.work_key(feed.id, "split"))
    if put_aside is None:
        _check_hash(feed, files)
        splitter = Splitter(feed.format, feed.kind)
    else:
        splitter = Splitter.resumed(feed.format, feed.kind, put_aside)
    if not splitter.take(files.blocks(gateways.upload_key(feed.source_id), splitter.offset), more):
        files.put_json(gateways.work_key(feed.id, "split"), splitter.as_dict())
        return None
    if feed.mode is Mode.REPLACE:
        files.put_json(gateways.work_key(feed.id, "names"), splitter.names())
    return splitter.manifest()


def _check_hash(feed: Feed, files: FeedFiles) -> None:
    if feed.sha256 is None:
        return
    found = sha256()
    for block in files.blocks(gateways.upload_key(feed.source_id)):
        found.update(block)
    if found.hexdigest() != feed.sha256.lower():
        raise OtherFile(f"The file's SHA-256 is {found.hexdigest()}; {feed.sha256} was announced.")


def _left_of(feed_id: str) -> Manifest | None:
    """What a feed did not do of its file; None for one that died before it had looked the file through. Raises `FileGone`."""
    stored = FeedFiles().read_json(gateways.work_key(feed_id, "manifest"))
    if stored is None:
        tried = must_find(feed_id)
        if tried.rows is not None:
            raise FileGone("What was found in the file is not there any more.")
        return _left_of(tried.retry_of) if tried.retry_of else None

    def is_done(result: RowResult) -> bool:
        return result.line is not None and result.outcome not in UNDONE

    return Manifest.of(stored).without(result.line or 0 for result in results_of(feed_id) if is_done(result))


def _ready(feed_id: str, manifest: Manifest) -> Outcome:
    feed = must_find(feed_id)
    if feed.status is not FeedStatus.RUNNING:
        return {"outcome": "cancelled" if feed.status is FeedStatus.CANCELLING else "over"}
    if feed.rows is None:
        tx = Transaction()
        feed = looked_through(feed, manifest.rows, manifest.warnings)
        store.change_feed(tx, feed)
        tx.commit()
    if feed.done >= manifest.rows:
        return {"outcome": "taken"}
    return {"outcome": "ready", "lanes": list(range(min(LANES, len(manifest.chunks))))}


def _refuse(feed_id: str, found: Finding, by: Principal) -> Outcome:
    feed = must_find(feed_id)
    if feed.status is not FeedStatus.RUNNING:
        return {"outcome": "cancelled" if feed.status is FeedStatus.CANCELLING else "over"}
    after = refused(feed, (found,), clock.rfc3339(clock.now()))
    tx = Transaction()
    store.change_feed(tx, after)
    leave(tx, after)
    events.feed_failed(tx, after, by)
    tx.commit()
    return {"outcome": "refused"}
