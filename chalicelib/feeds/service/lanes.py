"""Second step of import_feed: rows are taken, lane by lane.

What became of rows is written to the bucket, once, and then counted in the table, once. So a step that is repeated or carried out
twice finds what the first one did, whenever that ended.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import NotFound
from chalicelib.core.table import Transaction
from chalicelib.core.tasks import Outcome
from chalicelib.feeds import gateways, store
from chalicelib.feeds.domain import Chunk, Feed, FeedState, FeedStatus, Manifest, Row, RowResult, counted, read_chunk
from chalicelib.feeds.gateways import FeedFiles, FileGone
from chalicelib.feeds.service.access import must_find
from chalicelib.feeds.service.results import as_lines, of_lines
from chalicelib.feeds.service.split_feed import BUDGET_SECONDS, LANES
from chalicelib.feeds.service.take_rows import Shelf, take_rows
from chalicelib.feeds.store import Part, PartCounted
from chalicelib.suppliers import service as suppliers
from chalicelib.suppliers.service import Seller

BATCH_ROWS = 100
"""Rows that are taken between two looks at the clock."""

Entry = Row | RowResult
TakeSome = Callable[[Sequence[Entry]], list[RowResult]]


def import_chunks(
    feed_id: str, lane: int, by: Principal, shelf: Shelf, *, budget_seconds: float = BUDGET_SECONDS
) -> Outcome:
    """Take the chunks of a lane that were not taken before; at least a batch of rows, however little time there is.

    Outcomes: `taken`, none is left · `continue`, time ran out · `cancelled` · `over`, the feed has ended otherwise.
    """
    deadline = monotonic() + budget_seconds
    manifest = manifest_of(feed_id)
    taken = {(part.chunk, part.begin): part.until for part in store.parts_of(feed_id)}
    has_moved = False
    for number in range(lane, len(manifest.chunks), LANES):
        chunk = manifest.chunks[number]
        begin = first_left(taken, number)
        while begin < chunk.rows:
            feed = must_find(feed_id)
            if feed.status is not FeedStatus.RUNNING:
                return {"outcome": "cancelled" if feed.status is FeedStatus.CANCELLING else "over"}
            if has_moved and monotonic() >= deadline:
                return {"outcome": "continue"}
            try:
                begin = _take_chunk(feed, manifest, number, begin, deadline, by, shelf)
            except FeedState:
                return {"outcome": "over"}
            has_moved = True
    return {"outcome": "taken"}


def manifest_of(feed_id: str) -> Manifest:
    """What was found in the file of a feed. Raises `FileGone`."""
    stored = FeedFiles().read_json(gateways.work_key(feed_id, "manifest"))
    if stored is None:
        raise FileGone("What was found in the file is not there.")
    return Manifest.of(stored)


def seller_of(feed: Feed) -> Seller:
    """Whose feed it is."""
    seller = suppliers.find_seller(feed.supplier_id, consistent=True)
    if seller is None:
        raise NotFound(f"There is no supplier {feed.supplier_id}.")
    return seller


def first_left(taken: dict[tuple[int, int], int], number: int) -> int:
    """The first row of a chunk that is in none of the parts that were `taken`."""
    begin = 0
    while (number, begin) in taken:
        begin = taken[number, begin]
    return begin


def _take_chunk(
    feed: Feed, manifest: Manifest, number: int, begin: int, deadline: float, by: Principal, shelf: Shelf
) -> int:
    seller = seller_of(feed)
    entries = _entries(feed, manifest.chunks[number], manifest.columns)[begin:]

    def take(some: Sequence[Entry]) -> list[RowResult]:
        rows = [entry for entry in some if isinstance(entry, Row)]
        settled = [entry for entry in some if isinstance(entry, RowResult)]
        return sorted([*settled, *take_rows(shelf, feed, seller, rows, by)], key=lambda result: result.line or 0)

    return take_part(feed, number, begin, entries, take, deadline)


def _entries(feed: Feed, chunk: Chunk, columns: Sequence[str]) -> list[Entry]:
    raw = FeedFiles().read(gateways.upload_key(feed.source_id), chunk.start, chunk.end)
    return list(read_chunk(raw, chunk, feed.format, feed.kind, columns, clock.now()))


def take_part(feed: Feed, number: int, begin: int, entries: Sequence[Entry], take: TakeSome, deadline: float) -> int:
    """Take what is left of a chunk, from its row `begin`, until the deadline; record and count it, once. At least one batch is taken.

    Answers the first row that is left. Somebody else's results for the same part, of an attempt that was given up for dead or was
    never counted, stand: then nothing is taken.
    """
    files, key = FeedFiles(), gateways.part_key(feed.id, number, begin)
    results = _written_before(files, key)
    if results is None:
        results = []
        while len(results) < len(entries) and (not results or monotonic() < deadline):
            results += take(entries[len(results) : len(results) + BATCH_ROWS])
        if not files.put_once(key, as_lines(results)):
            results = of_lines(files.read(key))
    part = Part(number, begin, begin + len(results), counted(results))
    tx = Transaction()
    store.count_part(tx, feed, part)
    with suppress(PartCounted):
        tx.commit()
    return part.until


def _written_before(files: FeedFiles, key: str) -> list[RowResult] | None:
    try:
        return of_lines(files.read(key))
    except FileGone:
        return None
