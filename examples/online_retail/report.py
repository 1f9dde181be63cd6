"""Does what Aisle holds agree with the file? Counted from the file itself and from what the API says, never from the plan.

A difference is either explained (a rounding, a row that waits) or not. Unexplained ones make the replay fail.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from examples.online_retail import matching
from examples.online_retail.ledger import CHARGE_CODES, ON_ORDERS, Kind, Ledger, Row
from examples.online_retail.mapping import NotMapped, Opening, Sale, StockMovement, minor_units
from examples.online_retail.matching import GiveBack, Plan, Way, Why
from examples.online_retail.months import Figure, months
from examples.online_retail.reading_back import Facts

DONE = frozenset({"delivered", "returned", "cancelled"})
"""States in which nothing of an order is still to be sent."""

_TOO_LITTLE = "less than a penny cannot be charged"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as the file has it."""

    where: str
    what: str
    file: str
    aisle: str
    reason: str
    explained: bool


@dataclass(slots=True)
class Day:
    """A day of trade, as the file has it and as Aisle carried it out. Money is in pence; the file's may be in fractions.

    Units that were called off are among those of both, as they are in the file's sales.
    """

    day: date
    invoices: int = 0
    orders: int = 0
    delivered: int = 0
    file_units: int = 0
    aisle_units: int = 0
    file_revenue: Decimal = Decimal(0)
    aisle_revenue: int = 0


@dataclass(slots=True)
class Report:
    """Everything the replay can say."""

    days: list[Day]
    differences: list[Difference]
    classes: dict[str, dict[str, Any]]
    not_mapped: dict[str, int]
    months: list[Figure]
    c_rows: Mapping[str, matching.Figures]
    c_notes: Mapping[str, matching.Figures]
    skus: int
    skus_balanced: int
    movements: int
    longest: int
    charges_only: int
    accepted_per_second: float = 0.0
    carried_per_second: float = 0.0
    totals: dict[str, Any] = field(default_factory=dict)

    @property
    def unexplained(self) -> list[Difference]:
        return [one for one in self.differences if not one.explained]

    def as_dict(self) -> dict[str, Any]:
        """For programs; money in pence."""
        return {
            **asdict(self),
            "months": [{**asdict(one), "file": str(one.file), "explained": str(one.explained)} for one in self.months],
            "days": [
                {**asdict(day), "day": day.day.isoformat(), "file_revenue": str(day.file_revenue)} for day in self.days
            ],
            "unexplained": len(self.unexplained),
        }


def build(
    *,
    ledger: Ledger,
    sales: Sequence[Sale],
    back: Plan,
    movements: Sequence[StockMovement],
    openings: Sequence[Opening],
    left: Sequence[NotMapped],
    facts: Mapping[str, Facts],
    stock: Mapping[str, Mapping[str, int]],
) -> Report:
    """The report over a scope of the ledger. `facts` are the journal's, and under `settled` and `paid` what was read back; `stock`
    are the API's counters per SKU."""
    by_month = months(ledger, sales, back, facts)
    days = _days(ledger, sales, facts["settled"])
    unbalanced = _stock_differences(sales, back, movements, openings, facts, stock)
    differences = [
        *_mapping_differences(ledger, days, sales),
        *_c_row_differences(ledger, back),
        *_month_differences(by_month),
        *_order_differences(sales, back, facts),
        *_back_differences(back, facts),
        *_movement_differences(movements, facts),
        *unbalanced,
    ]
    return Report(
        days=days,
        differences=differences,
        classes=sums_of(ledger),
        not_mapped=dict(Counter(f"{one.kind}: {one.reason}" for one in left)),
        months=by_month,
        c_rows=matching.classes_of(back.outcomes),
        c_notes=matching.notes_of(back.outcomes),
        skus=len(openings),
        skus_balanced=len(openings) - len(unbalanced),
        movements=len(movements),
        longest=max((len(sale.body["lines"]) for sale in sales), default=0),
        charges_only=sum(not sale.body["lines"] for sale in sales),
        totals={
            "orders": len(sales),
            "delivered": sum(day.delivered for day in days),
            "file_units": sum(day.file_units for day in days),
            "aisle_units": sum(day.aisle_units for day in days),
            "file_revenue": str(sum((day.file_revenue for day in days), Decimal(0))),
            "aisle_revenue": sum(day.aisle_revenue for day in days),
        },
    )


def _days(ledger: Ledger, sales: Sequence[Sale], settled: Facts) -> list[Day]:
    days: dict[date, Day] = {}
    first_day: dict[str, date] = {}
    for entry in ledger.entries:
        if entry.kind not in ON_ORDERS:
            continue
        row = entry.row
        on = first_day.setdefault(row.invoice, row.day)
        day = days.setdefault(on, Day(on))
        day.file_revenue += row.amount * 100
        if entry.kind is not Kind.CHARGE:
            day.file_units += row.quantity
    for on in first_day.values():
        days[on].invoices += 1
    for sale in sales:
        day = days[sale.day]
        day.orders += 1
        order = settled.get(sale.key)
        if order is not None and order["status"] in DONE:
            day.delivered += 1
            day.aisle_revenue += order["total"]
            day.aisle_units += sum(delivered + cancelled for _, _, _, delivered, cancelled, _ in order["lines"])
    return [days[on] for on in sorted(days)]


def _order_differences(sales: Sequence[Sale], back: Plan, facts: Mapping[str, Facts]) -> list[Difference]:
    found: list[Difference] = []
    by_sale = _done_by_sale(back, facts["given_back"])
    for sale in sales:
        where = f"invoice {sale.body['reference']}"
        order = facts["settled"].get(sale.key)
        if order is None:
            refused = facts["not_placed"].get(sale.key)
            reason = (
                refused["reason"]
                if refused
                else "placed, and not settled yet"
                if _placed(sale, facts)
                else "not placed"
            )
            found.append(Difference(where, "order", "sold", "none", str(reason), explained=False))
            continue
        if order["status"] not in DONE:
            why = order.get("refusal") or "see its timeline"
            found.append(Difference(where, "status", "sold", order["status"], str(why), explained=False))
            continue
        done = by_sale.get(sale.key, [])
        found += _order_figures(sale, where, order, done)
        found += _payment_figures(where, order["total"], facts["paid"].get(sale.key, {}), done, facts["given_back"])
    return found


def _done_by_sale(back: Plan, given_back: Facts) -> dict[str, list[GiveBack]]:
    found: dict[str, list[GiveBack]] = {}
    for one in back.give_backs:
        if one.key in given_back:
            found.setdefault(one.sale, []).append(one)
    return found


def _placed(sale: Sale, facts: Mapping[str, Facts]) -> bool:
    return sale.key in facts["placed"]


def _order_figures(sale: Sale, where: str, order: Mapping[str, Any], done: Sequence[GiveBack]) -> list[Difference]:
    found = []
    if sale.dropped:
        exact = Decimal(sale.total) + sale.dropped * 100
        found.append(Difference(where, "pence", str(exact), str(order["total"]), _TOO_LITTLE, True))
    if order["total"] != sale.total:
        found.append(Difference(where, "pence", str(sale.total), str(order["total"]), "", explained=False))
    called_off = sum(one.units for one in done if one.way is Way.CANCELLATION)
    returned = sum(one.units for one in done if one.way is Way.RETURN)
    delivered, cancelled, back = (sum(line[at] for line in order["lines"]) for at in (3, 4, 5))
    if delivered != sale.units - called_off:
        short = cancelled - called_off
        reason = f"the warehouse could not find {short}" if short > 0 else ""
        explained = short > 0 and delivered + cancelled == sale.units
        found.append(Difference(where, "units", str(sale.units - called_off), str(delivered), reason, explained))
    if back != returned:
        found.append(Difference(where, "units returned", str(returned), str(back), "", explained=False))
    return found


def _payment_figures(
    where: str, total: int, payment: Mapping[str, int], done: Sequence[GiveBack], given_back: Facts
) -> list[Difference]:
    """Captured: what was ordered without what was called off; refunded: what each return and refund said; nothing is held."""
    said = {one.key: given_back[one.key]["pence"] for one in done}
    off = sum(said[one.key] + one.not_taken for one in done if one.way is Way.CANCELLATION)
    refunded = sum(said[one.key] for one in done if one.way is not Way.CANCELLATION)
    return [
        Difference(where, f"pence {name}", str(due), str(payment.get(name, "none")), "", explained=False)
        for name, due in (("captured", total - off), ("refunded", refunded), ("held", 0))
        if payment.get(name) != due
    ]


def _back_differences(back: Plan, facts: Mapping[str, Facts]) -> list[Difference]:
    """Each cancellation, return and refund comes to what the plan says; what Aisle does beyond the ledger is named."""
    found = []
    for one in back.give_backs:
        where = f"{one.way} {one.invoice}"
        said = facts["given_back"].get(one.key)
        if said is None:
            reason = str(facts["not_given_back"].get(one.key, {}).get("reason", "not done"))
            found.append(Difference(where, "pence", str(one.pence), "none", reason, explained=False))
        elif said["pence"] != one.pence:
            found.append(Difference(where, "pence", str(one.pence), str(said["pence"]), "", explained=False))
        for pence, why in ((one.postage, Why.BY_LAW), (-one.withheld, Why.WITHHELD), (-one.not_taken, Why.NOT_CHARGED)):
            if pence:
                found.append(Difference(where, "pence", "0", f"{pence:+}", str(why), explained=True))
    return found


def _c_row_differences(ledger: Ledger, back: Plan) -> list[Difference]:
    """Every C row is matched or explained to the unit and to the penny."""
    known = {one.row.number for one in back.outcomes}
    found = [
        Difference(f"row {entry.row.number}", "row", "given back", "none", "", explained=False)
        for entry in ledger.entries
        if entry.kind is Kind.CANCELLATION and entry.row.number not in known
    ]
    for one in back.outcomes:
        row = one.row
        where = f"row {row.number}, invoice {row.invoice}"
        units = sum(taken.units for taken in one.taken) + one.unmatched
        pence = sum(taken.pence for taken in one.taken) + sum(note.pence for note in one.notes) + one.refunded
        if pence != -row.amount * 100:
            found.append(Difference(where, "pence", str(-row.amount * 100), str(pence), "", explained=False))
        if row.sku not in CHARGE_CODES and units != -row.quantity:
            found.append(Difference(where, "units", str(-row.quantity), str(units), "", explained=False))
    return found


def _month_differences(figures: Sequence[Figure]) -> list[Difference]:
    return [
        Difference(one.month, one.measure, str(one.file - one.explained), str(one.aisle), "", explained=False)
        for one in figures
        if not one.agrees
    ]


def _movement_differences(movements: Sequence[StockMovement], facts: Mapping[str, Facts]) -> list[Difference]:
    return [
        Difference(
            f"row {movement.position}",
            f"stock of {movement.sku}",
            f"{movement.delta:+}",
            "none",
            str(facts["not_moved"].get(movement.key, {}).get("reason", "not booked")),
            explained=False,
        )
        for movement in movements
        if movement.key not in facts["moved"]
    ]


def _mapping_differences(ledger: Ledger, days: Sequence[Day], sales: Sequence[Sale]) -> list[Difference]:
    """The orders asked for must add up to the file's days; single orders are compared with what was asked for."""
    units: Counter[date] = Counter()
    pence: defaultdict[date, Decimal] = defaultdict(Decimal)
    for sale in sales:
        units[sale.day] += sale.units
        pence[sale.day] += sale.total + sale.dropped * 100
    found = []
    for row in _rows_of_no_order(ledger, sales):
        pence[row.day] += row.amount * 100
        found.append(Difference(f"invoice {row.invoice}", "pence", str(row.amount * 100), "none", _TOO_LITTLE, True))
    for day in days:
        if day.file_units != units[day.day]:
            found.append(Difference(str(day.day), "units", str(day.file_units), str(units[day.day]), "", False))
        if day.file_revenue != pence[day.day]:
            found.append(Difference(str(day.day), "pence", str(day.file_revenue), str(pence[day.day]), "", False))
    return found


def _rows_of_no_order(ledger: Ledger, sales: Sequence[Sale]) -> list[Row]:
    ordered = {sale.invoice for sale in sales}
    rows = [entry.row for entry in ledger.entries if entry.kind in ON_ORDERS and entry.row.invoice not in ordered]
    return [row for row in rows if minor_units(row.amount) == 0]


def _stock_differences(
    sales: Sequence[Sale],
    back: Plan,
    movements: Sequence[StockMovement],
    openings: Sequence[Opening],
    facts: Mapping[str, Facts],
    stock: Mapping[str, Mapping[str, int]],
) -> list[Difference]:
    """Per SKU: opening + received + returned − shipped − written off = on hand, and nothing is held once all is settled.

    What the warehouse could not find, so what is cancelled and was not called off, is written off by the system.
    """
    moved = _moved(sales, back, movements, facts)
    should = {one.sku: one.main + one.overflow for one in openings}
    found = []
    for sku, opening in should.items():
        counts, counters = moved[sku], stock.get(sku, {})
        sum_ = [opening, counts["received"], counts["returned"], counts["shipped"], counts["written off"]]
        due = sum(sum_[:3]) - sum(sum_[3:])
        if counters.get("on_hand", 0) != due:
            words = "{} + {} + {} - {} - {} = {}".format(*sum_, due)
            found.append(Difference(sku, "on hand", words, str(counters.get("on_hand", 0)), "", explained=False))
        elif counters.get("reserved", 0):
            found.append(Difference(sku, "reserved", "0", str(counters["reserved"]), "", explained=False))
    return found


def _moved(
    sales: Sequence[Sale], back: Plan, movements: Sequence[StockMovement], facts: Mapping[str, Facts]
) -> defaultdict[str, Counter[str]]:
    moved: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for sale in sales:
        for sku, _, shipped, _, cancelled, returned in facts["settled"].get(sale.key, {}).get("lines", ()):
            moved[sku].update({"shipped": shipped, "written off": cancelled, "returned": returned})
    for one in (one for some in _done_by_sale(back, facts["given_back"]).values() for one in some):
        for _, sku, units in one.lines if one.way is Way.CANCELLATION else ():
            moved[sku]["written off"] -= units
    for movement in movements:
        if movement.key in facts["moved"]:
            moved[movement.sku]["received" if movement.delta > 0 else "written off"] += abs(movement.delta)
    return moved


def sums_of(ledger: Ledger) -> dict[str, dict[str, Any]]:
    return {kind: {"rows": t.rows, "units": t.units, "pounds": str(t.money)} for kind, t in ledger.totals().items()}
