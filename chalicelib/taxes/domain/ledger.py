"""What tax the operator owes for orders; what suppliers owe is left out. Each entry is by how much that changed, so entries add up to what is owed, per rate and month."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from chalicelib.core.money import round_half_up, share_of_units, split


class EntryKind(StrEnum):
    """`committed`: the order was confirmed. `voided`: nothing of it is left, and nothing of it was ever sold. `refunded`: less
    is left of it than before, for units were cancelled or came back, or money was given back; or, with amounts of either sign, another
    ships units than was to, and who owes their tax has changed."""

    COMMITTED = "committed"
    VOIDED = "voided"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class TaxedLine:
    """A line or charge of an order, frozen: `gross` and the `tax` within (minor units) of all its units, and how many of them
    were cancelled, or sold and taken back. Of those left, `apart` are of suppliers that owe their tax themselves; `apart_at_first` of all
    were to be, when the order was confirmed."""

    rate_bps: int
    gross: int
    tax: int
    units: int
    cancelled: int = 0
    returned: int = 0
    apart: int = 0
    apart_at_first: int = 0

    @property
    def left(self) -> int:
        """Units that were neither cancelled nor taken back."""
        return self.units - self.cancelled - self.returned


@dataclass(frozen=True, slots=True)
class TaxedOrder:
    """What the ledger needs of an order. `pending`: not decided. `void`: refused, or cancelled as a whole.

    `credited`: money (minor units, gross) given back beyond what the returned units are worth: postage, goodwill.
    """

    id: str
    country: str
    region: str | None
    currency: str
    lines: tuple[TaxedLine, ...]
    pending: bool = False
    void: bool = False
    credited: int = 0


@dataclass(frozen=True, slots=True)
class TaxRow:
    """Net amount and tax at a rate, in minor units; in an entry by how much they change."""

    rate_bps: int
    net: int
    tax: int


@dataclass(frozen=True, slots=True)
class TaxEntry:
    """One change of what is owed for an order: its `number` counts from 1. Written once, never changed."""

    order_id: str
    number: int
    kind: EntryKind
    jurisdiction: str
    currency: str
    at: str
    rows: tuple[TaxRow, ...]

    @property
    def month(self) -> str:
        """The month it counts for, `2026-01`, in UTC."""
        return self.at[:7]

    @property
    def country(self) -> str:
        """The country it is owed to."""
        return self.jurisdiction[:2]


@dataclass(frozen=True, slots=True)
class TaxTotal:
    """The rows of all entries of a month at one rate, added up, and how many these are."""

    jurisdiction: str
    currency: str
    rate_bps: int
    net: int
    tax: int
    entries: int


@dataclass(frozen=True, slots=True)
class TaxReport:
    """What is owed to a country for a month (`2026-01`, in UTC)."""

    month: str
    country: str
    totals: tuple[TaxTotal, ...]


_Amounts = tuple[int, int]
"""Gross and the tax within, in minor units."""


def owed(order: TaxedOrder) -> tuple[TaxRow, ...]:
    """Net and tax per rate that the operator owes for what is left of an order: it follows from its counters, whatever happened in which
    order."""
    if order.void:
        return ()
    by_rate: dict[int, _Amounts] = {}
    apart = 0
    for line in order.lines:
        gross, tax = by_rate.get(line.rate_bps, (0, 0))
        own = _own(line, line.gross)
        by_rate[line.rate_bps] = gross + own, tax + _own(line, line.tax)
        apart += _share(line, line.gross, line.left) - own
    rates = sorted(by_rate)
    *credits, _ = _credits(order.credited, [*(by_rate[rate] for rate in rates), (apart, 0)])
    rows = [
        TaxRow(rate, net=(gross - less) - (tax - less_tax), tax=tax - less_tax)
        for rate, (less, less_tax) in zip(rates, credits, strict=True)
        for gross, tax in [by_rate[rate]]
    ]
    return tuple(row for row in rows if row.net or row.tax)


def _own(line: TaxedLine, whole: int) -> int:
    return _share(line, whole, max(0, line.left - line.apart))


def _share(line: TaxedLine, whole: int, units: int) -> int:
    # Cancelled units are the last of a line and returned ones the first, as payments count what is due and what is refunded.
    return share_of_units(whole, line.units, line.returned, units)


def _credits(credited: int, amounts: Sequence[_Amounts]) -> list[_Amounts]:
    """Gross and tax that a credit takes off the amounts at each rate, in proportion, and never more than there is."""
    gross = [max(0, one) for one, _ in amounts]
    credited = min(credited, sum(gross))
    if not credited:
        return [(0, 0)] * len(amounts)
    return [
        (share, round_half_up(tax * share, whole) if whole > 0 else 0)
        for share, (whole, tax) in zip(split(credited, gross), amounts, strict=True)
    ]


def next_entry(order: TaxedOrder, entries: Sequence[TaxEntry], *, jurisdiction: str, at: str) -> TaxEntry | None:
    """The entry that brings the ledger a step nearer to what is owed for the order; None when it is there.

    The first commits all of the order, as it was when it was confirmed, to `jurisdiction`, or, where that is nothing, what is owed by
    now; further ones take off what was lost of it since. Nothing is owed for what was never confirmed.
    """
    if not entries:
        if order.pending:
            return None
        kind, rows = EntryKind.COMMITTED, owed(_untouched(order)) or owed(order)
    else:
        jurisdiction = entries[0].jurisdiction
        kind = EntryKind.VOIDED if order.void else EntryKind.REFUNDED
        rows = _difference(owed(order), (row for entry in entries for row in entry.rows))
    if not rows:
        return None
    return TaxEntry(order.id, len(entries) + 1, kind, jurisdiction, order.currency, at, rows)


def _untouched(order: TaxedOrder) -> TaxedOrder:
    lines = (replace(line, cancelled=0, returned=0, apart=line.apart_at_first) for line in order.lines)
    return replace(order, lines=tuple(lines), credited=0)


def _difference(target: Iterable[TaxRow], posted: Iterable[TaxRow]) -> tuple[TaxRow, ...]:
    by_rate: dict[int, _Amounts] = {row.rate_bps: (row.net, row.tax) for row in target}
    for row in posted:
        net, tax = by_rate.get(row.rate_bps, (0, 0))
        by_rate[row.rate_bps] = net - row.net, tax - row.tax
    return tuple(TaxRow(rate, net, tax) for rate, (net, tax) in sorted(by_rate.items()) if net or tax)


def report_of(month: str, country: str, totals: Iterable[TaxTotal]) -> TaxReport:
    """The report of totals, of which several may be of the same jurisdiction, currency and rate; these are added up."""
    added: dict[tuple[str, str, int], TaxTotal] = {}
    for total in totals:
        at = (total.jurisdiction, total.currency, total.rate_bps)
        known = added.get(at, replace(total, net=0, tax=0, entries=0))
        added[at] = replace(
            known, net=known.net + total.net, tax=known.tax + total.tax, entries=known.entries + total.entries
        )
    return TaxReport(month, country, tuple(added[at] for at in sorted(added)))
