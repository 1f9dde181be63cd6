"""Warehouses that answer at once, twice and late."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.core.consumers import BatchFailed
from chalicelib.core.idempotency import Idempotency
from chalicelib.fulfilment.consumers import on_warehouse_answer
from chalicelib.orders import service
from chalicelib.payments import service as payments
from tests.integration.orders.conftest import WORKFLOW, Shop, Wire, answer_lost, meeting, request_lost
from tests.integration.orders.test_deciding import at_once, paid

pytestmark = pytest.mark.local_cloud

COMMIT = "TransactWriteItems"


def confirmed(shop: Shop, *lines: tuple[str, int]) -> tuple[str, list[str]]:
    """A confirmed order and its fulfilments."""
    order_id = paid(shop, *lines)
    outcome = service.confirm_order(order_id, WORKFLOW)
    return order_id, [one["fulfilment_id"] for one in outcome["fulfilments"]]


def record(fulfilment_id: str, key: str, answer: str = "shipped", **units: int) -> Any:
    """As another worker, beside the one that answers requests."""
    quantities = {line.removeprefix("line_"): count for line, count in units.items()}
    return service.record_answer(
        fulfilment_id,
        service.WarehouseAnswer(answer, quantities),
        by=WORKFLOW,
        once=Idempotency.of("test", key, b""),
    )


def test_two_warehouses_at_once(shop: Shop, wire: Wire) -> None:
    shop.opens("york", priority=2)
    shop.sells("A", price=500, leeds=5)
    shop.sells("B", price=300, york=5)
    order_id, [one, other] = confirmed(shop, ("A", 2), ("B", 1))
    wire.next(COMMIT, *meeting(2))
    at_once(lambda: record(one, "1", line_1=2), lambda: record(other, "2", line_2=1))
    order = shop.read(order_id)
    assert (order["status"], [line["shipped"] for line in order["lines"]]) == ("shipped", [2, 1])
    assert (shop.stock("A"), shop.stock("B")) == ({"leeds": (3, 3, 0)}, {"york": (4, 4, 0)})
    assert shop.payment(order_id)["dues"] == {one: 1000, other: 300}
    assert shop.events(order_id).count("FulfilmentShipped") == 2

    # Both parcels are captured at once, too, and nothing is left over.
    wire.next(COMMIT, *meeting(2))
    captured = at_once(
        lambda: payments.capture(order_id, one, WORKFLOW), lambda: payments.capture(order_id, other, WORKFLOW)
    )
    assert captured == [{"outcome": "captured", "amount": 1000}, {"outcome": "captured", "amount": 300}]
    payment = shop.payment(order_id)
    assert (payment["authorised"], payment["captured"], payment["voided"], payment["dues"]) == (1300, 1300, 0, {})


def test_two_warehouses_pack_at_once(shop: Shop, wire: Wire) -> None:
    """Nothing but the order is changed by both."""
    shop.opens("york", priority=2)
    shop.sells("A", leeds=5)
    shop.sells("B", york=5)
    order_id, [one, other] = confirmed(shop, ("A", 2), ("B", 1))
    wire.next(COMMIT, *meeting(2))
    at_once(lambda: record(one, "1", "packed"), lambda: record(other, "2", "packed"))
    order = shop.read(order_id)
    assert {note["id"]: note["status"] for note in order["fulfilments"]} == {one: "packed", other: "packed"}
    assert order["version"] == 4


def test_two_clerks_ship_one_fulfilment_at_once(shop: Shop, wire: Wire) -> None:
    shop.sells("A", leeds=5)
    order_id, [fulfilment_id] = confirmed(shop, ("A", 2))
    wire.next(COMMIT, *meeting(2))
    outcomes = at_once(lambda: record(fulfilment_id, "1", line_1=2), lambda: record(fulfilment_id, "2", line_1=2))
    assert sorted(getattr(one, "code", "done") for one in outcomes) == ["done", "fulfilment_out_of_turn"]
    assert shop.read(order_id)["lines"][0]["shipped"] == 2
    assert shop.stock("A") == {"leeds": (3, 3, 0)}


def test_an_answer_whose_answer_was_lost(shop: Shop, wire: Wire) -> None:
    shop.sells("A", leeds=5)
    _, [fulfilment_id] = confirmed(shop, ("A", 2))
    wire.next(COMMIT, answer_lost)
    wire.next("GetItem", request_lost)
    assert shop.ships(fulfilment_id, key="k", line_1=2).status == 503
    again = shop.ships(fulfilment_id, key="k", line_1=2)
    assert (again.status, again.json["status"], again.headers["idempotent-replayed"]) == (200, "shipped", "true")
    assert shop.stock("A") == {"leeds": (3, 3, 0)}


def deliver(*bodies: dict[str, Any]) -> None:
    """As SQS delivers messages to the function."""
    records = [
        {
            "messageId": str(number),
            "receiptHandle": str(number),
            "body": json.dumps(body),
            "attributes": {"ApproximateReceiveCount": "1"},
            "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:aisle-test-fulfilment-warehouse-answers",
        }
        for number, body in enumerate(bodies)
    ]
    on_warehouse_answer({"Records": records}, None)


def test_a_message_that_comes_twice_is_finished_both_times(shop: Shop) -> None:
    shop.sells("A", leeds=5)
    order_id, [fulfilment_id] = confirmed(shop, ("A", 2))
    message = {
        "message_id": "m-1",
        "fulfilment_id": fulfilment_id,
        "type": "shipped",
        "lines": [{"line_id": "1", "quantity": 2}],
    }
    deliver(message)
    # What came once is no failure, also when the fulfilment is further on and would refuse it now.
    deliver(message)
    assert shop.read(order_id)["lines"][0]["shipped"] == 2
    assert shop.stock("A") == {"leeds": (3, 3, 0)}


def test_a_message_that_is_early_comes_again(shop: Shop) -> None:
    shop.sells("A", leeds=5)
    order_id, [fulfilment_id] = confirmed(shop, ("A", 2))
    early = {"message_id": "m-2", "fulfilment_id": fulfilment_id, "type": "delivered", "lines": []}
    with pytest.raises(BatchFailed):
        deliver(early)
    assert shop.ships(fulfilment_id, line_1=2).status == 200
    deliver(early)
    assert shop.read(order_id)["status"] == "delivered"
