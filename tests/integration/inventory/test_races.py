"""Stock under parallel hands: nothing is sold twice, nothing is lost, whoever comes first."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier, Event
from typing import Any

import pytest

from chalicelib.core import clock
from chalicelib.core.auth import system
from chalicelib.core.errors import AisleError, Contended, Stale
from chalicelib.core.idempotency import no_answer
from chalicelib.core.table import find_many
from chalicelib.inventory import service
from chalicelib.inventory.domain import (
    AlreadySettled,
    CountOutdated,
    ReservationLost,
    ReservationState,
    ReservedTooLow,
    StockMoved,
    StockTooLow,
)
from chalicelib.inventory.service import Settlement
from tests.unit.inventory.builders import (
    ASSOCIATE,
    NOON,
    a_key,
    commit,
    count_units,
    counters,
    has_location,
    movements,
    noting,
    receive,
    release,
    reserve,
    rows,
    settle,
    split,
    stock,
    the_reservation,
)

pytestmark = [pytest.mark.usefixtures("real_table"), pytest.mark.local_cloud]

THREADS = 16


def at_once(*works: Callable[[], Any]) -> Counter[str]:
    """Run all at the same moment; counts how each ended: `done` or its error's name."""
    ready = Barrier(len(works))

    def run(work: Callable[[], Any]) -> str:
        ready.wait(30)
        try:
            work()
        except AisleError as error:
            return type(error).__name__
        return "done"

    with ThreadPoolExecutor(len(works)) as pool:
        return Counter(pool.map(run, works))


def every_unit_is_accounted_for(sku: str) -> None:
    on_hand, available, reserved = counters(sku)
    assert on_hand == available + reserved
    assert min(available, reserved) >= 0
    assert on_hand == sum(quantity for _, _, quantity in movements(sku))


def test_sixteen_buyers_of_fifty_units_get_exactly_fifty():
    has_location()
    receive(("A", 50))
    old = find_many(service.stock_keys(["A"], ["leeds"]))

    def buyer(number: int) -> Callable[[], None]:
        def buy() -> None:
            for attempt in range(5):
                try:
                    reserve(f"ord_{number}_{attempt}", ("A", 1), found=old)
                    sold.append(number)
                except StockTooLow as error:
                    refused.append(error.members["shortages"][0]["left"])

        return buy

    sold: list[int] = []
    refused: list[int] = []
    assert at_once(*(buyer(number) for number in range(THREADS))) == {"done": THREADS}
    assert len(sold) == 50
    assert refused == [0] * 30
    assert counters("A") == (50, 0, 50)


def test_sixteen_buyers_of_fifty_split_units_get_exactly_fifty():
    has_location()
    receive(("A", 50))
    split("A", 4)

    def buyer(number: int) -> Callable[[], None]:
        def buy() -> None:
            for attempt in range(5):
                with contextlib.suppress(StockTooLow):
                    patiently(partial(reserve, f"ord_{number}_{attempt}", ("A", 1)))
                    sold.append(number)

        return buy

    sold: list[int] = []
    assert at_once(*(buyer(number) for number in range(THREADS))) == {"done": THREADS}
    assert len(sold) == 50
    assert counters("A") == (50, 0, 50)
    assert sum(1 for _, _, reserved in rows("A") if reserved > 4) == 4


def patiently(command: Callable[[], None]) -> None:
    """As orders do: what moved between the rows meanwhile is read again."""
    for _ in range(50):
        try:
            return command()
        except (StockMoved, Contended):
            continue
    raise AssertionError("the units never came to rest")


def trade(orders: list[str], promised: Counter[str], shipped: Counter[str]) -> None:
    """Of three orders one stays reserved, one is shipped, and one is given back."""
    for number, order in enumerate(orders):
        units = 1 + number % 3
        patiently(partial(reserve, order, ("A", units)))
        if number % 3 == 2:
            patiently(partial(release, order))
            continue
        promised[order] = units
        if number % 3 == 1:
            patiently(partial(settle, Settlement("A", "leeds", units, 0), reference=order))
            shipped[order] = units


def test_split_stock_is_sold_shipped_counted_levelled_and_split_anew_at_once():
    has_location()
    receive(("A", 300))
    split("A", 3)
    promised, shipped = Counter[str](), Counter[str]()
    working = Event()

    def buyer(number: int) -> Callable[[], None]:
        return lambda: trade([f"ord_{number}_{attempt}" for attempt in range(12)], promised, shipped)

    def staff() -> None:
        for number in range(10):
            with contextlib.suppress(Stale, Contended):
                split("A", 1 + number % 5)
            with contextlib.suppress(Contended, CountOutdated):
                there = counters("A")[0]
                count_units(("A", there, there))

    def schedule() -> None:
        while not working.is_set():
            service.level_split_stock(within=30)

    with ThreadPoolExecutor(1) as pool:
        levelling = pool.submit(schedule)
        try:
            assert at_once(*(buyer(number) for number in range(8)), staff) == {"done": 9}
        finally:
            working.set()
        levelling.result()
    gone = shipped.total()
    assert counters("A") == (300 - gone, 300 - promised.total(), promised.total() - gone)
    every_unit_is_accounted_for("A")
    assert service.level_split_stock(within=30)["failed"] == 0
    assert all(on_hand == available + reserved for on_hand, available, reserved in rows("A"))


def test_buyers_of_several_skus_in_any_order_oversell_none():
    has_location()
    skus = ["A", "B", "C"]
    receive(*((sku, 10) for sku in skus))

    def buyer(number: int) -> Callable[[], None]:
        mine = random.Random(number).sample(skus, 2)
        return lambda: reserve(f"ord_{number}", *((sku, 2) for sku in mine))

    ended = at_once(*(buyer(number) for number in range(THREADS)))
    assert set(ended) <= {"done", "StockTooLow"}
    assert sum(counters(sku)[2] for sku in skus) == 4 * ended["done"]
    for sku in skus:
        every_unit_is_accounted_for(sku)


def test_one_reservation_from_sixteen_threads_is_made_once():
    has_location()
    receive(("A", 50))
    ended = at_once(*[lambda: reserve("ord_1", ("A", 3))] * THREADS)
    assert ended == {"done": 1, "Conflict": THREADS - 1}
    assert counters("A") == (50, 47, 3)


def test_one_key_from_sixteen_threads_receives_once():
    has_location()
    key = a_key()
    ended = at_once(
        *[
            lambda: service.receive_stock(
                "leeds", [("A", 5)], reference=None, by=ASSOCIATE, once=key, answer=lambda _: no_answer()
            )
        ]
        * THREADS
    )
    assert ended == {"done": 1, "Replay": THREADS - 1}
    assert movements("A") == [("received", "leeds", 5)]


def test_several_schedulers_at_once_release_each_reservation_once():
    has_location()
    receive(("A", 60))
    with clock.at(NOON):
        for number in range(40):
            reserve(f"ord_{number}", ("A", 1), seconds=60)
    counts: Counter[str] = Counter()
    with clock.at(NOON + timedelta(hours=1)):
        ended = at_once(*[lambda: counts.update(service.release_expired(system("inventory"), within=60))] * 6)
    assert ended == {"done": 6}
    assert (counts["released"], counts["failed"], counts["left"]) == (40, 0, 0)
    assert counters("A") == (60, 60, 0)


def test_committed_and_released_at_once_it_ends_released():
    has_location()
    receive(("A", 60))
    for number in range(10):
        name = f"ord_{number}"
        reserve(name, ("A", 1))
        ended = at_once(partial(commit, name), partial(release, name))
        assert ended in ({"done": 2}, {"done": 1, ReservationLost.__name__: 1})
        assert the_reservation(name).state is ReservationState.RELEASED
    assert counters("A") == (60, 60, 0)


def test_released_from_sixteen_threads_it_is_given_back_once():
    has_location()
    receive(("A", 5))
    reserve("ord_1", ("A", 2))
    reserve("ord_2", ("A", 2))
    ended = at_once(*[lambda: release("ord_1")] * THREADS)
    assert ended == {"done": 1, AlreadySettled.__name__: THREADS - 1}
    assert counters("A") == (5, 3, 2)


def test_the_warehouse_answers_twice_at_once_and_ships_once():
    has_location()
    receive(("A", 5))
    reserve("ord_1", ("A", 3))
    ended = at_once(*[lambda: settle(Settlement("A", "leeds", 2, 1))] * 8)
    assert ended == {"done": 1, ReservedTooLow.__name__: 7}
    assert counters("A") == (2, 2, 0)
    every_unit_is_accounted_for("A")


def test_a_count_against_receipts_and_buyers_loses_no_unit():
    has_location()
    receive(("A", 20))

    def count_again() -> None:
        for _ in range(20):
            try:
                count_units(("A", expected := stock("A").on_hand, expected + 1))
            except CountOutdated:
                continue
            counted.append(1)

    counted: list[int] = []
    buyers = [lambda number=number: reserve(f"ord_{number}", ("A", 1)) for number in range(6)]
    receipts = [lambda: receive(("A", 5))] * 6
    ended = at_once(count_again, count_again, *buyers, *receipts)
    assert ended == {"done": 14}
    assert counters("A") == (20 + 30 + len(counted), 20 + 30 + len(counted) - 6, 6)
    every_unit_is_accounted_for("A")


def test_one_stale_count_of_two_is_refused():
    has_location()
    receive(("A", 20))
    ended = at_once(*(lambda counted=counted: count_units(("A", 20, counted)) for counted in (18, 19)))
    assert ended == {"done": 1, CountOutdated.__name__: 1}


def test_a_transfer_received_and_called_back_at_once_arrives_somewhere_once():
    has_location()
    has_location("york")
    receive(("A", 10))
    made: list[str] = []
    service.dispatch_transfer(
        "leeds",
        "york",
        [("A", 4)],
        reference=None,
        by=ASSOCIATE,
        once=a_key(),
        answer=noting(made),
    )
    [id] = made
    arrive = lambda: service.receive_transfer(  # noqa: E731
        id, {"A": 4}, complete=True, by=ASSOCIATE, once=a_key(), answer=lambda _: no_answer()
    )
    cancel = lambda: service.cancel_transfer(id, by=ASSOCIATE, once=a_key(), answer=lambda _: no_answer())  # noqa: E731
    ended = at_once(*[arrive] * 4, *[cancel] * 4)
    assert ended["done"] == 1
    assert set(ended) <= {"done", Contended.__name__, "TransferSettled"}
    assert counters("A")[0] + counters("A", "york")[0] == 10
