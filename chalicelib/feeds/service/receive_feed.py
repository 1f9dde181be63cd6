"""From a supplier's wish to send a file until it waits for its turn."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Conflict, NotFound, RuleBroken
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.ids import new_id
from chalicelib.core.table import Transaction
from chalicelib.feeds import events, gateways, store
from chalicelib.feeds.domain import Feed, FeedStatus, Format, Kind, Mode, ReplaceNotOfPrices, Turn
from chalicelib.feeds.domain.feed import received
from chalicelib.feeds.gateways import FeedFiles
from chalicelib.feeds.service.access import find_feed, unless_stale
from chalicelib.listings.service.access import SupplierNotApproved
from chalicelib.suppliers import service as suppliers

CONTENT_TYPES = {Format.CSV: "text/csv", Format.JSONL: "application/x-ndjson"}

Answered = Callable[[Feed], Answer]


class NotUploaded(Conflict):
    code = "not_uploaded"
    title = "The file has not been uploaded"


class OtherFile(RuleBroken):
    """What was uploaded is not what was announced."""

    code = "other_file"
    title = "This is not the file that was announced"


@dataclass(frozen=True, slots=True)
class Announced:
    """What a supplier says of a file: `bytes` it has, and its SHA-256 in hexadecimal digits, if it knows."""

    kind: Kind
    format: Format
    mode: Mode
    filename: str
    bytes: int
    sha256: str | None = None


def announce_feed(supplier_id: str, file: Announced, *, by: Principal, once: Idempotency, answer: Answered) -> Answer:
    """Make a feed whose file is to be uploaded.

    Raises `SupplierNotApproved`, `ReplaceNotOfPrices`.
    """
    feed = _new(supplier_id, file, by)
    final = answer(feed)
    tx = Transaction()
    once.record(tx, final)
    store.add_feed(tx, feed)
    tx.commit()
    return final


def send_feed(
    supplier_id: str, file: Announced, body: bytes, *, by: Principal, once: Idempotency, answer: Answered
) -> Answer:
    """Make a feed of a small file, which waits for its turn at once.

    Raises `SupplierNotApproved`, `ReplaceNotOfPrices`, `TooManyFeeds`.
    """
    known = file.sha256 or sha256(body).hexdigest()
    announced = _new(supplier_id, Announced(file.kind, file.format, file.mode, file.filename, len(body), known), by)
    FeedFiles().put(gateways.upload_key(announced.id), body, CONTENT_TYPES[file.format])
    feed = received(announced, announced.created_at)

    def add(tx: Transaction) -> None:
        store.add_feed(tx, feed)

    return _join(feed, add, by, once, answer)


def complete_upload(supplier_id: str, feed_id: str, *, by: Principal, once: Idempotency, answer: Answered) -> Answer:
    """The file is there: let the feed wait for its turn.

    Raises `NotUploaded`, `OtherFile` for one of another size, `FeedState`, `TooManyFeeds`. The file's hash is compared when it is
    read.
    """
    announced = find_feed(supplier_id, feed_id, by)
    announced.must_be(FeedStatus.ANNOUNCED)
    size = FeedFiles().size(gateways.upload_key(feed_id))
    if size is None:
        raise NotUploaded("Upload the file first: POST it with the fields of `upload`.")
    if size != announced.bytes:
        raise OtherFile(f"The file has {size} bytes; {announced.bytes} were announced.", bytes=size)
    feed = received(announced, clock.rfc3339(clock.now()))

    def change(tx: Transaction) -> None:
        store.change_feed(tx, feed)

    return _join(feed, change, by, once, answer)


def join(tx: Transaction, turn: Turn, feed: Feed, by: Principal) -> None:
    """Add to a command that a feed takes its place among those of its kind. `Stale` at commit when others came or went since the turn
    was read."""
    store.change_turn(tx, turn.joined(feed.id))
    events.feed_received(tx, feed, by)


def _join(
    feed: Feed, write: Callable[[Transaction], None], by: Principal, once: Idempotency, answer: Answered
) -> Answer:
    final = answer(feed)

    def command() -> Answer:
        tx = Transaction()
        once.record(tx, final)
        write(tx)
        join(tx, store.get_turn(feed.supplier_id, feed.kind), feed, by)
        tx.commit()
        return final

    return unless_stale(command)


def _new(supplier_id: str, file: Announced, by: Principal) -> Feed:
    suppliers.require_access(supplier_id, by)
    seller = suppliers.find_seller(supplier_id, consistent=True)
    if seller is None:
        raise NotFound(f"There is no supplier {supplier_id}.")
    if not seller.sells:
        raise SupplierNotApproved(
            f"The supplier is {seller.status}; only an approved one sends feeds.", supplier_status=str(seller.status)
        )
    if file.mode is Mode.REPLACE and file.kind is Kind.PRICES:
        raise ReplaceNotOfPrices("A price that a file does not name is not gone; use upsert.")
    feed_id = new_id("fed")
    return Feed(
        id=feed_id,
        supplier_id=supplier_id,
        kind=file.kind,
        format=file.format,
        mode=file.mode,
        status=FeedStatus.ANNOUNCED,
        filename=file.filename,
        bytes=file.bytes,
        sha256=file.sha256,
        source_id=feed_id,
        created_at=clock.rfc3339(clock.now()),
    )


def start_next(supplier_id: str, kind: Kind) -> None:
    """Start import_feed for the feed whose turn it is; it is started once, however often this is called."""
    running = store.get_turn(supplier_id, kind).running
    feed = store.get_feed(running) if running else None
    if feed is not None and feed.status is FeedStatus.WAITING:
        gateways.start_import_feed(feed.id, feed.execution)
