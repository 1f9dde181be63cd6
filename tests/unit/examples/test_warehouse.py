import json
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import pytest

from examples.online_retail.api import Api, Problem
from examples.online_retail.warehouse import ByApi, ByQueue, Faults, Warehouse, answers_to
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
    assert (queue.deleted, queue.put_back, warehouse.answered) == ([], {"r": 5}, 0)
    assert "fulfilment_out_of_turn" in warehouse.troubles["ful_1_1"]
    warehouse.handle(message)
    assert (queue.deleted, warehouse.answered) == (["r"], 1)


def test_a_message_that_is_no_request_stays_and_is_named() -> None:
    queue = FakeQueue()
    warehouse = a_warehouse(queue)
    warehouse.handle({"MessageId": "m", "ReceiptHandle": "r", "Body": "not JSON"})
    assert queue.deleted == []
    assert "m" in warehouse.troubles


class Shop:
    """Fulfilment ful_1_1 of order ord_1, of which units were cancelled; refuses what is more than is left."""

    def __init__(self, status: str = "requested", **cancelled: int) -> None:
        self.status = status
        self.told: list[tuple[str, dict[str, int]]] = []
        self._left = {"1": (5, cancelled.get("A", 0)), "2": (2, cancelled.get("B", 0))}

    def get(self, path: str) -> Any:
        if path == "/v1/orders/ord_1":
            return {"fulfilments": [{"id": "ful_1_1"}]}
        assert path == "/v1/fulfilments/ful_1_1"
        skus = {"1": "A", "2": "B"}
        lines = [
            {"line_id": line_id, "sku": skus[line_id], "quantity": units, "cancelled": gone}
            for line_id, (units, gone) in self._left.items()
        ]
        return {"status": self.status, "lines": lines}

    def post(self, path: str, body: Any, *, key: str) -> None:
        assert path == "/v1/fulfilments/ful_1_1/answers"
        units = {line["line_id"]: line["quantity"] for line in body["lines"]}
        if any(units[line] > wanted - gone for line, (wanted, gone) in self._left.items() if line in units):
            raise Problem("POST", 422, {"code": "more_than_requested"})
        self.told.append((body["type"], units))


def a_shop_and_its_warehouse(shop: Shop, **options: Any) -> tuple[FakeQueue, Warehouse]:
    queue = FakeQueue()
    api: Api = shop  # type: ignore[assignment]
    return queue, a_warehouse(queue, way=ByApi(api), api=api, steps=("shipped", "delivered"), **options)


def a_message(body: Any) -> dict[str, str]:
    return {"MessageId": "m", "ReceiptHandle": "r", "Body": json.dumps(body)}


RECALL = {
    "type": "recall",
    "recall_id": "can_1",
    "fulfilment_id": "ful_1_1",
    "order_id": "ord_1",
    "lines": [{"line_id": "1", "quantity": 2}],
}


def test_recalled_units_are_left_out_and_a_recall_counts_once() -> None:
    shop = Shop(A=2)
    queue, warehouse = a_shop_and_its_warehouse(shop)
    for body in (RECALL, RECALL, {"type": "shipment", **REQUEST}):
        warehouse.handle(a_message(body))
    assert shop.told == [("shipped", {"1": 3, "2": 2}), ("delivered", {"1": 3, "2": 2})]
    assert queue.deleted == ["r", "r", "r"]


def test_with_everything_recalled_it_says_nothing() -> None:
    assert answers_to(REQUEST, recalled={"1": 5, "2": 2}) == []


def test_an_answer_that_is_refused_is_given_again_with_what_is_left() -> None:
    shop = Shop(A=4, B=2)
    queue, warehouse = a_shop_and_its_warehouse(shop)
    warehouse.handle(a_message(REQUEST))
    assert shop.told == [("shipped", {"1": 1}), ("delivered", {"1": 1})]
    assert (queue.deleted, warehouse.answered) == (["r"], 1)


@pytest.mark.parametrize(("status", "told"), [("shipped", ["delivered"]), ("cancelled", []), ("delivered", [])])
def test_only_what_is_still_to_be_said_is_said_again(status: str, told: list[str]) -> None:
    shop = Shop(status, A=5)
    _, warehouse = a_shop_and_its_warehouse(shop)
    warehouse.handle(a_message(REQUEST))
    assert [step for step, _ in shop.told] == told


def test_an_order_that_waits_is_passed_over_until_it_is_shipped_as_the_system_says() -> None:
    shop, done, waiting = Shop(B=1), list[str](), {"ord_1"}
    queue, warehouse = a_shop_and_its_warehouse(shop, waits=lambda one: one in waiting, on_done=done.append)
    warehouse.handle(a_message(REQUEST))
    assert (shop.told, queue.deleted, done) == ([], ["r"], [])
    warehouse.ship("ord_1")
    waiting.clear()
    warehouse.handle(a_message(REQUEST))  # the request that came late
    assert shop.told == [("shipped", {"1": 5, "2": 1}), ("delivered", {"1": 5, "2": 1})]
    assert done == ["ord_1"]


@pytest.mark.parametrize("kind", ["hold", "address"])
def test_holds_and_addresses_are_taken_off_the_queue(kind: str) -> None:
    queue, warehouse = a_shop_and_its_warehouse(Shop())
    warehouse.handle(a_message({"type": kind, "fulfilment_id": "ful_1_1", "order_id": "ord_1"}))
    assert (queue.deleted, warehouse.answered) == (["r"], 0)
