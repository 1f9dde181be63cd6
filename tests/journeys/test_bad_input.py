"""Wrong requests, wrong callers, wrong messages: each has a clear answer, and nothing is lost."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.journeys.conftest import Shop, until


def _code(shop: Shop, body: Any, status: int, role: str = "shopper", **headers: str) -> dict[str, Any]:
    answer = shop.post("/v1/orders", body, role, **headers)
    assert answer.status == status, answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.body
    assert problem["status"] == status
    assert problem["request_id"]
    return problem


@pytest.mark.parametrize(
    ("method", "path", "token", "status", "code"),
    [
        ("GET", "/v1/orders", None, 401, "unauthenticated"),
        ("GET", "/v1/orders", "no.real.token", 401, "unauthenticated"),
        ("GET", "/v1/nothing", None, 404, "not_found"),
        ("DELETE", "/v1/orders", None, 404, "not_found"),
    ],
)
def test_what_reaches_no_function_is_answered_by_a_problem_too(
    shop: Shop, method: str, path: str, token: str | None, status: int, code: str
) -> None:
    answer = shop.stack.call(method, path, token=token)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status, answer.body["status"], answer.body["code"]) == (status, status, code)
    assert answer.body["request_id"] == answer.headers["x-amzn-requestid"]
    assert answer.body["detail"]
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


def test_malformed_json(shop: Shop) -> None:
    answer = shop.stack.call(
        "POST",
        "/v1/orders",
        data=b'{"lines": [',
        role="shopper",
        headers={"Content-Type": "application/json", "Idempotency-Key": uuid4().hex},
    )
    assert (answer.status, answer.body["code"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"surprise": 1}, "/surprise"),
        ({"currency": "pounds"}, "/currency"),
        ({"currency": 5}, "/currency"),
        ({"lines": "many"}, "/lines"),
        ({"lines": [{"sku": "A", "quantity": -1}]}, "/lines/0/quantity"),
        ({"lines": [{"sku": "A", "quantity": 0}]}, "/lines/0/quantity"),
        ({"lines": [{"sku": "A", "quantity": 10**12}]}, "/lines/0/quantity"),
        ({"lines": [{"sku": "A", "quantity": "1"}]}, "/lines/0/quantity"),
        ({"lines": [{"sku": "A#B", "quantity": 1}]}, "/lines/0/sku"),
        ({"contact": None}, "/contact"),
    ],
)
def test_the_fault_is_named_by_its_pointer(shop: Shop, change: dict[str, Any], pointer: str) -> None:
    problem = _code(shop, shop.order(("A", 1)) | change, 400)
    assert pointer in [fault["pointer"] for fault in problem["errors"]]


def test_unknown_sku_and_missing_price(shop: Shop) -> None:
    sku = shop.sells(units=1)
    problem = _code(shop, shop.order(("NO-SUCH", 1), (sku, 1)), 422)
    assert (problem["code"], [(e["pointer"], e["code"]) for e in problem["errors"]]) == (
        "not_for_sale",
        [("/lines/0/sku", "sku_unknown")],
    )
    problem = _code(shop, shop.order((sku, 1)) | {"currency": "EUR"}, 422)
    assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [("/lines/0/sku", "no_price")]


def test_a_shopper_sets_no_prices_and_orders_for_nobody_else(shop: Shop) -> None:
    sku = shop.sells(units=1)
    body = shop.order((sku, 1))
    body["lines"][0]["unit_price"] = 1
    assert _code(shop, body, 403)["code"] == "forbidden"
    assert _code(shop, shop.order((sku, 1)) | {"customer_id": "someone-else"}, 403)["code"] == "forbidden"
    assert shop.stock(sku)["available"] == 1


def test_idempotency_key(shop: Shop) -> None:
    sku = shop.sells(units=5)
    body, key = shop.order((sku, 1)), uuid4().hex
    missing = shop.stack.call("POST", "/v1/orders", json=body, role="shopper")
    assert (missing.status, missing.body["errors"][0]["code"]) == (400, "idempotency_key_missing")
    first = shop.post("/v1/orders", body, "shopper", key=key)
    again = shop.post("/v1/orders", body, "shopper", key=key)
    assert (again.status, again.body, again.headers["Idempotent-Replayed"]) == (202, first.body, "true")
    other = shop.post("/v1/orders", shop.order((sku, 2)), "shopper", key=key)
    assert (other.status, other.body["code"]) == (422, "idempotency_key_reused")
    assert shop.stock(sku)["reserved"] in (0, 1)


def test_a_replay_gets_the_first_answer_even_when_sold_out_since(shop: Shop) -> None:
    sku = shop.sells(units=1)
    body, key = shop.order((sku, 1)), uuid4().hex
    first = shop.post("/v1/orders", body, "shopper", key=key)
    assert shop.post("/v1/orders", body, "shopper").status == 409
    assert shop.post("/v1/orders", body, "shopper", key=key).body == first.body


def test_content_type_and_size(shop: Shop) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    xml = shop.stack.call(
        "POST", "/v1/orders", data=b"<a/>", role="shopper", headers=headers | {"Content-Type": "text/xml"}
    )
    assert (xml.status, xml.body["code"]) == (415, "unsupported_media_type")
    big = shop.stack.call(
        "POST",
        "/v1/orders",
        data=b'{"x":"' + b"a" * 5_500_000 + b'"}',
        role="shopper",
        headers=headers | {"Content-Type": "application/json"},
    )
    assert (big.status, big.body["code"]) == (413, "payload_too_large")


def test_tokens_that_do_not_hold(shop: Shop) -> None:
    good = shop.stack.token("shopper")
    head, payload, signature = good.split(".")
    for token in ("", "nonsense", f"{head}.{payload}.{signature[:-4]}AAAA", f"{head}.{payload}."):
        assert shop.stack.call("GET", "/v1/orders", token=token).status in (401, 403)
    assert shop.stack.call("GET", "/v1/orders").status == 401


def test_another_customers_order_is_not_found(shop: Shop) -> None:
    sku = shop.sells(units=1)
    order = shop.post("/v1/orders", shop.order((sku, 1)) | {"customer_id": "cus-else"}, "admin").body
    for path in ("", "/timeline"):
        answer = shop.get(f"/v1/orders/{order['id']}{path}", role="shopper")
        assert (answer.status, answer.body["code"]) == (404, "not_found")
    assert shop.get("/v1/orders/ord_01J00000000000000000000000").status == 404


def test_a_forged_cursor(shop: Shop) -> None:
    answer = shop.get("/v1/orders", role="shopper", cursor="AAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    assert (answer.status, answer.body["errors"][0]["code"]) == (400, "invalid_cursor")


def test_out_of_turn_answers_change_nothing(shop: Shop) -> None:
    sku = shop.sells(units=3)
    [note] = shop.place((sku, 1))["fulfilments"]
    early = shop.answers(note["id"], "delivered")
    assert (early.status, early.body["code"]) == (409, "fulfilment_out_of_turn")
    more = shop.answers(note["id"], "shipped", {"1": 2})
    assert (more.status, more.body["code"]) == (422, "more_than_requested")
    assert shop.stock(sku) == {"on_hand": 3, "available": 2, "reserved": 1}


@pytest.mark.xdist_group("letters")  # who reads them hides them from the others for a second
@pytest.mark.parametrize(
    "message",
    ["not json", '{"fulfilment_id": 5}', '{"message_id":"m","fulfilment_id":"ful_X","type":"eaten","lines":[]}'],
)
def test_a_poison_message_goes_to_the_dead_letter_queue_with_its_reason(shop: Shop, message: str) -> None:
    sqs, queue = shop.stack.client("sqs"), shop.stack.queue_url("fulfilment-warehouse-answers")
    marked = message.replace("{", "{ ", 1) + " " * (1 + uuid4().int % 50)
    sqs.send_message(QueueUrl=queue, MessageBody=marked)

    def buried() -> Any:
        got = sqs.receive_message(
            QueueUrl=queue + "-dlq", MaxNumberOfMessages=10, VisibilityTimeout=1, MessageAttributeNames=["All"]
        )
        return [one for one in got.get("Messages", []) if one["Body"] == marked]

    [letter] = until(buried)
    assert letter["MessageAttributes"]["kind"]["StringValue"] == "Poison"
    assert len(letter["MessageAttributes"]["reason"]["StringValue"]) > 5


@pytest.mark.alone  # orders of others would pass through the queue, too
def test_a_duplicate_event_starts_nothing_twice(shop: Shop) -> None:
    sku = shop.sells(units=3)
    order = shop.place((sku, 1))
    executions = shop.stack.client("stepfunctions")
    machine = shop.stack.state_machine_arn("orders-place-order")
    envelope = {
        "id": "01J00000000000000000000000",
        "source": "aisle.orders",
        "type": "OrderPlaced",
        "version": 1,
        "occurred_at": order["placed_at"],
        "aggregate": {"type": "order", "id": order["id"], "version": 1},
        "correlation_id": "dup",
        "causation_id": None,
        "actor": {"kind": "system", "id": "test"},
        "data": {},
    }
    shop.stack.client("events").put_events(
        Entries=[
            {
                "Source": "aisle.orders",
                "DetailType": "OrderPlaced",
                "Detail": json.dumps(envelope),
                "EventBusName": shop.stack.bus_name,
            }
        ]
    )
    # A later order passes through the same queue, so by then the duplicate was read.
    shop.place((sku, 1))
    running = [e["name"] for e in executions.list_executions(stateMachineArn=machine, maxResults=1000)["executions"]]
    assert sum(name.startswith(order["id"]) for name in running) == 1
