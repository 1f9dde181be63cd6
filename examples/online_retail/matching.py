"""What each row of a C invoice gives back, and of which earlier order. Pure.

A row is matched to lines that the same customer bought of the same article earlier in the file: those at its price first, of
those the latest first, as many lines as it takes. What cannot be matched is explained. No line gives back more units than it
sold, and the money of each order is followed as Aisle does it, so that no refund exceeds what was taken for it.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from itertools import groupby

from examples.online_retail.ledger import CHARGE_CODES, Kind, Ledger, Row
from examples.online_retail.mapping import Sale, minor_units

MAX_RETURN_LINES = 20
"""What one return of Aisle holds: POST /v1/orders/{id}/returns, `lines`."""


class Way(StrEnum):
    """How units or money go back: `cancellation` before the parcel leaves, `return` after, `refund` of money alone."""

    CANCELLATION = "cancellation"
    RETURN = "return"
    REFUND = "refund"


class Why(StrEnum):
    """Why some of a C row becomes nothing, or not what the ledger says."""

    NOBODYS = "nobody's: the ledger names no customer"
    BEFORE = "never bought by them since the file begins"
    MORE = "more than they have bought and not given back"
    DEARER = "given back at more than was paid; Aisle gives back what was paid"
    CHEAPER = "given back at less than was paid; Aisle gives back what was paid"
    NOT_CHARGED = "a charge that Aisle has not taken, or gave back with the goods"
    NO_ORDER = "no order of theirs has so much left to refund"
    BY_LAW = "postage goes back with the last of the goods; the ledger kept it"
    WITHHELD = "refunded before, as goodwill on the same order"
    BEYOND = "of an order beyond the part of the file that is replayed"


@dataclass(frozen=True, slots=True)
class Taken:
    """Units of an order's line that a row gives back; `pence` is what was paid for them."""

    sale: str
    line_id: str
    sku: str
    units: int
    pence: int
    way: Way


@dataclass(frozen=True, slots=True)
class Note:
    """Units (of goods) and pence of a row that become nothing, and why. Pence are negative where Aisle gives back more."""

    why: Why
    units: int
    pence: int


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """All of a C row: `units` (0 for charges) and `pence` are what the ledger gives back, both positive.

    units = those of `taken` + `notes`; pence = those of `taken` + `notes` + `refunded`.
    """

    row: Row
    units: int
    pence: int
    taken: tuple[Taken, ...] = ()
    notes: tuple[Note, ...] = ()
    refunded: int = 0
    refunded_of: str = ""

    @property
    def ways(self) -> frozenset[Way]:
        """What it becomes, if anything."""
        return frozenset(one.way for one in self.taken) | ({Way.REFUND} if self.refunded else set())

    @property
    def unmatched(self) -> int:
        """Units that become nothing."""
        return sum(note.units for note in self.notes)


@dataclass(frozen=True, slots=True)
class GiveBack:
    """One thing to ask of Aisle for an order: `key` is the same in every run.

    `pence` is what it comes to: the worth of `lines` (line id, SKU, units) and `postage`, without what is `withheld`; of a
    cancellation what they would have cost. `not_taken` are charges that are not captured since nothing is shipped.
    """

    key: str
    invoice: str
    day: date
    position: int
    way: Way
    sale: str
    lines: tuple[tuple[str, str, int], ...]
    pence: int
    postage: int = 0
    withheld: int = 0
    not_taken: int = 0
    code: str = ""

    @property
    def units(self) -> int:
        return sum(units for _, _, units in self.lines)


@dataclass(frozen=True, slots=True)
class Plan:
    """What all C invoices become, in the order in which it is to be done of each order."""

    outcomes: tuple[RowOutcome, ...]
    give_backs: tuple[GiveBack, ...]

    def within(self, ledger: Ledger, sales: Iterable[Sale]) -> "Plan":
        """What of it concerns a beginning of the file: its C rows, and whatever comes back of its orders, however late."""
        placed = {sale.key for sale in sales}
        wanted = {entry.row.invoice for entry in ledger.entries if entry.kind is Kind.CANCELLATION}
        wanted |= {one.invoice for one in self.give_backs if one.sale in placed}
        return Plan(
            tuple(_beyond(one, placed) for one in self.outcomes if one.row.invoice in wanted),
            tuple(one for one in self.give_backs if one.sale in placed),
        )

    def waiting(self) -> dict[str, list[GiveBack]]:
        """Cancellations by order: the warehouse waits for them."""
        found: dict[str, list[GiveBack]] = {}
        for one in self.give_backs:
            if one.way is Way.CANCELLATION:
                found.setdefault(one.sale, []).append(one)
        return found


def _beyond(outcome: RowOutcome, placed: set[str]) -> RowOutcome:
    gone = [one for one in outcome.taken if one.sale not in placed]
    lost = outcome.refunded if outcome.refunded_of not in placed else 0
    if not gone and not lost:
        return outcome
    note = Note(Why.BEYOND, sum(one.units for one in gone), sum(one.pence for one in gone) + lost)
    return RowOutcome(
        outcome.row,
        outcome.units,
        outcome.pence,
        tuple(one for one in outcome.taken if one.sale in placed),
        (*outcome.notes, note),
        outcome.refunded - lost,
        outcome.refunded_of,
    )


# ---- what there is to give back -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Line:
    order: "_Order"
    id: str
    sku: str
    price: int
    left: int


@dataclass(slots=True)
class _Order:
    """An order as Aisle will have it: units not given back, pence that can be refunded, and those of its charges that were
    not taken, or went back, without a row of the ledger saying so (`free`)."""

    sale: Sale
    charges: int
    units: int
    refundable: int
    free: int = 0


@dataclass(slots=True)
class _Books:
    """What everybody has bought so far and not given back."""

    orders: defaultdict[str, list[_Order]] = field(default_factory=lambda: defaultdict(list))
    lines: defaultdict[tuple[str, str], list[_Line]] = field(default_factory=lambda: defaultdict(list))
    by_key: dict[str, _Order] = field(default_factory=dict)

    def sell_until(self, position: int, sales: deque[Sale]) -> None:
        """Take the orders over that stand before a row of the file."""
        while sales and sales[0].position < position:
            self._sell(sales.popleft())

    def _sell(self, sale: Sale) -> None:
        """Remember an order; nobody's cannot be given back."""
        customer = sale.body["customer_id"]
        if customer is None:
            return
        charges = sum(charge["amount"] for charge in sale.body["charges"])
        order = _Order(sale, charges, sale.units, sale.total)
        self.orders[customer].append(order)
        self.by_key[sale.key] = order
        for number, line in enumerate(sale.body["lines"], start=1):
            self.lines[customer, line["sku"]].append(
                _Line(order, str(number), line["sku"], line["unit_price"], line["quantity"])
            )


def plan(ledger: Ledger, sales: Sequence[Sale]) -> Plan:
    """What every C row of the ledger becomes. A day's goods come before its charges, as Aisle will do them."""
    books = _Books()
    outcomes: list[RowOutcome] = []
    give_backs: list[GiveBack] = []
    sold = deque(sorted(sales, key=lambda sale: sale.position))
    rows = [entry.row for entry in ledger.entries if entry.kind is Kind.CANCELLATION]
    for _, of_day in groupby(rows, key=lambda row: row.day):
        goods: dict[str, list[Row]] = {}
        charges: list[Row] = []
        for row in of_day:
            (charges if row.sku in CHARGE_CODES else goods.setdefault(row.invoice, [])).append(row)
        for wanted in goods.values():
            books.sell_until(wanted[0].number, sold)
            matched = [_match(row, books) for row in wanted]
            outcomes += matched
            give_backs += _goods_back(wanted[0], matched, books)
        for row in charges:
            books.sell_until(row.number, sold)
            outcome, asked = _money_back(row, books)
            outcomes.append(outcome)
            give_backs += asked
    return Plan(tuple(sorted(outcomes, key=lambda one: one.row.number)), tuple(give_backs))


def _match(row: Row, books: _Books) -> RowOutcome:
    wanted, pence = -row.quantity, -minor_units(row.amount)
    bought = books.lines.get((f"uci-{row.customer}", row.sku), []) if row.customer else []
    price = minor_units(row.price)
    ranked = [
        *(line for line in reversed(bought) if line.price == price),
        *(line for line in reversed(bought) if line.price != price),
    ]
    left, taken = wanted, []
    for line in ranked:
        units = min(left, line.left)
        if units:
            line.left -= units
            left -= units
            way = Way.CANCELLATION if line.order.sale.day == row.day else Way.RETURN
            taken.append(Taken(line.order.sale.key, line.id, line.sku, units, units * line.price, way))
    return RowOutcome(row, wanted, pence, tuple(taken), _notes(row, left, pence, taken, bought))


def _notes(row: Row, left: int, pence: int, taken: Sequence[Taken], bought: Sequence[_Line]) -> tuple[Note, ...]:
    notes = []
    lost = minor_units(row.price * left) if left else 0
    if left:
        why = Why.NOBODYS if row.customer is None else Why.MORE if bought else Why.BEFORE
        notes.append(Note(why, left, lost))
    off = pence - lost - sum(one.pence for one in taken)
    if off:
        notes.append(Note(Why.DEARER if off > 0 else Why.CHEAPER, 0, off))
    return tuple(notes)


def _goods_back(first: Row, matched: Sequence[RowOutcome], books: _Books) -> Iterator[GiveBack]:
    invoice = first.invoice
    taken: dict[tuple[str, Way], list[Taken]] = {}
    for one in (one for outcome in matched for one in outcome.taken):
        taken.setdefault((one.sale, one.way), []).append(one)
    for (sale, way), some in taken.items():
        lines: Counter[tuple[str, str]] = Counter()
        pence: Counter[str] = Counter()
        for one in some:
            lines[one.line_id, one.sku] += one.units
            pence[one.line_id] += one.pence
        named = [(line_id, sku, units) for (line_id, sku), units in lines.items()]
        at_once = MAX_RETURN_LINES if way is Way.RETURN else len(named)
        for number, start in enumerate(range(0, len(named), at_once), start=1):
            chunk = tuple(named[start : start + at_once])
            key = f"{way}-{invoice}-of-{sale.removeprefix('online-retail-')}-{number}"
            worth = sum(pence[line_id] for line_id, _, _ in chunk)
            yield _settled(books.by_key[sale], GiveBack(key, invoice, first.day, first.number, way, sale, chunk, worth))


def _settled(order: _Order, asked: GiveBack) -> GiveBack:
    """The order's money after it: charges are not taken when nothing is sent, and go back with the last unit."""
    order.units -= asked.units
    charges = order.charges if order.units == 0 else 0
    if asked.way is Way.CANCELLATION:
        order.refundable -= asked.pence + charges
        order.free += charges
        return replace(asked, not_taken=charges)
    pence = min(asked.pence + charges, order.refundable)
    order.refundable -= pence
    withheld = asked.pence + charges - pence
    order.free += max(0, charges - withheld)
    return replace(asked, pence=pence, postage=charges, withheld=withheld)


def _money_back(row: Row, books: _Books) -> tuple[RowOutcome, list[GiveBack]]:
    """A charge that is taken back: of charges that Aisle does not have any more, else of the latest order with enough."""
    pence = -minor_units(row.amount)
    if row.customer is None:
        return RowOutcome(row, 0, pence, notes=(Note(Why.NOBODYS, 0, pence),)), []
    orders = [one for one in books.orders.get(f"uci-{row.customer}", []) if one.sale.position < row.number]
    notes, left = [], pence
    for order in reversed(orders):
        covered = min(left, order.free)
        order.free -= covered
        left -= covered
    if left < pence:
        notes.append(Note(Why.NOT_CHARGED, 0, pence - left))
    of = next((order for order in reversed(orders) if left and order.refundable >= left), None)
    if left and of is None:
        notes.append(Note(Why.NO_ORDER, 0, left))
    if of is None:
        return RowOutcome(row, 0, pence, notes=tuple(notes)), []
    of.refundable -= left
    key = f"refund-{row.invoice}-row-{row.number}"
    asked = GiveBack(key, row.invoice, row.day, row.number, Way.REFUND, of.sale.key, (), left, code=row.sku)
    return RowOutcome(row, 0, pence, (), tuple(notes), left, of.sale.key), [asked]


# ---- figures ------------------------------------------------------------------------------------------------------------


def units_back(give_backs: Iterable[GiveBack]) -> dict[date, Counter[str]]:
    """Units per SKU that each day puts on the shelf again."""
    found: defaultdict[date, Counter[str]] = defaultdict(Counter)
    for one in give_backs:
        for _, sku, units in one.lines:
            found[one.day][sku] += units
    return found


@dataclass(slots=True)
class Figures:
    """Rows, units and pence."""

    rows: int = 0
    units: int = 0
    pence: int = 0

    def add(self, units: int, pence: int) -> None:
        self.rows += 1
        self.units += units
        self.pence += pence


def classes_of(outcomes: Iterable[RowOutcome]) -> Mapping[str, Figures]:
    """Every C row in one class by what it becomes: rows, units, and pence of the ledger."""
    found: dict[str, Figures] = {}
    for one in outcomes:
        found.setdefault(_class_of(one), Figures()).add(one.units, one.pence)
    return dict(sorted(found.items()))


def _class_of(one: RowOutcome) -> str:
    if not one.ways:
        return f"explained: {one.notes[0].why}" if one.notes else "of no worth"
    words = " and ".join(sorted(one.ways))
    return f"{words}, in part" if one.unmatched or (one.refunded and one.notes) else words


def notes_of(outcomes: Iterable[RowOutcome]) -> Mapping[str, Figures]:
    """What is explained, by reason."""
    found: dict[str, Figures] = {}
    for note in (note for one in outcomes for note in one.notes):
        found.setdefault(str(note.why), Figures()).add(note.units, note.pence)
    return dict(sorted(found.items()))
