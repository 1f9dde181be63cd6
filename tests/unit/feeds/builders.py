"""Files of suppliers, made up."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Any

AS_OF = "2026-01-01T09:00:00Z"
HEADERS = {
    "products": (
        "supplier_sku",
        "title",
        "brand",
        "description",
        "attributes.colour",
        "price.GBP",
        "image.1",
        "on_hand",
    ),
    "stock": ("supplier_sku", "on_hand", "as_of"),
    "prices": ("supplier_sku", "currency", "amount", "as_of"),
}


def synthetic_rows(kind: str, count: int) -> Iterator[tuple[Any, ...]]:
    """`count` rows of a kind, each of a SKU of its own, with quotes and commas where people write them."""
    for number in range(count):
        sku = f"SKU-{number:06d}"
        if kind == "stock":
            yield sku, number % 100, AS_OF
        elif kind == "prices":
            yield sku, "GBP", 100 + number % 5_000, AS_OF
        else:
            text = f'A thing, number {number}, which some call "the {number % 7}th"; of good make and fair price.'
            yield sku, f"Thing {number}", "acme", text, "red", 1_299, f"https://img.example.com/{number}.jpg", 5


def csv_file(header: Sequence[str], rows: Iterable[Sequence[Any]], newline: str = "\r\n") -> bytes:
    """A file as RFC 4180 has it."""
    held = StringIO(newline="")
    writer = csv.writer(held, lineterminator=newline)
    writer.writerow(header)
    writer.writerows(rows)
    return held.getvalue().encode()


def synthetic_csv(kind: str, count: int) -> bytes:
    """A CSV file of `synthetic_rows`."""
    return csv_file(HEADERS[kind], synthetic_rows(kind, count))


def jsonl_file(rows: Iterable[dict[str, Any]]) -> bytes:
    """A file of JSON lines."""
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def stock_file(*rows: tuple[str, int] | tuple[str, int, str]) -> bytes:
    """Counts by SKU, as of a moment."""
    return csv_file(HEADERS["stock"], [(*row, AS_OF)[:3] for row in rows])


def in_blocks(raw: bytes, size: int) -> Iterator[bytes]:
    """The bytes, so many at a time."""
    return (raw[begin : begin + size] for begin in range(0, len(raw), size))
