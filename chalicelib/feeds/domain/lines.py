"""Records of a file, and the bytes that each of them takes: CSV (RFC 4180) and JSON lines.

A file is read as bytes, so that a part of it can be read alone later: what is cut out where records begin and end has the same
records, with the same lines, as the whole.
"""

import csv
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from chalicelib.core.errors import RuleBroken

MAX_RECORD_BYTES = 64 * 1024
"""The longest row that is read, its line break included."""

BOM = b"\xef\xbb\xbf"

_BREAKS = b"\r\n"


class Format(StrEnum):
    """How a file holds its rows: `csv` with a header, or `jsonl` with one JSON object a line."""

    CSV = "csv"
    JSONL = "jsonl"


class Defect(NamedTuple):
    """Why a record cannot be read: a stable code, and words."""

    code: str
    detail: str


class Record(NamedTuple):
    """One row as it stands in the file: where it begins and ends (bytes), its first line (from 1) and its last, its cells (CSV) or
    text (JSON lines), or why it cannot be read."""

    start: int
    end: int
    line: int
    last: int
    cells: list[str]
    text: str
    defect: Defect | None


class NotUtf8(RuleBroken):
    """The file has another encoding, so none of its rows can be trusted."""

    code = "not_utf8"
    title = "The file is not UTF-8"


class _TooLong(Exception):
    """The record at hand has more bytes than are read."""


class _Lines:
    """Lines of a stream of bytes, and a count of what was taken. `held` are the bytes of the record at hand."""

    def __init__(self, blocks: Iterable[bytes], offset: int, line: int) -> None:
        self._pieces = _pieces(blocks)
        self.offset = offset
        self.line = line
        self.held = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        raw = self._take(next(self._pieces))
        if self.held > MAX_RECORD_BYTES:
            while raw[-1] not in _BREAKS:
                rest = next(self._pieces, None)
                if rest is None:
                    break
                raw = self._take(rest)
            raise _TooLong
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            line = self.line if raw[-1] in _BREAKS else self.line + 1
            raise NotUtf8(_what_else(raw, error, line), line=line) from error

    def _take(self, raw: bytes) -> bytes:
        self.offset += len(raw)
        self.held += len(raw)
        if raw[-1] in _BREAKS:
            self.line += 1
        return raw


def _pieces(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines with their breaks (LF, CR LF or CR). One longer than a record may be comes in pieces, of which the last has the break."""
    carry = b""
    for block in blocks:
        lines = (carry + block).splitlines(keepends=True)
        # A CR at the end may be half of a CR LF.
        carry = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
        yield from lines
        if len(carry) > MAX_RECORD_BYTES and not carry.endswith(b"\r"):
            yield carry
            carry = b""
    if carry:
        yield carry


def _what_else(raw: bytes, error: UnicodeDecodeError, line: int) -> str:
    said = f"Line {line} holds the byte 0x{raw[error.start]:02x}, which is not UTF-8"
    if b"\0" in raw:
        return f"{said}; this looks like UTF-16. Save the file as UTF-8."
    try:
        shown = raw[max(0, error.start - 12) : error.start + 12].decode("cp1252").strip()
    except UnicodeDecodeError:
        return f"{said}. Save the file as UTF-8."
    return f"{said}; this looks like Windows-1252 ({shown!r}). Save the file as UTF-8."


def records(blocks: Iterable[bytes], format: Format, *, offset: int = 0, line: int = 0) -> Iterator[Record]:
    """The records of a file, or of a part of it that begins at byte `offset` after `line` lines. Empty lines are skipped.

    Raises `NotUtf8`.
    """
    lines = _Lines(blocks, offset, line)
    return _csv(lines) if format is Format.CSV else _json_lines(lines)


def _csv(lines: _Lines) -> Iterator[Record]:
    # The reader takes no line before it needs it, and begins anew after an error.
    reader = csv.reader(lines, strict=True)
    while True:
        start, first = lines.offset, lines.line + 1
        lines.held = 0
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Record(start, lines.offset, first, lines.line, [], "", _malformed(error, first, lines.line))
            continue
        except _TooLong:
            yield Record(start, lines.offset, first, lines.line, [], "", _too_long(first, lines.line))
            continue
        held = "".join(cells)
        if held.strip():
            yield Record(start, lines.offset, first, lines.line, cells, "", _NUL if "\0" in held else None)


def _json_lines(lines: _Lines) -> Iterator[Record]:
    while True:
        start, first = lines.offset, lines.line + 1
        lines.held = 0
        try:
            text = next(lines)
        except StopIteration:
            return
        except _TooLong:
            yield Record(start, lines.offset, first, lines.line, [], "", _too_long(first, lines.line))
            continue
        if text.strip():
            yield Record(start, lines.offset, first, lines.line, [], text, None)


_NUL = Defect("nul_character", "The row holds a NUL character.")


def _malformed(error: csv.Error, first: int, last: int) -> Defect:
    return Defect("malformed_csv", f"Lines {first} to {max(first, last)} are not CSV (RFC 4180): {error}.")


def _too_long(first: int, last: int) -> Defect:
    said = f"Lines {first} to {max(first, last)} have more than {MAX_RECORD_BYTES} bytes without an end of the row."
    return Defect("row_too_long", f"{said} Is a quotation mark not closed?" if last > first else said)
