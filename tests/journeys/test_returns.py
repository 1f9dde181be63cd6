"""Goods that come back, and the money that goes with them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

from infra.local.testing import Answer
from tests.journeys.conftest import Shop, until


def delivered(shop: Shop, sku: str, units: int, **more: Any) -> dict[str, Any]:
    """An order that was paid for and has arrived."""
    order = shop.place((sku, units), **more)
    [note] = order["fulfilments"]
    assert shop.answers(note["id"], "shipped", {"1": units}).status == 200
    assert shop.answers(note["id"], "delivered").status == 200
    until(lambda: shop.payment(order["id"])["captured"] == order["total"]["amount"])
    return order


def announce(shop: Shop, order: dict[str, Any], units: int, resolution: Any = "refund") -> Answer:
    lines = [{"line_id": "1", "quantity": units, "reason": "changed_mind"}]
    return shop.post(f"/v1/orders/{order['id']}/returns", {"lines": lines, "resolution": resolution}, "shopper")


def receive(shop: Shop, return_id: str, units: int) -> Answer:
    body = {"location_id": shop.location, "lines": [{"line_id": "1", "quantity": units}]}
    return shop.post(f"/v1/returns/{return_id}/receipts", body, "associate")


def inspect(shop: Shop, return_id: str, **units: int) -> Answer:
    lines = [{"line_id": "1", "quantity": count, "disposition": what} for what, count in units.items()]
    return shop.post(f"/v1/returns/{return_id}/inspections", {"lines": lines}, "associate")


def settled(shop: Shop, order: dict[str, Any], amount: int) -> dict[str, Any]:
    """The payment once so much went back."""
    payment: dict[str, Any] = until(lambda: (seen := shop.payment(order["id"]))["refunded"] == amount and seen)
    return payment


def test_a_return_in_two_parcels_is_paid_back_to_the_penny(shop: Shop) -> None:
    sku = shop.sells(units=5, price=333)
    order = delivered(shop, sku, 3)
    options = shop.get(f"/v1/orders/{order['id']}/return-options", "shopper").body
    assert options["items"][0]["returnable"] == 3
    announced = announce(shop, order, 3)
    assert announced.status == 201, announced
    return_id = announced.body["id"]
    until(lambda: shop.get(f"/v1/returns/{return_id}").body["label"])
    assert receive(shop, return_id, 1).status == 200
    assert inspect(shop, return_id, restock=1).body["refund"]["amount"] == 333
    settled(shop, order, 333)
    assert receive(shop, return_id, 2).status == 200
    assert inspect(shop, return_id, restock=1, write_off=1).status == 200
    settled(shop, order, 999)
    until(lambda: shop.get(f"/v1/returns/{return_id}").body["status"] == "settled")
    assert shop.stock(sku) == {"on_hand": 4, "available": 4, "reserved": 0}
    assert shop.read(order["id"])["status"] == "returned"
    more = shop.post(f"/v1/orders/{order['id']}/refunds", {"amount": 1, "reason": "goodwill"}, "admin")
    assert (more.status, more.body["code"]) == (422, "refund_exceeds_paid")


def test_what_is_refused_is_not_paid_back(shop: Shop) -> None:
    sku = shop.sells(units=5)
    order = delivered(shop, sku, 2)
    return_id = announce(shop, order, 2).body["id"]
    assert receive(shop, return_id, 2).status == 200
    done = inspect(shop, return_id, restock=1, refuse=1)
    assert (done.status, done.body["refund"]["amount"]) == (200, 500)
    assert settled(shop, order, 500)["captured"] == 1000


def test_goods_are_exchanged_and_the_difference_goes_back(shop: Shop) -> None:
    sku, cheaper = shop.sells(units=5), shop.sells(units=5, price=300)
    order = delivered(shop, sku, 1)
    wanted = {"exchange": [{"line_id": "1", "sku": cheaper, "quantity": 1}]}
    return_id = announce(shop, order, 1, wanted).body["id"]
    assert receive(shop, return_id, 1).status == 200
    assert inspect(shop, return_id, restock=1).status == 200
    exchange = until(lambda: (seen := shop.get(f"/v1/returns/{return_id}").body["exchange"])["order_id"] and seen)
    replacement = shop.reaches(exchange["order_id"], "confirmed")
    assert [(line["sku"], line["ordered"]) for line in replacement["lines"]] == [(cheaper, 1)]
    refunds = settled(shop, order, 500)["refunds"]
    assert sorted(refund["amount"] for refund in refunds) == [200, 300]


def test_refunds_of_the_same_money_at_once_never_exceed_it(shop: Shop) -> None:
    sku = shop.sells(units=5)
    order = delivered(shop, sku, 2)

    def refund(_: int) -> Answer:
        for _ in range(20):
            answer = shop.post(f"/v1/orders/{order['id']}/refunds", {"amount": 300, "reason": "goodwill"}, "admin")
            if not answer.body.get("retryable"):
                break
        return answer

    with ThreadPoolExecutor(8) as staff:
        statuses = sorted(answer.status for answer in staff.map(refund, range(8)))
    assert statuses == [202] * 3 + [422] * 5
    assert settled(shop, order, 900)["captured"] == 1000


def test_a_gift_card_and_a_card_pay_and_get_back_what_each_paid(shop: Shop) -> None:
    sku = shop.sells(units=5)
    issued = shop.post("/v1/gift-cards", {"amount": 300, "currency": "GBP"}, "admin", key=uuid4().hex)
    assert issued.status == 201, issued
    code, card_id = issued.body["code"], issued.body["id"]
    order = delivered(
        shop,
        sku,
        2,
        payment={
            "tenders": [{"type": "gift_card", "token": code, "amount": 300}, {"type": "card", "token": "tok_approve"}]
        },
    )
    assert shop.get(f"/v1/gift-cards/{card_id}").body["balance"] == 0
    return_id = announce(shop, order, 2).body["id"]
    assert receive(shop, return_id, 2).status == 200
    assert inspect(shop, return_id, restock=2).body["refund"]["amount"] == 1000
    settled(shop, order, 1000)
    assert shop.get(f"/v1/gift-cards/{card_id}").body["balance"] == 300
