"""From a record to what it says: columns of CSV, fields of JSON, and what is wrong with either.

Both formats give the same documents, those of the API. In CSV a column is named after its field: `attributes.<name>` is one of the
attributes, `price.<currency>` one of the prices (minor units), `image.1` the first image.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import isfinite
from typing import Any

from chalicelib.core.clock import LEEWAY
from chalicelib.core.currencies import CURRENCIES
from chalicelib.core.errors import RuleBroken
from chalicelib.core.findings import Finding, Severity
from chalicelib.feeds.domain.lines import Format, Record

SUPPLIER_SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
"""What listings take for one."""

MAX_NUMBER = 10**12
"""The largest count or amount that a row may say."""

MAX_URL = 2_048
"""Characters of the URL of an image, as in the API."""


class Kind(StrEnum):
    """What the rows of a feed are: `products` register or change listings, `stock` counts what is there, `prices` says what it costs."""

    PRODUCTS = "products"
    STOCK = "stock"
    PRICES = "prices"


class BadHeader(RuleBroken):
    """The columns of the file do not make rows."""

    code = "bad_header"
    title = "The columns are not those of this kind of feed"


class BadRow(ValueError):
    """A row that says nothing: `findings` tell why, `supplier_sku` whose it is, if that much is known."""

    def __init__(self, findings: Sequence[Finding], supplier_sku: str | None = None) -> None:
        super().__init__(findings[0].message)
        self.findings = tuple(findings)
        self.supplier_sku = supplier_sku


@dataclass(frozen=True, slots=True)
class Row:
    """A row that can be taken. `fields` is the document of a product, or what a count or a price says; `warnings` tell what of it
    was not read."""

    line: int
    supplier_sku: str
    fields: dict[str, Any]
    warnings: tuple[Finding, ...] = ()


# ---- columns --------------------------------------------------------------------------------------------------------

TEXTS = {
    Kind.PRODUCTS: frozenset(
        "supplier_sku title description brand category_id sku gtin tax_category condition as_of".split()
    ),
    Kind.STOCK: frozenset({"supplier_sku", "as_of"}),
    Kind.PRICES: frozenset({"supplier_sku", "currency", "as_of"}),
}
"""Fields that hold a text."""

COUNTS = {
    Kind.PRODUCTS: frozenset({"on_hand"}),
    Kind.STOCK: frozenset({"on_hand"}),
    Kind.PRICES: frozenset({"amount"}),
}
"""Fields that hold a whole number, and nothing else will do."""

MEASURES = frozenset("tax_rate_bps weight_grams handling_days min_quantity max_quantity".split())
"""Fields of products that hold a number, or a text that listings makes a number of ("1.5 kg")."""

COLLECTIONS: dict[str, type] = {"attributes": dict, "images": list, "prices": dict}
"""Fields of products that hold more than one thing."""

REQUIRED = {
    Kind.PRODUCTS: ("supplier_sku", "title"),
    Kind.STOCK: ("supplier_sku", "on_hand", "as_of"),
    Kind.PRICES: ("supplier_sku", "currency", "amount", "as_of"),
}
_FAMILY = re.compile(r"attributes\..{1,64}|price\.[A-Z]{3}|image\.[1-9][0-9]?")


def columns_of(record: Record, kind: Kind) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """The columns of a header, "" for one that is left out, and warnings of those that nobody knows. Raises `BadHeader`."""
    if record.defect is not None:
        raise BadHeader(f"The header cannot be read: {record.defect.detail}")
    names = [cell.strip() for cell in record.cells]
    missing = [name for name in REQUIRED[kind] if name not in names]
    if missing:
        raise BadHeader(_what_misses(missing, names), missing=missing)
    doubled = sorted({name for name in names if name and names.count(name) > 1})
    if doubled:
        raise BadHeader(f"Columns come twice: {', '.join(doubled)[:200]}.", doubled=doubled[:20])
    unknown = [name for name in names if name and not is_column(name, kind)]
    warnings = tuple(_unknown(name) for name in unknown[:20])
    return tuple("" if name in unknown else name for name in names), warnings


def _unknown(name: str) -> Finding:
    said = f"There is no {name[:64]}; it is not read."
    return Finding(f"/{name[:64]}", "unknown_column", Severity.WARNING, said)


def is_column(name: str, kind: Kind) -> bool:
    """Whether a CSV file of this kind may have a column of this name."""
    if name in TEXTS[kind] or name in COUNTS[kind]:
        return True
    return kind is Kind.PRODUCTS and (name in MEASURES or _FAMILY.fullmatch(name) is not None)


def _what_misses(missing: Sequence[str], names: Sequence[str]) -> str:
    said = f"Columns are missing: {', '.join(missing)}."
    for mark, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(names) == 1 and mark in names[0]:
            return f"{said} The file seems to be separated by {word}; use commas."
    lowered = {name.lower(): name for name in names}
    near = [f"{lowered[name]} is spelt {name}" for name in missing if name in lowered]
    return f"{said} {'; '.join(near)}." if near else said


# ---- rows -----------------------------------------------------------------------------------------------------------


def row_of(record: Record, format: Format, kind: Kind, columns: Sequence[str], now: datetime) -> Row:
    """What a record says. Raises `BadRow`."""
    if record.defect is not None:
        raise BadRow([_finding("", *record.defect)])
    fields = _of_cells(record.cells, columns, kind) if format is Format.CSV else fields_of_json(record.text)
    supplier_sku = _supplier_sku(fields)
    unknown: tuple[Finding, ...] = ()
    if format is Format.JSONL:
        unknown = _without_unknown(fields, kind)
    found = [*_missing(fields, kind), *_misshapen(fields, kind)]
    if fields.get("as_of") is not None:
        found += _of_moment(fields["as_of"], now)
    if found:
        raise BadRow(found, supplier_sku)
    return Row(record.line, supplier_sku, fields, unknown)


def _finding(field: str, code: str, detail: str) -> Finding:
    return Finding(field, code, Severity.ERROR, detail)


def has_cells_beyond(cells: Sequence[str], columns: Sequence[str]) -> bool:
    """Whether a row says something in cells that have no column: nobody knows which of its cells are what, then."""
    return any(cell.strip() for cell in cells[len(columns) :])


def _of_cells(cells: Sequence[str], columns: Sequence[str], kind: Kind) -> dict[str, Any]:
    if has_cells_beyond(cells, columns):
        raise BadRow(
            [_finding("", "too_many_cells", f"The row has {len(cells)} cells; the header has {len(columns)} columns.")]
        )
    fields: dict[str, Any] = {}
    numbers = COUNTS[kind] | MEASURES
    for name, cell in zip(columns, cells, strict=False):
        given = cell.strip()
        if not given or not name:
            continue
        if name in numbers:
            fields[name] = _number(given)
        elif "." in name:
            _into_family(fields, name, given)
        else:
            fields[name] = given
    if "images" in fields:
        fields["images"] = [url for _, url in sorted(fields["images"].items())]
    return fields


def _into_family(fields: dict[str, Any], name: str, cell: str) -> None:
    family, _, member = name.partition(".")
    if family == "attributes":
        fields.setdefault("attributes", {})[member] = cell
    elif family == "price":
        fields.setdefault("prices", {})[member] = _number(cell)
    else:
        fields.setdefault("images", {})[int(member)] = cell


def _number(cell: str) -> int | str:
    """A whole number, or the text as it is: whoever checks the field says what is wrong with it."""
    return int(cell) if len(cell) < 19 and cell.isascii() and cell.removeprefix("-").isdigit() else cell


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def fields_of_json(text: str) -> dict[str, Any]:
    """The object on a line, its texts trimmed as cells are. Raises `BadRow`."""
    try:
        fields = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise BadRow([_finding("", "malformed_json", f"The line is not JSON: {str(error)[:200]}.")]) from error
    if not isinstance(fields, dict):
        raise BadRow([_finding("", "malformed_json", "The line holds no JSON object.")])
    fields = {name: given.strip() if isinstance(given, str) else given for name, given in fields.items()}
    lowered = text.lower()
    if "\\ud" in lowered or "\\u0000" in lowered:
        _refuse_unstorable(fields)
    return fields


def _refuse_unstorable(fields: dict[str, Any]) -> None:
    whole = json.dumps(fields, ensure_ascii=False)
    try:
        whole.encode()
    except UnicodeEncodeError as error:
        raise BadRow([_finding("", "lone_surrogate", "The row holds half of a surrogate pair.")]) from error
    # Two backslashes are one that was meant, and what follows them no escape.
    if "\\u0000" in whole.replace("\\\\", ""):
        raise BadRow([_finding("", "nul_character", "The row holds a NUL character.")])


def _supplier_sku(fields: dict[str, Any]) -> str:
    given = fields.get("supplier_sku")
    if given is None or given == "":
        raise BadRow([_finding("/supplier_sku", "missing", "A row needs supplier_sku.")])
    if not isinstance(given, str) or not SUPPLIER_SKU.fullmatch(given):
        said = "A supplier_sku has up to 40 letters, digits, dots, hyphens and underscores, and begins with one of the first two."
        raise BadRow([_finding("/supplier_sku", "invalid", said)])
    return given


def _without_unknown(fields: dict[str, Any], kind: Kind) -> tuple[Finding, ...]:
    known = TEXTS[kind] | COUNTS[kind]
    if kind is Kind.PRODUCTS:
        known = known | MEASURES | COLLECTIONS.keys()
    unknown = [name for name in fields if name not in known]
    for name in unknown:
        del fields[name]
    return tuple(_unknown(name) for name in unknown[:20])


def _missing(fields: dict[str, Any], kind: Kind) -> list[Finding]:
    absent = [name for name in REQUIRED[kind] if fields.get(name) is None]
    return [_finding(f"/{name}", "missing", f"A row needs {name}.") for name in absent]


def _misshapen(fields: dict[str, Any], kind: Kind) -> list[Finding]:
    said = {name: _fault_of(name, given, kind) for name, given in fields.items() if given is not None}
    found = [_finding(f"/{name}", "invalid", words) for name, words in said.items() if words]
    if kind is Kind.PRICES and isinstance(fields.get("currency"), str) and fields["currency"] not in CURRENCIES:
        found.append(_finding("/currency", "invalid", "currency is a code of ISO 4217, e.g. GBP."))
    return found


def _fault_of(name: str, given: Any, kind: Kind) -> str | None:
    """What is wrong with the shape of a field, in words."""
    if name in TEXTS[kind]:
        return None if isinstance(given, str) else f"{name} is a text."
    if name in COUNTS[kind]:
        fits = type(given) is int and 0 <= given <= MAX_NUMBER
        return None if fits else f"{name} is a whole number from 0 to {MAX_NUMBER}."
    if name == "images":
        fits = isinstance(given, list) and all(isinstance(url, str) and len(url) <= MAX_URL for url in given)
        return None if fits else f"images is a list of texts of up to {MAX_URL} characters."
    if name == "attributes":
        fits = isinstance(given, dict) and all(value is None or _is_plain(value) for value in given.values())
        return None if fits else "attributes is an object of texts, numbers, true and false."
    if name in COLLECTIONS:
        return None if isinstance(given, COLLECTIONS[name]) else f"{name} is an object."
    return None if type(given) in (int, float, str) else f"{name} is a number."


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | bool) or (isinstance(value, int | float) and isfinite(value))


def _of_moment(given: Any, now: datetime) -> list[Finding]:
    try:
        moment = datetime.fromisoformat(given)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        return [_finding("/as_of", "invalid", "as_of is a time with its zone (RFC 3339), e.g. 2026-01-01T09:30:00Z.")]
    if moment > now + LEEWAY:
        return [_finding("/as_of", "in_future", "as_of is in the future.")]
    return []
