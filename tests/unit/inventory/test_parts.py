"""Reservations in parts: taken, opened, committed and given back, whoever dies or comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import Any

import pytest

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import AisleError, Conflict, Unavailable
from chalicelib.core.outbox import timeline
from chalicelib.core.table import MAX_ACTIONS, Transaction
from chalicelib.inventory import service, store
from chalicelib.inventory.domain import AlreadySettled, ReservationLost, ReservationState, StockTooLow
from chalicelib.inventory.service import large_reservations as parts_module
from tests.unit.inventory.builders import (
    ASSOCIATE,
    NOON,
    commit,
    counters,
    in_parts,
    on_shelf,
    open_parts,
    release,
    reserve,
    set_safety,
    the_reservation,
)
from tests.unit.inventory.crashes import Crash, dying_at, transactions_of

pytestmark = pytest.mark.usefixtures("leeds")

SYSTEM = Principal("system", "inventory")
SKUS = ["A", "B", "C", "D", "E"]
FIVE = [(sku, 2) for sku in SKUS]


@pytest.fixture(autouse=True)
def parts_of_two(monkeypatch):
    monkeypatch.setattr(parts_module, "PART_LINES", 2)


@pytest.fixture
def five(leeds):
    """Five of each of five SKUs."""
    on_shelf(*((sku, 5) for sku in SKUS))


def held() -> list[int]:
    """Units reserved of each SKU."""
    return [counters(sku)[2] for sku in SKUS]


def finish(id: str) -> bool:
    return service.finish_release(id, SYSTEM)


def come_by() -> dict[str, int]:
    """The schedule."""
    return service.release_expired(SYSTEM, within=30)


def state(id: str) -> ReservationState:
    return the_reservation(id).state


def nothing(id: str) -> None:
    """Leave it as it is."""


def open_and_commit(id: str) -> None:
    open_parts(id)
    commit(id)


# ---- taking -------------------------------------------------------------------------------------------------------------


def test_lines_are_taken_part_by_part_under_one_small_head(five):
    made: list[Any] = []
    sizes = transactions_of(lambda: made.append(in_parts("ord_1", *FIVE, ("A", 1))))
    assert sizes == [1, 4, 4, 3]
    assert made == [the_reservation("ord_1")]
    assert (made[0].state, made[0].lines, made[0].in_parts, made[0].version) == ("building", (), True, 1)
    assert [[(line.sku, line.quantity) for line in part.lines] for part in store.held_parts("ord_1")] == [
        [("A", 3), ("B", 2)],
        [("C", 2), ("D", 2)],
        [("E", 2)],
    ]
    assert held() == [3, 2, 2, 2, 2]


def test_when_a_part_is_short_all_is_given_back_and_every_short_sku_is_named(five):
    reserve("ord_0", ("B", 1), ("D", 4), ("E", 4))
    with pytest.raises(StockTooLow) as refused:
        in_parts("ord_1", ("A", 5), ("C", 5), ("B", 5), ("F", 1), ("D", 2), ("E", 1), ("G", 3))
    assert refused.value.members["shortages"] == [
        {"sku": sku, "location_id": "leeds", "wanted": wanted, "left": left}
        for sku, wanted, left in [("B", 5, 4), ("F", 1, 0), ("D", 2, 1), ("G", 3, 0)]
    ]
    assert held() == [0, 1, 0, 4, 4]
    assert state("ord_1") is ReservationState.RELEASED
    assert list(timeline("RESERVATION#ord_1")) == []


def test_safety_stock_of_the_channel_stays(five):
    set_safety("A", {"web": 3})
    set_safety("E", {"web": 4})
    with pytest.raises(StockTooLow) as refused:
        in_parts("ord_1", ("A", 3), ("B", 1), ("C", 1), ("D", 1), ("E", 2))
    assert [(one["sku"], one["left"]) for one in refused.value.members["shortages"]] == [("A", 2), ("E", 1)]
    in_parts("ord_2", ("A", 2), ("E", 1))
    in_parts("ord_3", ("A", 3), ("E", 4), channel="store")


def test_what_the_first_read_is_behind_on_is_decided_by_the_condition(five, monkeypatch):
    read = parts_module.find_many

    def read_then_lose(keys: Any, **how: Any) -> Any:
        found = read(keys, **how)
        monkeypatch.setattr(parts_module, "find_many", read)
        reserve("ord_0", ("A", 4))
        return found

    monkeypatch.setattr(parts_module, "find_many", read_then_lose)
    with pytest.raises(StockTooLow) as refused:
        in_parts("ord_1", *FIVE)
    assert refused.value.members["shortages"] == [{"sku": "A", "location_id": "leeds", "wanted": 2, "left": 1}]
    assert held() == [4, 0, 0, 0, 0]


@pytest.mark.parametrize("end", [lambda: None, lambda: (release("ord_1"), finish("ord_1"))])
def test_an_id_is_used_once(five, end):
    in_parts("ord_1", ("A", 1))
    end()
    before = held()
    with pytest.raises(Conflict, match="exists"):
        in_parts("ord_1", ("A", 1))
    assert held() == before


def test_what_needs_too_many_counters_is_taken_in_halves(five, monkeypatch):
    monkeypatch.setattr(parts_module, "PART_LINES", 5)
    promise = parts_module.promise

    def crowded(tx: Transaction, lines: Any, **how: Any) -> None:
        promise(tx, lines, **how)
        for number in range(40 * len(lines)):
            store.release_part(tx, parts_module.Part("ord_x", number, ()), NOON)
        if len(tx) <= MAX_ACTIONS:
            del tx._updates[len(lines) :]

    monkeypatch.setattr(parts_module, "promise", crowded)
    in_parts("ord_1", *FIVE)
    assert [[line.sku for line in part.lines] for part in store.held_parts("ord_1")] == [
        ["A", "B"],
        ["C"],
        ["D", "E"],
    ]
    assert held() == [2] * 5


def test_a_part_fits_into_a_transaction_with_room_for_more(leeds, monkeypatch):
    monkeypatch.undo()
    lines = [(f"S{number}", 1) for number in range(100)]
    on_shelf(*lines)
    assert transactions_of(lambda: in_parts("ord_1", *lines)) == [1, 82, 22]
    release("ord_1")
    assert transactions_of(lambda: finish("ord_1")) == [81, 21, 1]
    assert {counters(sku) for sku, _ in lines} == {(1, 1, 0)}


# ---- binding ------------------------------------------------------------------------------------------------------------


def test_it_is_opened_and_committed_as_one(five):
    with clock.at(NOON):
        in_parts("ord_1", *FIVE)
        with pytest.raises(ReservationLost):
            commit("ord_1")
        open_parts("ord_1")
        with pytest.raises(ReservationLost):
            open_parts("ord_1")
        assert transactions_of(lambda: commit("ord_1")) == [1]
    with clock.at(NOON + timedelta(days=1)):
        assert come_by() == {"released": 0, "settled": 0, "failed": 0, "left": 0}
    assert (state("ord_1"), the_reservation("ord_1").version, held()) == ("committed", 3, [2] * 5)


@pytest.mark.parametrize("bind", [open_parts, open_and_commit])
def test_past_its_time_it_is_lost_before_the_schedule_comes_by(five, bind):
    with clock.at(NOON):
        in_parts("ord_1", *FIVE, seconds=60)
    with clock.at(NOON + timedelta(seconds=60)), pytest.raises(ReservationLost):
        bind("ord_1")
    with clock.at(NOON + timedelta(seconds=59)):
        bind("ord_1")


# ---- giving back --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bind", [nothing, open_parts, open_and_commit])
def test_released_it_gives_back_every_part_once(five, bind):
    in_parts("ord_1", *FIVE)
    in_parts("ord_2", *FIVE)
    bind("ord_1")
    before = the_reservation("ord_1")
    release("ord_1")
    assert (state("ord_1"), held()) == ("releasing", [4] * 5)
    with pytest.raises(ReservationLost):
        commit("ord_1")
    with pytest.raises(ReservationLost):
        open_parts("ord_1")
    assert finish("ord_1")
    assert (state("ord_1"), held()) == ("released", [2] * 5)
    assert not finish("ord_1")
    tx = Transaction()
    service.release_reservation(tx, before, ASSOCIATE)
    with pytest.raises(AlreadySettled):
        tx.commit()
    assert held() == [2] * 5
    assert list(timeline("RESERVATION#ord_1")) == []


def test_what_is_not_being_released_is_not_finished(five):
    in_parts("ord_1", *FIVE)
    reserve("ord_2", ("A", 1))
    for id in ("ord_1", "ord_2", "ord_3"):
        assert not finish(id)
    assert held() == [3, 2, 2, 2, 2]


def test_the_schedule_finishes_what_was_released(five):
    with clock.at(NOON):
        in_parts("ord_1", *FIVE)
        open_parts("ord_1")
        commit("ord_1")
        release("ord_1")
        assert come_by() == {"released": 1, "settled": 0, "failed": 0, "left": 0}
        assert come_by()["released"] == 0
    assert (state("ord_1"), held()) == ("released", [0] * 5)


@pytest.mark.parametrize("bind", [nothing, open_parts])
def test_the_schedule_gives_back_what_is_past_its_time_and_tells(five, bind):
    with clock.at(NOON):
        in_parts("ord_1", *FIVE, seconds=60)
        bind("ord_1")
        version = the_reservation("ord_1").version
    with clock.at(NOON + timedelta(seconds=59)):
        assert come_by()["released"] == 0
    with clock.at(NOON + timedelta(seconds=60)):
        assert come_by() == {"released": 1, "settled": 0, "failed": 0, "left": 0}
        assert come_by()["released"] == 0
    assert (state("ord_1"), held()) == ("expired", [0] * 5)
    [event] = timeline("RESERVATION#ord_1")
    assert (event.type, event.aggregate.version) == ("ReservationExpired", version + 2)
    assert event.data == {"owner": "ord_1", "channel": "web"}


def test_the_schedule_does_not_take_what_is_not_due(five, monkeypatch):
    with clock.at(NOON):
        in_parts("ord_1", *FIVE, seconds=60)
        monkeypatch.setattr(store, "due_reservations", lambda _: iter(["ord_1"]))
        assert come_by()["settled"] == 1
    assert (state("ord_1"), held()) == ("building", [2] * 5)


def test_no_part_is_taken_once_it_is_given_back(five, monkeypatch):
    """The builder is so slow that its time runs out, and the schedule comes by between two parts."""
    read = parts_module.find_many
    reads = iter([lambda: None, lambda: expired.append(come_by())])
    expired: list[Any] = []

    def late(keys: Any, **how: Any) -> Any:
        with clock.at(NOON + timedelta(hours=1)):
            next(reads)()
        return read(keys, **how)

    monkeypatch.setattr(parts_module, "find_many", late)
    with clock.at(NOON), pytest.raises(ReservationLost):
        in_parts("ord_1", *FIVE, seconds=60)
    assert [one["released"] for one in expired] == [1]
    assert (state("ord_1"), held()) == ("expired", [0] * 5)


def test_the_schedule_leaves_what_was_committed_in_time(five, monkeypatch):
    with clock.at(NOON):
        in_parts("ord_1", *FIVE, seconds=60)
        open_and_commit("ord_1")
    monkeypatch.setattr(store, "due_reservations", lambda _: iter(["ord_1"]))
    with clock.at(NOON + timedelta(hours=1)):
        assert come_by()["settled"] == 1
    assert (state("ord_1"), held()) == ("committed", [2] * 5)


def test_who_comes_late_gives_nothing_back_a_second_time(five, monkeypatch):
    in_parts("ord_0", *FIVE)
    in_parts("ord_1", *FIVE)
    release("ord_1")
    read = store.held_parts

    def read_and_dawdle(id: str) -> Any:
        parts = read(id)
        monkeypatch.setattr(store, "held_parts", read)
        assert finish(id)
        return parts

    monkeypatch.setattr(store, "held_parts", read_and_dawdle)
    assert not finish("ord_1")
    assert held() == [2] * 5


def test_ended_parts_and_heads_are_cleaned_up_in_time(five):
    with clock.at(NOON):
        in_parts("ord_1", *FIVE)
        release("ord_1")
        finish("ord_1")
    rows = list(store.reservation_part.ReservationPartItem.query("RESERVATION#ord_1"))
    assert [int(row.ttl or 0) for row in rows] == [clock.epoch_seconds(NOON + timedelta(days=30))] * 4


# ---- crashes ------------------------------------------------------------------------------------------------------------


def _life() -> None:
    in_parts("ord_1", *FIVE, seconds=60)
    open_parts("ord_1")
    commit("ord_1")
    release("ord_1")
    finish("ord_1")


LIFE = [1, 4, 4, 3, 1, 1, 1, 3, 3, 2, 1]
OPENED, COMMITTED, RELEASED, ENDED = 5, 6, 7, 11


@pytest.mark.parametrize("committed", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, len(LIFE) + 1))
def test_dying_at_any_transaction_of_its_life_loses_and_doubles_nothing(five, number, committed):
    with clock.at(NOON), dying_at(number, committed=committed) as sizes, suppress(Crash):
        _life()
    assert sizes == LIFE[:number]
    done = number if committed else number - 1
    for _ in range(2):
        with clock.at(NOON + timedelta(hours=1)):
            assert come_by()["failed"] == 0
    if done == 0:
        assert service.find_reservation("ord_1") is None
    elif done < COMMITTED:
        assert state("ord_1") is ReservationState.EXPIRED
    elif done < RELEASED:
        assert (state("ord_1"), held()) == ("committed", [2] * 5)
        return
    else:
        assert state("ord_1") is ReservationState.RELEASED
    assert held() == [0] * 5
    assert {counters(sku) for sku in SKUS} == {(5, 5, 0)}


@pytest.mark.parametrize("committed", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, 9))
def test_dying_while_a_short_one_is_given_back(five, number, committed):
    reserve("ord_0", ("E", 4))
    with clock.at(NOON), dying_at(number, committed=committed), suppress(Crash, StockTooLow):
        in_parts("ord_1", *FIVE, seconds=60)
    with clock.at(NOON + timedelta(hours=1)):
        assert come_by()["failed"] == 0
    assert held() == [0, 0, 0, 0, 4]


@pytest.mark.parametrize("committed", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, 6))
def test_dying_in_the_schedule_is_made_good_by_the_next_one(five, number, committed):
    with clock.at(NOON):
        in_parts("ord_1", *FIVE, seconds=60)
    with clock.at(NOON + timedelta(hours=1)):
        with dying_at(number, committed=committed), suppress(Crash):
            come_by()
        assert come_by()["failed"] == 0
    assert (state("ord_1"), held()) == ("expired", [0] * 5)
    assert [event.type for event in timeline("RESERVATION#ord_1")] == ["ReservationExpired"]


@pytest.mark.parametrize("from_part", [2, 3, 4])
def test_what_could_not_be_given_back_at_once_is_by_the_schedule(five, monkeypatch, from_part):
    """The table stops answering: the error that the caller hears is the first one."""
    commit_of = Transaction.commit
    sizes: list[int] = []

    def unanswered(tx: Transaction) -> None:
        sizes.append(len(tx))
        if len(sizes) >= from_part:
            raise Unavailable("The data store did not answer.")
        commit_of(tx)

    with clock.at(NOON), monkeypatch.context() as patch:
        patch.setattr(Transaction, "commit", unanswered)
        with pytest.raises(Unavailable):
            in_parts("ord_1", *FIVE, seconds=60)
    assert sizes[from_part - 1 :] == [LIFE[from_part - 1], 1]
    assert state("ord_1") is ReservationState.BUILDING
    with clock.at(NOON + timedelta(hours=1)):
        assert come_by()["released"] == 1
    assert held() == [0] * 5


# ---- races --------------------------------------------------------------------------------------------------------------


def at_once(*works: Callable[[], Any]) -> Counter[str]:
    """Run all at the same moment; counts how each ended: its result, or its error's name."""
    ready = Barrier(len(works))

    def run(work: Callable[[], Any]) -> str:
        ready.wait(30)
        try:
            return str(work())
        except AisleError as error:
            return type(error).__name__

    with ThreadPoolExecutor(len(works)) as pool:
        return Counter(pool.map(run, works))


def test_released_by_eight_at_once_every_part_is_given_back_once(five):
    in_parts("ord_0", *FIVE)
    in_parts("ord_1", *FIVE)
    assert at_once(*[partial(release, "ord_1")] * 8) == {"None": 1, "AlreadySettled": 7}
    assert at_once(*[partial(finish, "ord_1")] * 8) == {"True": 1, "False": 7}
    assert (state("ord_1"), held()) == ("released", [2] * 5)


def test_the_schedule_in_several_places_at_once_ends_it_once(five):
    with clock.at(NOON):
        in_parts("ord_0", *FIVE)
        in_parts("ord_1", *FIVE, seconds=60)
    with clock.at(NOON + timedelta(seconds=61)):
        at_once(*[come_by] * 6)
    assert (state("ord_1"), held()) == ("expired", [2] * 5)
    assert [event.type for event in timeline("RESERVATION#ord_1")] == ["ReservationExpired"]


def test_committed_and_released_at_once_it_ends_released(five):
    for number in range(4):
        id = f"ord_{number}"
        in_parts(id, *FIVE)
        open_parts(id)
        ended = at_once(partial(commit, id), partial(release, id))
        assert ended in ({"None": 2}, {"None": 1, "ReservationLost": 1})
        finish(id)
        assert (state(id), held()) == ("released", [0] * 5)


def test_opened_and_released_at_once_it_ends_released(five):
    for number in range(4):
        id = f"ord_{number}"
        in_parts(id, *FIVE)
        ended = at_once(partial(open_parts, id), partial(release, id))
        assert ended in ({"None": 2}, {"None": 1, "ReservationLost": 1})
        finish(id)
        assert (state(id), held()) == ("released", [0] * 5)


def test_taken_while_another_gives_it_back_no_part_stays(five):
    """Whoever releases it while it is being built; the builder loses, or it was done already."""
    for number in range(4):
        id = f"ord_{number}"

        def give_back(id: str = id) -> None:
            while service.find_reservation(id) is None:
                pass
            with suppress(AlreadySettled):
                release(id)
            finish(id)

        at_once(partial(in_parts, id, *FIVE), give_back)
        assert (state(id), held()) == ("released", [0] * 5)


def test_buyers_in_parts_oversell_nothing(five):
    ended = at_once(*[partial(in_parts, f"ord_{number}", *FIVE) for number in range(6)])
    done = 6 - ended["StockTooLow"]
    assert 0 <= done <= 2
    assert held() == [2 * done] * 5
    assert all(counters(sku)[1] == 5 - 2 * done for sku in SKUS)
