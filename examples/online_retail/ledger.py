"""What each row of the retailer's ledger is. Pure: no network, no clock, nothing of Aisle.

A row is one line of an invoice. Its class follows from the kind of its invoice (the number's letter), its stock code, the
signs of quantity and price, and, for rows without a price, from the rest of its invoice. Every row ends in exactly one
class; `reconcile` proves it against the file's own sums.
"""

import csv
import gzip
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")

GOODS_CODE = re.compile(r"\d{5}[A-Z]{0,2}|DCGS\w+")
"""Stock codes of things that can be counted: five digits with up to two letters (variant), and the gift shop's own."""

CHARGE_CODES: Mapping[str, str] = {
    "POST": "Postage",
    "DOT": "Dotcom postage",
    "C2": "Carriage",
    "M": "Manual",
    "D": "Discount",
    "S": "Samples",
    "B": "Adjust bad debt",
    "PADS": "Pads to match all cushions",
    "CRUK": "CRUK commission",
    "AMAZONFEE": "Amazon fee",
    "BANK CHARGES": "Bank charges",
    "GIFT_0001_10": "Gift voucher 10.00",
    "GIFT_0001_20": "Gift voucher 20.00",
    "GIFT_0001_30": "Gift voucher 30.00",
    "GIFT_0001_40": "Gift voucher 40.00",
    "GIFT_0001_50": "Gift voucher 50.00",
    "GIFT_0001_60": "Gift voucher 60.00",
    "GIFT_0001_70": "Gift voucher 70.00",
    "GIFT_0001_80": "Gift voucher 80.00",
    "GIFT_0001_90": "Gift voucher 90.00",
}
"""Stock codes that are no goods: money that is charged or taken off, and vouchers, which no shelf holds."""


class Kind(StrEnum):
    """The class of a row; README.md has the table with the reasons and what becomes of each."""

    GOODS = "goods"
    FREE_GOODS = "free_goods"
    CHARGE = "charge"
    WRITE_OFF = "write_off"
    FOUND = "found"
    GIVEAWAY = "giveaway"
    FREE_CHARGE = "free_charge"
    CANCELLATION = "cancellation"
    BAD_DEBT = "bad_debt"
    UNEXPECTED = "unexpected"
    UNREADABLE = "unreadable"


ON_ORDERS = frozenset({Kind.GOODS, Kind.FREE_GOODS, Kind.CHARGE})
STOCK_OUT = frozenset({Kind.WRITE_OFF, Kind.GIVEAWAY})
STOCK_MOVEMENTS = STOCK_OUT | {Kind.FOUND}

WHY_NOT_MAPPED: Mapping[Kind, str] = {
    Kind.FREE_CHARGE: "a charge of nothing",
    Kind.BAD_DEBT: "bookkeeping, not trade",
    Kind.UNEXPECTED: "against the ledger's own rules",
    Kind.UNREADABLE: "the row cannot be read",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of an invoice. `number` counts the file's rows from 1; `sku` is the stock code in capitals."""

    number: int
    invoice: str
    code: str
    description: str
    quantity: int
    at: datetime
    price: Decimal
    customer: str | None
    country: str

    @property
    def sku(self) -> str:
        """85123a and 85123A are one article: all such pairs carry the same description."""
        return self.code.upper()

    @property
    def amount(self) -> Decimal:
        """Pounds, exactly."""
        return self.price * self.quantity

    @property
    def day(self) -> date:
        return self.at.date()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that is no invoice line, with the reason and what it held."""

    number: int
    fields: Mapping[str, str]
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A row with its class, and why where that is not plain from the class."""

    row: Row
    kind: Kind
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Totals:
    """Rows, units and pounds of some part of the file."""

    rows: int = 0
    units: int = 0
    money: Decimal = Decimal(0)

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(self.rows + other.rows, self.units + other.units, self.money + other.money)


@dataclass(frozen=True, slots=True)
class Ledger:
    """The file, understood: every readable row classified, in the file's order, and the rows that are none."""

    entries: tuple[Entry, ...]
    unreadable: tuple[Unreadable, ...] = field(default=())

    def totals(self) -> dict[Kind, Totals]:
        """Rows, units and pounds per class; an unreadable row counts as a row of nothing."""
        sums: dict[Kind, Totals] = dict.fromkeys(Kind, Totals())
        for entry in self.entries:
            sums[entry.kind] += Totals(1, entry.row.quantity, entry.row.amount)
        sums[Kind.UNREADABLE] += Totals(rows=len(self.unreadable))
        return sums


class DoesNotReconcile(Exception):
    """The classes do not add up to the file: a defect of this module, never of the data."""


def read_file(path: Path) -> Iterator[dict[str, str]]:
    """The raw rows of a ledger file, plain or gzipped CSV."""
    packed = path.read_bytes()
    text = (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode("utf-8")
    yield from csv.DictReader(io.StringIO(text, newline=""))


def parse(number: int, fields: Mapping[str, str]) -> Row | Unreadable:
    """The row in raw `fields`, or why it is none. Quantities come as `6.0`, customers as `17850.0`."""
    if any(not isinstance(fields.get(column), str) for column in COLUMNS):
        return Unreadable(number, dict(fields), "columns are missing")
    try:
        quantity = Decimal(fields["Quantity"])
        price = Decimal(fields["UnitPrice"])
        at = datetime.fromisoformat(fields["InvoiceDate"])
    except (InvalidOperation, ValueError) as error:
        return Unreadable(number, dict(fields), f"not a number or time: {error}")
    if not (quantity.is_finite() and price.is_finite()) or quantity != quantity.to_integral_value():
        return Unreadable(number, dict(fields), "not a whole number of units, or no price")
    if not fields["InvoiceNo"].strip() or not fields["StockCode"].strip():
        return Unreadable(number, dict(fields), "no invoice number or no stock code")
    return Row(
        number=number,
        invoice=fields["InvoiceNo"].strip(),
        code=fields["StockCode"].strip(),
        description=" ".join(fields["Description"].split()),
        quantity=int(quantity),
        at=at,
        price=price,
        customer=fields["CustomerID"].strip().removesuffix(".0") or None,
        country=fields["Country"].strip(),
    )


def read_ledger(rows: Iterable[Mapping[str, str]]) -> Ledger:
    """Parse and classify raw rows. Rows of one invoice belong together by number, also when their minutes differ."""
    good: list[Row] = []
    bad: list[Unreadable] = []
    for number, fields in enumerate(rows, start=1):
        parsed = parse(number, fields)
        if isinstance(parsed, Row):
            good.append(parsed)
        else:
            bad.append(parsed)
    return Ledger(tuple(classify(good)), tuple(bad))


def classify(rows: Sequence[Row]) -> list[Entry]:
    """Each row with its class, in the given order."""
    invoices: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        invoices[row.invoice].append(row)
    paid = {number: sum(row.amount for row in lines) > 0 for number, lines in invoices.items()}
    return [_entry(row, alone=len(invoices[row.invoice]) == 1, paid=paid[row.invoice]) for row in rows]


def _entry(row: Row, *, alone: bool, paid: bool) -> Entry:
    if re.fullmatch(r"C\d{6}", row.invoice):
        return Entry(row, Kind.CANCELLATION)
    if re.fullmatch(r"A\d{6}", row.invoice):
        return Entry(row, Kind.BAD_DEBT)
    odd = _oddity(row)
    if odd:
        return Entry(row, Kind.UNEXPECTED, odd)
    if row.sku in CHARGE_CODES:
        return Entry(row, Kind.CHARGE if row.price else Kind.FREE_CHARGE)
    if row.price:
        return Entry(row, Kind.GOODS)
    return Entry(row, _without_price(row, alone=alone, paid=paid))


def _oddity(row: Row) -> str:
    if not re.fullmatch(r"\d{6}", row.invoice):
        return f"an invoice number of an unknown kind: {row.invoice}"
    if not (GOODS_CODE.fullmatch(row.sku) or row.sku in CHARGE_CODES):
        return f"a stock code of an unknown kind: {row.code}"
    if row.quantity == 0:
        return "no units"
    if row.price < 0:
        return "a negative price outside an adjustment"
    if row.quantity < 0 and row.price:
        return "a priced return outside a cancellation"
    return ""


def _without_price(row: Row, *, alone: bool, paid: bool) -> Kind:
    """A row of goods at price 0. Alone and for nobody it is the stock keeper's note, with the stock's own sign."""
    if row.quantity < 0:
        return Kind.WRITE_OFF
    if paid:
        return Kind.FREE_GOODS
    return Kind.FOUND if alone and row.customer is None else Kind.GIVEAWAY


def raw_totals(rows: Iterable[Mapping[str, str]]) -> Totals:
    """The file's own sums, straight from its fields; a row that cannot be read counts as a row of nothing."""
    total = Totals()
    for number, fields in enumerate(rows, start=1):
        if isinstance(parse(number, fields), Unreadable):
            total += Totals(rows=1)
        else:
            units = Decimal(fields["Quantity"])
            total += Totals(1, int(units), units * Decimal(fields["UnitPrice"]))
    return total


def reconcile(ledger: Ledger, file: Totals) -> None:
    """Raise `DoesNotReconcile` unless the classes add up to the file in rows, units and pounds, each row once."""
    classes = sum(ledger.totals().values(), Totals())
    if classes != file:
        raise DoesNotReconcile(f"The classes hold {classes}, the file {file}.")
    numbers = [entry.row.number for entry in ledger.entries] + [row.number for row in ledger.unreadable]
    if len(set(numbers)) != len(numbers):
        raise DoesNotReconcile("A row is in two classes.")


def until(ledger: Ledger, *, invoices: int | None = None, days: int | None = None) -> Ledger:
    """The ledger's beginning: up to so many invoices that sell something, or so many days of trade.

    An invoice is taken whole. Rows of other kinds are taken as far as the last invoice reaches.
    """
    entries = ledger.entries
    if days is not None:
        wanted = set(sorted({entry.row.day for entry in entries})[:days])
        entries = tuple(entry for entry in entries if entry.row.day in wanted)
    sold = list(dict.fromkeys(entry.row.invoice for entry in entries if entry.kind in ON_ORDERS))
    if invoices is not None and invoices < len(sold):
        kept, later = set(sold[:invoices]), set(sold[invoices:])
        last = max(entry.row.number for entry in entries if entry.row.invoice in kept)
        entries = tuple(
            entry
            for entry in entries
            if entry.row.invoice in kept or (entry.row.number <= last and entry.row.invoice not in later)
        )
    last = max((entry.row.number for entry in entries), default=0)
    return Ledger(entries, tuple(row for row in ledger.unreadable if entries == ledger.entries or row.number <= last))
