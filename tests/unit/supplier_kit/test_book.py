"""The reference supplier's book: one answer per allocation, no unit promised twice."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from aisle_supplier.server.book import Malformed, OrderBook, StockUnreadable

REAL = "ful_01J9Z3K4M5N6P7Q8R9S0T1V2W3_1"


def an_order(*lines, allocation=REAL, **more):
    return {
        "allocation_id": allocation,
        "order_id": "ord_1",
        "lines": [
            {"line_id": str(number), "supplier_sku": sku, "quantity": units}
            for number, (sku, units) in enumerate(lines, 1)
        ],
        **more,
    }


def a_cancellation(units, id="can_1", line="1"):
    return {"cancellation_id": id, "lines": [{"line_id": line, "quantity": units}]}


def left(book):
    return {sku: shelf.quantity for sku, shelf in book.stock.items()}


def test_all_of_it_some_of_it_nothing():
    book = OrderBook({"A": 3, "B": 0, "C": {"quantity": 9, "refuse": "price"}})
    accepted = book.take(an_order(("A", 2)))
    assert (accepted["decision"], left(book)["A"]) == ("accepted", 1)
    partial = book.take(an_order(("B", 1), ("A", 2), allocation="ful_2"))
    assert partial["lines"] == [{"line_id": "2", "quantity": 1}]
    assert (partial["decision"], partial["reason"]) == ("partial", "out_of_stock")
    assert book.take(an_order(("A", 1), allocation="ful_3")) == {"decision": "rejected", "reason": "out_of_stock"}
    assert book.take(an_order(("C", 1), allocation="ful_4")) == {"decision": "rejected", "reason": "price"}
    assert book.take(an_order(("X", 1), allocation="ful_5")) == {"decision": "rejected", "reason": "discontinued"}
    assert left(book) == {"A": 0, "B": 0, "C": 9}


def test_two_lines_of_one_sku_share_its_units():
    book = OrderBook({"A": 3})
    answer = book.take(an_order(("A", 2), ("A", 2)))
    assert answer["lines"] == [{"line_id": "1", "quantity": 2}, {"line_id": "2", "quantity": 1}]


def thinks(book, seconds, monkeypatch):
    """Let it take its time to decide, so that others come meanwhile."""
    decided = book._decided
    monkeypatch.setattr(book, "_decided", lambda order: [decided(order), time.sleep(seconds)][0])


def test_32_threads_that_ask_the_same_get_one_answer_and_take_once(monkeypatch):
    book = OrderBook({"A": 100})
    thinks(book, 0.02, monkeypatch)
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: json.dumps(book.take(an_order(("A", 3)))), range(320)))
    assert len(set(answers)) == 1
    assert left(book) == {"A": 97}


def test_32_threads_that_ask_for_the_last_units_get_no_more_than_there_are(monkeypatch):
    book = OrderBook({"A": 10})
    thinks(book, 0.001, monkeypatch)
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda n: book.take(an_order(("A", 1), allocation=f"ful_{n}")), range(64)))
    assert [answer["decision"] for answer in answers].count("accepted") == 10
    assert left(book) == {"A": 0}


def test_what_was_answered_is_told_whatever_came_since():
    book = OrderBook({"A": 3})
    assert book.status(REAL) is None
    answer = book.take(an_order(("A", 2)))
    book.cancel(REAL, a_cancellation(2))
    assert book.status(REAL) == answer
    assert book.take(an_order(("A", 2))) == answer


def test_a_cancellation_gives_units_back_once():
    book = OrderBook({"A": 3})
    book.take(an_order(("A", 3)))
    for _ in range(2):
        assert book.cancel(REAL, a_cancellation(1)) == {"decision": "cancelled"}
    assert left(book) == {"A": 1}
    assert book.orders[REAL].promised == {"1": 2}
    book.cancel(REAL, a_cancellation(9, id="can_2"))
    assert left(book) == {"A": 3}
    assert book.ship(REAL) == {}


def test_what_has_left_is_not_cancelled_and_a_cancellation_before_stays_one():
    book = OrderBook({"A": 3})
    book.take(an_order(("A", 3)))
    book.cancel(REAL, a_cancellation(1))
    assert book.ship(REAL) == {"1": 2}
    assert book.ship(REAL) == {}
    assert book.cancel(REAL, a_cancellation(1)) == {"decision": "cancelled"}
    assert book.cancel(REAL, a_cancellation(1, id="can_2")) == {"decision": "too_late"}
    assert left(book) == {"A": 1}


def test_what_was_cancelled_before_it_came_never_arrives():
    book = OrderBook({"A": 3})
    assert book.cancel(REAL, a_cancellation(1)) is None
    assert book.status(REAL) is None
    assert book.take(an_order(("A", 1))) == {"decision": "rejected", "reason": "other"}
    assert book.cancel(REAL, a_cancellation(1)) is None
    assert left(book) == {"A": 3}


def test_nothing_is_shipped_while_it_is_held():
    book = OrderBook({"A": 3})
    book.take(an_order(("A", 1), held=True))
    assert book.ship(REAL) == {}
    assert book.change(REAL, {"change_id": "2", "held": False, "ship_to": {"city": "Leeds"}})
    assert book.change(REAL, {"change_id": "2", "held": True}), "a repetition, which says nothing new"
    assert book.orders[REAL].ship_to == {"city": "Leeds"}
    assert book.ship(REAL) == {"1": 1}
    assert not book.change("ful_2", {"change_id": "1", "held": True})


def test_a_test_is_answered_and_not_shipped():
    book = OrderBook({"A": 3})
    test = "ful_00000000000123456789ABCDEF_1"
    assert book.take(an_order(("A", 1), allocation=test))["decision"] == "accepted"
    assert book.ship(test) == {}


def test_what_was_cancelled_while_it_was_open_is_left_out_of_the_answer():
    book = OrderBook({"A": 3})
    assert book.take(an_order(("A", 3)), later=True) == {"decision": "later"}
    assert book.ship(REAL) == {}
    book.cancel(REAL, a_cancellation(1))
    decided = book.decide(REAL)
    assert decided == {"decision": "partial", "lines": [{"line_id": "1", "quantity": 2}], "reason": "other"}
    assert book.take(an_order(("A", 3))) == decided
    book.cancel(REAL, a_cancellation(2, id="can_2"))
    assert book.decide(REAL) == decided


def test_all_cancelled_while_it_was_open_is_a_rejection():
    book = OrderBook({"A": 3})
    book.take(an_order(("A", 3)), later=True)
    book.cancel(REAL, a_cancellation(3))
    assert book.decide(REAL) == {"decision": "rejected", "reason": "other"}


def test_a_journal_is_gone_on_from(tmp_path):
    journal = tmp_path / "book.json"
    book = OrderBook({"A": 3}, journal)
    answer = book.take(an_order(("A", 2)))
    book.cancel(REAL, a_cancellation(1))
    book.cancel("ful_9", a_cancellation(1))
    again = OrderBook({"A": 999}, journal)
    assert again.take(an_order(("A", 2))) == answer
    assert again.cancel(REAL, a_cancellation(1)) == {"decision": "cancelled"}
    assert left(again) == {"A": 2}
    assert again.take(an_order(("A", 1), allocation="ful_9"))["decision"] == "rejected"
    assert list(tmp_path.iterdir()) == [journal]


@pytest.mark.parametrize(
    "lines",
    [None, [], {}, ["1"], [{}], [{"line_id": "1", "supplier_sku": "A"}]]
    + [
        [{"line_id": "1", "supplier_sku": "A", "quantity": quantity}]
        for quantity in (0, -1, 1.0, "1", True, None, float("nan"))
    ]
    + [
        [{"line_id": "1", "supplier_sku": "A", "quantity": 1}] * 2,
        [{"line_id": "", "supplier_sku": "A", "quantity": 1}],
    ]
    + [[{"line_id": "1", "supplier_sku": 7, "quantity": 1}]],
)
def test_an_order_has_lines_of_its_own_with_units(lines):
    book = OrderBook({"A": 3})
    with pytest.raises(Malformed):
        book.take({**an_order(), "lines": lines})
    assert left(book) == {"A": 3}


@pytest.mark.parametrize("stock", [[], {"A": -1}, {"A": 1.5}, {"A": True}, {"A": {"quantity": 1, "refuse": "mood"}}])
def test_stock_is_units_by_sku(stock):
    with pytest.raises(StockUnreadable):
        OrderBook(stock)


class Book(RuleBasedStateMachine):
    """Orders, cancellations and shipments in any order: units are on the shelf, promised, or gone."""

    def __init__(self):
        super().__init__()
        self.book = OrderBook({"A": 20})
        self.said = {}
        self.gone = 0

    @rule(number=st.integers(1, 4), units=st.integers(1, 9), later=st.booleans())
    def order(self, number, units, later):
        allocation = f"ful_{number}"
        answer = self.book.take(an_order(("A", units), allocation=allocation), later=later)
        if answer != {"decision": "later"}:
            assert self.said.setdefault(allocation, answer) == answer

    @rule(number=st.integers(1, 4), cancellation=st.integers(1, 3), units=st.integers(1, 9))
    def cancel(self, number, cancellation, units):
        self.book.cancel(f"ful_{number}", a_cancellation(units, id=f"can_{cancellation}"))

    @rule(number=st.integers(1, 4))
    def decide(self, number):
        if f"ful_{number}" in self.book.orders:
            answer = self.book.decide(f"ful_{number}")
            assert self.said.setdefault(f"ful_{number}", answer) == answer

    @rule(number=st.integers(1, 4))
    def ship(self, number):
        if f"ful_{number}" in self.book.orders:
            self.gone += sum(self.book.ship(f"ful_{number}").values())

    @invariant()
    def no_unit_is_lost_or_made(self):
        promised = sum(sum(order.promised.values()) for order in self.book.orders.values() if not order.shipped)
        assert left(self.book)["A"] + promised + self.gone == 20
        assert left(self.book)["A"] >= 0


TestBook = Book.TestCase
TestBook.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
