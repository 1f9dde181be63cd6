"""What became of rows, in the bucket: part by part while a feed is at work, as a whole when it is over."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import chain
from time import monotonic
from typing import Any

from chalicelib.feeds import gateways, store
from chalicelib.feeds.domain import Feed, Outcome, RowResult
from chalicelib.feeds.gateways import FeedFiles
from chalicelib.feeds.store import Part

COLUMNS = ("line", "supplier_sku", "outcome", "sku", "code", "detail")
SECTION_BYTES = 8 * 1024 * 1024
SECTION_PARTS = 100
"""Of results that are put together in one go: some seconds of reading."""

_WHOLE = {"jsonl": ("application/x-ndjson", b""), "csv": ("text/csv", (",".join(COLUMNS) + "\r\n").encode())}
"""What the whole results are, and how they begin, by format."""

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


def write_results(feed: Feed, deadline: float) -> bool:
    """Put the parts of a feed together, as JSON lines and as CSV; False when time ran out, and the next call goes on.

    Safe to repeat, also at the same time: the same parts make the same sections, of which the whole is made.
    """
    files, key = FeedFiles(), gateways.work_key(feed.id, "results")
    known: dict[str, Any] = files.read_json(key) or {"next": [0, 0], "sections": 0, "written": {}}
    chunk, begin = known["next"]
    parts = store.parts_of(feed.id, from_chunk=chunk, begin=begin)
    has_moved = False
    while parts:
        if has_moved and monotonic() >= deadline:
            return False
        count = _write_section(files, feed.id, known["sections"], parts)
        known |= {"next": [parts[count - 1].chunk, parts[count - 1].begin + 1], "sections": known["sections"] + 1}
        files.put_json(key, known)
        parts, has_moved = parts[count:], True
    for format, (content_type, head) in _WHOLE.items():
        if known["written"].get(format) == known["sections"]:
            continue
        if has_moved and monotonic() >= deadline:
            return False
        sections = (files.read(gateways.section_key(feed.id, place, format)) for place in range(known["sections"]))
        files.write_whole(gateways.whole_key(feed.id, format), chain([head], sections), content_type)
        known["written"][format] = known["sections"]
        files.put_json(key, known)
        has_moved = True
    return True


def _write_section(files: FeedFiles, feed_id: str, number: int, parts: Sequence[Part]) -> int:
    """Put the next parts together, some megabytes of them; how many they are. Each is read once."""
    lines, cells, size, count = list[bytes](), list[bytes](), 0, 0
    for part in parts[:SECTION_PARTS]:
        raw = files.read(gateways.part_key(feed_id, part.chunk, part.begin))
        lines.append(raw)
        cells.append(_as_csv(of_lines(raw)))
        size, count = size + len(raw), count + 1
        if size >= SECTION_BYTES:
            break
    files.put(gateways.section_key(feed_id, number, "jsonl"), b"".join(lines), _WHOLE["jsonl"][0])
    files.put(gateways.section_key(feed_id, number, "csv"), b"".join(cells), _WHOLE["csv"][0])
    return count


def _as_csv(results: Iterable[RowResult]) -> bytes:
    held = StringIO(newline="")
    csv.writer(held).writerows([_cell(getattr(result, name)) for name in COLUMNS] for result in results)
    return held.getvalue().encode()


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
