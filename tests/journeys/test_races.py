"""Real parallel clients against the deployed API."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from tests.journeys.conftest import Shop


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
