"""Goods that are sold before they are there, from the order to the door."""

from datetime import UTC, datetime, timedelta

from tests.journeys.conftest import Shop, until


def in_days(days: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


def test_what_is_still_to_come_waits_is_promised_anew_and_leaves_when_it_is_there(shop: Shop) -> None:
    sku = shop.sells(units=1)
    path = f"/v1/inventory/stock/{sku}/locations/{shop.location}/policy"
    policy = {"backorder_limit": 3, "backorder_days": 5}
    assert shop.stack.call("PUT", path, json=policy, role="admin", headers={"If-Match": '"0"'}).status == 200
    assert shop.post("/v1/orders", shop.order((sku, 5)), "shopper").status == 409

    order = shop.place((sku, 3))
    assert (order["lines"][0]["waiting"], order["lines"][0]["promised_on"]) == (2, in_days(5))
    assert shop.stock(sku) == {"on_hand": 1, "available": -2, "reserved": 3}
    waiting = shop.get("/v1/fulfilments", location=shop.location, status="waiting").body["items"][0]["id"]
    promised = shop.post(f"/v1/fulfilments/{waiting}/promise", {"promised_on": in_days(9)}, "associate")
    assert (promised.status, promised.body["promised_on"]) == (200, in_days(9))
    assert shop.read(order["id"])["lines"][0]["promised_on"] == in_days(9)

    [now] = [note["id"] for note in order["fulfilments"] if note["id"] != waiting]
    assert shop.answers(waiting, "shipped", {"1": 2}).status == 409
    assert shop.answers(now, "shipped", {"1": 1}).status == 200
    receipt = {"location_id": shop.location, "lines": [{"sku": sku, "quantity": 2}]}
    assert shop.post("/v1/inventory/receipts", receipt, "associate").status == 201
    until(lambda: shop.get(f"/v1/fulfilments/{waiting}").body["status"] == "requested")
    assert shop.answers(waiting, "shipped", {"1": 2}).status == 200
    shop.reaches(order["id"], "shipped")
    until(lambda: shop.payment(order["id"])["captured"] == 1500)
    assert shop.stock(sku) == {"on_hand": 0, "available": 0, "reserved": 0}
