"""An order from the click to the door, and the ways it can end early."""

from tests.journeys.conftest import Shop, until


def test_bought_paid_shipped_delivered(shop: Shop) -> None:
    sku = shop.sells(units=10, price=500)
    order = shop.place((sku, 3))
    assert (order["status"], order["total"]) == ("confirmed", {"amount": 1500, "currency": "GBP"})
    assert order["lines"][0]["tax"] == 250
    assert shop.stock(sku) == {"on_hand": 10, "available": 7, "reserved": 3}
    [note] = order["fulfilments"]

    assert shop.answers(note["id"], "packed").status == 200
    shipped = shop.answers(note["id"], "shipped", {"1": 3}, tracking={"carrier": "DPD", "number": "15501"})
    assert shipped.status == 200
    assert shipped.body["status"] == "shipped"
    assert shop.stock(sku) == {"on_hand": 7, "available": 7, "reserved": 0}
    until(lambda: shop.payment(order["id"])["captured"] == 1500)

    assert shop.answers(note["id"], "delivered").status == 200
    done = shop.read(order["id"])
    assert done["status"] == "delivered"
    types = [entry["type"] for entry in shop.get(f"/v1/orders/{order['id']}/timeline").body["items"]]
    assert sorted(types) == sorted(
        [
            "OrderPlaced",
            "PaymentAuthorised",
            "OrderConfirmed",
            "FulfilmentPacked",
            "FulfilmentShipped",
            "PaymentCaptured",
            "FulfilmentDelivered",
        ]
    )


def test_a_warehouse_may_answer_by_queue_and_twice(shop: Shop) -> None:
    sku = shop.sells(units=5)
    order = shop.place((sku, 2))
    [note] = order["fulfilments"]
    for _ in range(2):
        shop.answers_by_queue(note["id"], "shipped", {"1": 2}, message_id=f"m-{note['id']}")
    shop.reaches(order["id"], "shipped")
    until(lambda: shop.payment(order["id"])["captured"] == 1000)
    assert shop.stock(sku) == {"on_hand": 3, "available": 3, "reserved": 0}


def test_a_declined_card_frees_the_stock(shop: Shop) -> None:
    sku = shop.sells(units=5)
    order = shop.place((sku, 2), token="tok_decline_insufficient_funds")
    assert (order["status"], order["refusal"]) == ("refused", "insufficient_funds")
    assert shop.stock(sku) == {"on_hand": 5, "available": 5, "reserved": 0}
    assert shop.payment(order["id"])["captured"] == 0


def test_a_lost_answer_is_asked_for_and_not_charged_again(shop: Shop) -> None:
    sku = shop.sells(units=5)
    order = shop.place((sku, 1), token="tok_timeout", wait=0)
    confirmed = shop.reaches(order["id"], "confirmed", seconds=60)
    shop.answers(confirmed["fulfilments"][0]["id"], "shipped", {"1": 1})
    until(lambda: shop.payment(order["id"])["captured"] == 500)


def test_what_the_warehouse_cannot_find_is_not_charged(shop: Shop) -> None:
    sku = shop.sells(units=5, price=333)
    order = shop.place((sku, 3))
    shop.answers(order["fulfilments"][0]["id"], "shipped", {"1": 2})
    after = shop.reaches(order["id"], "shipped")
    assert (after["lines"][0]["shipped"], after["lines"][0]["cancelled"]) == (2, 1)
    until(lambda: shop.payment(order["id"])["captured"] == 666)
    assert shop.stock(sku) == {"on_hand": 2, "available": 2, "reserved": 0}


def test_nothing_found_charges_nothing(shop: Shop) -> None:
    sku = shop.sells(units=5)
    order = shop.place((sku, 3))
    shop.answers(order["fulfilments"][0]["id"], "shipped", {})
    shop.reaches(order["id"], "cancelled")
    until(lambda: shop.payment(order["id"])["voided"] == 1500)
    assert shop.payment(order["id"])["captured"] == 0


def test_an_order_of_charges_only_is_captured_when_confirmed(shop: Shop) -> None:
    order = shop.place(role="admin", charges=[{"code": "M", "description": "Manual", "amount": 700, "tax_rate_bps": 0}])
    assert order["status"] == "delivered"
    until(lambda: shop.payment(order["id"])["captured"] == 700)


def test_a_short_sku_is_named_with_what_is_left(shop: Shop) -> None:
    sku = shop.sells(units=2)
    refused = shop.post("/v1/orders", shop.order((sku, 3)), "shopper")
    assert (refused.status, refused.body["code"]) == (409, "stock_too_low")
    assert refused.body["shortages"] == [{"sku": sku, "wanted": 3, "left": 2}]
