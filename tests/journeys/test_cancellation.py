"""Orders that are called off, and units that are not where they should be."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.journeys.conftest import Shop, until


def cancel(shop: Shop, order_id: str, role: str = "shopper", **units: int) -> Any:
    lines = [{"line_id": line.removeprefix("line_"), "quantity": count} for line, count in units.items()]
    return shop.post(f"/v1/orders/{order_id}/cancellations", {"lines": lines} if lines else {}, role)


def recalls(shop: Shop, fulfilment_id: str) -> list[Any]:
    """What the warehouse is told about a fulfilment, from the queue that it reads."""
    sqs, url = shop.stack.client("sqs"), shop.stack.queue_url("fulfilment-shipment-requests")
    told = []
    for _ in range(40):
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=1).get(
            "Messages", []
        ):
            body = json.loads(message["Body"])
            if body["fulfilment_id"] == fulfilment_id:
                told.append(body)
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        if any(one["type"] == "recall" for one in told):
            break
    return told


def test_all_of_an_order_is_called_off_and_the_money_goes_back(shop: Shop) -> None:
    sku = shop.sells(units=5)
    order = shop.place((sku, 3))
    [note] = order["fulfilments"]
    done = cancel(shop, order["id"])
    assert (done.status, done.body["order_status"], done.body["amount"]) == (201, "cancelled", 1500)
    assert shop.stock(sku) == {"on_hand": 5, "available": 5, "reserved": 0}
    until(lambda: shop.payment(order["id"])["voided"] == 1500)
    assert shop.payment(order["id"])["status"] == "void"
    until(lambda: any(one["type"] == "recall" and one["lines"] for one in recalls(shop, note["id"])))
    assert shop.answers(note["id"], "shipped", {"1": 3}).status == 409


def test_some_units_are_called_off_and_the_rest_ships(shop: Shop) -> None:
    sku = shop.sells(units=5)
    order = shop.place((sku, 3))
    [note] = order["fulfilments"]
    assert cancel(shop, order["id"], line_1=1).status == 201
    assert shop.answers(note["id"], "shipped", {"1": 2}).status == 200
    until(lambda: shop.payment(order["id"])["voided"] == 500)
    assert shop.payment(order["id"])["captured"] == 1000
    assert shop.reaches(order["id"], "shipped")["lines"][0]["cancelled"] == 1


def test_cancelling_races_shipping_and_one_wins(shop: Shop) -> None:
    sku = shop.sells(units=40)
    orders = [shop.place((sku, 2)) for _ in range(6)]
    with ThreadPoolExecutor(12) as pool:
        shipped = [pool.submit(shop.answers, one["fulfilments"][0]["id"], "shipped", {"1": 2}) for one in orders]
        called_off = [pool.submit(cancel, shop, one["id"]) for one in orders]
    outcomes = [(ship.result().status, off.result().status) for ship, off in zip(shipped, called_off, strict=True)]
    assert set(outcomes) <= {(200, 409), (409, 201)}
    won = sum(status == 200 for status, _ in outcomes)
    assert shop.stock(sku) == {"on_hand": 40 - 2 * won, "available": 40 - 2 * won, "reserved": 0}
    for order, (status, _) in zip(orders, outcomes, strict=True):
        until(lambda order=order, status=status: _settled(shop.payment(order["id"]), status == 200))


def _settled(payment: dict[str, Any], shipped: bool) -> bool:
    return bool(payment["captured" if shipped else "voided"] == 1000)


def test_what_one_location_misses_another_ships(shop: Shop) -> None:
    sku = shop.sells(units=3)
    other = f"{shop.location}-b"
    body = {"id": other, "name": "Other", "type": "warehouse", "priority": 2, "channels": [shop.channel]}
    body["address"] = {"line1": "2 Mill Lane", "city": "York", "country": "GB"}
    assert shop.post("/v1/inventory/locations", body).status == 201
    receipt = {"location_id": other, "lines": [{"sku": sku, "quantity": 1}]}
    assert shop.post("/v1/inventory/receipts", receipt).status == 201
    order = shop.place((sku, 3))
    [note] = order["fulfilments"]
    assert shop.answers(note["id"], "shipped", {"1": 1}).status == 200
    found = until(lambda: len(seen := shop.read(order["id"])["fulfilments"]) == 2 and seen)[1]
    assert found["location_id"] == other
    until(lambda: shop.answers(found["id"], "shipped", {"1": 1}).status == 200)
    # One unit was nowhere: it is called off, and its share of what was held goes back.
    until(lambda: shop.payment(order["id"])["voided"] == 500)
    assert shop.payment(order["id"])["captured"] == 1000
    line = shop.read(order["id"])["lines"][0]
    assert (line["shipped"], line["cancelled"]) == (2, 1)
