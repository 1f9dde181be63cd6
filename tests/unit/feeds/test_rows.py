"""What a row says, and what is wrong with it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.feeds.domain import Format, Kind, rows
from chalicelib.feeds.domain.lines import records
from chalicelib.feeds.domain.rows import BadRow, Row, columns_of, row_of
from chalicelib.listings.domain import listing
from tests.unit.feeds.builders import AS_OF, csv_file, jsonl_file

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def of_csv(kind: str, header: str, row: str) -> Row:
    head, record = records([f"{header}\n{row}\n".encode()], Format.CSV)
    columns, _ = columns_of(head, Kind(kind))
    return row_of(record, Format.CSV, Kind(kind), columns, NOW)


def of_json(kind: str, text: str | dict[str, Any]) -> Row:
    raw = jsonl_file([text]) if isinstance(text, dict) else text.encode()
    (record,) = records([raw], Format.JSONL)
    return row_of(record, Format.JSONL, Kind(kind), (), NOW)


def test_a_product_has_the_fields_of_the_api() -> None:
    header = "supplier_sku,title,attributes.colour,attributes.Fit to,price.GBP,price.EUR,image.2,image.1,weight_grams,on_hand,"
    row = of_csv("products", header, 'MUG, Red mug ,red,"x,y",899,,https://b,https://a,1.5 kg,3,')
    assert row.supplier_sku == "MUG"
    assert row.fields == {
        "supplier_sku": "MUG",
        "title": "Red mug",
        "attributes": {"colour": "red", "Fit to": "x,y"},
        "prices": {"GBP": 899},
        "images": ["https://a", "https://b"],
        "weight_grams": "1.5 kg",
        "on_hand": 3,
    }


def test_json_says_the_same() -> None:
    fields = {"supplier_sku": "MUG", "title": "Red mug", "prices": {"GBP": 899}, "attributes": {"colour": "red"}}
    assert of_json("products", fields).fields == fields


def test_what_nobody_knows_is_told_and_left_out() -> None:
    row = of_json("stock", {"supplier_sku": "MUG", "on_hand": 1, "as_of": AS_OF, "shelf": "B7"})
    assert "shelf" not in row.fields
    assert [(found.field, found.rule, str(found.severity)) for found in row.warnings] == [
        ("/shelf", "unknown_column", "warning")
    ]


def test_stock_and_prices() -> None:
    assert of_csv("stock", "as_of,supplier_sku,on_hand", f"{AS_OF},MUG,0").fields["on_hand"] == 0
    assert of_csv("prices", "supplier_sku,currency,amount,as_of", f"MUG,JPY,900,{AS_OF}").fields["amount"] == 900
    later = "2026-01-01T13:04:00+01:00"
    assert of_json("stock", {"supplier_sku": "MUG", "on_hand": 1, "as_of": later}).fields["as_of"] == later


STOCK = "supplier_sku,on_hand,as_of"
PRICES = "supplier_sku,currency,amount,as_of"


@pytest.mark.parametrize(
    ("kind", "header", "row", "field", "rule"),
    [
        ("stock", STOCK, f",1,{AS_OF}", "/supplier_sku", "missing"),
        ("stock", STOCK, f"A B,1,{AS_OF}", "/supplier_sku", "invalid"),
        ("stock", STOCK, f"{'A' * 41},1,{AS_OF}", "/supplier_sku", "invalid"),
        ("stock", STOCK, "A,1", "/as_of", "missing"),
        ("stock", STOCK, f"A,,{AS_OF}", "/on_hand", "missing"),
        ("stock", STOCK, f"A,-1,{AS_OF}", "/on_hand", "invalid"),
        ("stock", STOCK, f"A,1.5,{AS_OF}", "/on_hand", "invalid"),
        ("stock", STOCK, f"A,١,{AS_OF}", "/on_hand", "invalid"),
        ("stock", STOCK, f"A,{10**13},{AS_OF}", "/on_hand", "invalid"),
        ("stock", STOCK, f"A,{'9' * 5000},{AS_OF}", "/on_hand", "invalid"),
        ("stock", STOCK, "A,1,2026-01-01T09:00:00", "/as_of", "invalid"),
        ("stock", STOCK, "A,1,yesterday", "/as_of", "invalid"),
        ("stock", STOCK, "A,1,2026-01-01T12:05:01Z", "/as_of", "in_future"),
        ("stock", STOCK, f"A,1,{AS_OF},more", "", "too_many_cells"),
        ("prices", PRICES, f"A,GBX,1,{AS_OF}", "/currency", "invalid"),
        ("prices", PRICES, f"A,GBP,12.99,{AS_OF}", "/amount", "invalid"),
        ("products", "supplier_sku,title", "A,", "/title", "missing"),
        ("products", "supplier_sku,title,on_hand", "A,B,some", "/on_hand", "invalid"),
    ],
)
def test_a_bad_row_has_its_reason(kind: str, header: str, row: str, field: str, rule: str) -> None:
    with pytest.raises(BadRow) as caught:
        of_csv(kind, header, row)
    assert [(found.field, found.rule) for found in caught.value.findings] == [(field, rule)]


@pytest.mark.parametrize(
    ("text", "field", "rule"),
    [
        ("{", "", "malformed_json"),
        ("[]", "", "malformed_json"),
        ("null", "", "malformed_json"),
        ('{"supplier_sku": NaN}', "", "malformed_json"),
        ('{"a": ' + "[" * 30_000 + "]" * 30_000 + "}", "", "malformed_json"),
        ('{"supplier_sku": "A", "title": 1}', "/title", "invalid"),
        ('{"supplier_sku": 7, "title": "x"}', "/supplier_sku", "invalid"),
        ('{"supplier_sku": "A", "title": "\\ud800"}', "", "lone_surrogate"),
        ('{"supplier_sku": "A", "title": "a\\u0000b"}', "", "nul_character"),
        ('{"supplier_sku": "A", "title": "x", "images": "https://a"}', "/images", "invalid"),
        ('{"supplier_sku": "A", "title": "x", "images": [null]}', "/images", "invalid"),
        ('{"supplier_sku": "A", "title": "x", "images": [{"url": "https://a"}]}', "/images", "invalid"),
        ('{"supplier_sku": "A", "title": "x", "attributes": {"fit": ["S"]}}', "/attributes", "invalid"),
        ('{"supplier_sku": "A", "title": "x", "attributes": {"fit": 1e999}}', "/attributes", "invalid"),
        ('{"supplier_sku": "A", "title": "x", "attributes": []}', "/attributes", "invalid"),
        ('{"supplier_sku": "A", "title": "x", "weight_grams": true}', "/weight_grams", "invalid"),
    ],
)
def test_a_bad_line_has_its_reason(text: str, field: str, rule: str) -> None:
    with pytest.raises(BadRow) as caught:
        of_json("products", text)
    assert [(found.field, found.rule) for found in caught.value.findings] == [(field, rule)]


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(BadRow) as caught:
        of_csv("prices", PRICES, "A,GBX,x,y")
    assert {found.field for found in caught.value.findings} == {"/currency", "/amount", "/as_of"}
    assert caught.value.supplier_sku == "A"


def test_surrogate_pairs_and_escaped_backslashes_are_fine() -> None:
    row = of_json("products", '{"supplier_sku": "A", "title": "\\ud83d\\ude00 \\\\u0000 \\\\ud800"}')
    assert row.fields["title"] == "😀 \\u0000 \\ud800"


def test_a_header_is_written_as_people_do() -> None:
    raw = csv_file((" supplier_sku ", "on_hand", "as_of", ""), [("A", 1, AS_OF, "")])
    head, record = records([raw], Format.CSV)
    columns, warnings = columns_of(head, Kind.STOCK)
    assert (columns, warnings) == (("supplier_sku", "on_hand", "as_of", ""), ())
    assert row_of(record, Format.CSV, Kind.STOCK, columns, NOW).fields["on_hand"] == 1


def test_a_sku_is_what_listings_take_for_one() -> None:
    assert rows.SUPPLIER_SKU.pattern == listing.SUPPLIER_SKU.pattern
