"""The report and the plan as tables that fit into a terminal of eighty columns."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from examples.online_retail import matching
from examples.online_retail.ledger import Ledger
from examples.online_retail.mapping import Sale, StockMovement, minor_units
from examples.online_retail.months import Figure
from examples.online_retail.report import Report, sums_of


def show(report: Report, console: Console) -> None:
    """Print the report."""
    console.print(_days_table(report))
    console.print(_months_table(report))
    console.print(_sums_table(report.classes))
    console.print(_figures_table("What the C rows became", report.c_rows))
    console.print(_figures_table("What of them is explained", report.c_notes))
    if report.not_mapped:
        table = Table("rows", "listed, not mapped", title="Rows that become nothing")
        for reason, count in sorted(report.not_mapped.items()):
            table.add_row(str(count), reason)
        console.print(table)
    console.print(f"The longest order has {report.longest:,} lines.")
    if report.charges_only:
        console.print(f"{report.charges_only} orders hold charges and no goods.")
    console.print(
        f"Stock: opening + received + returned - shipped - written off = on hand for {report.skus_balanced} of "
        f"{report.skus} SKUs, {report.movements} movements without a sale."
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
    title = "The file and what Aisle delivered"
    table = Table(title=title, show_footer=True, box=box.SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    totals = report.totals
    pence = minor_units(Decimal(totals["file_revenue"]) / 100)
    columns = [
        ("day", "all"),
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
            str(day.orders),
            str(day.delivered),
            str(day.file_units),
            str(day.aisle_units),
            _pounds(minor_units(day.file_revenue / 100)),
            _pounds(day.aisle_revenue),
        )
    return table


def _months_table(report: Report) -> Table:
    table = Table("month", "", "£ in file", "£ explained", "£ in Aisle", title="Month by month", box=box.SIMPLE_HEAD)
    for column in table.columns[2:]:
        column.justify = "right"
    for month in dict.fromkeys(one.month for one in report.months):
        of_month = [one for one in report.months if one.month == month]
        for one in of_month:
            table.add_row(*_month_row(one), end_section=one is of_month[-1])
    return table


def _month_row(one: Figure) -> list[str]:
    name = str(one.measure) if one.agrees else f"[bold red]{one.measure}[/]"
    return [one.month, name, *(f"{pence / 100:,.2f}" for pence in (one.file, one.explained, Decimal(one.aisle)))]


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


def show_plan(
    ledger: Ledger,
    sales: Sequence[Sale],
    movements: Sequence[StockMovement],
    back: matching.Plan,
    console: Console,
) -> None:
    """Print what a replay would do."""
    ways = Counter(one.way for one in back.give_backs)
    counts = ", ".join(f"{ways[way]} {way}s" for way in matching.Way)
    console.print(f"{len(sales)} orders, {len(movements)} movements without a sale, {counts}.")
    console.print(_sums_table(sums_of(ledger)))
    console.print(_figures_table("What the C rows become", matching.classes_of(back.outcomes)))
    console.print(_figures_table("What of them is explained", matching.notes_of(back.outcomes)))


def _figures_table(title: str, figures: Mapping[str, matching.Figures]) -> Table:
    table = Table("of the C rows", "rows", "units", "£ in file", title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, one in figures.items():
        table.add_row(name, f"{one.rows:,}", f"{one.units:,}", _pounds(one.pence))
    return table
