"""Rates and ledger on the table, in memory."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta, timezone
from threading import Barrier
from typing import Any

import pytest

from chalicelib.core import clock
from chalicelib.core.auth import NOBODY
from chalicelib.core.errors import Contended, Forbidden, Stale, Unauthenticated
from chalicelib.taxes import domain, service, store
from chalicelib.taxes.domain import Assessed, EntryKind, Taxable, TaxedLine, TaxTotal
from chalicelib.taxes.gateways import TableCalculator
from chalicelib.taxes.service import TaxQuery, VatNumberInvalid, apply_rates
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, a_machine
from tests.unit.taxes.builders import NOON, a_line, a_rate, an_order, has_country, has_rate

pytestmark = pytest.mark.usefixtures("table")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """One entry for each time the rates were read: whether consistently."""
    seen: list[bool] = []
    read = store.table

    def noted(*, consistent: bool) -> Any:
        seen.append(consistent)
        return read(consistent=consistent)

    monkeypatch.setattr(store, "table", noted)
    return seen


def rate_now(category: str = "standard", **asked: Any) -> int | None:
    return service.rates("GB", None, [category], NOON, **asked).rates[category]


# ---- rates --------------------------------------------------------------------------------------------------------------


def test_rates_are_answered_from_memory_for_half_a_minute(reads):
    has_rate()
    with clock.at(NOON):
        assert [rate_now(), rate_now("books")] == [2000, 2000]
        store_behind_our_back("GB", 2500)
        assert rate_now() == 2000
    with clock.at(NOON + apply_rates.LISTED_FOR - timedelta(microseconds=1)):
        assert rate_now() == 2000
    with clock.at(NOON + apply_rates.LISTED_FOR):
        assert rate_now() == 2500
    assert reads == [False, False]


def store_behind_our_back(jurisdiction: str, rate: int) -> None:
    """As another process would change it."""
    tx = store.Transaction()
    version = store.rate(jurisdiction, "standard").version
    store.put_rate(tx, replace(a_rate(jurisdiction, "standard", ("2011-01-04", rate)), version=version + 1))
    tx.commit()


def test_fresh_rates_are_read_consistently(reads):
    has_rate()
    assert rate_now() == 2000
    store_behind_our_back("GB", 2500)
    assert rate_now(fresh=True) == 2500
    assert rate_now() == 2500
    assert reads == [False, True]


def test_a_shop_without_rates_does_not_look_for_them_at_each_order(reads):
    with clock.at(NOON):
        assert [rate_now(), rate_now()] == [None, None]
    assert reads == [False]


def test_a_change_counts_at_once_where_it_was_made():
    assert rate_now() is None
    has_rate()
    assert rate_now() == 2000
    service.remove_rate("GB", "standard", expected_version=1, by=ADMIN)
    assert rate_now() is None
    assert service.rates("US", None, [], NOON).included is True
    has_country("US", prices_include_tax=False)
    assert service.rates("US", None, [], NOON).included is False


def test_the_day_of_a_rate_is_in_utc():
    has_rate("GB", "standard", ("2026-02-01", 2500))
    evening_in_new_york = (NOON + timedelta(hours=11, minutes=59)).astimezone(timezone(timedelta(hours=-5)))
    assert service.rates("GB", None, ["standard"], evening_in_new_york).rates == {"standard": None}
    midnight = evening_in_new_york + timedelta(minutes=1)
    assert service.rates("GB", None, ["standard"], midnight).rates == {"standard": 2500}


def test_an_estimate_goes_by_the_table_and_a_business_pays_no_tax_abroad():
    has_rate("DE", "standard", ("2021-01-01", 1900))
    for country in ("DE", "FR"):
        has_country(country, reverse_charge=True)
    query = TaxQuery("DE", None, NOON, [Taxable("standard", 11900, 0)])
    assert service.estimate(query) == [Assessed(1900, 1900, included=True)]
    business = replace(query, vat_number="FR 40 303 265 045")
    assert service.estimate(business) == [Assessed(0, 0, included=True, relief=1900, relieved_bps=1900)]
    dutch = replace(query, vat_number="NL4495445B01")  # the shop's own country, where nobody settled it
    assert service.estimate(dutch) == [Assessed(1900, 1900, included=True)]
    with pytest.raises(VatNumberInvalid):
        service.estimate(replace(query, vat_number="FR 40 303 265 046"))


def test_of_two_who_change_a_rate_at_once_one_is_told():
    has_rate()
    before = store.rate("GB", "standard")
    first, second = store.Transaction(), store.Transaction()
    for tx in (first, second):
        store.put_rate(tx, replace(before, version=2))
    first.commit()
    with pytest.raises(Stale, match="version 2"):
        second.commit()
    new = [store.Transaction(), store.Transaction(), store.Transaction()]
    for tx in new[:2]:
        store.put_rate(tx, a_rate("FR"))
    store.remove_rate(new[2], before)
    new[0].commit()
    for tx in new[1:]:
        with pytest.raises(Stale):
            tx.commit()


# ---- ledger -------------------------------------------------------------------------------------------------------------


def follow(order: domain.TaxedOrder, at: Any = NOON, **more: Any) -> list[domain.TaxEntry]:
    return service.follow_order(order.id, lambda: order, at, **more)


def sum_of_entries(table: Any, country: str, month: str) -> dict[tuple[str, str, int], tuple[int, int, int]]:
    """Every entry that the table holds, added up by hand."""
    sums: dict[tuple[str, str, int], tuple[int, int, int]] = {}
    for item in table.scan(TableName="aisle-test")["Items"]:
        if not item["pk"]["S"].startswith("TAXES#"):
            continue
        [entry] = [one for one in store.entries_of(item["pk"]["S"][6:]) if item["sk"]["S"] == f"ENTRY#{one.number:04}"]
        if (entry.country, entry.month) == (country, month):
            for row in entry.rows:
                at = (entry.jurisdiction, entry.currency, row.rate_bps)
                net, tax, count = sums.get(at, (0, 0, 0))
                sums[at] = (net + row.net, tax + row.tax, count + 1)
    return sums


def reported(country: str = "GB", month: str = "2026-01") -> dict[tuple[str, str, int], tuple[int, int, int]]:
    totals = service.report(country, month, by=ADMIN).totals
    return {(one.jurisdiction, one.currency, one.rate_bps): (one.net, one.tax, one.entries) for one in totals}


def test_an_order_is_entered_once_and_reported_for_its_month(table):
    order = an_order(a_line(), TaxedLine(0, 500, 0, 1))
    [entry] = follow(order)
    assert follow(order) == []
    assert service.entries_of("ord_1", by=ADMIN) == [entry]
    assert entry.at == "2026-01-31T12:00:00.000000Z"
    assert reported() == {("GB", "GBP", 0): (500, 0, 1), ("GB", "GBP", 2000): (3000, 600, 1)}
    assert reported(month="2026-02") == reported("FR") == {}


def test_what_goes_counts_for_the_month_in_which_it_went(table):
    order = an_order()
    follow(order)
    february = NOON + timedelta(days=3)
    [entry] = follow(an_order(a_line(returned=1)), february)
    assert entry.kind is EntryKind.REFUNDED
    assert reported() == {("GB", "GBP", 2000): (3000, 600, 1)}
    assert reported(month="2026-02") == {("GB", "GBP", 2000): (-1000, -200, 1)}
    for month in ("2026-01", "2026-02"):
        assert reported(month=month) == sum_of_entries(table, "GB", month)


def test_an_order_stays_with_the_jurisdiction_it_was_committed_to():
    has_rate("US-CA")
    has_rate("US-NY")
    order = an_order(country="US", region="CA", currency="USD")
    [entry] = follow(order)
    assert entry.jurisdiction == "US-CA"
    moved = an_order(country="US", region="NY", currency="USD", void=True)
    [entry] = follow(moved)
    assert (entry.kind, entry.jurisdiction) == (EntryKind.VOIDED, "US-CA")
    assert reported("US") == {("US-CA", "USD", 2000): (0, 0, 2)}


def test_months_of_many_orders_are_the_sum_of_their_entries(table):
    for number in range(30):
        order = an_order(a_line(), a_line(rate_bps=500, gross=105 + number, tax=5, units=2), id=f"ord_{number}")
        follow(order)
        if number % 3:
            follow(replace(order, lines=(a_line(cancelled=number % 3), order.lines[1]), credited=number))
        if number % 5 == 0:
            follow(replace(order, void=True))
    assert reported() == sum_of_entries(table, "GB", "2026-01")
    assert (
        len({item["pk"]["S"] for item in table.scan(TableName="aisle-test")["Items"] if "TAXTOTAL" in item["pk"]["S"]})
        > 4
    )


class Told:
    """A calculator elsewhere that notes what it is told, and enters it here."""

    def __init__(self, before: Callable[[], None] = lambda: None) -> None:
        self.calls: list[tuple[str, int]] = []
        self._table, self._before = TableCalculator(lambda query: domain.TaxRules("GB", {})), before

    def estimate(self, query: TaxQuery) -> list[Assessed]:
        return []

    def commit(self, entry: domain.TaxEntry) -> None:
        self._enter("commit", entry)

    def void(self, entry: domain.TaxEntry) -> None:
        self._enter("void", entry)

    def refund(self, entry: domain.TaxEntry) -> None:
        self._enter("refund", entry)

    def _enter(self, name: str, entry: domain.TaxEntry) -> None:
        self.calls.append((name, entry.number))
        self._before()
        self._table.commit(entry)


def test_whoever_works_taxes_out_is_told_what_became_of_them():
    told = Told()
    follow(an_order(), through=told)
    follow(an_order(a_line(returned=1)), through=told)
    follow(an_order(void=True), through=told)
    assert told.calls == [("commit", 1), ("refund", 2), ("void", 3)]


def test_one_that_was_overtaken_looks_at_the_order_again():
    """Another enters a return between our reading and our writing; what we read is outdated then."""
    follow(an_order())
    states = [an_order(a_line(cancelled=1)), an_order(a_line(cancelled=1, returned=1))]
    overtakings = [lambda: follow(states[1])]

    def overtake() -> None:
        if overtakings:
            overtakings.pop()()

    reads = iter(states)
    made = service.follow_order("ord_1", lambda: next(reads), NOON, through=Told(overtake))
    assert made == []
    entries = service.entries_of("ord_1", by=ADMIN)
    assert [entry.rows[0].tax for entry in entries] == [600, -400]
    assert reported() == {("GB", "GBP", 2000): (1000, 200, 2)}


def test_what_another_enters_while_the_order_is_read_is_not_taken_back():
    follow(an_order())
    states = [an_order(a_line(cancelled=1)), an_order(a_line(cancelled=1, returned=1))]

    def read() -> domain.TaxedOrder:
        if len(states) > 1:
            outdated = states.pop(0)
            follow(states[0])
            return outdated
        return states[0]

    assert service.follow_order("ord_1", read, NOON) == []
    assert [entry.rows[0].tax for entry in service.entries_of("ord_1", by=ADMIN)] == [600, -400]


def test_one_that_is_always_overtaken_gives_up_for_now():
    order = an_order()
    numbers = iter(range(100))

    def overtake() -> None:
        entries = store.entries_of("ord_1")
        tx = store.Transaction()
        store.add_entry(tx, replace(ENTRY, number=len(entries) + 1, rows=(domain.TaxRow(2000, next(numbers) + 1, 0),)))
        tx.commit()

    with pytest.raises(Contended):
        service.follow_order("ord_1", lambda: order, NOON, through=Told(overtake))


ENTRY = domain.TaxEntry("ord_1", 1, EntryKind.COMMITTED, "GB", "GBP", "2026-01-31T12:00:00.000000Z", ())


def test_many_at_once_enter_an_order_once(table):
    order = an_order(a_line(returned=1))
    at_once = Barrier(6)

    def run(_: int) -> int:
        at_once.wait()
        return len(follow(order))

    with ThreadPoolExecutor(6) as pool:
        made = sum(pool.map(run, range(6)))
    assert made == 2
    assert reported() == {("GB", "GBP", 2000): (2000, 400, 2)} == sum_of_entries(table, "GB", "2026-01")


def test_totals_say_what_they_are():
    follow(an_order())
    assert service.report("GB", "2026-01", by=ADMIN).totals == (TaxTotal("GB", "GBP", 2000, 3000, 600, 1),)


# ---- who ----------------------------------------------------------------------------------------------------------------

_FOR_ADMINS = {
    "set rate": lambda by: service.set_rate("GB", "standard", a_rate().periods, expected_version=0, by=by),
    "remove rate": lambda by: service.remove_rate("GB", "standard", expected_version=1, by=by),
    "settle country": lambda by: service.settle_country(
        "GB", prices_include_tax=False, reverse_charge=False, expected_version=0, by=by
    ),
    "report": lambda by: service.report("GB", "2026-01", by=by),
    "entries": lambda by: service.entries_of("ord_1", by=by),
}
_FOR_STAFF = {
    "read rate": lambda by: service.read_rate("GB", "standard", by=by),
    "list rates": lambda by: service.list_rates(None, 1, None, by=by),
    "read country": lambda by: service.read_country("GB", by=by),
    "list countries": lambda by: service.list_countries(1, None, by=by),
}


@pytest.mark.parametrize("command", {**_FOR_ADMINS, **_FOR_STAFF}.values(), ids=[*_FOR_ADMINS, *_FOR_STAFF])
def test_taxes_are_for_staff(command):
    for by, error in ((NOBODY, Unauthenticated), (SHOPPER, Forbidden), (a_machine("catalog.write"), Forbidden)):
        with pytest.raises(error):
            command(by)


@pytest.mark.parametrize("command", _FOR_ADMINS.values(), ids=_FOR_ADMINS)
def test_some_of_it_is_for_administrators(command):
    with pytest.raises(Forbidden):
        command(ASSOCIATE)
