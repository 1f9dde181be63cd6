"""Records of files: where each begins and ends, and what is wrong with it."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.feeds.domain.lines import MAX_RECORD_BYTES, Format, NotUtf8, Record, records
from tests.unit.feeds.builders import in_blocks

CELLS = st.text(alphabet=st.sampled_from(list('abé€𝄞"\n\r, \t')), max_size=8)
ROWS = st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=8)
NEWLINES = st.sampled_from(["\n", "\r\n", "\r"])


def read(raw: bytes, format: Format = Format.CSV, size: int = 1 << 20) -> list[Record]:
    return list(records(in_blocks(raw, size), format))


@given(ROWS, st.lists(NEWLINES, min_size=8, max_size=8), st.integers(1, 40))
def test_rows_are_read_as_they_were_written(rows: list[list[str]], newlines: list[str], size: int) -> None:
    """Mixed line breaks, quoted ones too, in blocks of any size."""
    written = []
    for row, newline in zip(rows, newlines, strict=False):
        held = StringIO(newline="")
        csv.writer(held, quoting=csv.QUOTE_ALL, lineterminator=newline).writerow(row)
        written.append(held.getvalue())
    # A CR that ends a row, and the LF that begins an empty one, are one line break.
    raw = "".join(written).encode()
    found = [record.cells for record in read(raw, size=size)]
    assert found == [row for row in rows if "".join(row).strip()]


@given(st.text(alphabet=st.sampled_from(list('ab"\n\r,é ')), max_size=60), st.integers(1, 9), st.sampled_from(Format))
def test_the_size_of_blocks_makes_no_difference(text: str, size: int, format: Format) -> None:
    assert read(text.encode(), format, size) == read(text.encode(), format)


@given(st.text(alphabet=st.sampled_from(list('ab"\n\r,é')), max_size=60), st.sampled_from(Format))
def test_a_record_alone_is_what_it_is_among_others(text: str, format: Format) -> None:
    raw = text.encode()
    for record in read(raw, format):
        alone = records([raw[record.start : record.end]], format, offset=record.start, line=record.line - 1)
        assert list(alone) == [record]


@given(st.text(alphabet=st.sampled_from(list('ab"\n\r,')), max_size=60))
def test_lines_are_counted_as_editors_do(text: str) -> None:
    for record in read(text.encode()):
        assert record.line == len(text[: record.start].replace("\r\n", "\n").replace("\r", "\n").split("\n"))


def test_quoted_line_breaks_do_not_end_a_row() -> None:
    found = read(b'a,"x\ny\r\nz"\nb,2\n')
    assert [(record.line, record.last, record.cells) for record in found] == [
        (1, 3, ["a", "x\ny\r\nz"]),
        (4, 4, ["b", "2"]),
    ]


def test_empty_rows_are_skipped_and_counted() -> None:
    assert [(record.line, record.cells) for record in read(b"a,1\n\n , \n,,\r\nb,2")] == [
        (1, ["a", "1"]),
        (5, ["b", "2"]),
    ]


@pytest.mark.parametrize(
    ("raw", "code", "lines"),
    [
        (b'"a"b,1\nc,2\n', "malformed_csv", "Lines 1 to 1"),
        (b'"a\nb\n', "malformed_csv", "Lines 1 to 2"),
        (b"a\0b,1\nc,2\n", "nul_character", "NUL"),
        (b"x" * (MAX_RECORD_BYTES + 1) + b"\nc,2\n", "row_too_long", "Lines 1 to 1"),
        (b'"x\n' + b"y,1\n" * (MAX_RECORD_BYTES // 4) + b"c,2\n", "row_too_long", "quotation mark"),
    ],
)
def test_a_broken_row_leaves_the_others_alone(raw: bytes, code: str, lines: str) -> None:
    first, *others = read(raw, size=1000)
    assert first.defect is not None
    assert first.defect.code == code
    assert lines in first.defect.detail
    assert [record.cells for record in others] == ([["c", "2"]] if raw.endswith(b"c,2\n") else [])


def test_a_row_of_the_greatest_length_is_read() -> None:
    longest = b"x" * (MAX_RECORD_BYTES - 1) + b"\n"
    assert [len(record.cells[0]) for record in read(longest)] == [MAX_RECORD_BYTES - 1]


def test_a_line_without_end_is_not_held() -> None:
    """A megabyte without a line break is one row that is refused, and costs no more memory than any other."""
    found = read(b"a,1\n" + b"x" * 1_000_000 + b"\nb,2\n", size=10_000)
    assert [(record.line, record.defect.code if record.defect else None) for record in found] == [
        (1, None),
        (2, "row_too_long"),
        (3, None),
    ]
    assert found[1].end - found[1].start == 1_000_001


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (
            "a,1\nCafé,2\n".encode("cp1252"),
            "Line 2 holds the byte 0xe9, which is not UTF-8; this looks like Windows-1252",
        ),
        (b"a,1\nb\x9d\xe9", "Line 2 holds the byte 0x9d, which is not UTF-8."),
        (b"\xed\xa0\x80,1\n", "Line 1 holds the byte 0xed"),
        ("a,1\nb,2\né".encode("utf-16-le"), "UTF-16"),
    ],
)
def test_another_encoding_is_named(raw: bytes, says: str) -> None:
    with pytest.raises(NotUtf8) as caught:
        read(raw)
    assert says in caught.value.detail


def test_json_lines() -> None:
    found = read(b'{"a":1}\r\n\n  \n{"b":2}\r{"c":3}', Format.JSONL)
    assert [(record.line, record.text.strip()) for record in found] == [
        (1, '{"a":1}'),
        (4, '{"b":2}'),
        (5, '{"c":3}'),
    ]
