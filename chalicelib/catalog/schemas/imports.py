"""Rows of an import as callers send them, and what became of them."""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any

from pydantic import Field, ValidationError

from chalicelib.catalog.domain import Status
from chalicelib.catalog.schemas.fields import (
    Attributes,
    Bps,
    Description,
    Grams,
    Gtin,
    Id,
    PriceList,
    Reference,
    Sku,
    StatusName,
    TaxCategory,
    TaxCode,
    Text,
    as_prices,
)
from chalicelib.catalog.service import MAX_ROWS, ImportRow, Outcome, RowResult
from chalicelib.core.errors import Invalid, RuleBroken
from chalicelib.core.http import malformed
from chalicelib.core.schemas import Schema, View


class ImportedRow(Schema):
    """One row of an import: a SKU and its product. What is left out stays as it is.

    In CSV the columns have these names; prices are columns `price:<channel>:<currency>`, attributes `attribute:<name>`.
    """

    product_ref: Reference
    sku: Sku
    title: Text
    category_id: Id
    name: Text | None = None
    description: Description | None = None
    brand: Text | None = None
    supplier_id: Id | None = None
    tax_code: TaxCode | None = None
    status: StatusName | None = None
    tax_rate_bps: Bps | None = None
    tax_category: TaxCategory | None = None
    weight_grams: Grams | None = None
    gtin: Gtin | None = None
    prices: PriceList = Field(default_factory=list)
    attributes: Attributes | None = None

    def as_row(self, line: int) -> ImportRow:
        return ImportRow(
            line=line,
            product_ref=self.product_ref,
            sku=self.sku,
            title=self.title,
            category_id=self.category_id,
            name=self.name,
            description=self.description,
            brand=self.brand,
            supplier_id=self.supplier_id,
            tax_code=self.tax_code,
            status=Status(self.status) if self.status else None,
            tax_rate_bps=self.tax_rate_bps,
            weight_grams=self.weight_grams,
            gtin=self.gtin,
            prices=as_prices(self.prices),
            attributes=self.attributes,
            tax_category=self.tax_category,
        )


class RowView(View):
    """What became of a row. Send deferred rows again."""

    line: int
    sku: str | None
    outcome: Outcome
    code: str | None
    detail: str | None

    @classmethod
    def of(cls, result: RowResult) -> "RowView":
        return cls.model_construct(
            line=result.line, sku=result.sku, outcome=result.outcome, code=result.code, detail=result.detail
        )


class ImportView(View):
    """All rows in their order, and how many ended how."""

    counts: dict[Outcome, int]
    rows: list[RowView]

    @classmethod
    def of(cls, results: Sequence[RowResult]) -> "ImportView":
        counts = {outcome: sum(result.outcome is outcome for result in results) for outcome in Outcome}
        return cls.model_construct(counts=counts, rows=[RowView.of(result) for result in results])


class TooManyRows(RuleBroken):
    code = "too_many_rows"
    title = "Too many rows in one import"


def read_rows(raw: bytes, content_type: str) -> tuple[list[ImportRow], list[RowResult]]:
    """The rows of a JSON lines or CSV body, and the results of those that cannot be understood.

    Raises `Invalid` for a body that is not text, has no row, or names unknown columns; `TooManyRows`.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(f"The body is not UTF-8: {error.reason} at byte {error.start}.") from error
    given = list(_csv(text) if content_type.lower().startswith("text/csv") else _json_lines(text))
    if not given:
        raise Invalid("There is no row in the body.")
    if len(given) > MAX_ROWS:
        raise TooManyRows(f"{len(given)} rows were sent; {MAX_ROWS} are taken at once.", limit=MAX_ROWS)
    rows: list[ImportRow] = []
    refused: list[RowResult] = []
    for line, found in given:
        try:
            row = (
                ImportedRow.model_validate_json(found) if isinstance(found, str) else ImportedRow.model_validate(found)
            )
            rows.append(row.as_row(line))
        except ValidationError as error:
            problem = malformed(error)
            sku = found.get("sku") if isinstance(found, dict) else None
            refused.append(RowResult(line, sku, Outcome.REFUSED, problem.code, problem.detail))
    return rows, refused


def _json_lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line


_INTEGERS = {"tax_rate_bps", "weight_grams"}


def _csv(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        unknown = [name for name in header if not _is_column(name)]
        if unknown or len(set(header)) < len(header):
            raise Invalid(f"Columns are unknown or doubled: {', '.join(unknown or header)[:200]}.")
        begins = reader.line_num + 1
        for cells in reader:
            if cells:
                yield begins, _of_cells(header, cells)
            begins = reader.line_num + 1
    except csv.Error as error:
        raise Invalid(f"Line {reader.line_num} is not CSV (RFC 4180): {error}.") from error


def _is_column(name: str) -> bool:
    kind, *parts = name.split(":")
    if kind in {"price", "attribute"}:
        return len(parts) == (2 if kind == "price" else 1)
    return not parts and name in ImportedRow.model_fields.keys() - {"prices", "attributes"}


def _of_cells(header: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    """A row as JSON would hold it; empty cells are left out, and cells beyond the header become a fault."""
    row: dict[str, Any] = {"surplus": cells[len(header) :]} if len(cells) > len(header) else {}
    for name, cell in zip(header, cells, strict=False):
        kind, *parts = name.split(":")
        if not cell:
            continue
        if kind == "price":
            price = {"channel": parts[0], "currency": parts[1], "amount": _number(cell)}
            row.setdefault("prices", []).append(price)
        elif kind == "attribute":
            row.setdefault("attributes", {})[parts[0]] = cell
        else:
            row[name] = _number(cell) if name in _INTEGERS else cell
    return row


def _number(cell: str) -> int | str:
    return int(cell) if cell.isascii() and cell.isdigit() and len(cell) < 19 else cell
