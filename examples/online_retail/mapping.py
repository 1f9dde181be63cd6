"""From the classified ledger to what Aisle is asked to do: products, opening stock, orders, stock movements. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from examples.online_retail.ledger import (
    CHARGE_CODES,
    ON_ORDERS,
    STOCK_MOVEMENTS,
    WHY_NOT_MAPPED,
    Entry,
    Kind,
    Ledger,
    Row,
)

VAT_BPS = 2000
"""The United Kingdom's standard rate, from January 2011 (17.5 % before); one rate for all keeps the sample readable."""

CARTON = 12
"""Opening stock is rounded up to whole cartons."""

MAIN, OVERFLOW = "retail-main", "retail-overflow"

COUNTRIES: Mapping[str, str] = {
    "Australia": "AU",
    "Austria": "AT",
    "Bahrain": "BH",
    "Belgium": "BE",
    "Brazil": "BR",
    "Canada": "CA",
    "Channel Islands": "JE",
    "Cyprus": "CY",
    "Czech Republic": "CZ",
    "Denmark": "DK",
    "EIRE": "IE",
    "Finland": "FI",
    "France": "FR",
    "Germany": "DE",
    "Greece": "GR",
    "Hong Kong": "HK",
    "Iceland": "IS",
    "Israel": "IL",
    "Italy": "IT",
    "Japan": "JP",
    "Lebanon": "LB",
    "Lithuania": "LT",
    "Malta": "MT",
    "Netherlands": "NL",
    "Norway": "NO",
    "Poland": "PL",
    "Portugal": "PT",
    "RSA": "ZA",
    "Saudi Arabia": "SA",
    "Singapore": "SG",
    "Spain": "ES",
    "Sweden": "SE",
    "Switzerland": "CH",
    "USA": "US",
    "United Arab Emirates": "AE",
    "United Kingdom": "GB",
}
NOWHERE = "ZZ"
"""ISO 3166-1 leaves ZZ to users; it stands for "Unspecified" and "European Community"."""

CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "christmas": ("CHRISTMAS", "ADVENT", "XMAS", "REINDEER"),
    "bags": ("BAG", "SHOPPER", "PURSE", "WALLET"),
    "lighting": ("CANDLE", "T-LIGHT", "LIGHT", "LANTERN", "LAMP"),
    "kitchen": ("MUG", "CUP", "PLATE", "BOWL", "TEA", "CAKE", "CUTLERY", "KITCHEN", "JAR", "TIN", "APRON"),
    "stationery": ("CARD", "PAPER", "NOTEBOOK", "PENCIL", "STICKER", "WRAP", "RIBBON", "TAPE"),
    "garden": ("GARDEN", "PLANT", "PARASOL", "HAMMOCK", "WATERING"),
    "home": ("SIGN", "DOORMAT", "FRAME", "CLOCK", "CUSHION", "HOOK", "DRAWER", "MIRROR", "HEART"),
}
OTHER = "gifts"


@dataclass(frozen=True, slots=True)
class Product:
    """An article of the catalogue: its most common description and price (minor units; None if never sold)."""

    sku: str
    name: str
    category: str
    price: int | None


@dataclass(frozen=True, slots=True)
class Opening:
    """Units of a SKU that are there before the first row, by location."""

    sku: str
    main: int
    overflow: int


@dataclass(frozen=True, slots=True)
class Sale:
    """An invoice that sells something, as the body of POST /v1/orders.

    `key` is the same in every run, so that no run can order it twice. `total` is in minor units; `dropped` are pounds of
    the file that are less than a penny and so cannot be charged.
    """

    key: str
    invoice: str
    day: date
    position: int
    body: Mapping[str, Any]
    total: int
    units: int
    dropped: Decimal


@dataclass(frozen=True, slots=True)
class StockMovement:
    """A row that moves stock without a sale: `delta` units of a SKU, with Aisle's reason for it."""

    key: str
    sku: str
    delta: int
    reason: str
    reference: str
    day: date
    position: int


@dataclass(frozen=True, slots=True)
class NotMapped:
    """A row that becomes nothing, and why."""

    number: int
    invoice: str
    kind: Kind
    reason: str


_NOTHING_BACK: Mapping[date, Mapping[str, int]] = {}


def minor_units(pounds: Decimal) -> int:
    """Pence, rounded half to even."""
    return int((pounds * 100).quantize(Decimal(1), ROUND_HALF_EVEN))


def category_of(name: str) -> str:
    """The first category one of whose words the name holds, else "gifts"."""
    words = f" {name.upper()} "
    return next((category for category, signs in CATEGORIES.items() if any(sign in words for sign in signs)), OTHER)


def products(ledger: Ledger) -> list[Product]:
    """One product per SKU whose stock or sale the file speaks of, in the order in which the file first does."""
    names: defaultdict[str, Counter[str]] = defaultdict(Counter)
    prices: defaultdict[str, Counter[int]] = defaultdict(Counter)
    skus: dict[str, None] = {}
    for entry in ledger.entries:
        if entry.kind not in STOCK_MOVEMENTS | {Kind.GOODS, Kind.FREE_GOODS}:
            continue
        row = entry.row
        skus[row.sku] = None
        if entry.kind is Kind.GOODS:
            names[row.sku][row.description] += 1
            prices[row.sku][minor_units(row.price)] += 1
        elif entry.kind is Kind.FREE_GOODS and row.description:
            names[row.sku][row.description] += 1
    return [_product(sku, names[sku], prices[sku]) for sku in skus]


def _product(sku: str, names: Counter[str], prices: Counter[int]) -> Product:
    name = names.most_common(1)[0][0] if names else f"Stock item {sku}"
    return Product(sku, name, category_of(name), prices.most_common(1)[0][0] if prices else None)


def stock_delta(entry: Entry) -> int:
    """By how much a row changes what is on the shelf. Stock keepers' notes carry the stock's own sign."""
    if entry.kind in (Kind.GOODS, Kind.FREE_GOODS, Kind.GIVEAWAY):
        return -entry.row.quantity
    return entry.row.quantity if entry.kind in (Kind.WRITE_OFF, Kind.FOUND) else 0


def opening_stock(ledger: Ledger, back: Mapping[date, Mapping[str, int]] = _NOTHING_BACK) -> list[Opening]:
    """The least with which no SKU ever goes short, in whole cartons, two thirds of it at the main location.

    It is the deepest drawdown over the file's days. Units that are found, and those that come `back` on a day, count from the
    next day on, so it holds in whatever order a day's work is done.
    """
    level: Counter[str] = Counter()
    deepest: dict[str, int] = {}
    found: Counter[str] = Counter()
    today: date | None = None
    for entry in ledger.entries:
        delta = stock_delta(entry)
        if entry.row.day != today:
            level.update(found)
            today = entry.row.day
            found = Counter(back.get(today, {}))
        if not delta:
            continue
        sku = entry.row.sku
        deepest.setdefault(sku, 0)
        if delta > 0:
            found[sku] += delta
            continue
        level[sku] += delta
        deepest[sku] = min(deepest[sku], level[sku])
    return [_opening(sku, -low) for sku, low in deepest.items()]


def _opening(sku: str, units: int) -> Opening:
    rounded = -(-units // CARTON) * CARTON
    main = rounded * 2 // 3
    return Opening(sku, main, rounded - main)


def orders(ledger: Ledger) -> Iterator[Sale]:
    """The order of every invoice that comes to something, in the file's order."""
    invoices: dict[str, list[Row]] = {}
    for entry in ledger.entries:
        if entry.kind in ON_ORDERS:
            invoices.setdefault(entry.row.invoice, []).append(entry.row)
    for number, rows in invoices.items():
        sale = _sale(number, rows)
        if sale.total > 0:
            yield sale


def _sale(invoice: str, rows: Sequence[Row]) -> Sale:
    lines = _lines(row for row in rows if row.sku not in CHARGE_CODES)
    charges = _charges([row for row in rows if row.sku in CHARGE_CODES])
    return Sale(
        key=f"online-retail-{invoice}",
        invoice=invoice,
        day=rows[0].day,
        position=rows[0].number,
        body=_body(rows[0], lines, charges),
        total=sum(line["quantity"] * line["unit_price"] for line in lines) + sum(one["amount"] for one in charges),
        units=sum(line["quantity"] for line in lines),
        dropped=_dropped(rows),
    )


def _lines(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """A line per SKU and price: the same SKU twice at one price is summed, at two prices it stays two lines."""
    quantities: dict[tuple[str, int], int] = {}
    for row in rows:
        at = (row.sku, minor_units(row.price))
        quantities[at] = quantities.get(at, 0) + row.quantity
    return [{"sku": sku, "quantity": units, "unit_price": price} for (sku, price), units in quantities.items()]


def _charges(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """A charge per code; one of less than a penny is none."""
    amounts: dict[str, int] = {}
    for row in rows:
        amounts[row.sku] = amounts.get(row.sku, 0) + minor_units(row.amount)
    return [
        {"code": code, "description": CHARGE_CODES[code], "amount": amount, "tax_rate_bps": VAT_BPS}
        for code, amount in amounts.items()
        if amount
    ]


def _dropped(rows: Sequence[Row]) -> Decimal:
    exact = sum((row.amount for row in rows), Decimal(0))
    charged = sum(
        minor_units(row.amount) if row.sku in CHARGE_CODES else minor_units(row.price) * row.quantity for row in rows
    )
    return exact - Decimal(charged) / 100


def _body(row: Row, lines: Sequence[Any], charges: Sequence[Any]) -> dict[str, Any]:
    name = f"Customer {row.customer}" if row.customer else "Guest"
    country = COUNTRIES.get(row.country, NOWHERE)
    return {
        "channel": "web",
        "currency": "GBP",
        "customer_id": f"uci-{row.customer}" if row.customer else None,
        "reference": row.invoice,
        "lines": list(lines),
        "charges": list(charges),
        "contact": {"name": name, "email": None, "phone": None},
        "shipping_address": {
            "name": name,
            "line1": "Not in the ledger",
            "city": row.country or "Not in the ledger",
            "postal_code": None,
            "country": country,
        },
        "payment": {"token": "tok_approve"},
    }


def stock_movements(ledger: Ledger) -> Iterator[StockMovement]:
    """Write-offs, giveaways and finds, one per row, in the file's order."""
    for entry in ledger.entries:
        if entry.kind not in STOCK_MOVEMENTS:
            continue
        row = entry.row
        yield StockMovement(
            key=f"online-retail-{row.invoice}-row-{row.number}",
            sku=row.sku,
            delta=stock_delta(entry),
            reason=_adjustment_reason(entry),
            reference=f"invoice {row.invoice}, row {row.number}: {row.description or 'nothing said'}"[:200],
            day=row.day,
            position=row.number,
        )


_DAMAGED = ("DAMAG", "WET", "RUST", "BROKEN", "CRACK", "CRUSH", "MOULD", "FAULTY", "SMUDGE", "THROW", "UNSALEABLE")
_GONE = ("", "LOST", "MISSING", "MIA")


def _adjustment_reason(entry: Entry) -> str:
    """Aisle's reason for a stock keeper's note: `damage`, `write_off` (gone, or nothing said), `found`, `sample` (given
    away), or `correction` for notes that say something else: wrong barcodes, sets sold singly, other shops' sales."""
    words = entry.row.description.upper().strip("?. ")
    if entry.kind is Kind.GIVEAWAY:
        return "sample"
    if entry.kind is Kind.FOUND:
        return "found" if "FOUND" in words else "correction"
    if any(sign in words for sign in _DAMAGED):
        return "damage"
    return "write_off" if words in _GONE else "correction"


def not_mapped(ledger: Ledger, sales: Iterable[Sale]) -> list[NotMapped]:
    """Every row that becomes no order and no movement, with its reason."""
    ordered = {sale.invoice for sale in sales}
    left = [
        NotMapped(entry.row.number, entry.row.invoice, entry.kind, entry.reason or WHY_NOT_MAPPED[entry.kind])
        for entry in ledger.entries
        if entry.kind in WHY_NOT_MAPPED
    ]
    left += [
        NotMapped(entry.row.number, entry.row.invoice, entry.kind, "the whole invoice is less than a penny")
        for entry in ledger.entries
        if entry.kind in ON_ORDERS and entry.row.invoice not in ordered
    ]
    left += [NotMapped(row.number, "", Kind.UNREADABLE, row.reason) for row in ledger.unreadable]
    return sorted(left, key=lambda one: one.number)
