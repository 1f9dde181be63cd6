"""What became of rows, in the bucket: part by part while a feed is at work, as a whole when it is over."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

from chalicelib.feeds import gateways, store
from chalicelib.feeds.domain import Feed, Outcome, RowResult
from chalicelib.feeds.gateways import FeedFiles
from chalicelib.feeds.store import Part

COLUMNS = ("line", "supplier_sku", "outcome", "sku", "code", "detail")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_lines(results: Iterable[RowResult]) -> bytes:
    """Results as JSON lines."""
    return b"".join(json.dumps(result.as_dict(), ensure_ascii=False).encode() + b"\n" for result in results)


def of_lines(raw: bytes) -> list[RowResult]:
    """Results out of JSON lines."""
    return [RowResult.from_dict(json.loads(line)) for line in raw.split(b"\n") if line]


def read_part(feed_id: str, part: Part) -> list[RowResult]:
    """The results of a part that was taken."""
    return of_lines(FeedFiles().read(gateways.part_key(feed_id, part.chunk, part.begin)))


def results_of(feed_id: str) -> Iterator[RowResult]:
    """All results of a feed so far, in the order of its file."""
    for part in store.parts_of(feed_id):
        yield from read_part(feed_id, part)


def write_results(feed: Feed) -> None:
    """Put the parts of a feed together, as JSON lines and as CSV. Safe to repeat."""
    files, parts = FeedFiles(), store.parts_of(feed.id)
    raw = (files.read(gateways.part_key(feed.id, part.chunk, part.begin)) for part in parts)
    files.write_whole(gateways.whole_key(feed.id, "jsonl"), raw, "application/x-ndjson")
    files.write_whole(gateways.whole_key(feed.id, "csv"), _as_csv(feed.id, parts), "text/csv")


def _as_csv(feed_id: str, parts: Sequence[Part]) -> Iterator[bytes]:
    yield (",".join(COLUMNS) + "\r\n").encode()
    for part in parts:
        held = StringIO(newline="")
        writer = csv.writer(held)
        writer.writerows([_cell(getattr(result, name)) for name in COLUMNS] for result in read_part(feed_id, part))
        yield held.getvalue().encode()


def _cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula (owasp.org, "CSV Injection")."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def page_of_results(
    feed_id: str, outcome: Outcome | None, after: tuple[int, int, int] | None, count: int
) -> list[tuple[tuple[int, int, int], RowResult]]:
    """Some results of a feed in the order of its file, with their places; `after` is the place of the last one seen."""
    chunk, begin, seen = after or (0, 0, -1)
    found: list[tuple[tuple[int, int, int], RowResult]] = []
    for part in store.parts_of(feed_id, from_chunk=chunk, begin=begin):
        if outcome is not None and not part.counts.get(outcome):
            continue
        least = seen if (part.chunk, part.begin) == (chunk, begin) else -1
        for number, result in enumerate(read_part(feed_id, part)):
            if number > least and outcome in (None, result.outcome):
                found.append(((part.chunk, part.begin, number), result))
        if len(found) >= count:
            break
    return found[:count]
