"""Chunks: whichever way a file is cut, its rows are the same, and the later of two lines about the same thing stands for both."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.feeds.domain import Format, Kind, Manifest, NoRows, NotUtf8, Outcome, Row, RowResult, Splitter
from chalicelib.feeds.domain import split as splitting
from chalicelib.feeds.domain.lines import records
from chalicelib.feeds.domain.results import read_chunk
from chalicelib.feeds.domain.rows import BadHeader
from chalicelib.feeds.domain.split import TooManyRows
from tests.unit.feeds.builders import AS_OF, csv_file, in_blocks, jsonl_file, stock_file, synthetic_csv

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HEADER = b"supplier_sku,on_hand,as_of\r\n"


def split(
    raw: bytes, format: Format = Format.CSV, kind: Kind = Kind.STOCK, rows: int = 500, size: int = 1 << 20
) -> Splitter:
    splitter = Splitter(format, kind)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(splitting, "CHUNK_ROWS", rows)
        assert splitter.take(in_blocks(raw, size), lambda: True)
    return splitter


def entries(
    raw: bytes, manifest: Manifest, format: Format = Format.CSV, kind: Kind = Kind.STOCK
) -> list[Row | RowResult]:
    return [
        entry
        for chunk in manifest.chunks
        for entry in read_chunk(raw[chunk.start : chunk.end], chunk, format, kind, manifest.columns, NOW)
    ]


@given(
    st.text(alphabet=st.sampled_from(list('ab"\n\r,é ')), max_size=80),
    st.integers(1, 5),
    st.integers(1, 50),
    st.booleans(),
)
def test_chunks_hold_the_rows_of_the_whole(text: str, rows: int, size: int, marked: bool) -> None:
    """For any text and any size of chunk: no byte range cuts a row, none is lost or doubled, and lines are those of the file."""
    raw = (b"\xef\xbb\xbf" if marked else b"") + HEADER + text.encode()
    start = 3 if marked else 0
    whole = list(records([raw[start:]], Format.CSV, offset=start))[1:]
    try:
        manifest = split(raw, rows=rows, size=size).manifest()
    except NoRows:
        assert whole == []
        return
    apart = [
        record
        for chunk in manifest.chunks
        for record in records([raw[chunk.start : chunk.end]], Format.CSV, offset=chunk.start, line=chunk.line)
    ]
    assert apart == whole
    assert [chunk.rows for chunk in manifest.chunks[:-1]] == [rows] * (len(manifest.chunks) - 1)
    assert manifest.rows == len(whole)


@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=30), st.integers(1, 7))
def test_the_later_line_stands_for_both(skus: list[str], rows: int) -> None:
    raw = stock_file(*[(sku, number) for number, sku in enumerate(skus)])
    taken = entries(raw, split(raw, rows=rows).manifest())
    wins = {entry.supplier_sku: entry.fields["on_hand"] for entry in taken if isinstance(entry, Row)}
    assert wins == {sku: number for number, sku in enumerate(skus)}
    assert sum(isinstance(entry, Row) for entry in taken) == len(set(skus))
    assert {entry.outcome for entry in taken if isinstance(entry, RowResult)} <= {Outcome.SUPERSEDED}
    assert [entry.line for entry in taken] == list(range(2, len(skus) + 2))


def test_a_superseded_line_says_which_one_stands_for_it() -> None:
    raw = stock_file(("A", 1), ("B", 2), ("A", 3), ("A", 4))
    told = [(e.line, e.detail) for e in entries(raw, split(raw).manifest()) if isinstance(e, RowResult)]
    assert told == [(2, "Line 4 is about the same."), (4, "Line 5 is about the same.")]


@given(
    st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from(["GBP", "EUR", "GBX"]), st.integers(-1, 5)), min_size=1),
    st.integers(1, 4),
)
def test_prices_of_one_sku_are_taken_together(said: list[tuple[str, str, int]], rows: int) -> None:
    """One row a SKU is taken, with the last price that was said in each currency; what is no price stands for none."""
    raw = csv_file(("supplier_sku", "currency", "amount", "as_of"), [(*one, AS_OF) for one in said])
    manifest = split(raw, kind=Kind.PRICES, rows=rows).manifest()
    assert Manifest.of(json.loads(json.dumps(manifest.as_dict()))) == manifest
    taken = entries(raw, manifest, kind=Kind.PRICES)
    hopes: dict[str, dict[str, int]] = {}
    for sku, currency, amount in said:
        if currency != "GBX" and amount >= 0:
            hopes.setdefault(sku, {})[currency] = amount
    assert {e.supplier_sku: e.fields["prices"] for e in taken if isinstance(e, Row)} == hopes
    assert sum(isinstance(entry, Row) for entry in taken) == len(hopes)
    bad = [number for number, (_, currency, amount) in enumerate(said) if currency == "GBX" or amount < 0]
    refused = [e.line for e in taken if isinstance(e, RowResult) and e.outcome is Outcome.REFUSED]
    assert refused == [number + 2 for number in bad]


def test_json_lines_are_superseded_as_well() -> None:
    rows: list[Any] = [{"supplier_sku": sku, "on_hand": 1, "as_of": AS_OF} for sku in "ABA"]
    raw = jsonl_file(rows) + b"[1]\n{\n"
    splitter = split(raw, Format.JSONL)
    taken = entries(raw, splitter.manifest(), Format.JSONL)
    said = [(entry.line, getattr(entry, "code", None)) for entry in taken]
    assert said == [(1, "superseded"), (2, None), (3, None), (4, "malformed_json"), (5, "malformed_json")]
    assert splitter.names() == ["A", "B"]
    assert splitter.manifest().nameless == 2


@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=30), st.integers(1, 9), st.integers(1, 4))
def test_splitting_goes_on_where_it_stopped(skus: list[str], stops: int, rows: int) -> None:
    """Put aside after every few rows and taken up from what was stored, it finds the same."""
    raw = b"\xef\xbb\xbf" + stock_file(*[(sku, number) for number, sku in enumerate(skus)])
    at_once = split(raw, rows=rows)
    splitter = Splitter(Format.CSV, Kind.STOCK)
    calls = 0
    while True:
        asked = 0

        def more() -> bool:
            nonlocal asked
            asked += 1
            return asked < stops

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(splitting, "_LOOK_AT_CLOCK_EVERY", 1)
            patch.setattr(splitting, "CHUNK_ROWS", rows)
            if splitter.take(in_blocks(raw[splitter.offset :], 7), more):
                break
        splitter = Splitter.resumed(Format.CSV, Kind.STOCK, json.loads(json.dumps(splitter.as_dict())))
        calls += 1
    assert calls == len(skus) // stops
    assert splitter.manifest() == at_once.manifest()
    assert splitter.names() == at_once.names()


@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=30), st.sets(st.integers(2, 31)), st.integers(1, 5))
def test_what_is_done_is_left_out(skus: list[str], done: set[int], rows: int) -> None:
    raw = stock_file(*[(sku, number) for number, sku in enumerate(skus)])
    manifest = split(raw, rows=rows).manifest()
    lines = [entry.line for entry in entries(raw, manifest)]
    left = manifest.without(done & set(lines))  # type: ignore[arg-type]
    assert [entry.line for entry in entries(raw, left)] == [line for line in lines if line not in done]
    assert left.rows == len(entries(raw, left))
    assert Manifest.of(json.loads(json.dumps(left.as_dict()))) == left


def test_a_manifest_is_what_was_stored() -> None:
    raw = stock_file(("A", 1), ("A", 2)).replace(b"as_of", b"as_of,shelf")
    manifest = split(raw, rows=1).manifest()
    assert Manifest.of(json.loads(json.dumps(manifest.as_dict()))) == manifest
    assert [finding.message for finding in manifest.warnings] == ["There is no shelf; it is not read."]


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (b"supplier_sku,on_hand\n", "Columns are missing: as_of."),
        (b"supplier_sku;on_hand;as_of\n", "separated by semicolons"),
        (b"Supplier_SKU,on_hand,as_of\n", "Supplier_SKU is spelt supplier_sku."),
        (b"supplier_sku,on_hand,as_of,on_hand\n", "Columns come twice: on_hand."),
        (b'"supplier_sku"x,on_hand,as_of\n', "The header cannot be read"),
    ],
)
def test_columns_that_make_no_rows_are_refused(header: bytes, says: str) -> None:
    with pytest.raises(BadHeader) as caught:
        split(header + b"A,1,2026-01-01T00:00:00Z\n")
    assert says in caught.value.detail


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"\xef\xbb\xbf", HEADER, HEADER + b"\r\n,,\r\n"])
def test_a_file_without_rows_is_refused(raw: bytes) -> None:
    with pytest.raises(NoRows):
        split(raw).manifest()


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_another_encoding_is_refused(encoding: str) -> None:
    with pytest.raises(NotUtf8):
        split(HEADER + "é,1,x\r\n".encode(encoding) if encoding == "cp1252" else "é,1".encode(encoding))


def test_a_file_has_so_many_rows_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "MAX_ROWS", 3)
    split(stock_file(*[("A", 1)] * 3))
    with pytest.raises(TooManyRows):
        split(stock_file(*[("A", 1)] * 4))


def test_chunks_of_long_rows_are_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "CHUNK_BYTES", 1_000)
    chunks = split(synthetic_csv("stock", 200)).manifest().chunks
    assert all(chunk.end - chunk.start < 1_100 for chunk in chunks)
    assert sum(chunk.rows for chunk in chunks) == 200
