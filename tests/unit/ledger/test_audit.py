"""Every balance is the sum of its postings; the audit sees one that is not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.core import clock
from chalicelib.ledger import service, store
from chalicelib.ledger.domain import Account, BackLine
from chalicelib.ledger.service import use_cases
from chalicelib.ledger.store.balances import BalanceItem, TotalsItem
from chalicelib.ledger.store.entries import ledger_pk
from tests.conftest import ADMIN
from tests.unit.ledger.builders import ACME, BOLT, ORDER, a_line, ask_back, committed, sell

pytestmark = pytest.mark.usefixtures("table")


def audited(at_once: int = 2_000, between: Any = lambda: None) -> dict[str, tuple[int, int, bool]]:
    """All accounts: (stored, difference, conclusive)."""
    found: dict[str, tuple[int, int, bool]] = {}
    cursor = None
    for _ in range(200):
        checks, cursor = use_cases.audit("GBP", cursor, ADMIN, at_once=at_once)
        found |= {one.account: (one.stored, one.difference, one.conclusive) for one in checks}
        if cursor is None:
            return found
        between()
    raise AssertionError("the audit does not end")


@pytest.fixture
def books(table: Any) -> None:
    for day, units in ((1, 1), (2, 2), (3, 3)):
        with clock.at(datetime(2026, 9, day, tzinfo=UTC)):
            sell(a_line(units), order_id=f"o{day}", fulfilment=f"f{day}")
            committed(lambda tx, day=day, units=units: service.book_capture(tx, f"o{day}", "1", 1200 * units, "GBP"))
    sell(a_line(1), order_id="o4", fulfilment="f4", supplier=BOLT)
    ask_back(BackLine("1", 1, 1200), order_id="o2")


@pytest.mark.usefixtures("books")
@pytest.mark.parametrize("at_once", [1, 3, 2_000])
def test_sound_books_are_found_sound_in_steps_of_any_size(at_once: int) -> None:
    found = audited(at_once)
    assert found[f"supplier:{ACME}"] == (-5 * 1080, 0, True)
    assert found[f"supplier:{BOLT}"] == (-1080, 0, True)
    assert found["cash"] == (7200, 0, True)
    assert found["commission"] == (-6 * 120, 0, True)
    assert {(difference, conclusive) for _, difference, conclusive in found.values()} == {(0, True)}
    assert len(found) == 2 + 15


def test_a_step_ends_in_time_however_few_entries_each_supplier_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that takes a tenth of a second for each call: a step makes no more than fit, and all steps together end."""
    for number in range(40):
        sell(supplier=f"sup_{number:02}", order_id=f"o{number}", fulfilment=f"f{number}")
    calls: list[str] = []

    def counted(name: str) -> Any:
        call = getattr(store, name)
        return lambda *given: (calls.append(name), call(*given))[1]

    for name in ("owed_suppliers", "balance", "entries_of", "entries_of_day"):
        monkeypatch.setattr(store, name, counted(name))
    monkeypatch.setattr("chalicelib.ledger.service.audit.monotonic", lambda: len(calls) / 10)
    most, cursor, found = 0, None, 0
    while found == 0 or cursor is not None:
        before = len(calls)
        checks, cursor = use_cases.audit("GBP", cursor, ADMIN)
        most, found = max(most, len(calls) - before), found + len(checks)
        assert {check.difference for check in checks} <= {0}
    assert (most, found) == (80, 40 + len(Account))


@pytest.mark.usefixtures("books")
def test_a_wrong_balance_is_seen() -> None:
    BalanceItem(ledger_pk(ACME, "GBP"), "BALANCE").update(actions=[BalanceItem.total.add(7)])
    row = next(iter(TotalsItem.scan(TotalsItem.sk == "TOTALS")))
    TotalsItem(row.pk, "TOTALS").update(actions=[TotalsItem.cash.add(-3)])
    found = audited()
    assert (found[f"supplier:{ACME}"][1], found["cash"][1], found[f"supplier:{BOLT}"][1]) == (7, -3, 0)


@pytest.mark.usefixtures("books")
def test_what_is_booked_meanwhile_makes_the_result_inconclusive() -> None:
    booked: list[int] = []

    def one_more() -> None:
        booked.append(1)
        committed(lambda tx: service.book_capture(tx, ORDER, str(len(booked)), 5, "GBP"))

    found = audited(4, one_more)
    assert booked
    assert found["cash"][2] is False
