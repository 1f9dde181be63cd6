"""Does what Aisle holds agree with the file? Counted from the file itself and from what the API says, never from the plan.

A difference is either explained (a rounding, a row that waits) or not. Unexplained ones make the replay fail.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from examples.online_retail import matching
from examples.online_retail.ledger import ON_ORDERS, Kind, Ledger, Row
from examples.online_retail.mapping import NotMapped, Opening, OrderPart, StockMovement, minor_units

Facts = Mapping[str, Mapping[str, Any]]
"""The journal's facts of one kind, by key."""

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
    """A day of trade, as the file has it and as Aisle delivered it. Money is in pence; the file's may be in fractions."""

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
    skus: int
    skus_balanced: int
    movements: int
    split_invoices: int
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
            "days": [
                {**asdict(day), "day": day.day.isoformat(), "file_revenue": str(day.file_revenue)} for day in self.days
            ],
            "unexplained": len(self.unexplained),
        }


def build(
    *,
    ledger: Ledger,
    parts: Sequence[OrderPart],
    movements: Sequence[StockMovement],
    openings: Sequence[Opening],
    left: Sequence[NotMapped],
    facts: Mapping[str, Facts],
    stock: Mapping[str, Mapping[str, int]],
) -> Report:
    """The report over a scope of the ledger. `facts` are the journal's, `stock` the API's counters per SKU."""
    days = _days(ledger, parts, facts["settled"])
    unbalanced = _stock_differences(parts, movements, openings, facts, stock)
    differences = [
        *_mapping_differences(ledger, days, parts),
        *_order_differences(parts, facts),
        *_movement_differences(movements, facts),
        *unbalanced,
    ]
    return Report(
        days=days,
        differences=differences,
        classes=_sums(ledger),
        not_mapped=dict(Counter(f"{one.kind}: {one.reason}" for one in left)),
        skus=len(openings),
        skus_balanced=len(openings) - len(unbalanced),
        movements=len(movements),
        split_invoices=len({part.invoice for part in parts if " part " in part.body["reference"]}),
        charges_only=sum(not part.body["lines"] for part in parts),
        totals={
            "orders": len(parts),
            "delivered": sum(day.delivered for day in days),
            "file_units": sum(day.file_units for day in days),
            "aisle_units": sum(day.aisle_units for day in days),
            "file_revenue": str(sum((day.file_revenue for day in days), Decimal(0))),
            "aisle_revenue": sum(day.aisle_revenue for day in days),
        },
    )


def _days(ledger: Ledger, parts: Sequence[OrderPart], settled: Facts) -> list[Day]:
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
    for part in parts:
        day = days[part.day]
        day.orders += 1
        order = settled.get(part.key)
        if order is not None and order["status"] == "delivered":
            day.delivered += 1
            day.aisle_revenue += order["total"]
            day.aisle_units += sum(delivered for _, _, _, delivered, _ in order["lines"])
    return [days[on] for on in sorted(days)]


def _order_differences(parts: Sequence[OrderPart], facts: Mapping[str, Facts]) -> list[Difference]:
    found: list[Difference] = []
    for part in parts:
        where = f"invoice {part.body['reference']}"
        order = facts["settled"].get(part.key)
        if order is None:
            refused = facts["not_placed"].get(part.key)
            reason = (
                refused["reason"]
                if refused
                else "placed, and not settled yet"
                if _placed(part, facts)
                else "not placed"
            )
            found.append(Difference(where, "order", "sold", "none", str(reason), explained=False))
            continue
        if order["status"] != "delivered":
            why = order.get("refusal") or "see its timeline"
            found.append(Difference(where, "status", "sold", order["status"], str(why), explained=False))
            continue
        found += _order_figures(part, where, order)
    return found


def _placed(part: OrderPart, facts: Mapping[str, Facts]) -> bool:
    return part.key in facts["placed"]


def _order_figures(part: OrderPart, where: str, order: Mapping[str, Any]) -> list[Difference]:
    found = []
    if part.dropped:
        exact = Decimal(part.total) + part.dropped * 100
        found.append(Difference(where, "pence", str(exact), str(order["total"]), _TOO_LITTLE, True))
    if order["total"] != part.total:
        found.append(Difference(where, "pence", str(part.total), str(order["total"]), "", explained=False))
    delivered = sum(line[3] for line in order["lines"])
    if delivered != part.units:
        short = sum(line[4] for line in order["lines"])
        reason = f"the warehouse could not find {short}" if short else ""
        found.append(
            Difference(where, "units", str(part.units), str(delivered), reason, delivered + short == part.units)
        )
    return found


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


def _mapping_differences(ledger: Ledger, days: Sequence[Day], parts: Sequence[OrderPart]) -> list[Difference]:
    """The orders asked for must add up to the file's days; single orders are compared with what was asked for."""
    units: Counter[date] = Counter()
    pence: defaultdict[date, Decimal] = defaultdict(Decimal)
    for part in parts:
        units[part.day] += part.units
        pence[part.day] += part.total + part.dropped * 100
    found = []
    for row in _rows_of_no_order(ledger, parts):
        pence[row.day] += row.amount * 100
        found.append(Difference(f"invoice {row.invoice}", "pence", str(row.amount * 100), "none", _TOO_LITTLE, True))
    for day in days:
        if day.file_units != units[day.day]:
            found.append(Difference(str(day.day), "units", str(day.file_units), str(units[day.day]), "", False))
        if day.file_revenue != pence[day.day]:
            found.append(Difference(str(day.day), "pence", str(day.file_revenue), str(pence[day.day]), "", False))
    return found


def _rows_of_no_order(ledger: Ledger, parts: Sequence[OrderPart]) -> list[Row]:
    ordered = {part.invoice for part in parts}
    rows = [entry.row for entry in ledger.entries if entry.kind in ON_ORDERS and entry.row.invoice not in ordered]
    return [row for row in rows if minor_units(row.amount) == 0]


def _stock_differences(
    parts: Sequence[OrderPart],
    movements: Sequence[StockMovement],
    openings: Sequence[Opening],
    facts: Mapping[str, Facts],
    stock: Mapping[str, Mapping[str, int]],
) -> list[Difference]:
    """Per SKU: opening + received − shipped − written off = on hand, and nothing is held once all is settled.

    What the warehouse could not find is written off by the system.
    """
    should = {one.sku: one.main + one.overflow for one in openings}
    shipped: Counter[str] = Counter()
    moved: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for part in parts:
        for sku, _, units, _, short in facts["settled"].get(part.key, {}).get("lines", ()):
            shipped[sku] += units
            moved[sku]["written off"] += short
    for movement in movements:
        if movement.key in facts["moved"]:
            moved[movement.sku]["received" if movement.delta > 0 else "written off"] += abs(movement.delta)
    found = []
    for sku, opening in should.items():
        received, written_off = moved[sku]["received"], moved[sku]["written off"]
        due = opening + received - shipped[sku] - written_off
        counters = stock.get(sku, {})
        if counters.get("on_hand", 0) != due:
            sum_ = f"{opening} + {received} - {shipped[sku]} - {written_off} = {due}"
            found.append(Difference(sku, "on hand", sum_, str(counters.get("on_hand", 0)), "", explained=False))
        elif counters.get("reserved", 0):
            found.append(Difference(sku, "reserved", "0", str(counters["reserved"]), "", explained=False))
    return found


def show(report: Report, console: Console) -> None:
    """Print the report."""
    console.print(_days_table(report))
    console.print(_sums_table(report.classes))
    if report.not_mapped:
        table = Table("rows", "listed, not mapped", title="Rows that become nothing")
        for reason, count in sorted(report.not_mapped.items()):
            table.add_row(str(count), reason)
        console.print(table)
    if report.split_invoices:
        console.print(
            f"{report.split_invoices} invoices have more than 60 lines, the most an order holds, and became several orders."
        )
    if report.charges_only:
        console.print(f"{report.charges_only} orders hold charges and no goods.")
    console.print(
        f"Stock: opening + received - shipped - written off = on hand for {report.skus_balanced} of {report.skus} SKUs, "
        f"{report.movements} movements without a sale."
    )
    if report.accepted_per_second:
        console.print(
            f"Speed: {report.accepted_per_second:.1f} orders/s accepted, "
            f"{report.carried_per_second:.1f} orders/s carried all the way to delivered."
        )
    _show_differences(report, console)


def _show_differences(report: Report, console: Console) -> None:
    if report.differences:
        table = Table("where", "what", "file", "Aisle", "reason", title="Differences, one by one")
        for one in report.differences[:200]:
            table.add_row(one.where, one.what, one.file, one.aisle, one.reason or "UNEXPLAINED")
        console.print(table)
        if len(report.differences) > 200:
            console.print(f"… and {len(report.differences) - 200} more, all in the JSON report.")
    if report.unexplained:
        console.print(f"[bold red]{len(report.unexplained)} differences are not explained.[/]")
    else:
        console.print("[bold green]Everything agrees with the file.[/]")


def _days_table(report: Report) -> Table:
    # Eight columns fit into a terminal of eighty.
    title = "The file and what Aisle delivered"
    table = Table(title=title, show_footer=True, box=box.SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    totals = report.totals
    pence = minor_units(Decimal(totals["file_revenue"]) / 100)
    columns = [
        ("day", "all"),
        ("invoices", str(sum(day.invoices for day in report.days))),
        ("orders", str(totals["orders"])),
        ("delivered", str(totals["delivered"])),
        ("units\nin file", str(totals["file_units"])),
        ("units", str(totals["aisle_units"])),
        ("£\nin file", _pounds(pence)),
        ("£", _pounds(totals["aisle_revenue"])),
    ]
    for name, footer in columns:
        table.add_column(name, footer, justify="left" if name == "day" else "right", no_wrap="\n" not in name)
    for day in report.days:
        table.add_row(
            str(day.day),
            str(day.invoices),
            str(day.orders),
            str(day.delivered),
            str(day.file_units),
            str(day.aisle_units),
            _pounds(minor_units(day.file_revenue / 100)),
            _pounds(day.aisle_revenue),
        )
    return table


def _sums_table(classes: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table("class", "rows", "units", "£", title="Every row of the file, in one class each")
    for column in table.columns[1:]:
        column.justify = "right"
    for kind, sums in classes.items():
        if sums["rows"]:
            table.add_row(kind, str(sums["rows"]), str(sums["units"]), f"{Decimal(sums['pounds']):,.2f}")
    return table


def _pounds(pence: int) -> str:
    return f"{Decimal(pence) / 100:,.2f}"


def _sums(ledger: Ledger) -> dict[str, dict[str, Any]]:
    return {kind: {"rows": t.rows, "units": t.units, "pounds": str(t.money)} for kind, t in ledger.totals().items()}


def show_plan(
    ledger: Ledger,
    parts: Sequence[OrderPart],
    movements: Sequence[StockMovement],
    back: matching.Plan,
    console: Console,
) -> None:
    """Print what a replay would do."""
    ways = Counter(one.way for one in back.give_backs)
    counts = ", ".join(f"{ways[way]} {way}s" for way in matching.Way)
    console.print(f"{len(parts)} orders, {len(movements)} movements without a sale, {counts}.")
    console.print(_sums_table(_sums(ledger)))
    console.print(_figures_table("What the C rows become", matching.classes_of(back.outcomes)))
    console.print(_figures_table("What of them is explained", matching.notes_of(back.outcomes)))


def _figures_table(title: str, figures: Mapping[str, matching.Figures]) -> Table:
    table = Table("of the C rows", "rows", "units", "£ in file", title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, one in figures.items():
        table.add_row(name, f"{one.rows:,}", f"{one.units:,}", _pounds(one.pence))
    return table
