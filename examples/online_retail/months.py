"""Month by month: what the file says, what Aisle says, and what of the difference is explained. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from examples.online_retail.ledger import ON_ORDERS, Kind, Ledger
from examples.online_retail.mapping import Sale, minor_units
from examples.online_retail.matching import Plan, Way
from examples.online_retail.reading_back import Facts


class Measure(StrEnum):
    """What is compared. `captured`: goods and charges without what was called off; `given_back`: all C rows of the file, and
    what Aisle called off and refunded. What the file says of `called_off` and `refunded` are its matched rows."""

    GOODS = "goods"
    CHARGES = "charges"
    CALLED_OFF = "called off"
    CAPTURED = "captured"
    REFUNDED = "refunded"
    GIVEN_BACK = "given back"


@dataclass(slots=True)
class Figure:
    """Pence; the file's may be in fractions. What is not `file - explained = aisle` is a difference."""

    month: str
    measure: Measure
    file: Decimal = Decimal(0)
    aisle: int = 0
    explained: Decimal = Decimal(0)

    @property
    def agrees(self) -> bool:
        return self.file - self.explained == self.aisle


class _Sheet:
    def __init__(self) -> None:
        self._figures: dict[tuple[str, Measure], Figure] = {}

    def at(self, day: date, measure: Measure) -> Figure:
        key = (f"{day:%Y-%m}", measure)
        return self._figures.setdefault(key, Figure(*key))

    def figures(self) -> Iterator[Figure]:
        for month in sorted({month for month, _ in self._figures}):
            for measure in Measure:
                yield self._figures.get((month, measure), Figure(month, measure))


def months(ledger: Ledger, sales: Sequence[Sale], back: Plan, facts: Mapping[str, Facts]) -> list[Figure]:
    """Every measure of every month. An order counts in the month of its invoice, what comes back in that of its C invoice."""
    sheet = _Sheet()
    _sold(sheet, ledger)
    _ordered(sheet, sales, facts["settled"], facts["paid"])
    _came_back(sheet, sales, back, facts["given_back"])
    return list(sheet.figures())


def _sold(sheet: _Sheet, ledger: Ledger) -> None:
    first_day: dict[str, date] = {}
    for entry in ledger.entries:
        if entry.kind not in ON_ORDERS:
            continue
        row = entry.row
        day = first_day.setdefault(row.invoice, row.day)
        charge = entry.kind is Kind.CHARGE
        charged = minor_units(row.amount) if charge else minor_units(row.price) * row.quantity
        for measure in (Measure.CHARGES if charge else Measure.GOODS, Measure.CAPTURED):
            figure = sheet.at(day, measure)
            figure.file += row.amount * 100
            figure.explained += row.amount * 100 - charged


def _ordered(sheet: _Sheet, sales: Sequence[Sale], settled: Facts, paid: Facts) -> None:
    for sale in sales:
        order, payment = settled.get(sale.key), paid.get(sale.key)
        if order is not None:
            sheet.at(sale.day, Measure.GOODS).aisle += order["total"] - order["charges"]
            sheet.at(sale.day, Measure.CHARGES).aisle += order["charges"]
        if payment is not None:
            sheet.at(sale.day, Measure.CAPTURED).aisle += payment["captured"]


def _came_back(sheet: _Sheet, sales: Sequence[Sale], back: Plan, done: Facts) -> None:
    days = {sale.key: sale.day for sale in sales}
    for outcome in back.outcomes:
        figure = sheet.at(outcome.row.day, Measure.GIVEN_BACK)
        figure.file += outcome.pence
        figure.explained += sum(note.pence for note in outcome.notes)
    for one in back.give_backs:
        said: Mapping[str, Any] = done.get(one.key, {})
        called_off = one.way is Way.CANCELLATION
        figure = sheet.at(one.day, Measure.CALLED_OFF if called_off else Measure.REFUNDED)
        figure.file += one.pence - one.postage + one.withheld
        figure.explained -= one.postage - one.withheld
        figure.aisle += said.get("pence", 0)
        total = sheet.at(one.day, Measure.GIVEN_BACK)
        total.explained -= one.postage - one.withheld
        total.aisle += said.get("pence", 0)
        if called_off:
            captured = sheet.at(days[one.sale], Measure.CAPTURED)
            captured.file -= one.pence
            captured.explained += one.not_taken
