"""What is owed for an order, and the entries that bring the books to it. Pure."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.money import share_of_units, tax_within
from chalicelib.taxes import domain
from chalicelib.taxes.domain import EntryKind, TaxedLine, TaxRow, TaxTotal
from tests.unit.taxes.builders import a_line, an_order

AT = "2026-01-31T12:00:00.000000Z"


def step(order, entries=(), jurisdiction="GB"):
    return domain.next_entry(order, entries, jurisdiction=jurisdiction, at=AT)


def settled(order, entries=()):
    """All entries once the books are where they should be."""
    entries = list(entries)
    while entry := step(order, entries):
        entries.append(entry)
    return entries


def added_up(entries):
    """What entries add up to, as rows."""
    sums = {}
    for row in (row for entry in entries for row in entry.rows):
        net, tax = sums.get(row.rate_bps, (0, 0))
        sums[row.rate_bps] = (net + row.net, tax + row.tax)
    return tuple(TaxRow(rate, net, tax) for rate, (net, tax) in sorted(sums.items()) if net or tax)


def test_a_confirmed_order_is_committed_per_rate():
    books = TaxedLine(0, 500, 0, 1)
    [entry] = settled(an_order(a_line(), a_line(units=1), books))
    assert (entry.number, entry.kind, entry.jurisdiction, entry.currency) == (1, EntryKind.COMMITTED, "GB", "GBP")
    assert (entry.at, entry.month, entry.country) == (AT, "2026-01", "GB")
    assert entry.rows == (TaxRow(0, 500, 0), TaxRow(2000, 6000, 1200))


@pytest.mark.parametrize("state", [{"pending": True}, {"void": True}])
def test_nothing_is_owed_for_what_was_never_confirmed(state):
    assert settled(an_order(**state)) == []


def test_what_suppliers_owe_is_left_out_by_who_ships_in_the_end():
    """Two of three units are a supplier's; it declines one, which the operator ships; then all come back."""
    order = an_order(a_line(apart=2, apart_at_first=2))
    entries = settled(order)
    assert [entry.rows for entry in entries] == [(TaxRow(2000, 1000, 200),)]
    moved = an_order(a_line(apart=1, apart_at_first=2))
    entries = settled(moved, entries)
    assert (entries[-1].kind, entries[-1].rows) == (EntryKind.REFUNDED, (TaxRow(2000, 1000, 200),))
    entries = settled(an_order(a_line(apart=0, apart_at_first=2, returned=3)), entries)
    assert added_up(entries) == ()


def test_what_a_supplier_was_to_ship_and_the_operator_does_is_committed_then():
    apart = an_order(a_line(apart=3, apart_at_first=3))
    assert settled(apart) == []
    [entry] = settled(an_order(a_line(apart=1, apart_at_first=3)))
    assert (entry.kind, entry.rows) == (EntryKind.COMMITTED, (TaxRow(2000, 2000, 400),))


def test_nothing_is_entered_twice():
    entries = settled(an_order())
    assert step(an_order(), entries) is None


def test_units_that_go_take_their_share_along():
    order = an_order(a_line(gross=1000, tax=167))
    entries = settled(order)
    cancelled = replace(order, lines=(a_line(gross=1000, tax=167, cancelled=1),))
    entries = settled(cancelled, entries)
    assert (entries[-1].kind, entries[-1].rows) == (EntryKind.REFUNDED, (TaxRow(2000, -277, -56),))
    returned = replace(order, lines=(a_line(gross=1000, tax=167, cancelled=1, returned=1),))
    entries = settled(returned, entries)
    assert entries[-1].rows == (TaxRow(2000, -277, -56),)
    gone = replace(order, lines=(a_line(gross=1000, tax=167, cancelled=1, returned=2),))
    entries = settled(gone, entries)
    assert (entries[-1].number, entries[-1].kind) == (4, EntryKind.REFUNDED)
    assert entries[-1].rows == (TaxRow(2000, -279, -55),)
    assert added_up(entries) == ()


def test_what_is_owed_for_returned_units_is_what_payments_refund_for_them():
    """Both count returned units from the first and cancelled ones from the last of a line."""
    line = a_line(gross=1000, tax=167, cancelled=1, returned=1)
    [row] = domain.owed(an_order(line))
    captured = share_of_units(1000, 3, 0, 2)
    refunded = share_of_units(1000, 3, 0, 1)
    assert row.net + row.tax == captured - refunded


def test_an_order_that_is_void_is_voided_charges_included():
    order = an_order(a_line(), TaxedLine(2000, 600, 100, 1))
    entries = settled(replace(order, void=True), settled(order))
    assert [entry.kind for entry in entries] == [EntryKind.COMMITTED, EntryKind.VOIDED]
    assert entries[1].rows == (TaxRow(2000, -3500, -700),)
    assert step(replace(order, void=True), entries) is None


def test_what_comes_late_is_committed_whole_and_then_reduced():
    entries = settled(an_order(a_line(cancelled=1)))
    assert [(entry.kind, entry.rows) for entry in entries] == [
        (EntryKind.COMMITTED, (TaxRow(2000, 3000, 600),)),
        (EntryKind.REFUNDED, (TaxRow(2000, -1000, -200),)),
    ]


def test_further_entries_go_where_the_first_went():
    order = an_order()
    entries = [step(order, jurisdiction="US-CA")]
    assert step(replace(order, void=True), entries, jurisdiction="US-NY").jurisdiction == "US-CA"


def test_money_given_back_beyond_units_takes_its_share_of_tax_at_every_rate():
    order = an_order(a_line(gross=1200, tax=200, units=1), TaxedLine(0, 800, 0, 1))
    assert domain.owed(replace(order, credited=500)) == (TaxRow(0, 600, 0), TaxRow(2000, 750, 150))
    assert domain.owed(replace(order, credited=2000)) == ()
    assert domain.owed(replace(order, credited=9999)) == ()


def test_an_order_of_nothing_leaves_no_entry():
    assert settled(an_order(TaxedLine(2000, 0, 0, 1))) == []


@st.composite
def lines(draw):
    units, gross, rate = draw(st.integers(1, 20)), draw(st.integers(0, 10**7)), draw(st.sampled_from([0, 500, 2000]))
    cancelled = draw(st.integers(0, units))
    return TaxedLine(rate, gross, tax_within(gross, rate), units, cancelled, draw(st.integers(0, units - cancelled)))


@given(st.lists(st.tuples(lines(), st.randoms(use_true_random=False)), min_size=1, max_size=5), st.data())
def test_entries_add_up_to_what_is_owed_on_every_way_there(drawn, data):
    """Counters grow step by step, in any order, with entries made at some of the steps."""
    target = [line for line, _ in drawn]
    now = [replace(line, cancelled=0, returned=0) for line in target]
    order, entries = an_order(*now), []
    for _ in range(data.draw(st.integers(1, 6))):
        now = [
            replace(
                line,
                cancelled=data.draw(st.integers(line.cancelled, end.cancelled)),
                returned=data.draw(st.integers(line.returned, end.returned)),
            )
            for line, end in zip(now, target, strict=True)
        ]
        order = replace(order, lines=tuple(now), credited=data.draw(st.integers(0, 10**6)))
        entries = settled(order, entries)
        assert added_up(entries) == domain.owed(order)
    final = replace(order, lines=tuple(target), credited=0)
    assert added_up(settled(final, entries)) == domain.owed(final)
    assert added_up(settled(replace(final, void=True), entries)) == ()


@given(st.lists(lines(), min_size=1, max_size=5), st.integers(0, 10**8))
def test_what_is_owed_is_never_negative_nor_more_than_was_committed(given_lines, credited):
    order = an_order(*given_lines, credited=credited)
    whole = {row.rate_bps: row for row in domain.owed(an_order(*(_untouched(line) for line in given_lines)))}
    for row in domain.owed(order):
        assert 0 <= row.tax <= whole[row.rate_bps].tax
        assert -len(given_lines) <= row.net <= whole[row.rate_bps].net + len(given_lines)  # a unit of rounding a line


def _untouched(line):
    return replace(line, cancelled=0, returned=0)


@given(st.lists(lines(), min_size=1, max_size=5))
def test_nothing_is_owed_once_every_unit_is_gone(given_lines):
    gone = [replace(line, returned=line.units - line.cancelled) for line in given_lines]
    assert domain.owed(an_order(*gone)) == ()


@given(st.lists(lines(), min_size=1, max_size=5), st.integers(0, 10**8))
def test_net_and_tax_are_the_money_that_was_kept(given_lines, credited):
    kept = sum(
        share_of_units(line.gross, line.units, line.returned, line.units - line.cancelled - line.returned)
        for line in given_lines
    )
    rows = domain.owed(an_order(*given_lines, credited=credited))
    assert sum(row.net + row.tax for row in rows) == kept - min(credited, kept)


def test_a_report_adds_up_what_is_of_one_kind():
    def total(jurisdiction="GB", currency="GBP", rate=2000, net=100, tax=20, entries=1):
        return TaxTotal(jurisdiction, currency, rate, net, tax, entries)

    report = domain.report_of("2026-01", "GB", [total(), total(rate=0, tax=0), total(net=-40, tax=-8, entries=2)])
    assert report.totals == (total(rate=0, tax=0), total(net=60, tax=12, entries=3))
    assert len(domain.report_of("2026-01", "GB", [total(), total(currency="EUR"), total("GB-NIR")]).totals) == 3
