"""Promotions, codes and taxes as an order freezes them, and what a quote says before."""

from typing import Any

import pytest

from app import app
from chalicelib.fulfilment import service as fulfilment
from chalicelib.orders import service
from chalicelib.orders.domain import HasCustomer, StillOpen
from chalicelib.promotions import service as promotions
from chalicelib.shipping import service as shipping
from chalicelib.taxes import service as taxes
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, a_shopper, request
from tests.integration.orders.conftest import WORKFLOW, Shop
from tests.unit.orders.test_cancel_order import cancel, confirmed

TEN_OFF = {"name": "Ten off", "reward": {"type": "percentage", "bps": 1000}}


@pytest.fixture(autouse=True)
def _anew() -> None:
    promotions.forget_promotions()
    taxes.forget_rates()


def define(shop: Shop, code: str | None = None, most: int | None = None, **given: Any) -> None:
    made = shop.call("POST", "/v1/promotions", json={**TEN_OFF, "by_code": code is not None, **given})
    assert made.status == 201, made
    if code is not None:
        path = f"/v1/promotions/{made.json['id']}/codes"
        codes = shop.call("POST", path, json={"codes": [code], "most": most})
        assert codes.status == 201, codes


def order(shop: Shop, *lines: tuple[str, int], by: Any = SHOPPER, **more: Any) -> Any:
    body = {
        "currency": "GBP",
        "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines],
        "contact": {"name": "Ada Lovelace", "email": "ada@example.com"},
        "shipping_address": {"name": "Ada", "line1": "12 St James Square", "city": "London", "country": "GB"},
        "payment": {"token": "tok_approve"},
        **more,
    }
    return shop.call("POST", "/v1/orders", by=by, json=body)


def test_a_promotion_is_frozen_on_lines_with_its_reason(shop: Shop) -> None:
    define(shop)
    shop.sells("A", price=333, leeds=9)
    shop.sells("B", price=100, leeds=9)
    placed = order(shop, ("A", 3), ("B", 1)).json
    assert [(line["amount"], line["discount"]) for line in placed["lines"]] == [(999, 100), (100, 10)]
    assert placed["total"]["amount"] == 989
    assert [(one["name"], one["goods"], one["rule"]) for one in placed["promotions"]] == [("Ten off", 110, "applied")]
    # The tax is that within what is left: 899 gross at 20 % holds 150.
    assert [line["tax"] for line in placed["lines"]] == [150, 15]


def test_a_quote_says_what_the_order_will_cost(shop: Shop) -> None:
    define(shop, code="SUMMER")
    shop.sells("A", price=333, leeds=9)
    body = {"currency": "GBP", "lines": [{"sku": "A", "quantity": 3}], "coupons": ["summer", "none"], "country": "GB"}
    quoted = shop.call("POST", "/v1/quotes", json=body, by=SHOPPER).json
    assert quoted["total"]["amount"] == 899
    assert {one["code"]: one["rule"] for one in quoted["promotions"]} == {"SUMMER": "applied", "NONE": "code_unknown"}
    assert order(shop, ("A", 3), coupons=["SUMMER"]).json["total"] == quoted["total"]
    lines = [{"sku": "A", "quantity": 1, "unit_price": 1}]
    assert shop.call("POST", "/v1/quotes", json={**body, "lines": lines}, by=SHOPPER).status == 403


def test_a_code_is_used_no_more_often_than_it_may_be_and_free_again_after_a_cancellation(shop: Shop) -> None:
    define(shop, code="ONCE", most=1)
    shop.sells("A", leeds=9)
    first = order(shop, ("A", 1), coupons=["ONCE"])
    assert first.status == 202
    second = order(shop, ("A", 1), coupons=["ONCE"], by=a_shopper("usr_other"))
    assert (second.status, second.code) == (422, "coupon_refused")
    assert shop.stock("A") == {"leeds": (9, 8, 1)}
    assert cancel(shop, first.json["id"]).status == 201
    assert order(shop, ("A", 1), coupons=["ONCE"]).status == 202


def test_what_staff_prices_no_promotion_touches(shop: Shop) -> None:
    define(shop)
    shop.sells("A", price=1000, leeds=9)
    body = [{"sku": "A", "quantity": 1, "unit_price": 700}]
    placed = order(shop, by=ASSOCIATE, lines=body).json
    assert (placed["total"]["amount"], placed["promotions"]) == (700, [])


def test_rates_of_the_country_count_and_come_on_top_where_prices_are_net(shop: Shop) -> None:
    periods = {"periods": [{"valid_from": "2010-01-01", "rate_bps": 825}]}
    for path, body in (("tax-rates/US/standard", periods), ("tax-countries/US", {"prices_include_tax": False})):
        request(app, "PUT", f"/v1/{path}", json=body, by=ADMIN, headers={"If-Match": '"0"'})
    taxes.forget_rates()
    shop.sells("A", price=1000, leeds=9)
    address = {"name": "Ada", "line1": "1 Main St", "city": "Austin", "country": "US"}
    placed = order(shop, ("A", 3), shipping_address=address).json
    line = placed["lines"][0]
    assert (line["amount"], line["tax"], line["tax_included"], line["charged"]) == (3000, 248, False, 3248)
    assert placed["total"]["amount"] == 3248
    payments_total = shop.payment(placed["id"])["amount"]
    assert payments_total == 3248


STANDARD = {
    "names": {"en": "Standard"},
    "carrier": "Royal Mail",
    "channels": ["web"],
    "zones": [
        {
            "name": "home",
            "countries": ["GB"],
            "transit_days_min": 2,
            "transit_days_max": 4,
            "tariffs": [{"currency": "GBP", "bands": [{"up_to_grams": None, "amount": 399}], "free_from": 5000}],
        }
    ],
    "closed_days": [],
}


def test_shipping_is_charged_by_what_the_goods_come_to_after_discounts(shop: Shop) -> None:
    put = request(app, "PUT", "/v1/shipping-methods/standard", json=STANDARD, by=ADMIN, headers={"If-Match": '"0"'})
    assert put.status == 200, put
    shipping.forget_methods()
    define(shop)
    shop.sells("A", price=2500, leeds=9)
    two = order(shop, ("A", 2), shipping_method="standard").json
    # 5,000 less a tenth is below what ships free.
    assert [(one["code"], one["amount"], one["tax_rate_bps"]) for one in two["charges"]] == [("SHIPPING", 399, 2000)]
    assert (two["total"]["amount"], two["shipping"]["method"]) == (4500 + 399, "standard")
    three = order(shop, ("A", 3), shipping_method="standard").json
    assert [one["amount"] for one in three["charges"]] == [0]
    define(shop, name="Free postage", reward={"type": "shipping_percentage", "bps": 10_000}, priority=1)
    promotions.forget_promotions()
    assert order(shop, ("A", 2), shipping_method="standard").json["total"]["amount"] == 4500
    unknown = order(shop, ("A", 1), shipping_method="drone")
    assert (unknown.status, unknown.code) == (422, "shipping_unavailable")


def test_a_guest_s_order_is_claimed_once(shop: Shop) -> None:
    from chalicelib.core.contacts import email_hash

    shop.sells("A", leeds=9)
    order_id = order(shop, ("A", 1), by=ASSOCIATE).json["id"]
    hashed = email_hash("ADA@example.com")
    assert hashed is not None
    assert service.guest_orders(hashed, 10) == [order_id]
    service.claim_order(order_id, "usr_ada", WORKFLOW)
    assert service.guest_orders(hashed, 10) == []
    assert shop.call("GET", f"/v1/orders/{order_id}", by=a_shopper("usr_ada")).status == 200
    with pytest.raises(HasCustomer):
        service.claim_order(order_id, "usr_eve", WORKFLOW)


def test_a_person_is_forgotten_once_the_order_is_through(shop: Shop) -> None:
    order_id, [part] = confirmed(shop, (shop.sells("A", leeds=5), 1))
    shop.call("POST", f"/v1/orders/{order_id}/notes", json={"text": "Ada rang", "shown": False}, by=ASSOCIATE)
    with pytest.raises(StillOpen):
        service.forget_person(order_id, WORKFLOW)
    shop.ships(part, line_1=1)
    shop.call("POST", f"/v1/fulfilments/{part}/answers", by=ASSOCIATE, json={"type": "delivered", "lines": []})
    total = shop.read(order_id)["total"]
    for _ in range(2):
        service.forget_person(order_id, WORKFLOW)
    seen = shop.read(order_id)
    assert (seen["contact"], seen["total"], seen["status"]) == ({"name": "forgotten"}, total, "delivered")
    assert seen["shipping_address"]["city"] == "forgotten"
    assert fulfilment.read(part, WORKFLOW).address == {"country": "GB"}
    assert shop.call("GET", f"/v1/orders/{order_id}/notes").json["items"] == []
    assert shop.events(order_id).count("OrderPersonForgotten") == 1


def test_a_carrier_s_words_count_once_and_in_any_order(shop: Shop) -> None:
    order_id, [part] = confirmed(shop, (shop.sells("A", leeds=5), 1))
    path = f"/v1/fulfilments/{part}/tracking-events"

    def says(id: str, code: str, at: str, key: str | None = None) -> Any:
        return shop.call("POST", path, json={"id": id, "code": code, "at": at}, by=ASSOCIATE, key=key)

    assert says("1", "in_transit", "2026-01-02T09:00:00Z").code == "fulfilment_out_of_turn"
    shop.ships(part, line_1=1)
    assert says("2", "out_for_delivery", "2026-01-03T09:00:00Z").json["whereabouts"]["code"] == "out_for_delivery"
    late = says("1", "in_transit", "2026-01-02T10:00:00+01:00")
    assert (late.status, late.json["whereabouts"]["code"]) == (201, "out_for_delivery")
    assert says("1", "in_transit", "2026-01-02T09:00:00Z").code == "already_tracked"
    assert says("4", "in_transit", "2026-01-02T09:00:00").status == 400
    assert says("3", "delivered", "2026-01-03T12:00:00Z").json["status"] == "delivered"
    assert shop.read(order_id)["status"] == "delivered"
    items = shop.call("GET", f"/v1/orders/{order_id}/tracking", by=SHOPPER).json["items"]
    assert [(one["code"], one["at"][:16]) for one in items] == [
        ("in_transit", "2026-01-02T09:00"),
        ("out_for_delivery", "2026-01-03T09:00"),
        ("delivered", "2026-01-03T12:00"),
    ]
