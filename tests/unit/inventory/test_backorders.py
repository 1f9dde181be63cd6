"""Units sold before they are there: within the limit, never overtaken, and given back as they were taken."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core import clock
from chalicelib.core.errors import AisleError, Stale
from chalicelib.core.table import Transaction, find_many
from chalicelib.inventory import service
from chalicelib.inventory.domain import CountBelowReserved, NotOnHand, ReservedTooLow, Stock, StockPolicy, StockTooLow
from chalicelib.inventory.service import Backorder, Move, Settlement, StockLine
from tests.unit.inventory.builders import (
    ADMIN,
    ASSOCIATE,
    adjust,
    count_units,
    counters,
    has_location,
    move,
    open_parts,
    put_back,
    receive,
    release,
    reserve,
    serve,
    set_policy,
    set_safety,
    settle,
    stock,
)


@pytest.fixture
def leeds(table) -> str:
    return has_location()


def may_backorder(sku: str = "A", limit: int = 5, days: int = 7, at: str = "leeds", **safety: int) -> None:
    set_policy(sku, limit, at, days, **safety)


def backorder(id: str, there: int, waiting: int, found: Any = None) -> None:
    reserve(id, ("A", there + waiting, waiting), found=found)


def waiting(sku: str = "A") -> int:
    return stock(sku).waiting


# ---- what may be sold ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("available", "limit", "safety", "now", "later"),
    [(5, 10, 0, 5, 10), (5, 10, 3, 2, 10), (2, 10, 3, 0, 9), (0, 10, 0, 0, 10), (-4, 10, 0, 0, 6), (-4, 3, 0, 0, 0)],
)
def test_what_is_sold_later_comes_on_top_of_what_is_there(available, limit, safety, now, later):
    one = Stock("A", "leeds", available=available, policy=StockPolicy({"web": safety}, limit, 7))
    assert (one.sellable("web"), one.backorderable("web")) == (now, later)


def test_units_are_sold_down_to_the_limit_and_not_beyond(leeds):
    receive(("A", 3))
    may_backorder(limit=5)
    backorder("ord_1", 3, 4)
    assert (counters("A"), waiting()) == ((3, -4, 7), 4)
    with pytest.raises(StockTooLow) as short:
        backorder("ord_2", 0, 2)
    assert short.value.members["shortages"] == [{"sku": "A", "location_id": "leeds", "wanted": 2, "left": 1}]
    backorder("ord_3", 0, 1)
    assert (counters("A"), waiting()) == ((3, -5, 8), 5)


def test_what_is_to_be_there_now_is_there(leeds):
    receive(("A", 3))
    may_backorder(limit=5)
    with pytest.raises(StockTooLow):
        backorder("ord_1", 4, 1)
    with pytest.raises(StockTooLow):
        reserve("ord_2", ("A", 4))
    assert counters("A") == (3, 3, 0)


def test_without_a_limit_nothing_is_sold_before_it_is_there(leeds):
    receive(("A", 1))
    with pytest.raises(StockTooLow):
        backorder("ord_1", 1, 1)


def test_a_limit_that_was_lowered_after_it_was_read_holds(leeds):
    receive(("A", 1))
    may_backorder(limit=5)
    found = find_many(service.stock_keys(["A"], ["leeds"]))
    may_backorder(limit=2)
    with pytest.raises(StockTooLow):
        backorder("ord_1", 0, 1, found=found)
    backorder("ord_2", 1, 2)
    assert counters("A") == (1, -2, 3)


def test_safety_stock_counts_against_the_limit(leeds):
    receive(("A", 3))
    may_backorder(limit=5, web=3)
    with pytest.raises(StockTooLow):
        backorder("ord_1", 0, 6)
    backorder("ord_2", 0, 5)
    assert counters("A") == (3, -2, 5)


def test_what_came_in_is_not_sold_past_those_who_wait(leeds):
    may_backorder(limit=5)
    backorder("ord_1", 0, 4)
    receive(("A", 3))
    with pytest.raises(StockTooLow):
        reserve("ord_2", ("A", 1))
    receive(("A", 2))
    reserve("ord_3", ("A", 1))
    assert (counters("A"), waiting()) == ((5, 0, 5), 4)


def test_availability_tells_what_may_be_sold_later_and_when_it_is_promised(leeds):
    has_location("york", priority=2)
    receive(("A", 3))
    may_backorder(limit=5, days=9)
    may_backorder(limit=2, days=4, at="york")
    [answer] = service.availability(["A"], "web")
    assert (answer.total, answer.backorderable, answer.days) == (3, 7, 4)
    assert answer.backorders == {"leeds": Backorder(5, 9), "york": Backorder(2, 4)}


# ---- serving those who wait ---------------------------------------------------------------------------------------------


def test_who_waits_is_served_once_enough_is_there(leeds):
    may_backorder(limit=9)
    backorder("ord_1", 0, 4)
    receive(("A", 3))
    with pytest.raises(StockTooLow):
        serve("A", 4)
    receive(("A", 1))
    serve("A", 4)
    assert (counters("A"), waiting()) == ((4, 0, 4), 0)
    settle(Settlement("A", "leeds", 4, 0))
    assert counters("A") == (0, 0, 0)


def test_nobody_is_served_from_what_another_is_being_sent(leeds):
    receive(("A", 3))
    may_backorder(limit=9)
    reserve("ord_1", ("A", 3))
    backorder("ord_2", 0, 2)
    with pytest.raises(StockTooLow):
        serve("A", 2)
    receive(("A", 1))
    with pytest.raises(StockTooLow):
        serve("A", 2)
    release("ord_1")
    serve("A", 2)
    assert (counters("A"), waiting()) == ((4, 2, 2), 0)


def test_two_that_read_the_same_units_do_not_both_get_them(leeds):
    may_backorder(limit=9)
    backorder("ord_1", 0, 2)
    backorder("ord_2", 0, 2)
    receive(("A", 3))
    found = find_many(service.stock_keys(["A"], ["leeds"]), consistent=True)
    serve("A", 2, found=found)
    with pytest.raises(StockTooLow):
        serve("A", 2, found=found)
    assert (counters("A"), waiting()) == ((3, -1, 4), 2)


def test_what_is_still_to_come_is_not_shipped(leeds):
    receive(("A", 1))
    may_backorder(limit=9)
    backorder("ord_1", 0, 2)
    with pytest.raises(NotOnHand):
        settle(Settlement("A", "leeds", 2, 0))
    with pytest.raises(NotOnHand):
        settle(Settlement("A", "leeds", 1, 1))
    with pytest.raises(ReservedTooLow):
        settle(Settlement("A", "leeds", 3, 0))
    assert counters("A") == (1, -1, 2)


# ---- giving back --------------------------------------------------------------------------------------------------------


def test_a_reservation_gives_back_as_it_took(leeds):
    receive(("A", 1))
    may_backorder(limit=9)
    backorder("ord_1", 1, 3)
    release("ord_1")
    assert (counters("A"), waiting()) == ((1, 1, 0), 0)


def test_one_that_is_called_off_after_some_of_it_was_served_gives_that_back_as_served(leeds):
    receive(("A", 1))
    may_backorder(limit=9)
    backorder("ord_1", 1, 3)
    backorder("ord_2", 0, 1)
    receive(("A", 3))
    serve("A", 3)
    tx = Transaction()
    served = [StockLine("A", "leeds", 3)]
    found = service.find_reservation("ord_1")
    assert found is not None
    service.release_reservation(tx, found, ASSOCIATE, served=served)
    tx.commit()
    assert (counters("A"), waiting()) == ((4, 3, 1), 1)


def test_a_large_one_that_was_served_gives_back_as_it_took(leeds):
    may_backorder(limit=9)
    line = StockLine("A", "leeds", 3, 3)
    reservation = service.reserve_in_parts(
        "big", [line], channel="web", expires_at=clock.now() + timedelta(minutes=1), owner="big", by=ASSOCIATE
    )
    open_parts("big")
    backorder("ord_2", 0, 1)
    receive(("A", 3))
    serve("A", 3)
    assert waiting() == 1
    tx = Transaction()
    service.release_reservation(tx, reservation, ASSOCIATE, served=[StockLine("A", "leeds", 3)])
    tx.commit()
    service.finish_release("big", ASSOCIATE)
    assert (counters("A"), waiting()) == ((3, 2, 1), 1)


def test_a_large_one_names_all_that_may_not_be_sold_later(leeds):
    may_backorder("A", limit=1)
    may_backorder("B", limit=2)
    with pytest.raises(StockTooLow) as short:
        service.reserve_in_parts(
            "big",
            [StockLine("A", "leeds", 2, 2), StockLine("B", "leeds", 2, 2)],
            channel="web",
            expires_at=clock.now() + timedelta(minutes=1),
            owner="big",
            by=ASSOCIATE,
        )
    assert short.value.members["shortages"] == [{"sku": "A", "location_id": "leeds", "wanted": 2, "left": 1}]
    assert (counters("A"), counters("B")) == ((0, 0, 0), (0, 0, 0))


def test_units_that_wait_are_put_back_and_taken_by_another_location(leeds):
    has_location("york")
    receive(("A", 5), at="york")
    may_backorder(limit=9)
    backorder("ord_1", 0, 4)
    put_back([StockLine("A", "leeds", 1, 1)])
    assert (counters("A"), waiting()) == ((0, -3, 3), 3)
    move(Move("A", "leeds", "york", 3, waited=True))
    assert (counters("A"), waiting(), counters("A", "york")) == ((0, 0, 0), 0, (5, 2, 3))


def test_more_than_waits_cannot_be_given_back_as_waiting(leeds):
    receive(("A", 3))
    may_backorder(limit=9)
    backorder("ord_1", 3, 1)
    with pytest.raises(ReservedTooLow):
        put_back([StockLine("A", "leeds", 2, 2)])


# ---- staff --------------------------------------------------------------------------------------------------------------


def test_what_others_wait_for_is_not_written_off_or_sent_away(leeds):
    receive(("A", 3))
    may_backorder(limit=9)
    backorder("ord_1", 3, 1)
    with pytest.raises(StockTooLow) as short:
        adjust(("A", -1))
    assert short.value.members["shortages"][0]["left"] == 0


def test_stock_is_counted_while_orders_wait(leeds):
    receive(("A", 3))
    may_backorder(limit=9)
    backorder("ord_1", 3, 4)
    count_units(("A", 3, 3))
    count_units(("A", 3, 5))
    assert counters("A") == (5, -2, 7)
    with pytest.raises(CountBelowReserved):
        count_units(("A", 5, 4))


def test_the_policy_has_a_version_of_its_own(leeds):
    assert service.read_policy("A", "leeds", ASSOCIATE) == StockPolicy()
    may_backorder(limit=5, days=3, web=1)
    receive(("A", 4))
    assert service.read_policy("A", "leeds", ASSOCIATE) == StockPolicy({"web": 1}, 5, 3, 1)
    set_safety("A", {"web": 2})
    assert service.read_policy("A", "leeds", ASSOCIATE) == StockPolicy({"web": 2}, 5, 3, 2)
    with pytest.raises(Stale):
        service.set_policy("A", "leeds", 1, safety={}, backorder_limit=0, backorder_days=0, by=ADMIN)
    with pytest.raises(Stale):
        service.set_policy("A", "leeds", 0, safety={}, backorder_limit=0, backorder_days=0, by=ADMIN)


# ---- races --------------------------------------------------------------------------------------------------------------


def test_however_many_buy_at_once_the_limit_holds(leeds):
    receive(("A", 5))
    may_backorder(limit=10)
    found = find_many(service.stock_keys(["A"], ["leeds"]))

    def buy(number: int) -> int:
        try:
            if number % 3:
                backorder(f"ord_{number}", 0, 2, found=found)
                return 2
            reserve(f"ord_{number}", ("A", 1), found=found)
            return 1
        except AisleError:
            return 0

    with ThreadPoolExecutor(8) as pool:
        sold = sum(pool.map(buy, range(24)))
    on_hand, available, reserved = counters("A")
    assert (on_hand, available, reserved) == (5, 5 - sold, sold)
    assert sold in (14, 15)
    assert reserved - waiting() <= on_hand


def test_however_many_serve_at_once_no_unit_is_given_twice(leeds):
    may_backorder(limit=40)
    for number in range(10):
        backorder(f"ord_{number}", 0, 2)
    receive(("A", 9))

    def one(_: int) -> int:
        for _attempt in range(30):
            try:
                serve("A", 2)
                return 1
            except StockTooLow:
                continue
        return 0

    with ThreadPoolExecutor(6) as pool:
        served = sum(pool.map(one, range(10)))
    assert (served, waiting(), counters("A")) == (4, 12, (9, -11, 20))
