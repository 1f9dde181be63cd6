"""Booking into transactions: once, balanced, counted; and what suppliers read of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core import clock
from chalicelib.core.auth import system
from chalicelib.core.errors import Stale
from chalicelib.core.table import Item, Transaction
from chalicelib.ledger import service, store
from chalicelib.ledger.domain import BackLine, CommissionRules, Rule
from chalicelib.ledger.service import AlreadyBooked, use_cases
from chalicelib.ledger.service.read_books import statement_of
from tests.conftest import ADMIN
from tests.unit.ledger.builders import (
    ACME,
    BOLT,
    BY,
    ORDER,
    a_line,
    a_refund,
    a_sale,
    a_supplier,
    ask_back,
    committed,
    owed,
    sell,
    totals,
)

pytestmark = pytest.mark.usefixtures("table")
AUTUMN = datetime(2026, 9, 10, 12, tzinfo=UTC)


def items(table: Any) -> list[str]:
    rows = table.scan(TableName=Item.Meta.table_name, ConsistentRead=True)["Items"]
    return sorted(row["pk"]["S"].split("#")[0] + " " + row["sk"]["S"].split("#")[0] for row in rows)


def test_a_sale_is_four_items(table: Any) -> None:
    tx = Transaction()
    service.book_sale(tx, a_sale())
    assert len(tx) == service.COSTS == 4
    tx.commit()
    assert items(table) == [
        "BOOKED sale:ful_01K0000000000000000000000A_1",
        "LEDGER BALANCE",
        "LEDGER ENTRY",
        "LEDGERTOTALS TOTALS",
    ]
    assert (owed(), totals()) == (1080, {"customers": 1200, "commission": -120})


def test_a_parcel_with_nothing_in_it_is_no_sale(table: Any) -> None:
    tx = Transaction()
    service.book_sale(tx, a_sale(a_line(0)))
    assert len(tx) == 0


def test_the_same_cause_is_booked_once(table: Any) -> None:
    sell()
    with pytest.raises(AlreadyBooked):
        sell()
    assert issubclass(AlreadyBooked, Stale)  # callers read again, and find it done
    assert (owed(), totals()["customers"]) == (1080, 1200)


def test_money_goes_round(table: Any) -> None:
    """Sold, captured, sent back, refunded: nothing is left anywhere."""
    sell(a_line(2))
    committed(lambda tx: service.book_capture(tx, ORDER, "1:f1", 2400, "GBP"))
    assert totals() == {"cash": 2400, "commission": -240}
    ask_back(BackLine("1", 1, 1200), key="r1")
    assert (owed(), totals()) == (1080, {"cash": 2400, "commission": -120, "refunds_payable": -1200})
    ask_back(BackLine("1", 1, 1200), key="r2")
    committed(lambda tx: service.book_refund_paid(tx, ORDER, "r1:1", 1200, "GBP"))
    committed(lambda tx: service.book_refund_paid(tx, ORDER, "r2:1", 1200, "GBP", stored_value=True))
    assert (owed(), totals()) == (0, {"cash": 1200, "stored_value": -1200})


def test_two_refunds_cannot_take_the_same_units(table: Any) -> None:
    sell(a_line(1))
    sales = service.sales_of(ORDER)
    first, second = Transaction(), Transaction()
    service.book_refund_asked(first, a_refund(BackLine("1", 1, 1200), key="a"), sales)
    service.book_refund_asked(second, a_refund(BackLine("1", 1, 1200), key="b"), sales)
    first.commit()
    with pytest.raises(Stale):
        second.commit()
    assert totals() == {"customers": 1200, "refunds_payable": -1200}


def test_lines_of_one_parcel_come_back_at_once(table: Any) -> None:
    sell(a_line(1), a_line(2, line_id="2"))
    ask_back(BackLine("1", 1, 1200), BackLine("2", 1, 1200), key="r1")
    [sale] = service.sales_of(ORDER)
    assert ([line.left for line in sale.lines.values()], sale.version) == ([0, 1], 2)
    ask_back(BackLine("2", 1, 1200), key="r2")
    assert (owed(), totals()) == (0, {"customers": 3600, "refunds_payable": -3600})


def test_a_refund_from_two_suppliers_is_one_cause(table: Any) -> None:
    sell(a_line(1))
    sell(a_line(1, line_id="2"), supplier=BOLT, fulfilment="f2")
    ask_back(BackLine("1", 1, 1200), BackLine("2", 1, 1200))
    assert (owed(), owed(BOLT), totals()) == (0, 0, {"customers": 2400, "refunds_payable": -2400})
    with pytest.raises(AlreadyBooked):
        ask_back(amount=1)


def test_what_is_not_asked_back_after_all_is_goodwill_that_was_given(table: Any) -> None:
    ask_back(amount=100, key="g")
    sell()
    ask_back(BackLine("1", 1, 1200), key="r")
    committed(lambda tx: service.book_refund_forgone(tx, ORDER, "r", 100, "GBP"))
    assert totals() == {"customers": 1200, "refunds_payable": -1200}


def test_listing_fees_are_charged_once_if_there_are_any(table: Any) -> None:
    assert _charge() == 0
    rules = CommissionRules(listing_fees={"GBP": 50})
    use_cases.set_rules(rules, expected_version=0, by=ADMIN)
    assert _charge() == 50
    with pytest.raises(AlreadyBooked):
        _charge()
    assert (owed(), totals()) == (-50, {"listing_fees": -50})


def _charge() -> int:
    tx = Transaction()
    fee = service.charge_listing_fee(tx, ACME, "lst_1", "GBP", BY)
    if len(tx):
        tx.commit()
    return fee


def test_terms_come_out_of_the_callers_batch(table: Any) -> None:
    from chalicelib.core.table import find_many

    found = find_many(service.rule_keys())
    given = {"supplier_id": ACME, "category_path": ["all"], "currency": "GBP"}
    assert service.terms_from(found, **given) == service.Terms()
    use_cases.set_rules(CommissionRules((Rule("GBP", rate_bps=900),)), expected_version=0, by=ADMIN)
    assert service.terms_from(find_many(service.rule_keys()), **given).rate_bps == 900


def test_an_orders_entries_stand_together(table: Any) -> None:
    with clock.at(AUTUMN):
        sell()
    with clock.at(AUTUMN + timedelta(hours=1)):
        committed(lambda tx: service.book_capture(tx, ORDER, "1:f1", 1200, "GBP"))
    page = use_cases.list_entries(ORDER, None, None, 10, None, ADMIN)
    assert [(one.kind, one.supplier_id) for one in page.items] == [("sale", ACME), ("capture", None)]
    day = use_cases.list_entries(None, "GBP", "2026-09-10", 10, None, ADMIN)
    assert [one.kind for one in day.items] == ["capture"]


# ---- statements ---------------------------------------------------------------------------------------------------------


def history() -> None:
    """Sales in July, September (two) and October, a refund in September."""
    for number, (moment, units) in enumerate(
        [
            (datetime(2026, 7, 31, 23, 59, 59, tzinfo=UTC), 1),
            (AUTUMN, 2),
            (AUTUMN + timedelta(days=1), 3),
            (datetime(2026, 10, 1, tzinfo=UTC), 4),
        ]
    ):
        with clock.at(moment):
            sell(a_line(units), order_id=f"ord_{number}", fulfilment=f"ful_{number}")
    with clock.at(AUTUMN + timedelta(days=2)):
        ask_back(BackLine("1", 1, 1200), order_id="ord_2")


def test_statements_follow_from_entries(table: Any) -> None:
    history()
    with clock.at(datetime(2026, 10, 20, tzinfo=UTC)):
        september = statement_of(ACME, "GBP", "2026-09")
        assert (september.opening, september.closing, september.final) == (1080, 1080 + 4 * 1080, True)
        assert (september.by_kind, september.entries) == ({"sale": 5400, "refund": -1080}, 3)
        assert statement_of(ACME, "GBP", "2026-09") == september
        october = statement_of(ACME, "GBP", "2026-10")
        assert (october.opening, october.closing, october.final) == (september.closing, 9 * 1080, False)
        assert october.closing == owed()
        assert statement_of(ACME, "GBP", "2026-06").closing == 0
        july = statement_of(ACME, "GBP", "2026-07")
        assert (july.opening, july.closing) == (0, 1080)


def test_a_month_is_kept_only_once_no_entry_can_be_missing(table: Any) -> None:
    history()
    with clock.at(datetime(2026, 10, 1, 0, 30, tzinfo=UTC)):
        assert not statement_of(ACME, "GBP", "2026-09").final
    assert store.closing(ACME, "GBP", "2026-09") is None
    with clock.at(datetime(2026, 10, 1, 1, tzinfo=UTC)):
        assert statement_of(ACME, "GBP", "2026-09").final
    kept = store.closing(ACME, "GBP", "2026-09")
    assert kept is not None
    assert (kept.balance, store.closing(ACME, "GBP", "2026-08"), store.closing(ACME, "GBP", "2026-10")) == (
        5 * 1080,
        store.closing_before(ACME, "GBP", "2026-09"),
        None,
    )


def test_entries_are_paged_within_their_period(table: Any) -> None:
    history()
    a_supplier(ACME)
    seen, cursor = [], None
    while True:
        page = use_cases.list_entries_of(ACME, "GBP", "2026-09-01", "2026-10-01", 2, cursor, ADMIN)
        seen += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert [one.due_to_supplier for one in seen] == [2160, 3240, -1080]
    everything = use_cases.list_entries_of(ACME, "GBP", "", "~", 10, None, system("test"))
    assert len(everything.items) == 5


def test_what_is_given_back_at_once_is_booked_beside_what_it_is_for(table: Any) -> None:
    """A transaction may change an item once: the two never meet in a row of the operator's balances."""
    for number in range(40):
        tx = Transaction()
        service.book_refund_asked(tx, a_refund(amount=5, key=str(number)))
        service.book_refund_paid(tx, ORDER, f"{number}:1:f1", 5, "GBP", stored_value=True)
        tx.commit()
    assert totals() == {"goodwill": 200, "stored_value": -200}
