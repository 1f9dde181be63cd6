"""How fast a file of products is read, and its rows are judged: corrected, and held to every rule. CPU alone: no table, no network."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any, TypeVar

ROUNDS = 5

_Done = TypeVar("_Done")


def main() -> None:
    given = json.load(sys.stdin)
    content, brand = given["file"].encode(), given["brand"]
    rows, reading = _timed(lambda: _read(content))
    verdicts, judging = _timed(lambda: [_judged(row, brand) for row in rows])
    measured = {"rows": len(rows), "reading": reading, "judging": judging, "verdicts": Counter(verdicts)}
    Path(given["result"]).write_text(json.dumps(measured))


def _timed(work: Callable[[], _Done]) -> tuple[_Done, float]:
    """What it comes to, and the median of its seconds of CPU; the first time is not counted."""
    done, taken = work(), []
    for _ in range(ROUNDS):
        began = process_time()
        work()
        taken.append(process_time() - began)
    return done, median(taken)


def _read(content: bytes) -> list[Any]:
    """As import_feed does: looked through once, and read again in chunks."""
    from chalicelib.feeds.domain import Format, Kind, Row, Splitter, read_chunk

    splitter = Splitter(Format.CSV, Kind.PRODUCTS)
    splitter.take([content], lambda: True)
    found, now = splitter.manifest(), datetime.now(UTC)
    return [
        entry
        for chunk in found.chunks
        for entry in read_chunk(content[chunk.start : chunk.end], chunk, Format.CSV, Kind.PRODUCTS, found.columns, now)
        if isinstance(entry, Row)
    ]


def _judged(row: Any, brand: str) -> str:
    """As a row of which nothing is known yet, in a category that asks for nothing."""
    from chalicelib.catalog.service import is_gtin
    from chalicelib.listings.domain.checks import Match, Surroundings, all_findings, verdict_of
    from chalicelib.listings.domain.corrections import fixed
    from chalicelib.listings.domain.rows import ListingRow
    from chalicelib.listings.domain.settings import ListingSettings

    told = {name: value for name, value in row.fields.items() if value is not None}
    done = fixed(ListingRow(**told).document(), brands=[brand], schema=(), is_gtin=is_gtin)
    gtin = done.document.get("gtin")
    around = Surroundings(
        settings=ListingSettings(),
        brands=[brand],
        category_known=True,
        schema=(),
        gtin_valid=isinstance(gtin, str) and is_gtin(gtin),
        match=Match(),
    )
    return str(verdict_of((*all_findings(done.document, around), *done.suggestions)))


if __name__ == "__main__":
    main()
