"""Carts whose lines name who is to sell them."""

from typing import Any

import pytest

from chalicelib.listings.service import use_cases as listings
from chalicelib.orders import service as orders
from chalicelib.suppliers.domain import SupplierStatus
from tests.conftest import ADMIN, SHOPPER, Reply
from tests.integration.orders.conftest import Shop
from tests.unit.carts.visitors import Customer, Guest
from tests.unit.orders.marketplace import Market

NOBODY = "sup_" + "0" * 26


@pytest.fixture
def market(table: Any) -> Market:
    """Five mugs of our own at 950."""
    listings.forget_settings()
    shop = Shop(table)
    shop.category = shop.call("POST", "/v1/categories", json={"name": "All", "slug": "all"}).json["id"]
    shop.opens("leeds")
    shop.sells("MUG", price=950, leeds=5)
    return Market(shop)


@pytest.fixture
def guest(call: Any) -> Guest:
    return Guest.enters(call)


def lines_of(reply: Reply) -> list[tuple[Any, ...]]:
    return [
        tuple(line[name] for name in ("seller", "quantity", "unit_price", "problem")) for line in reply.json["lines"]
    ]


def stock_of(reply: Reply) -> list[tuple[Any, ...]]:
    return [(line["seller"], line["availability"], line["left"]) for line in reply.json["lines"]]


def sold_by(order_id: str) -> dict[str, tuple[str, int, int]]:
    """By line: who ships it, how much, at which price."""
    order = orders.find_order(order_id)
    prices = {line.id: line.unit_price for line in order.lines}
    return {one.line_id: (one.location_id, one.quantity, prices[one.line_id]) for one in order.allocations}


def test_each_line_is_sold_by_whom_it_names_at_their_price(market: Market, guest: Guest) -> None:
    cheap, dear = market.supplier(), market.supplier()
    market.offers("MUG", cheap, 800, 5)
    market.offers("MUG", dear, 990, 5)
    guest.sets("MUG", 1)
    guest.sets("MUG", 2, seller=dear)
    seen = guest.sets("MUG", 3, seller="own")
    assert lines_of(seen) == [(None, 1, 800, None), (dear, 2, 990, None), ("own", 3, 950, None)]
    assert (seen.json["totals"]["goods"], seen.json["ready"]) == (800 + 2 * 990 + 3 * 950, True)
    assert lines_of(guest.looks()) == lines_of(seen)
    placed = guest.checks_out()
    assert placed.status == 202, placed.text
    assert sold_by(placed.json["order_id"]) == {"1": (cheap, 1, 800), "2": (dear, 2, 990), "3": ("leeds", 3, 950)}
    assert lines_of(guest.looks()) == lines_of(seen)


def test_a_line_is_removed_by_its_seller(market: Market, guest: Guest) -> None:
    supplier = market.supplier()
    market.offers("MUG", supplier, 800, 5)
    guest.sets("MUG", 1)
    guest.sets("MUG", 2, seller=supplier)
    assert guest.removes("MUG", seller="own").status == 404
    assert lines_of(guest.removes("MUG", seller=supplier)) == [(None, 1, 800, None)]
    assert lines_of(guest.removes("MUG")) == []


def test_a_new_price_of_one_seller_is_told_on_its_line(market: Market, guest: Guest) -> None:
    supplier = market.supplier()
    market.offers("MUG", supplier, 990, 5)
    guest.sets("MUG", 1)
    guest.sets("MUG", 1, seller=supplier)
    market.offers("MUG", supplier, 970, 0)
    assert [(one["unit_price"], one["was"]) for one in guest.looks().json["lines"]] == [(950, None), (970, 990)]


@pytest.mark.parametrize("seller", [NOBODY, "the supplier"])
def test_who_cannot_sell_it_is_not_named(market: Market, guest: Guest, seller: str) -> None:
    if seller != NOBODY:
        seller = market.supplier()
        market.offers("MUG", seller, 800, 2)
    refused = guest.sets("MUG", 3, seller=seller)
    assert (refused.status, refused.code) == (409, "seller_cannot_supply")
    assert [(one["pointer"], one["code"]) for one in refused.json["errors"]] == [("/seller", "seller_cannot_supply")]
    assert refused.json["shortages"] == [
        {"sku": "MUG", "seller": seller, "wanted": 3, "left": 0 if seller == NOBODY else 2}
    ]
    assert guest.looks().json["lines"] == []


@pytest.mark.parametrize("seller", ["Own", "leeds", "sup_1", ""])
def test_what_is_no_seller_is_refused(guest: Guest, seller: str) -> None:
    refused = guest.sets("MUG", 1, seller=seller)
    assert (refused.status, refused.json["errors"][0]["pointer"]) == (400, "/seller")


def test_who_cannot_sell_it_any_more_is_a_problem_of_the_line(market: Market, guest: Guest) -> None:
    able, unable = market.supplier(), market.supplier()
    market.offers("MUG", able, 990, 5)
    market.offers("MUG", unable, 800, 4)
    guest.sets("MUG", 1, seller=able)
    guest.sets("MUG", 4, seller=unable)
    market.shop.moves(unable, "MUG", -1)
    seen = guest.looks()
    assert lines_of(seen) == [(able, 1, 990, None), (unable, 4, None, "seller_cannot_supply")]
    assert stock_of(seen) == [(able, "only_left", 5), (unable, "only_left", 3)]
    assert (seen.json["totals"]["total"], seen.json["ready"]) == (990, False)
    refused = guest.checks_out()
    assert (refused.status, refused.code) == (409, "seller_cannot_supply")
    assert refused.json["errors"][0]["pointer"] == "/lines/1/seller"
    assert refused.json["shortages"] == [{"sku": "MUG", "seller": unable, "wanted": 4, "left": 3}]
    assert lines_of(guest.sets("MUG", 3, seller=unable))[1] == (unable, 3, 800, None)


def test_each_problem_stays_with_its_line(market: Market, guest: Guest, call: Any) -> None:
    """What has no price of ours may have one with a supplier; what is not sold any more is sold by nobody."""
    supplier, gone = market.supplier(), market.supplier()
    market.shop.sells("POT", leeds=9)
    market.lists("LAMP")
    market.offers("LAMP", supplier, 700, 5)
    market.offers("POT", supplier, 400, 5)
    market.offers("MUG", gone, 800, 5)
    guest.sets("LAMP", 1, seller=supplier)
    refused = guest.sets("LAMP", 1, seller="own")
    assert (refused.status, refused.json["errors"][0]["code"]) == (422, "no_price")
    guest.sets("MUG", 1, seller=gone)
    guest.sets("POT", 1)
    guest.sets("POT", 1, seller=supplier)
    guest.sets("MUG", 1)
    market.offers("MUG", gone, 800, 0, paused=True)
    etag = market.shop.call("GET", "/v1/catalog/variants/POT").headers["etag"]
    done = call("PATCH", "/v1/variants/POT", json={"status": "archived"}, by=ADMIN, headers={"If-Match": etag})
    assert done.status == 200, done.text
    assert lines_of(guest.looks()) == [
        (supplier, 1, 700, None),
        (gone, 1, None, "seller_cannot_supply"),
        (None, 1, None, "not_active"),
        (supplier, 1, None, "not_active"),
        (None, 1, 950, None),
    ]


def test_what_has_no_price_of_ours_any_more_is_still_sold_by_a_supplier(
    market: Market, guest: Guest, call: Any
) -> None:
    supplier = market.supplier()
    market.offers("MUG", supplier, 990, 5)
    guest.sets("MUG", 1, seller="own")
    guest.sets("MUG", 2, seller=supplier)
    etag = market.shop.call("GET", "/v1/catalog/variants/MUG").headers["etag"]
    body = {"prices": [{"channel": "web", "currency": "EUR", "amount": 1100}]}
    assert call("PUT", "/v1/variants/MUG/prices", json=body, by=ADMIN, headers={"If-Match": etag}).status == 200
    seen = guest.looks()
    assert lines_of(seen) == [("own", 1, None, "no_price"), (supplier, 2, 990, None)]
    assert (seen.json["totals"]["total"], seen.json["ready"]) == (1980, False)


def test_what_one_line_names_is_not_promised_to_another(market: Market, guest: Guest) -> None:
    supplier = market.supplier()
    market.offers("MUG", supplier, 800, 4)
    guest.sets("MUG", 3)
    guest.sets("MUG", 3, seller=supplier)
    seen = guest.sets("MUG", 4, seller="own")
    assert stock_of(seen) == [(None, "only_left", 2), (supplier, "only_left", 4), ("own", "only_left", 5)]
    assert seen.json["ready"] is False
    assert guest.checks_out().code == "stock_too_low"
    seen = guest.sets("MUG", 2)
    assert (lines_of(seen)[0], seen.json["ready"]) == ((None, 2, 950, None), True)
    placed = guest.checks_out()
    assert placed.status == 202, placed.text
    assert market.shop.stock("MUG") == {"leeds": (5, 0, 5), supplier: (4, 0, 4)}


def test_a_line_is_told_only_of_units_that_it_may_have(market: Market, guest: Guest) -> None:
    """Used goods go to who names their seller, and who is left out by the rules sells nothing."""
    used, out = market.supplier(), market.supplier()
    market.lists("LAMP")
    market.offers("LAMP", used, 700, 3, condition="used")
    market.offers("LAMP", out, 900, 6)
    assert stock_of(guest.sets("LAMP", 1)) == [(None, "in_stock", None)]
    assert market.rules({"seller": out, "excluded": True}).status == 200
    guest.removes("LAMP")
    seen = guest.sets("LAMP", 2, seller=used)
    assert (stock_of(seen), seen.json["ready"]) == ([(used, "only_left", 3)], True)
    market.rules(version=1)
    guest.sets("LAMP", 6)
    market.rules({"seller": out, "excluded": True}, version=2)
    seen = guest.looks()
    assert (stock_of(seen)[1], seen.json["ready"]) == ((None, "not_available", None), False)


def test_our_own_units_count_only_where_we_may_sell_them(market: Market, guest: Guest, call: Any) -> None:
    supplier = market.supplier()
    market.offers("MUG", supplier, 960, 3)
    policy = "/v1/inventory/stock/MUG/locations/leeds/policy"
    body = {"backorder_limit": 9, "backorder_days": 5}
    assert call("PUT", policy, json=body, by=ADMIN, headers={"If-Match": '"0"'}).status == 200
    guest.sets("MUG", 1, seller="own")
    seen = guest.sets("MUG", 4)
    assert (stock_of(seen)[1], seen.json["ready"]) == ((None, "in_stock", None), True)
    assert market.rules({"seller": "own", "excluded": True}).status == 200
    seen = guest.looks()
    assert stock_of(seen) == [("own", "not_available", None), (None, "only_left", 3)]
    assert [line["problem"] for line in seen.json["lines"]] == ["seller_cannot_supply", None]
    assert ([line["promised_on"] for line in seen.json["lines"]], seen.json["ready"]) == ([None, None], False)
    guest.removes("MUG", seller="own")
    assert guest.checks_out().json["shortages"] == [{"sku": "MUG", "wanted": 4, "left": 3}]
    assert guest.sets("MUG", 3).json["ready"] is True
    assert guest.checks_out().status == 202


def test_units_to_come_are_the_retailer_s_alone(market: Market, guest: Guest, call: Any) -> None:
    supplier = market.supplier()
    market.offers("MUG", supplier, 800, 2)
    policy = "/v1/inventory/stock/MUG/locations/leeds/policy"
    body = {"backorder_limit": 2, "backorder_days": 5}
    assert call("PUT", policy, json=body, by=ADMIN, headers={"If-Match": '"0"'}).status == 200
    seen = guest.sets("MUG", 7, seller="own")
    assert (seen.json["lines"][0]["promised_on"] is not None, seen.json["ready"]) == (True, True)
    seen = guest.sets("MUG", 1)
    assert (stock_of(seen)[1], seen.json["lines"][1]["promised_on"]) == ((None, "only_left", 2), None)
    seen = guest.sets("MUG", 3)
    assert (seen.json["lines"][1]["promised_on"], seen.json["ready"]) == (None, False)
    seen = guest.sets("MUG", 2, seller=supplier)
    assert (seen.json["lines"][2]["unit_price"], seen.json["lines"][2]["promised_on"]) == (800, None)


def test_a_merged_cart_keeps_who_sells_its_lines(market: Market, guest: Guest, call: Any) -> None:
    supplier = market.supplier()
    market.offers("MUG", supplier, 990, 5)
    customer = Customer.enters(call, SHOPPER)
    customer.sets("MUG", 1)
    customer.sets("MUG", 1, seller=supplier)
    guest.sets("MUG", 2, seller=supplier)
    guest.sets("MUG", 3, seller="own")
    merged = customer.merges(guest)
    assert lines_of(merged) == [(None, 1, 950, None), (supplier, 3, 990, None), ("own", 3, 950, None)]
    assert merged.json["ready"] is True


def test_a_suspended_supplier_s_line_does_not_keep_the_others_from_the_cart(market: Market, guest: Guest) -> None:
    supplier = market.supplier(status=SupplierStatus.SUSPENDED)
    market.offers("MUG", supplier, 800, 5)
    assert guest.sets("MUG", 1, seller=supplier).code == "seller_cannot_supply"
    assert lines_of(guest.sets("MUG", 1)) == [(None, 1, 950, None)]
