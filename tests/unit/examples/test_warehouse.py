import json
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

from examples.online_retail.api import Problem
from examples.online_retail.warehouse import ByQueue, Faults, Warehouse, answers_to
from tests.unit.examples.fakes import FakeQueue

REQUEST = {
    "fulfilment_id": "ful_1_1",
    "order_id": "ord_1",
    "location_id": "main",
    "lines": [{"line_id": "1", "sku": "A", "quantity": 5}, {"line_id": "2", "sku": "B", "quantity": 2}],
    "address": {},
    "correlation_id": "c",
}


def eventually(condition: Callable[[], bool]) -> None:
    end = monotonic() + 5
    while not condition():
        assert monotonic() < end, "it did not happen"
        sleep(0.01)


def a_warehouse(queue: FakeQueue, **options: Any) -> Warehouse:
    return Warehouse(queue, "requests", options.pop("way", ByQueue(queue, "answers")), **options)


def test_a_request_is_packed_shipped_and_delivered() -> None:
    assert answers_to(REQUEST) == [
        {
            "message_id": f"ful_1_1-{step}",
            "fulfilment_id": "ful_1_1",
            "type": step,
            "lines": [{"line_id": "1", "quantity": 5}, {"line_id": "2", "quantity": 2}],
            **({"tracking": {"carrier": "Sandbox Parcels", "number": "SP1_1"}} if step == "shipped" else {}),
            "correlation_id": "c",
        }
        for step in ("packed", "shipped", "delivered")
    ]


def test_what_cannot_be_found_is_left_out() -> None:
    assert [a["lines"] for a in answers_to(REQUEST, ("shipped",), {"A": 2, "B": 9})] == [
        [{"line_id": "1", "quantity": 3}]
    ]


def test_with_nothing_found_it_ships_nothing_and_says_so() -> None:
    assert [(a["type"], a["lines"]) for a in answers_to(REQUEST, missing={"A": 5, "B": 2})] == [("shipped", [])]


def test_answers_go_by_queue_apart_in_time_and_the_request_is_taken_off() -> None:
    queue, done = FakeQueue(), list[str]()
    queue.put(REQUEST)
    with a_warehouse(queue, on_done=done.append):
        eventually(lambda: done == ["ord_1"])
    assert [(a["type"], a["delay"]) for a in queue.sent] == [("packed", 0), ("shipped", 5), ("delivered", 10)]
    assert queue.deleted == ["r1"]


def test_a_request_that_comes_twice_is_answered_once() -> None:
    queue = FakeQueue()
    warehouse = a_warehouse(queue)
    for receipt in ("r1", "r2"):
        warehouse.handle({"MessageId": receipt, "ReceiptHandle": receipt, "Body": json.dumps(REQUEST)})
    assert len(queue.sent) == 3
    assert queue.deleted == ["r1", "r2"]


def test_it_can_repeat_and_reorder_its_answers() -> None:
    queue = FakeQueue()
    warehouse = a_warehouse(queue, faults=Faults(copies=2, reversed_order=True), steps=("shipped", "delivered"))
    warehouse.handle({"MessageId": "m", "ReceiptHandle": "r", "Body": json.dumps(REQUEST)})
    assert [a["type"] for a in queue.sent] == ["delivered", "delivered", "shipped", "shipped"]


def test_what_fails_stays_in_the_queue_and_can_be_tried_again() -> None:
    class Broken:
        calls = 0

        def send(self, answer: dict[str, Any], position: int) -> None:
            self.calls += 1
            if self.calls == 1:
                raise Problem("POST", 409, {"code": "fulfilment_out_of_turn"})

    queue = FakeQueue()
    warehouse = a_warehouse(queue, way=Broken())
    message = {"MessageId": "m", "ReceiptHandle": "r", "Body": json.dumps(REQUEST)}
    warehouse.handle(message)
    assert (queue.deleted, warehouse.answered) == ([], 0)
    assert "fulfilment_out_of_turn" in warehouse.troubles["ful_1_1"]
    warehouse.handle(message)
    assert (queue.deleted, warehouse.answered) == (["r"], 1)


def test_a_message_that_is_no_request_stays_and_is_named() -> None:
    queue = FakeQueue()
    warehouse = a_warehouse(queue)
    warehouse.handle({"MessageId": "m", "ReceiptHandle": "r", "Body": "not JSON"})
    assert queue.deleted == []
    assert "m" in warehouse.troubles
