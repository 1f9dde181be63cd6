"""A file in chunks: ranges of its bytes that hold some hundred whole rows each.

Chunks are taken side by side, so a row must not depend on which of them is taken first: where a file names the same thing twice, the
later line stands for both, and which one that is, is decided here, over the whole file.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from chalicelib.core.errors import RuleBroken
from chalicelib.core.findings import Finding
from chalicelib.feeds.domain.lines import BOM, Format, NotUtf8, Record, records
from chalicelib.feeds.domain.rows import (
    SUPPLIER_SKU,
    BadRow,
    Kind,
    columns_of,
    fields_of_json,
    has_cells_beyond,
    row_of,
)

CHUNK_ROWS = 500
CHUNK_BYTES = 4 * 1024 * 1024
MAX_ROWS = 200_000
_LOOK_AT_CLOCK_EVERY = 1_000
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


_Price = tuple[int, int, str, int]
"""Chunk, line, currency, minor units."""


class TooManyRows(RuleBroken):
    code = "too_many_rows_in_feed"
    title = "The file has too many rows"


class NoRows(RuleBroken):
    code = "no_rows"
    title = "The file has no rows"


@dataclass(frozen=True, slots=True)
class Chunk:
    """`rows` whole rows between two bytes, after `line` lines of the file.

    `superseded` names lines for which a later one stands, and which; `together` tells of such later ones what prices (minor units by
    currency) are taken with theirs; `skipped` are lines that are no concern of this feed, for it only repeats others, and no part of
    `rows`.
    """

    start: int
    end: int
    line: int
    rows: int
    superseded: Mapping[int, int] = field(default_factory=dict)
    skipped: Sequence[int] = ()
    together: Mapping[int, Mapping[str, int]] = field(default_factory=dict)

    def as_list(self) -> list[Any]:
        """As it is stored."""
        superseded, together = list(self.superseded.items()), list(self.together.items())
        return [self.start, self.end, self.line, self.rows, superseded, list(self.skipped), together]

    @classmethod
    def of(cls, stored: Sequence[Any]) -> "Chunk":
        """The chunk that was stored."""
        start, end, line, rows, superseded, skipped, together = stored
        return cls(start, end, line, rows, dict(superseded), tuple(skipped), dict(together))


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a file holds: its columns (CSV), its chunks in order, the SKUs that it names, and how many of its rows name none."""

    columns: tuple[str, ...]
    chunks: tuple[Chunk, ...]
    nameless: int
    warnings: tuple[Finding, ...] = ()

    @property
    def rows(self) -> int:
        """Rows that have a result in the end."""
        return sum(chunk.rows for chunk in self.chunks)

    def as_dict(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "columns": list(self.columns),
            "chunks": [chunk.as_list() for chunk in self.chunks],
            "nameless": self.nameless,
            "warnings": [finding.as_dict() for finding in self.warnings],
        }

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Manifest":
        """The manifest that was stored."""
        return cls(
            tuple(stored["columns"]),
            tuple(Chunk.of(chunk) for chunk in stored["chunks"]),
            stored["nameless"],
            tuple(Finding.from_dict(finding) for finding in stored["warnings"]),
        )

    def without(self, done: Iterable[int]) -> "Manifest":
        """What is left of it when the rows on these lines are left out."""
        left_out = sorted(done)
        firsts = [chunk.line for chunk in self.chunks]
        by_chunk: dict[int, set[int]] = {}
        for line in left_out:
            # A chunk's rows begin after its `line`.
            by_chunk.setdefault(bisect_right(firsts, line - 1) - 1, set()).add(line)
        chunks = [_without(chunk, by_chunk.get(number, set())) for number, chunk in enumerate(self.chunks)]
        return Manifest(self.columns, tuple(chunk for chunk in chunks if chunk.rows), self.nameless, self.warnings)


def _without(chunk: Chunk, lines: set[int]) -> Chunk:
    new = lines - set(chunk.skipped)
    superseded = {line: by for line, by in chunk.superseded.items() if line not in new}
    skipped = tuple(sorted({*chunk.skipped, *new}))
    return replace(chunk, rows=chunk.rows - len(new), superseded=superseded, skipped=skipped)


@dataclass(slots=True)
class Splitter:
    """Splits a file, and can be put aside in the middle and go on elsewhere: `as_dict` is all that it knows.

    `named` tells of each thing that a row is about (SKU, or SKU and currency) in which chunk and on which line it was named last, and
    `asked` what price was said there.
    """

    format: Format
    kind: Kind
    offset: int = 0
    line: int = 0
    columns: tuple[str, ...] | None = None
    warnings: tuple[Finding, ...] = ()
    nameless: int = 0
    _chunks: list[list[Any]] = field(default_factory=list)
    _named: dict[str, tuple[int, int]] = field(default_factory=dict)
    _asked: dict[str, int] = field(default_factory=dict)
    _done: int = 0

    def take(self, blocks: Iterable[bytes], more: Callable[[], bool]) -> bool:
        """Go on with the bytes from `offset`. `more` is asked now and then: when it says no, this stops after a row, and answers
        False; True at the end of the file.

        Raises `NotUtf8`, `BadHeader`, `TooManyRows`, `NoRows`.
        """
        if not self.offset:
            self.offset, blocks = _after_mark(blocks)
        found = records(blocks, self.format, offset=self.offset, line=self.line)
        if self.columns is None:
            self._begin(found)
        for record in found:
            self._add(record)
            if self._done % _LOOK_AT_CLOCK_EVERY == 0 and not more():
                return False
        return True

    def manifest(self) -> Manifest:
        """What was found. Raises `NoRows` when that is nothing."""
        if not self._chunks:
            raise NoRows("There is no row in the file.")
        chunks = [Chunk(start, end, line, rows, dict(named)) for start, end, line, rows, named in self._chunks]
        for prices in self._prices_by_sku():
            _take_together(chunks, prices)
        return Manifest(self.columns or (), tuple(chunks), self.nameless, self.warnings)

    def _prices_by_sku(self) -> Iterable[list[_Price]]:
        """The prices of each SKU that has more than one, by where they stand: a listing's prices hold together, from one moment."""
        by_sku: dict[str, list[_Price]] = {}
        for key, amount in self._asked.items():
            sku, _, currency = key.partition("\n")
            by_sku.setdefault(sku, []).append((*self._named[key], currency, amount))
        return (sorted(prices) for prices in by_sku.values() if len(prices) > 1)

    def names(self) -> list[str]:
        """The supplier's SKUs that the file names."""
        return sorted({key.partition("\n")[0] for key in self._named})

    def as_dict(self) -> dict[str, Any]:
        """All that it knows, to go on later."""
        return {
            "offset": self.offset,
            "line": self.line,
            "columns": self.columns,
            "warnings": [finding.as_dict() for finding in self.warnings],
            "nameless": self.nameless,
            "chunks": [[*stored[:4], list(stored[4].items())] for stored in self._chunks],
            "named": self._named,
            "asked": self._asked,
            "done": self._done,
        }

    @classmethod
    def resumed(cls, format: Format, kind: Kind, stored: Mapping[str, Any]) -> "Splitter":
        """One that goes on where `as_dict` was taken."""
        known = cls(format, kind, stored["offset"], stored["line"])
        known.columns = None if stored["columns"] is None else tuple(stored["columns"])
        known.warnings = tuple(Finding.from_dict(finding) for finding in stored["warnings"])
        known.nameless, known._done = stored["nameless"], stored["done"]
        known._chunks = [[*chunk[:4], dict(chunk[4])] for chunk in stored["chunks"]]
        known._named = {key: (chunk, line) for key, (chunk, line) in stored["named"].items()}
        known._asked = dict(stored["asked"])
        return known

    def _begin(self, found: Iterator[Record]) -> None:
        self.columns = ()
        if self.format is not Format.CSV:
            return
        header = next(found, None)
        if header is None:
            raise NoRows("There is nothing in the file.")
        self.columns, self.warnings = columns_of(header, self.kind)
        self._go_to(header)

    def _go_to(self, record: Record) -> None:
        self.offset, self.line = record.end, record.last

    def _add(self, record: Record) -> None:
        if self._done == MAX_ROWS:
            raise TooManyRows(f"The file has more than {MAX_ROWS} rows.", limit=MAX_ROWS)
        self._done += 1
        chunks = self._chunks
        if not chunks or chunks[-1][3] == CHUNK_ROWS or chunks[-1][1] - chunks[-1][0] >= CHUNK_BYTES:
            chunks.append([self.offset, record.end, self.line, 0, {}])
        chunks[-1][1] = record.end
        chunks[-1][3] += 1
        self._go_to(record)
        key = self._price_of(record) if self.kind is Kind.PRICES else self._key(record)
        if key is None:
            self.nameless += 1
            return
        before = self._named.get(key)
        if before is not None:
            chunks[before[0]][4][before[1]] = record.line
        self._named[key] = (len(chunks) - 1, record.line)

    def _key(self, record: Record) -> str | None:
        """What two rows must share for the later one to stand for both; None for a row that names nothing."""
        if record.defect is not None:
            return None
        sku = self._sku_of(record)
        return sku if isinstance(sku, str) and SUPPLIER_SKU.fullmatch(sku) else None

    def _sku_of(self, record: Record) -> Any:
        if self.format is Format.CSV:
            columns, cells = self.columns or (), record.cells
            place = columns.index("supplier_sku")
            if has_cells_beyond(cells, columns):
                return None
            return cells[place].strip() if place < len(cells) else ""
        try:
            return fields_of_json(record.text).get("supplier_sku")
        except BadRow:
            return None

    def _price_of(self, record: Record) -> str | None:
        """As `_key`, for a price that can be read, which is kept: others stand for none."""
        try:
            row = row_of(record, self.format, self.kind, self.columns or (), _END_OF_TIME)
        except BadRow:
            return None
        key = f"{row.supplier_sku}\n{row.fields['currency']}"
        self._asked[key] = row.fields["amount"]
        return key


_END_OF_TIME = datetime(9000, 1, 1, tzinfo=UTC)
"""Whether a moment has come is for those to say who take the row."""


def _take_together(chunks: list[Chunk], prices: list[_Price]) -> None:
    """Let the last of a SKU's lines stand for all."""
    *others, (last_chunk, last_line, _, _) = prices
    for number, line, _, _ in others:
        chunk = chunks[number]
        chunks[number] = replace(chunk, superseded={**chunk.superseded, line: last_line})
    chunk = chunks[last_chunk]
    said = {currency: amount for _, _, currency, amount in others}
    chunks[last_chunk] = replace(chunk, together={**chunk.together, last_line: said})


def _after_mark(blocks: Iterable[bytes]) -> tuple[int, Iterator[bytes]]:
    """Where the text of a file begins, after the mark that some programs begin UTF-8 with, and its bytes from there. Raises `NotUtf8`
    for files that begin with the mark of another encoding."""
    rest = iter(blocks)
    head = b""
    while len(head) < len(BOM) and (block := next(rest, b"")):
        head += block
    if head[:2] in _UTF16_MARKS:
        raise NotUtf8("The file is UTF-16. Save it as UTF-8.", line=1)
    begins = len(BOM) if head.startswith(BOM) else 0
    return begins, chain([head[begins:]], rest)
