"""Carts from the first line to the order, of guests and customers."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from infra.local.testing import Answer
from tests.journeys.conftest import Shop, until

CHECKOUT = {
    "contact": {"name": "Ada Lovelace"},
    "shipping_address": {"name": "Ada", "line1": "12 St James Square", "city": "London", "country": "GB"},
    "tenders": [{"type": "card", "token": "tok_approve"}],
}


@dataclass
class GuestCart:
    """A guest's cart, as the guest's browser has it."""

    shop: Shop
    id: str
    token: str
    etag: str

    def holds(self, sku: str, quantity: int) -> Answer:
        answer = self.shop.stack.call(
            "PUT",
            f"/v1/guest-carts/{self.id}/lines/{sku}",
            json={"quantity": quantity},
            headers={"Cart-Token": self.token, "If-Match": self.etag},
        )
        self.etag = answer.headers.get("ETag", self.etag)
        return answer

    def read(self, token: str | None = None) -> Answer:
        return self.shop.stack.call("GET", f"/v1/guest-carts/{self.id}", headers={"Cart-Token": token or self.token})

    def check_out(self, key: str, **more: Any) -> Answer:
        return self.shop.stack.call(
            "POST",
            f"/v1/guest-carts/{self.id}/checkout",
            json={**CHECKOUT, **more},
            headers={"Cart-Token": self.token, "Idempotency-Key": key},
        )


def guest_cart(shop: Shop) -> GuestCart:
    made = shop.stack.call("POST", "/v1/guest-carts", json={"channel": shop.channel, "currency": "GBP"})
    assert made.status == 201, made
    return GuestCart(shop, made.body["id"], made.body["token"], made.headers["ETag"])


def customers_cart(shop: Shop) -> dict[str, Any]:
    answer = shop.post("/v1/carts", {"channel": shop.channel, "currency": "GBP"}, "shopper")
    assert answer.status in (200, 201), answer
    cart: dict[str, Any] = answer.body
    return cart


def merge(cart_id: str, guest: GuestCart) -> Answer:
    path = f"/v1/carts/{cart_id}/merge"
    return guest.shop.post(path, {"guest_cart_id": guest.id}, "shopper", **{"Cart-Token": guest.token})


def test_a_guest_fills_a_cart_and_orders_it_once(shop: Shop) -> None:
    sku = shop.sells(units=5)
    cart = guest_cart(shop)
    assert cart.holds(sku, 2).body["totals"]["total"] == 1000
    assert cart.read("a" * 43).status == 404
    first, again = cart.check_out("key-1", expected_total=1000), cart.check_out("key-1", expected_total=1000)
    assert (first.status, again.status) == (202, 202)
    assert first.body == again.body
    assert cart.check_out("key-2").status == 409
    assert shop.reaches(first.body["order_id"], "confirmed")["total"]["amount"] == 1000
    assert shop.stock(sku) == {"on_hand": 5, "available": 3, "reserved": 2}
    assert cart.read().body["state"] == "ordered"


def test_a_price_that_changed_is_noticed(shop: Shop) -> None:
    sku = shop.sells(units=5)
    cart = guest_cart(shop)
    cart.holds(sku, 2)
    variant = shop.get(f"/v1/variants/{sku}")
    prices = [{"channel": shop.channel, "currency": "GBP", "amount": 600}]
    changed = shop.stack.call(
        "PUT",
        f"/v1/variants/{sku}/prices",
        json={"prices": prices},
        role="admin",
        headers={"If-Match": variant.headers["ETag"]},
    )
    assert changed.status == 200, changed
    [line] = until(lambda: (seen := cart.read().body["lines"])[0]["unit_price"] == 600 and seen)
    assert line["was"] == 500
    refused = cart.check_out("key-1", expected_total=1000)
    assert (refused.status, refused.body["code"]) == (409, "total_changed")


def test_merging_again_adds_nothing(shop: Shop) -> None:
    sku, other = shop.sells(units=5), shop.sells(units=5)
    mine = customers_cart(shop)
    guest = guest_cart(shop)
    guest.holds(sku, 2)
    guest.holds(other, 1)
    for _ in range(3):
        merged = merge(mine["id"], guest)
        assert merged.status == 200, merged
    assert {line["sku"]: line["quantity"] for line in merged.body["lines"]} == {sku: 2, other: 1}
    assert guest.read().body["merged_into"] == mine["id"]


def test_merging_races_checking_out_and_one_wins(shop: Shop) -> None:
    sku = shop.sells(units=50)
    mine = customers_cart(shop)
    guests = [guest_cart(shop) for _ in range(8)]
    for guest in guests:
        assert guest.holds(sku, 1).status == 200
    with ThreadPoolExecutor(16) as pool:
        ordered = [pool.submit(guest.check_out, "key-1") for guest in guests]
        merged = [pool.submit(_persistently, merge, mine["id"], guest) for guest in guests]
    outcomes = Counter((order.result().status, one.result().status) for order, one in zip(ordered, merged, strict=True))
    assert set(outcomes) <= {(202, 409), (409, 200)}, outcomes
    lines = shop.get(f"/v1/carts/{mine['id']}", "shopper").body["lines"]
    assert sum(line["quantity"] for line in lines) == outcomes[409, 200]
    assert shop.stock(sku)["available"] == 50 - outcomes[202, 409]


def _persistently(call: Any, *arguments: Any) -> Answer:
    """As a client does: what says it may be retried is retried."""
    for _ in range(20):
        answer: Answer = call(*arguments)
        if answer.status < 400 or not answer.body.get("retryable"):
            break
    return answer
