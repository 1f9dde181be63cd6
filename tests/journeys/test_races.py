"""Real parallel clients against the deployed API."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from infra.local.testing import Answer
from tests.journeys.conftest import Shop

# Buyers in such numbers keep the machine busy for longer than other journeys wait.
pytestmark = pytest.mark.alone


def test_200_buyers_on_50_units_buy_exactly_50(shop: Shop) -> None:
    sku = shop.sells(units=50)

    def buy(_: int) -> int:
        for _ in range(20):  # as a client does: what says it may be retried is retried
            answer = shop.post("/v1/orders", shop.order((sku, 1)), "shopper")
            if not answer.body.get("retryable"):
                break
        return answer.status

    with ThreadPoolExecutor(16) as buyers:
        statuses = Counter(buyers.map(buy, range(200)))
    assert statuses == {202: 50, 409: 150}
    stock = shop.stock(sku)
    assert stock["on_hand"] == 50 == stock["available"] + stock["reserved"]
    assert stock["available"] == 0


def test_buyers_of_split_stock_buy_exactly_what_is_there_and_it_ships(shop: Shop) -> None:
    sku = shop.sells(units=20)
    path = f"/v1/inventory/stock/{sku}/locations/{shop.location}/policy"
    split = shop.stack.call("PUT", path, json={"shards": 4}, role="admin", headers={"If-Match": '"0"'})
    assert (split.status, split.body["shards"]) == (200, 4)

    def buy(_: int) -> Answer:
        for _ in range(20):
            answer = shop.post("/v1/orders", shop.order((sku, 1)), "shopper")
            if not answer.body.get("retryable"):
                break
        return answer

    with ThreadPoolExecutor(8) as buyers:
        answers = list(buyers.map(buy, range(40)))
    assert Counter(answer.status for answer in answers) == {202: 20, 409: 20}
    assert shop.stock(sku) == {"on_hand": 20, "available": 0, "reserved": 20}
    bought = [answer.body["id"] for answer in answers if answer.status == 202]
    for order_id in bought[:3]:
        [note] = shop.reaches(order_id, "confirmed")["fulfilments"]
        shop.answers_by_queue(note["id"], "shipped", {"1": 1})
        shop.reaches(order_id, "shipped")
    for order_id in bought[3:6]:
        assert shop.post(f"/v1/orders/{order_id}/cancellations", {}, "shopper").status == 201
    assert shop.stock(sku) == {"on_hand": 17, "available": 3, "reserved": 14}


def test_one_key_from_20_threads_is_one_order(shop: Shop) -> None:
    sku = shop.sells(units=50)
    key = uuid4().hex
    body = shop.order((sku, 1))

    with ThreadPoolExecutor(20) as callers:
        answers = list(callers.map(lambda _: shop.post("/v1/orders", body, "shopper", key=key), range(20)))
    assert {answer.status for answer in answers} <= {202, 409}
    placed = [answer for answer in answers if answer.status == 202]
    assert len({answer.body["id"] for answer in placed}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in placed) == 1
    stock = shop.stock(sku)
    assert stock["on_hand"] - stock["available"] <= 1


def test_a_code_for_five_serves_five_of_twenty(shop: Shop) -> None:
    sku = shop.sells(units=50, price=1000)
    made = shop.post(
        "/v1/promotions",
        {
            "name": "Half price",
            "reward": {"type": "percentage", "bps": 5000},
            "by_code": True,
            "channels": [shop.channel],
        },
    )
    assert made.status == 201, made
    code = f"HALF-{uuid4().hex[:8]}".upper()
    issued = shop.post(f"/v1/promotions/{made.body['id']}/codes", {"codes": [code], "most": 5})
    assert issued.status == 201, issued

    def buy(_: int) -> Answer:
        for _ in range(30):
            answer = shop.post("/v1/orders", shop.order((sku, 1), coupons=[code]), "shopper")
            if not answer.body.get("retryable"):
                break
        return answer

    with ThreadPoolExecutor(10) as buyers:
        answers = list(buyers.map(buy, range(20)))
    assert Counter(answer.status == 202 for answer in answers) == {True: 5, False: 15}
    refused = {answer.body["code"] for answer in answers if answer.status != 202}
    assert refused <= {"coupon_refused", "coupon_exhausted"}
    assert {answer.body["total"]["amount"] for answer in answers if answer.status == 202} == {500}
    assert shop.stock(sku)["reserved"] <= 5
