"""One feed of a kind runs at a time; the one that ends gives the next its turn."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.idempotency import Idempotency, no_answer
from chalicelib.feeds import store
from chalicelib.feeds.domain import Format, Kind, Mode, TooManyFeeds, Turn
from chalicelib.feeds.domain.feed import MAX_WAITING
from chalicelib.feeds.service import use_cases
from chalicelib.feeds.service.use_cases import Announced
from tests.unit.feeds.builders import stock_file
from tests.unit.feeds.conftest import ACME, ANN, BEN, BOLT, TASK, Inbox

ONE = stock_file(("A", 1))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=40))
def test_turns_go_round_in_the_order_of_arrival(steps: list[tuple[bool, int]]) -> None:
    turn, line, version = Turn(ACME, Kind.STOCK), list[str](), 0
    for number, (joins, place) in enumerate(steps):
        if joins and len(line) <= MAX_WAITING:
            turn = turn.joined(f"fed_{number}")
            line.append(f"fed_{number}")
        elif line:
            turn = turn.left(line.pop(place % len(line)))
        else:
            continue
        version += 1
        assert ([turn.running] if turn.running else []) + list(turn.waiting) == line
        assert turn.version == version


def test_only_so_many_wait() -> None:
    turn = Turn(ACME, Kind.STOCK)
    for number in range(MAX_WAITING + 1):
        turn = turn.joined(f"fed_{number}")
    with pytest.raises(TooManyFeeds):
        turn.joined("fed_more")


def test_the_second_waits_for_the_first(inbox: Inbox) -> None:
    first, second, third = (inbox.send(ONE) for _ in range(3))
    inbox.deliver(first, second, third)
    assert inbox.started == [first]
    assert inbox.split(second) == {"outcome": "over"}
    inbox.run(first)
    assert inbox.read(second)["status"] == "waiting"
    inbox.deliver(first)
    assert inbox.started == [first, second]
    inbox.run(second)
    inbox.deliver(second)
    assert inbox.started == [first, second, third]


@pytest.mark.parametrize("end", ["refuse", "fail", "cancel"])
def test_however_the_first_ends_the_next_begins(inbox: Inbox, end: str) -> None:
    first, second = inbox.send(b"x\n" if end == "refuse" else ONE), inbox.send(ONE)
    inbox.deliver(first)
    if end == "refuse":
        inbox.run(first)
    elif end == "fail":
        use_cases.fail_feed(first, "SplitFeed", TASK)
    else:
        assert inbox.call("POST", f"/{first}/cancellations").json["status"] == "cancelled"
    inbox.deliver(first)
    assert inbox.started == [first, second]
    assert inbox.run(second) == "finished"


def test_one_that_waits_is_called_off(inbox: Inbox) -> None:
    first, second, third = (inbox.send(ONE) for _ in range(3))
    assert inbox.call("POST", f"/{second}/cancellations").json["status"] == "cancelled"
    inbox.run(first)
    inbox.deliver(first)
    assert inbox.started == [first, third]


def test_kinds_and_suppliers_do_not_wait_for_each_other(inbox: Inbox) -> None:
    inbox.seller(BOLT, BEN)
    sent = [
        inbox.send(ONE),
        inbox.send(b"supplier_sku,title\nA,x\n", "products"),
        inbox.send(ONE, by=BEN, supplier=BOLT),
    ]
    inbox.deliver(*sent)
    assert inbox.started == sent


def test_an_event_that_comes_again_starts_nothing_again(inbox: Inbox) -> None:
    first, second = inbox.send(ONE), inbox.send(ONE)
    for _ in range(3):
        use_cases.start_next(ACME, Kind.STOCK)
    assert inbox.started == [first]
    inbox.run(first)
    use_cases.start_next(ACME, Kind.STOCK)
    use_cases.start_next(ACME, Kind.STOCK)
    assert inbox.started == [first, second]


def test_files_that_come_at_the_same_time_all_have_a_place(inbox: Inbox) -> None:
    file = Announced(Kind.STOCK, Format.CSV, Mode.UPSERT, "a.csv", len(ONE))

    def send(number: int) -> Any:
        once = Idempotency.of("test", str(number), b"")
        return use_cases.send_feed(ACME, file, ONE, by=ANN, once=once, answer=lambda feed: no_answer())

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(send, range(6)))
    turn = store.get_turn(ACME, Kind.STOCK)
    ids = {feed.id for feed in store.feeds_of(ACME, None, 10)}
    assert {turn.running, *turn.waiting} == ids
    assert (len(ids), turn.version) == (6, 6)
