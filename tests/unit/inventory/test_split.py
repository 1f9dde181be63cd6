"""Stock that is split into rows: it sells, ships and counts like any other, from whichever row has the units."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import Contended, Stale
from chalicelib.core.idempotency import no_answer
from chalicelib.core.table import Transaction, find_many
from chalicelib.inventory import service, store
from chalicelib.inventory.domain import (
    MAX_SPLIT_LINES,
    CountBelowReserved,
    CountOutdated,
    ReservationState,
    Shift,
    SplitSellsWhatIsThere,
    StillWaiting,
    StockMoved,
    StockPolicy,
    StockTooLow,
    TooManySplit,
    home,
    level,
    safety_of,
    spread,
)
from chalicelib.inventory.service import Move, ReturnedUnits, Settlement, StockLine, split_stock
from tests.unit.inventory.builders import (
    ADMIN,
    ASSOCIATE,
    NOON,
    a_key,
    adjust,
    count_units,
    counters,
    has_location,
    in_parts,
    move,
    movements,
    put_back,
    receive,
    release,
    reserve,
    rows,
    serve,
    set_policy,
    settle,
    split,
    stock,
    take_back,
    the_reservation,
)

pytestmark = pytest.mark.usefixtures("table")

room = st.lists(st.integers(-2, 9), min_size=1, max_size=6)


# ---- rules --------------------------------------------------------------------------------------------------------------


@given(room=room, units=st.integers(1, 40), first=st.integers(0, 5))
def test_units_are_spread_over_as_few_rows_as_will_do(room: list[int], units: int, first: int) -> None:
    first %= len(room)
    taken = spread(units, room, first)
    assert sum(taken.values()) == units
    if sum(max(0, each) for each in room) < units:
        assert set(taken) == {first}
        return
    assert all(0 < each <= room[row] for row, each in taken.items())
    if room[first] >= units:
        assert set(taken) == {first}
    if max(room) >= units:
        assert len(taken) == 1


@given(available=st.lists(st.integers(0, 50), min_size=1, max_size=8), shards=st.integers(1, 8))
def test_levelling_loses_nothing_and_empties_the_rows_behind(available: list[int], shards: int) -> None:
    shards = min(shards, len(available))
    after = list(available)
    for one in level(available, shards):
        assert one.units > 0
        after[one.giver] -= one.units
        after[one.taker] += one.units
        assert after[one.giver] >= 0
    assert sum(after) == sum(available)
    assert not any(after[shards:])
    share = sum(available) // shards
    assert all(2 * each >= share for each in after[:shards])
    assert level(after, shards) == []


def test_what_is_nearly_level_is_left_alone():
    assert level([5, 3, 4], 3) == []
    assert level([12, 0, 0], 3) == [Shift(0, 1, 4), Shift(0, 2, 4)]


@given(kept=st.integers(0, 40), shards=st.integers(1, 6), more=st.integers(0, 3))
def test_the_rows_keep_back_together_what_the_line_keeps_back(kept: int, shards: int, more: int) -> None:
    policy = StockPolicy({"web": kept}, shards=shards)
    shares = [safety_of(row, policy, "web") for row in range(shards + more)]
    assert sum(shares) == kept
    assert safety_of(0, policy, None) == safety_of(0, policy, "till") == 0


# ---- selling ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def hot(table: Any) -> None:
    """Twelve units of A in three rows."""
    has_location()
    receive(("A", 12))
    split("A", 3)
    assert rows("A") == [(4, 4, 0)] * 3


def an_order(row: int, number: int = 0) -> str:
    """An id whose units are looked for in that row first."""
    found = [id for id in (f"ord_{one}" for one in range(200)) if home(id, 3) == row]
    return found[number]


@pytest.mark.usefixtures("hot")
def test_a_promise_is_made_in_the_row_of_whom_it_is_for():
    for row in range(3):
        reserve(an_order(row), ("A", row + 1))
    assert rows("A") == [(4, 3, 1), (4, 2, 2), (4, 1, 3)]
    assert counters("A") == (12, 6, 6)


@pytest.mark.usefixtures("hot")
def test_other_rows_help_out_when_it_has_too_few():
    reserve(an_order(1), ("A", 3))
    reserve(an_order(1, 1), ("A", 4))
    assert rows("A") == [(4, 4, 0), (4, 1, 3), (4, 0, 4)]
    reserve(an_order(2), ("A", 5))
    assert counters("A") == (12, 0, 12)
    with pytest.raises(StockTooLow) as error:
        reserve(an_order(0), ("A", 1))
    assert error.value.members["shortages"] == [{"sku": "A", "location_id": "leeds", "wanted": 1, "left": 0}]


@pytest.mark.usefixtures("hot")
def test_what_is_short_is_told_of_the_whole_line():
    reserve(an_order(0), ("A", 7))
    with pytest.raises(StockTooLow) as error:
        reserve(an_order(1), ("A", 6))
    assert error.value.members["shortages"][0]["left"] == 5


@pytest.mark.usefixtures("hot")
def test_what_another_took_meanwhile_is_read_again():
    before = find_many(service.stock_keys(["A"], ["leeds"]))
    reserve(an_order(1), ("A", 4))
    with pytest.raises(StockMoved):
        reserve(an_order(1, 1), ("A", 1), found=before)
    reserve(an_order(1, 1), ("A", 1))


@pytest.mark.usefixtures("hot")
def test_safety_stock_is_kept_back_by_all_rows_together():
    split("A", 3, web=10)
    with pytest.raises(StockTooLow):
        reserve(an_order(0), ("A", 3))
    reserve(an_order(0), ("A", 2))
    reserve(an_order(0, 1), ("A", 10), channel="till")
    assert counters("A") == (12, 0, 12)


@pytest.mark.usefixtures("hot")
def test_a_till_holds_and_gives_back():
    held: list[Any] = []

    def noted(reservation: Any) -> Any:
        held.append(reservation)
        return no_answer()

    service.hold_stock(
        [StockLine("A", "leeds", 9)], channel="web", seconds=60, by=ASSOCIATE, once=a_key(), answer=noted
    )
    assert counters("A") == (12, 3, 9)
    service.release_hold(held[0].id, 1, by=ASSOCIATE)
    assert counters("A") == (12, 12, 0)


@pytest.mark.usefixtures("hot")
def test_it_is_held_in_parts_too():
    in_parts("rsv_long", ("A", 5), *((f"B{n}", 0) for n in range(3)))
    assert counters("A") == (12, 7, 5)
    tx = Transaction()
    service.release_reservation(tx, the_reservation("rsv_long"), ASSOCIATE)
    tx.commit()
    assert service.finish_release("rsv_long", ASSOCIATE)
    assert counters("A") == (12, 12, 0)


@pytest.mark.usefixtures("hot")
def test_what_everybody_may_buy_is_the_sum():
    [found] = service.availability(["A"], "web")
    assert found.total == 12
    [listed] = service.stock_at_location("leeds", 10, None, ASSOCIATE).items
    assert (listed.on_hand, listed.policy.shards) == (12, 3)
    assert [one.on_hand for one in service.stock_of_sku("A", ASSOCIATE)] == [12]


# ---- what becomes of it -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("hot")
def test_units_are_alike_and_ship_from_any_row_that_has_them_reserved():
    reserve(an_order(0), ("A", 4))
    reserve(an_order(1), ("A", 2))
    settle(Settlement("A", "leeds", 3, 0), reference=an_order(1))
    assert counters("A") == (9, 6, 3)
    settle(Settlement("A", "leeds", 2, 1), reference=an_order(2))
    assert counters("A") == (6, 6, 0)
    assert [units for _, _, units in movements("A")] == [12, -3, -2, -1]


@pytest.mark.usefixtures("hot")
def test_more_than_is_reserved_is_not_shipped():
    reserve(an_order(0), ("A", 2))
    with pytest.raises(Stale):
        settle(Settlement("A", "leeds", 3, 0))
    assert counters("A") == (12, 10, 2)


@pytest.mark.usefixtures("hot")
def test_what_is_put_back_can_be_sold_again():
    reserve(an_order(0), ("A", 4))
    reserve(an_order(1), ("A", 3))
    put_back([StockLine("A", "leeds", 6)])
    assert counters("A") == (12, 11, 1)
    release(an_order(1)) if counters("A")[2] >= 3 else put_back([StockLine("A", "leeds", 1)])
    assert counters("A") == (12, 12, 0)


@pytest.mark.usefixtures("hot")
def test_reserved_units_move_to_and_from_another_location():
    has_location("york")
    receive(("A", 2), at="york")
    reserve(an_order(0), ("A", 2))
    move(Move("A", "leeds", "york", 2))
    assert (counters("A"), counters("A", "york")) == ((12, 12, 0), (2, 0, 2))
    move(Move("A", "york", "leeds", 2))
    assert (counters("A"), counters("A", "york")) == ((12, 10, 2), (2, 2, 0))


@pytest.mark.usefixtures("hot")
def test_goods_come_in_and_go_out():
    receive(("A", 3))
    take_back(ReturnedUnits("A", "leeds", 1, 1))
    assert rows("A")[0] == (8, 8, 0)
    adjust(("A", -14))
    assert counters("A") == (2, 2, 0)
    with pytest.raises(StockTooLow):
        adjust(("A", -3))
    assert sum(units for _, _, units in movements("A")) == 2


@pytest.mark.usefixtures("hot")
def test_it_is_sent_away():
    has_location("york")
    service.dispatch_transfer(
        "leeds", "york", [("A", 9)], reference=None, by=ASSOCIATE, once=a_key(), answer=lambda _: no_answer()
    )
    assert counters("A") == (3, 3, 0)


@pytest.mark.usefixtures("hot")
def test_it_is_counted_as_a_whole():
    reserve(an_order(0), ("A", 4))
    count_units(("A", 12, 15))
    assert counters("A") == (15, 11, 4)
    count_units(("A", 15, 6))
    assert counters("A") == (6, 2, 4)
    with pytest.raises(CountOutdated) as error:
        count_units(("A", 12, 6))
    assert error.value.members["counts"][0]["on_hand"] == 6
    with pytest.raises(CountBelowReserved):
        count_units(("A", 6, 3))
    count_units(("A", 6, 6))
    assert counters("A") == (6, 2, 4)


@pytest.mark.usefixtures("hot")
def test_what_ships_while_it_is_counted_makes_the_count_outdated(monkeypatch):
    reserve(an_order(2), ("A", 4))
    read, shipped = split_stock.read_split, []

    def read_then_ship(lines: Any) -> Any:
        found = read(lines)
        if not shipped:
            shipped.append(True)
            settle(Settlement("A", "leeds", 4, 0))
        return found

    monkeypatch.setattr("chalicelib.inventory.service.change_stock.read_split", read_then_ship)
    with pytest.raises(CountOutdated):
        count_units(("A", 12, 11))
    assert counters("A") == (8, 8, 0)


# ---- splitting ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("hot")
def test_fewer_rows_are_folded_into_the_first_with_what_is_reserved():
    reserve(an_order(2), ("A", 3))
    split("A", 2)
    assert len(rows("A")) == 2
    assert counters("A") == (12, 9, 3)
    split("A", 1)
    assert rows("A") == [(12, 9, 3)]
    assert store.get_location("leeds").rows == {}
    settle(Settlement("A", "leeds", 3, 0))
    assert counters("A") == (9, 9, 0)


def test_nothing_is_split_that_has_a_backorder_limit_or_that_orders_wait_for():
    has_location()
    receive(("A", 1))
    with pytest.raises(SplitSellsWhatIsThere):
        set_policy("A", 3, shards=2)
    set_policy("A", 3)
    reserve("ord_1", ("A", 2, 1))
    with pytest.raises(StillWaiting):
        split("A", 2)
    put_back([StockLine("A", "leeds", 2, 1)])
    split("A", 2)


@pytest.mark.usefixtures("hot")
def test_nobody_waits_for_stock_that_is_split():
    with pytest.raises(StockMoved):
        reserve(an_order(0), ("A", 13, 1))


def test_stock_that_never_was_can_be_split_for_what_will_come():
    has_location()
    split("A", 4)
    receive(("A", 8))
    assert service.level_split_stock(within=10) == {"levelled": 1, "failed": 0, "left": 0}
    assert rows("A") == [(2, 2, 0)] * 4


def test_a_location_has_so_many_split_skus(monkeypatch):
    monkeypatch.setattr(split_stock, "MAX_SPLIT_LINES", 2)
    has_location()
    split("A", 2)
    split("B", 2)
    split("A", 3)
    with pytest.raises(TooManySplit):
        split("C", 2)
    split("A", 1)
    split("C", 2)
    assert MAX_SPLIT_LINES == 100


@pytest.mark.usefixtures("hot")
def test_what_was_left_half_folded_is_folded_by_the_schedule(monkeypatch):
    reserve(an_order(2), ("A", 3))
    monkeypatch.setattr("chalicelib.inventory.service.stock_policy.tidy", _fails)
    split("A", 1)
    assert (len(rows("A")), counters("A")) == (3, (12, 9, 3))
    assert service.level_split_stock(within=10)["levelled"] == 1
    assert rows("A") == [(12, 9, 3)]
    assert service.level_split_stock(within=10) == {"levelled": 0, "failed": 0, "left": 0}


def _fails(*_: Any) -> None:
    raise Contended("too busy")


@pytest.mark.usefixtures("hot")
def test_who_levels_by_what_is_no_more_so_changes_nothing():
    before = stock("A")
    split("A", 1)
    tx = Transaction()
    store.shift(tx, before, Shift(0, 2, 4))
    with pytest.raises(StockMoved):
        tx.commit()
    split("A", 2)
    tx = Transaction()
    store.shift(tx, before, Shift(1, 2, 1))
    with pytest.raises(StockMoved):
        tx.commit()
    assert counters("A") == (12, 12, 0)


@pytest.mark.usefixtures("hot")
def test_what_is_sold_while_rows_are_levelled_does_not_move():
    before = stock("A")
    reserve(an_order(1), ("A", 3))
    tx = Transaction()
    store.shift(tx, before, Shift(1, 2, 2))
    with pytest.raises(StockMoved):
        tx.commit()


@pytest.mark.usefixtures("hot")
def test_what_is_sold_while_a_row_is_folded_is_folded_again():
    before = find_many(service.stock_keys(["A"], ["leeds"]))
    whole, lying = stock("A"), store.rows_in_batch(before, "A", "leeds")
    reserve(an_order(2), ("A", 1))
    tx = Transaction()
    store.fold(tx, whole, 2, lying[2])
    with pytest.raises(StockMoved):
        tx.commit()


def test_who_does_not_know_yet_of_the_split_learns_of_it_when_refused():
    has_location()
    receive(("A", 6))
    service.availability(["A"], "web")
    listed = store.location._listed
    split("A", 3)
    reserve(an_order(1), ("A", 2))
    reserve(an_order(2), ("A", 2))

    store.location._listed = listed
    assert stock("A").available == 2
    with pytest.raises(StockMoved):
        settle(Settlement("A", "leeds", 2, 0))
    settle(Settlement("A", "leeds", 2, 0))
    assert counters("A") == (4, 2, 2)

    store.location._listed = listed
    adjust(("A", -2))
    service.forget_locations()
    assert counters("A") == (2, 0, 2)

    store.location._listed = listed
    put_back_again = [StockLine("A", "leeds", 2)]
    with pytest.raises(StockMoved):
        put_back(put_back_again)
    put_back(put_back_again)
    assert counters("A") == (2, 2, 0)


@pytest.mark.usefixtures("hot")
def test_a_reservation_that_runs_out_gives_back(monkeypatch):
    reserve(an_order(1), ("A", 5), seconds=-1)
    assert service.release_expired(ASSOCIATE, within=10)["released"] == 1
    assert the_reservation(an_order(1)).state is ReservationState.EXPIRED
    assert counters("A") == (12, 12, 0)


def test_a_version_that_is_not_the_policys_changes_nothing():
    has_location()
    split("A", 2)
    given = {"safety": {}, "backorder_limit": 0, "backorder_days": 0, "shards": 4}
    with pytest.raises(Stale):
        service.set_policy("A", "leeds", 0, **given, by=ADMIN)
    assert service.read_policy("A", "leeds", ADMIN).shards == 2


def test_what_waited_and_was_served_before_the_split_is_given_back_whole():
    has_location()
    receive(("A", 2))
    set_policy("A", 5)
    lines = [StockLine("A", "leeds", 4, 2)]
    held = {"channel": "web", "expires_at": NOON + timedelta(days=9_999), "owner": "ord_1", "by": ASSOCIATE}
    service.reserve_in_parts("rsv_1", lines, **held)
    receive(("A", 2))
    serve("A", 2)
    split("A", 3)

    def give_back() -> None:
        tx = Transaction()
        service.release_reservation(tx, the_reservation("rsv_1"), ASSOCIATE, served=[StockLine("A", "leeds", 2)])
        tx.commit()

    # One who does not know of the split is refused, and learns of it.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("chalicelib.inventory.service.reserve_stock.is_split", lambda _: False)
        with pytest.raises(StockMoved):
            give_back()
    give_back()
    assert service.finish_release("rsv_1", ASSOCIATE)
    assert (counters("A"), stock("A").waiting) == ((4, 4, 0), 0)


def test_a_location_that_changes_meanwhile_does_not_keep_stock_from_being_split(monkeypatch):
    has_location()
    read, changed = store.get_location, []

    def read_and_be_overtaken(location_id: str) -> Any:
        found = read(location_id)
        if not changed:
            changed.append(True)
            service.change_location(location_id, found.version, {"name": "Renamed"}, by=ADMIN)
        return found

    monkeypatch.setattr(
        "chalicelib.inventory.service.split_stock.store",
        SimpleNamespace(**{**vars(store), "get_location": read_and_be_overtaken}),
    )
    split("A", 3)
    assert (read("leeds").name, read("leeds").rows) == ("Renamed", {"A": 3})
