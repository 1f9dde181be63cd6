"""What staff does to orders by hand, and what carriers say of parcels."""

from tests.journeys.conftest import Shop, until

ELSEWHERE = {"name": "Ada Lovelace", "line1": "1 Moor Street", "city": "Derby", "country": "GB"}


def opens_another(shop: Shop) -> str:
    other = f"{shop.location}-b"
    body = {"id": other, "name": "Other", "type": "warehouse", "priority": 2, "channels": [shop.channel]}
    body["address"] = {"line1": "2 Mill Lane", "city": "York", "country": "GB"}
    assert shop.post("/v1/inventory/locations", body).status == 201
    return other


def test_an_order_is_held_sent_elsewhere_by_another_location_and_followed(shop: Shop) -> None:
    other, sku = opens_another(shop), shop.sells(units=2)
    receipt = {"location_id": other, "lines": [{"sku": sku, "quantity": 2}]}
    assert shop.post("/v1/inventory/receipts", receipt).status == 201
    order = shop.place((sku, 2))
    path, [note] = f"/v1/orders/{order['id']}", order["fulfilments"]

    held = shop.post(f"{path}/holds", {"reason": "address_in_doubt"}, "associate")
    assert held.status == 201, held
    assert shop.answers(note["id"], "shipped", {"1": 2}).status == 409
    headers = {"If-Match": shop.get(path).headers["ETag"]}
    moved = shop.stack.call(
        "PUT", f"{path}/shipping-address", json={"shipping_address": ELSEWHERE}, role="associate", headers=headers
    )
    assert (moved.status, moved.body["shipping_address"]["city"]) == (200, "Derby")
    [hold] = shop.read(order["id"])["holds"]
    assert shop.post(f"{path}/holds/{hold['id']}/release", {}, "associate").status == 200
    assert shop.post(f"{path}/notes", {"text": "Rang up: Derby is right."}, "associate").status == 201

    made = shop.post(f"/v1/fulfilments/{note['id']}/reallocation", {"location_id": other}, "associate")
    assert (made.status, made.body["location_id"]) == (201, other)
    assert shop.stock(sku) == {"on_hand": 2, "available": 2, "reserved": 0}
    assert shop.answers(made.body["id"], "shipped", {"1": 2}).status == 200
    until(lambda: shop.payment(order["id"])["captured"] == 1000)

    words = [("w2", "out_for_delivery", "2026-01-02T08:00:00Z"), ("w1", "in_transit", "2026-01-01T08:00:00Z")]
    words.append(("w3", "delivered", "2026-01-02T12:00:00Z"))
    for id, code, at in words:
        told = shop.post(
            f"/v1/fulfilments/{made.body['id']}/tracking-events", {"id": id, "code": code, "at": at}, "associate"
        )
        assert told.status == 201, told
    shop.reaches(order["id"], "delivered")
    tracked = shop.get(f"{path}/tracking", "shopper").body["items"]
    assert [word["code"] for word in tracked] == ["in_transit", "out_for_delivery", "delivered"]
    assert [one["what"] for one in shop.get(f"{path}/audit").body["items"]] == [
        "hold",
        "address",
        "release",
        "reallocate",
    ]
