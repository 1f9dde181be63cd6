"""What a C row gives back: no line more than it sold, every unit and penny matched or explained."""

from collections import Counter
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.online_retail.ledger import Ledger, until
from examples.online_retail.mapping import Opening, opening_stock, orders
from examples.online_retail.matching import (
    Note,
    Plan,
    Taken,
    Way,
    Why,
    classes_of,
    notes_of,
    plan,
    units_back,
)
from tests.unit.examples.builders import a_ledger, a_row

LATER = "2010-12-05 10:00:00"
SALE = "online-retail-536365"


def c_row(**fields: Any) -> dict[str, str]:
    return a_row(**{"InvoiceNo": "C536379", "Quantity": "-1.0", "InvoiceDate": LATER, **fields})


def planned(*rows: dict[str, str]) -> Plan:
    ledger = a_ledger(*rows)
    return plan(ledger, list(orders(ledger)))


def test_a_later_day_is_a_return_at_the_price_paid() -> None:
    made = planned(a_row(), c_row(Quantity="-2.0"))
    [outcome] = made.outcomes
    assert outcome.taken == (Taken(SALE, "1", "85123A", 2, 510, Way.RETURN),)
    assert (outcome.units, outcome.pence, outcome.notes) == (2, 510, ())
    [asked] = made.give_backs
    assert (asked.key, asked.way, asked.day) == ("return-C536379-of-536365-1", Way.RETURN, date(2010, 12, 5))
    assert (asked.lines, asked.pence, asked.postage) == ((("1", "85123A", 2),), 510, 0)


def test_the_same_day_is_a_cancellation() -> None:
    made = planned(a_row(), c_row(InvoiceDate="2010-12-01 16:00:00"))
    assert [(one.key, one.way) for one in made.give_backs] == [("cancellation-C536379-of-536365-1", Way.CANCELLATION)]
    assert made.waiting() == {SALE: list(made.give_backs)}


def test_the_same_price_comes_first_and_of_those_the_latest() -> None:
    made = planned(
        a_row(InvoiceNo="536001", Quantity="4.0"),
        a_row(InvoiceNo="536002", Quantity="3.0"),
        a_row(InvoiceNo="536003", Quantity="9.0", UnitPrice="2.10"),
        c_row(Quantity="-8.0"),
    )
    assert [(one.sale, one.units, one.pence) for one in made.outcomes[0].taken] == [
        ("online-retail-536002", 3, 765),
        ("online-retail-536001", 4, 1020),
        ("online-retail-536003", 1, 210),
    ]
    assert made.outcomes[0].notes == (Note(Why.DEARER, 0, 45),)


@pytest.mark.parametrize(("price", "why", "pence"), [("3.00", Why.DEARER, 90), ("2.00", Why.CHEAPER, -110)])
def test_another_price_is_given_back_as_paid_and_the_difference_listed(price: str, why: Why, pence: int) -> None:
    made = planned(a_row(), c_row(UnitPrice=price, Quantity="-2.0"))
    assert made.outcomes[0].notes == (Note(why, 0, pence),)
    assert made.give_backs[0].pence == 510


@pytest.mark.parametrize(
    ("row", "why", "units"),
    [
        (c_row(CustomerID="", Quantity="-2.0"), Why.NOBODYS, 2),
        (c_row(CustomerID="12345.0"), Why.BEFORE, 1),
        (c_row(StockCode="22633"), Why.BEFORE, 1),
        (c_row(Quantity="-8.0"), Why.MORE, 2),
    ],
)
def test_what_is_unmatched_is_explained(row: dict[str, str], why: Why, units: int) -> None:
    [outcome] = planned(a_row(), row).outcomes
    assert outcome.notes == (Note(why, units, 255 * units),)
    assert outcome.unmatched == units


def test_only_what_stands_before_it_is_given_back() -> None:
    [outcome] = planned(c_row(), a_row(InvoiceDate=LATER)).outcomes
    assert (outcome.taken, outcome.notes[0].why) == ((), Why.BEFORE)


def test_postage_goes_back_with_the_last_unit_and_a_charge_row_for_it_is_covered() -> None:
    made = planned(
        a_row(),
        a_row(StockCode="POST", Quantity="1.0", UnitPrice="18.0"),
        c_row(InvoiceNo="C536378", Quantity="-5.0", InvoiceDate="2010-12-04 10:00:00"),
        c_row(),
        c_row(StockCode="POST", UnitPrice="18.0"),
    )
    assert [(one.pence, one.postage) for one in made.give_backs] == [(1275, 0), (255 + 1800, 1800)]
    assert made.outcomes[-1].notes == (Note(Why.NOT_CHARGED, 0, 1800),)


def test_charges_of_an_order_that_is_cancelled_whole_are_not_taken() -> None:
    made = planned(
        a_row(),
        a_row(StockCode="POST", Quantity="1.0", UnitPrice="18.0"),
        c_row(Quantity="-6.0", InvoiceDate="2010-12-01 16:00:00"),
    )
    assert [(one.pence, one.not_taken) for one in made.give_backs] == [(1530, 1800)]


def test_money_alone_is_refunded_of_the_latest_order_with_enough() -> None:
    made = planned(
        a_row(InvoiceNo="536001", Quantity="60.0"),
        a_row(InvoiceNo="536002"),
        c_row(StockCode="M", UnitPrice="20.0"),
        c_row(StockCode="D", UnitPrice="140.0"),
        c_row(StockCode="CRUK", UnitPrice="5.0"),
    )
    assert [(one.key, one.way, one.sale, one.pence, one.code) for one in made.give_backs] == [
        ("refund-C536379-row-3", Way.REFUND, "online-retail-536001", 2000, "M"),
        ("refund-C536379-row-5", Way.REFUND, "online-retail-536002", 500, "CRUK"),
    ]
    assert made.outcomes[1].notes == (Note(Why.NO_ORDER, 0, 14000),)


def test_what_goodwill_has_taken_is_withheld_of_a_later_return() -> None:
    made = planned(
        a_row(), c_row(StockCode="D", UnitPrice="15.0"), c_row(InvoiceNo="C536380", InvoiceDate="2010-12-09")
    )
    assert [(one.pence, one.withheld) for one in made.give_backs] == [(1500, 0), (30, 225)]


def test_a_return_of_many_lines_is_several() -> None:
    skus = [str(20000 + n) for n in range(60)]
    made = planned(*[a_row(StockCode=sku) for sku in skus], *[c_row(StockCode=sku) for sku in skus])
    assert [len(one.lines) for one in made.give_backs] == [20, 20, 20]
    assert [one.key[-2:] for one in made.give_backs] == ["-1", "-2", "-3"]


def test_of_a_beginning_of_the_file_all_that_comes_back_of_its_orders_does() -> None:
    whole = a_ledger(
        a_row(InvoiceNo="536001"),
        a_row(InvoiceNo="536002"),
        c_row(InvoiceDate="2010-12-01 16:00:00", Quantity="-8.0"),
        c_row(InvoiceNo="C536380", CustomerID=""),
        a_row(InvoiceNo="536003", InvoiceDate=LATER, UnitPrice="3.0"),
        c_row(InvoiceNo="C536381", InvoiceDate="2010-12-06 10:00:00"),
        c_row(InvoiceNo="C536382", InvoiceDate="2010-12-06 10:00:00", UnitPrice="3.0"),
    )
    beginning = until(whole, invoices=1)
    made = plan(whole, list(orders(whole))).within(beginning, list(orders(beginning)))
    assert [(one.invoice, one.sale, one.units) for one in made.give_backs] == [
        ("C536379", "online-retail-536001", 2),
        ("C536381", "online-retail-536001", 1),
    ]
    assert [one.row.invoice for one in made.outcomes] == ["C536379", "C536381"]
    assert made.outcomes[0].notes == (Note(Why.BEYOND, 6, 1530),)


def test_what_comes_back_counts_from_the_next_day() -> None:
    def opening(day: str) -> list[Opening]:
        ledger = a_ledger(
            a_row(Quantity="24.0"),
            c_row(Quantity="-24.0", InvoiceDate="2010-12-02 09:00:00"),
            a_row(InvoiceNo="536999", Quantity="24.0", InvoiceDate=day),
        )
        return opening_stock(ledger, units_back(plan(ledger, list(orders(ledger))).give_backs))

    assert opening("2010-12-02 10:00:00") == [Opening("85123A", 32, 16)]
    assert opening("2010-12-03 10:00:00") == [Opening("85123A", 16, 8)]


def test_the_classes_hold_every_row_once() -> None:
    made = planned(
        a_row(),
        c_row(Quantity="-7.0"),
        c_row(CustomerID=""),
        c_row(InvoiceNo="C536381", Quantity="-1.0", StockCode="M", UnitPrice="1.0"),
    )
    assert {name: (one.rows, one.units, one.pence) for name, one in classes_of(made.outcomes).items()} == {
        "explained: nobody's: the ledger names no customer": (1, 1, 255),
        "explained: no order of theirs has so much left to refund": (1, 0, 100),
        "return, in part": (1, 7, 1785),
    }
    assert notes_of(made.outcomes)[str(Why.MORE)].units == 1


SKUS, PRICES, DAYS = ("20000", "20001"), ("0.0", "1.25", "1.65"), ("2010-12-01 09:00:00", "2010-12-02 09:00:00")


@st.composite
def ledgers(draw: Any) -> Ledger:
    rows = []
    for day in DAYS:
        for number in range(draw(st.integers(1, 8))):
            back = draw(st.booleans())
            charge = draw(st.integers(0, 3)) == 0
            units = 1 if charge else draw(st.integers(1, 6))
            prices = st.sampled_from(PRICES[1:] if back or charge else PRICES)
            rows.append(
                a_row(
                    InvoiceNo=f"{'C' if back else ''}53{day[9]}{draw(st.integers(0, 3)) + 4 * back:03}",
                    StockCode="POST" if charge else draw(st.sampled_from(SKUS)),
                    Quantity=-units if back else units,
                    UnitPrice=draw(prices),
                    InvoiceDate=day,
                    CustomerID=draw(st.sampled_from(["1.0", "1.0", "2.0", ""])),
                    Description=f"row {number}",
                )
            )
    return a_ledger(*rows)


@given(ledgers())
def test_every_unit_and_penny_is_matched_or_explained_and_none_twice(ledger: Ledger) -> None:
    sales = {sale.key: sale for sale in orders(ledger)}
    made = plan(ledger, list(sales.values()))
    back: Counter[tuple[str, str]] = Counter()
    for outcome in made.outcomes:
        assert outcome.units == sum(one.units for one in outcome.taken) + outcome.unmatched
        of_notes = sum(note.pence for note in outcome.notes)
        assert outcome.pence == sum(one.pence for one in outcome.taken) + of_notes + outcome.refunded
        for one in outcome.taken:
            back[one.sale, one.line_id] += one.units
    for (sale, line_id), units in back.items():
        assert units <= sales[sale].body["lines"][int(line_id) - 1]["quantity"]
    asked = Counter(dict.fromkeys(back, 0))
    for give_back in made.give_backs:
        asked.update({(give_back.sale, line_id): units for line_id, _, units in give_back.lines})
    assert asked == back


@given(ledgers())
def test_no_order_gives_back_more_than_it_took_and_the_sums_agree(ledger: Ledger) -> None:
    sales = {sale.key: sale for sale in orders(ledger)}
    made = plan(ledger, list(sales.values()))
    for key, sale in sales.items():
        mine = [one for one in made.give_backs if one.sale == key]
        cancelled = sum(one.pence + one.not_taken for one in mine if one.way is Way.CANCELLATION)
        refunded = sum(one.pence for one in mine if one.way is not Way.CANCELLATION)
        assert 0 <= refunded <= sale.total - cancelled
    explained = sum(note.pence for one in made.outcomes for note in one.notes)
    besides = sum(one.postage - one.withheld for one in made.give_backs)
    assert sum(one.pence for one in made.outcomes) == sum(one.pence for one in made.give_backs) + explained - besides
