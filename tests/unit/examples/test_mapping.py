from datetime import date
from decimal import Decimal

import pytest

from examples.online_retail.ledger import Kind
from examples.online_retail.mapping import (
    COUNTRIES,
    NotMapped,
    Opening,
    Product,
    category_of,
    minor_units,
    not_mapped,
    opening_stock,
    orders,
    products,
    stock_movements,
)
from tests.unit.examples.builders import a_ledger, a_note, a_row


def test_an_invoice_becomes_an_order_with_the_ledgers_prices() -> None:
    [sale] = orders(
        a_ledger(
            a_row(),
            a_row(StockCode="71053", Quantity="2.0", UnitPrice="3.39"),
            a_row(StockCode="POST", UnitPrice="3.0"),
        )
    )
    assert sale.key == "online-retail-536365"
    assert (sale.total, sale.units, sale.dropped) == (1530 + 678 + 1800, 8, Decimal(0))
    assert sale.body == {
        "channel": "web",
        "currency": "GBP",
        "customer_id": "uci-17850",
        "reference": "536365",
        "lines": [
            {"sku": "85123A", "quantity": 6, "unit_price": 255},
            {"sku": "71053", "quantity": 2, "unit_price": 339},
        ],
        "charges": [{"code": "POST", "description": "Postage", "amount": 1800, "tax_rate_bps": 2000}],
        "contact": {"name": "Customer 17850", "email": None, "phone": None},
        "shipping_address": {
            "name": "Customer 17850",
            "line1": "Not in the ledger",
            "city": "United Kingdom",
            "postal_code": None,
            "country": "GB",
        },
        "payment": {"token": "tok_approve"},
    }


def test_a_sku_twice_is_one_line_at_one_price_and_two_at_two() -> None:
    [sale] = orders(
        a_ledger(a_row(), a_row(StockCode="85123a", Quantity="1.0"), a_row(Quantity="2.0", UnitPrice="5.0"))
    )
    assert sale.body["lines"] == [
        {"sku": "85123A", "quantity": 7, "unit_price": 255},
        {"sku": "85123A", "quantity": 2, "unit_price": 500},
    ]


def test_rows_of_one_invoice_belong_together_also_when_their_minutes_differ() -> None:
    [sale] = orders(a_ledger(a_row(), a_row(InvoiceDate="2010-12-01 08:27:00", UnitPrice="1.0")))
    assert sale.units == 12


def test_no_customer_is_a_guest_and_no_country_is_none() -> None:
    [sale] = orders(a_ledger(a_row(CustomerID="", Country="Unspecified")))
    assert (sale.body["customer_id"], sale.body["contact"]["name"]) == (None, "Guest")
    assert sale.body["shipping_address"]["country"] == "ZZ"
    assert COUNTRIES["EIRE"] == "IE"


def test_a_long_invoice_is_one_order() -> None:
    rows = [a_row(StockCode=str(20000 + n), UnitPrice="0.0" if n < 70 else "1.0") for n in range(130)]
    [sale] = orders(a_ledger(*rows, a_row(StockCode="DOT", Quantity="1.0", UnitPrice="9.5")))
    assert (sale.key, sale.body["reference"]) == ("online-retail-536365", "536365")
    assert [line["sku"] for line in sale.body["lines"]] == [str(20000 + n) for n in range(130)]
    assert (sale.total, sale.units, len(sale.body["charges"])) == (60 * 600 + 950, 130 * 6, 1)


def test_charges_alone_are_an_order_if_they_come_to_something() -> None:
    [sale] = orders(a_ledger(a_row(StockCode="M", Quantity="1.0", UnitPrice="15.0")))
    assert (sale.body["lines"], sale.total, sale.units) == ([], 1500, 0)


def test_less_than_a_penny_is_dropped_and_said() -> None:
    ledger = a_ledger(a_row(), a_row(StockCode="PADS", Quantity="1.0", UnitPrice="0.001"))
    [sale] = orders(ledger)
    assert (sale.body["charges"], sale.total, sale.dropped) == ([], 1530, Decimal("0.001"))
    alone = a_ledger(a_row(StockCode="PADS", Quantity="1.0", UnitPrice="0.001"))
    assert list(orders(alone)) == []
    assert not_mapped(alone, []) == [NotMapped(1, "536365", Kind.CHARGE, "the whole invoice is less than a penny")]


def test_what_waits_is_listed_with_its_reason() -> None:
    ledger = a_ledger(
        a_row(InvoiceNo="C536379", Quantity="-1.0"),
        a_row(InvoiceNo="A563186", StockCode="B", UnitPrice="-11062.06"),
        a_row(StockCode="TEAPOT"),
        a_note(StockCode="DOT"),
        a_row(Quantity="?"),
    )
    assert [(one.number, one.reason) for one in not_mapped(ledger, [])] == [
        (2, "bookkeeping, not trade"),
        (3, "a stock code of an unknown kind: TEAPOT"),
        (4, "a charge of nothing"),
        (5, ledger.unreadable[0].reason),
    ]
    assert list(orders(ledger)) == []
    assert list(stock_movements(ledger)) == []


def test_an_article_has_its_most_common_name_and_price() -> None:
    ledger = a_ledger(
        a_row(UnitPrice="2.95", Description="HOLDER"),
        a_row(),
        a_row(Description="WHITE  HANGING HEART T-LIGHT HOLDER"),
        a_note(StockCode="21134", Quantity="-1.0", Description="damaged"),
        a_row(InvoiceNo="C536379", StockCode="22633", Quantity="-1.0"),
    )
    assert products(ledger) == [
        Product("85123A", "WHITE HANGING HEART T-LIGHT HOLDER", "lighting", 255),
        Product("21134", "Stock item 21134", "gifts", None),
    ]


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("CHRISTMAS LIGHTS 10 REINDEER", "christmas"),
        ("JUMBO BAG RED RETROSPOT", "bags"),
        ("POPPY'S PLAYHOUSE", "gifts"),
    ],
)
def test_a_category_is_the_first_whose_word_is_in_the_name(name: str, category: str) -> None:
    assert category_of(name) == category


def test_opening_stock_is_the_deepest_drawdown_in_whole_cartons() -> None:
    ledger = a_ledger(
        a_row(Quantity="20.0"),
        a_note(StockCode="85123A", Quantity="-5.0"),
        a_row(InvoiceNo="536999", InvoiceDate="2010-12-02 09:00:00", Quantity="10.0"),
    )
    assert opening_stock(ledger) == [Opening("85123A", main=24, overflow=12)]


def test_what_is_found_counts_from_the_next_day() -> None:
    found = a_note(StockCode="85123A", Quantity="100.0")
    same_day = a_row(InvoiceNo="536999", Quantity="30.0")
    next_day = a_row(InvoiceNo="536999", InvoiceDate="2010-12-02 09:00:00", Quantity="30.0")
    assert opening_stock(a_ledger(found, same_day)) == [Opening("85123A", 24, 12)]
    assert opening_stock(a_ledger(found, next_day)) == [Opening("85123A", 0, 0)]


@pytest.mark.parametrize(
    ("row", "delta", "reason"),
    [
        (a_note(Quantity="-10.0", Description="wet damaged"), -10, "damage"),
        (a_note(Quantity="-10.0", Description="?lost"), -10, "write_off"),
        (a_note(Quantity="-10.0", Description="?"), -10, "write_off"),
        (a_note(Quantity="-10.0", Description="wrong barcode"), -10, "correction"),
        (a_note(Quantity="53.0", Description="Found"), 53, "found"),
        (a_note(Quantity="20.0", Description="amazon"), 20, "correction"),
        (a_note(Quantity="16.0", CustomerID="17560.0"), -16, "sample"),
    ],
)
def test_a_row_without_a_sale_moves_stock(row: dict[str, str], delta: int, reason: str) -> None:
    [movement] = stock_movements(a_ledger(row))
    assert (movement.key, movement.delta, movement.reason) == ("online-retail-536414-row-1", delta, reason)
    assert movement.day == date(2010, 12, 1)


def test_half_pennies_round_to_even() -> None:
    assert [minor_units(Decimal(text)) for text in ("0.005", "0.015", "2.55")] == [0, 2, 255]
