from decimal import Decimal

import pytest

from examples.online_retail.__main__ import SAMPLE
from examples.online_retail.ledger import (
    DoesNotReconcile,
    Kind,
    Ledger,
    Totals,
    raw_totals,
    read_file,
    read_ledger,
    reconcile,
    until,
)
from tests.unit.examples.builders import a_ledger, a_note, a_row, the_entry


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (a_row(), Kind.GOODS),
        (a_row(StockCode="85123a"), Kind.GOODS),
        (a_row(StockCode="DCGSSBOY"), Kind.GOODS),
        (a_row(StockCode="POST", UnitPrice="18.0"), Kind.CHARGE),
        (a_row(StockCode="m", UnitPrice="2.0"), Kind.CHARGE),
        (a_row(StockCode="BANK CHARGES", UnitPrice="15.0"), Kind.CHARGE),
        (a_row(StockCode="gift_0001_40", UnitPrice="34.04"), Kind.CHARGE),
        (a_row(StockCode="POST", UnitPrice="0.0"), Kind.FREE_CHARGE),
        (a_note(StockCode="gift_0001_10"), Kind.FREE_CHARGE),
        (a_note(Quantity="-10.0", Description="damaged"), Kind.WRITE_OFF),
        (a_note(Quantity="-10.0"), Kind.WRITE_OFF),
        (a_note(Quantity="56.0"), Kind.FOUND),
        (a_note(Quantity="16.0", CustomerID="17560.0"), Kind.GIVEAWAY),
        (a_row(InvoiceNo="C536379", StockCode="D", Quantity="-1.0"), Kind.CANCELLATION),
        (a_row(InvoiceNo="A563186", StockCode="B", Quantity="1.0", UnitPrice="-11062.06"), Kind.BAD_DEBT),
        (a_row(UnitPrice="-1.0"), Kind.UNEXPECTED),
        (a_row(Quantity="-1.0"), Kind.UNEXPECTED),
        (a_row(Quantity="0.0"), Kind.UNEXPECTED),
        (a_row(StockCode="TEAPOT"), Kind.UNEXPECTED),
        (a_row(InvoiceNo="X1"), Kind.UNEXPECTED),
    ],
)
def test_each_row_has_its_class(row: dict[str, str], kind: Kind) -> None:
    assert the_entry(row).kind is kind


def test_goods_without_a_price_on_a_paid_invoice_are_given_with_it() -> None:
    free, paid = a_row(StockCode="22841", UnitPrice="0.0"), a_row()
    assert [entry.kind for entry in a_ledger(free, paid).entries] == [Kind.FREE_GOODS, Kind.GOODS]


def test_goods_without_a_price_on_an_invoice_of_several_rows_and_no_money_are_given_away() -> None:
    first, second = a_note(StockCode="46000M", Quantity="160.0"), a_note(StockCode="46000S", Quantity="220.0")
    assert [entry.kind for entry in a_ledger(first, second).entries] == [Kind.GIVEAWAY, Kind.GIVEAWAY]


@pytest.mark.parametrize(
    "broken",
    [
        {"Quantity": "six"},
        {"Quantity": "1.5"},
        {"Quantity": "NaN"},
        {"UnitPrice": ""},
        {"UnitPrice": "Infinity"},
        {"InvoiceDate": "yesterday"},
        {"InvoiceNo": " "},
        {"StockCode": ""},
    ],
)
def test_a_row_that_cannot_be_read_is_kept_with_its_reason(broken: dict[str, str]) -> None:
    rows = [a_row(), a_row(**broken)]
    ledger = read_ledger(rows)
    assert [row.number for row in ledger.unreadable] == [2]
    assert ledger.unreadable[0].reason
    reconcile(ledger, raw_totals(rows))


def test_a_row_with_missing_columns_is_kept() -> None:
    assert read_ledger([{"InvoiceNo": "536365"}]).unreadable[0].reason == "columns are missing"


def test_codes_that_differ_in_case_are_one_sku_and_customers_lose_their_fraction() -> None:
    row = the_entry(a_row(StockCode="85123a")).row
    assert (row.sku, row.customer) == ("85123A", "17850")


def test_the_classes_add_up_to_the_file() -> None:
    rows = [
        a_row(),
        a_row(StockCode="POST", UnitPrice="18.0", Quantity="1.0"),
        a_note(Quantity="-3.0"),
        a_row(InvoiceNo="C536379", Quantity="-1.0", UnitPrice="27.5"),
        a_row(Quantity="?"),
    ]
    ledger = read_ledger(rows)
    assert raw_totals(rows) == Totals(rows=5, units=3, money=Decimal("5.80"))
    reconcile(ledger, raw_totals(rows))
    assert ledger.totals()[Kind.GOODS] == Totals(1, 6, Decimal("15.30"))
    assert ledger.totals()[Kind.UNREADABLE] == Totals(rows=1)


def test_a_dropped_or_doubled_row_does_not_reconcile() -> None:
    rows = [a_row(), a_note(Quantity="0.0"), a_note(Quantity="0.0")]
    ledger = read_ledger(rows)
    with pytest.raises(DoesNotReconcile, match="The classes hold"):
        reconcile(Ledger(ledger.entries[:-1]), raw_totals(rows))
    with pytest.raises(DoesNotReconcile, match="two classes"):
        reconcile(Ledger((*ledger.entries[:-1], ledger.entries[1])), raw_totals(rows))


def test_the_beginning_takes_whole_invoices_and_the_rows_between() -> None:
    ledger = a_ledger(
        a_row(InvoiceNo="536365"),
        a_row(InvoiceNo="C536379", Quantity="-1.0"),
        a_row(InvoiceNo="536366"),
        a_row(InvoiceNo="536367"),
        a_row(InvoiceNo="536366", StockCode="22633", InvoiceDate="2010-12-01 08:27:00"),
        a_note(Quantity="-3.0"),
    )
    assert [entry.row.number for entry in until(ledger, invoices=2).entries] == [1, 2, 3, 5]
    assert until(ledger, invoices=9) == ledger
    assert until(ledger) == ledger


def test_the_beginning_by_days_counts_days_of_trade() -> None:
    ledger = a_ledger(
        a_row(),
        a_row(InvoiceNo="536366", InvoiceDate="2010-12-03 09:00:00"),
        a_row(InvoiceNo="536367", InvoiceDate="2010-12-05 09:00:00"),
    )
    assert [entry.row.number for entry in until(ledger, days=2).entries] == [1, 2]


def test_the_sample_reconciles_and_holds_what_the_readme_says() -> None:
    rows = list(read_file(SAMPLE))
    ledger = read_ledger(rows)
    reconcile(ledger, raw_totals(rows))
    assert {kind: sums.rows for kind, sums in ledger.totals().items() if sums.rows} == {
        Kind.GOODS: 21933,
        Kind.FREE_GOODS: 60,
        Kind.CHARGE: 83,
        Kind.WRITE_OFF: 64,
        Kind.FOUND: 54,
        Kind.CANCELLATION: 329,
    }
    assert raw_totals(rows).money == Decimal("377488.45")
    assert SAMPLE.stat().st_size < 1_000_000
