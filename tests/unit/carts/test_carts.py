"""Carts over the API: who has them, what is in them, what they cost, and how they end."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.carts import service
from chalicelib.carts.service import Visitor
from chalicelib.carts.service.access import hash_of
from chalicelib.core import clock
from chalicelib.orders import service as orders
from chalicelib.orders.domain import Decision
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, SUPPLIER, a_machine, a_shopper
from tests.unit.carts.visitors import CHECKOUT, Customer, Guest


def lines_of(reply):
    return {line["sku"]: line["quantity"] for line in reply.json["lines"]}


def line_of(reply, sku):
    return next(line for line in reply.json["lines"] if line["sku"] == sku)


def price(shop, sku, amount):
    body = {"prices": [{"channel": "web", "currency": "GBP", "amount": amount}]}
    etag = shop("GET", f"/v1/catalog/variants/{sku}").etag
    shop("PUT", f"/v1/variants/{sku}/prices", body, **{"If-Match": etag})


# ---- guests and their tokens --------------------------------------------------------------------------------------------------


def test_a_guest_s_token_is_long_shown_once_and_kept_as_a_hash(guest, table):
    assert len(guest.token) == 43  # 32 bytes, base64
    assert "token" not in guest.looks().json
    stored = str(table.scan(TableName="aisle-test")["Items"])
    assert guest.token not in stored
    assert hash_of(guest.token) in stored


def test_each_guest_has_a_cart_of_their_own(call, guest):
    other = Guest.enters(call)
    assert other.id != guest.id
    assert other.token != guest.token


def test_without_the_token_nobody_sees_a_guest_s_cart(call, guest, customer):
    guest.sets("MUG", 1)
    right, other = guest.token, Guest.enters(call).token
    for wrong in ("", "x", right[:-1], right + "x", other):
        guest.token = wrong
        reply = guest.looks()
        assert (reply.status, reply.code) == ((404, "not_found") if wrong else (401, "unauthenticated"))
    guest.token = None
    assert guest.looks().code == "unauthenticated"
    assert call("GET", f"/v1/carts/{guest.id}", by=SHOPPER).status == 404
    assert call("GET", f"/v1/guest-carts/{customer.id}", headers={"Cart-Token": right}).status == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST"])
def test_nobody_changes_a_cart_with_another_s_token(call, guest, method):
    guest.sets("MUG", 1)
    guest.token = Guest.enters(call).token
    commands = {
        "PUT": lambda: guest.sets("MUG", 5),
        "DELETE": lambda: guest.removes("MUG"),
        "PATCH": lambda: guest.configures(country="GB"),
        "POST": guest.checks_out,
    }
    assert commands[method]().status == 404


def test_a_checkout_is_not_repeated_to_somebody_without_the_token(guest):
    guest.sets("MUG", 1)
    assert guest.checks_out(key="k").status == 202
    guest.token = "somebody-else-s"
    assert guest.checks_out(key="k").status == 404


# ---- customers ------------------------------------------------------------------------------------------------------------------


def test_a_customer_fills_one_cart_for_each_channel(call, customer):
    customer.sets("MUG", 2)
    again = call("POST", "/v1/carts", json={"currency": "EUR"}, by=SHOPPER)
    assert (again.status, again.json["id"], again.json["currency"]) == (200, customer.id, "GBP")
    assert lines_of(again) == {"MUG": 2}
    elsewhere = call("POST", "/v1/carts", json={"currency": "GBP", "channel": "app"}, by=SHOPPER)
    assert (elsewhere.status, elsewhere.headers["location"]) == (201, f"/v1/carts/{elsewhere.json['id']}")
    assert elsewhere.json["id"] != customer.id


def test_another_customer_s_cart_is_not_there(call, customer):
    for by in (a_shopper("usr_other"), SUPPLIER, a_machine("orders.write")):
        reply = call("GET", f"/v1/carts/{customer.id}", by=by)
        assert reply.status in (401, 403, 404)
    assert call("GET", f"/v1/carts/{customer.id}", by=a_shopper("usr_other")).code == "not_found"


def test_those_who_serve_fill_a_customer_s_cart(call, customer):
    for number, by in enumerate((ASSOCIATE, ADMIN, a_machine("carts.write")), start=1):
        opened = call("POST", "/v1/carts", json={"currency": "GBP", "customer_id": SHOPPER.id}, by=by)
        assert (opened.status, opened.json["id"]) == (200, customer.id)
        headers = {"If-Match": opened.etag}
        reply = call("PUT", f"/v1/carts/{customer.id}/lines/MUG", json={"quantity": number}, by=by, headers=headers)
        assert lines_of(reply) == {"MUG": number}


def test_a_shopper_opens_no_other_s_cart(call, shop):
    body = {"currency": "GBP", "customer_id": "usr_other"}
    assert call("POST", "/v1/carts", json=body, by=SHOPPER).code == "forbidden"
    assert call("POST", "/v1/carts", json={"currency": "GBP"}, by=SUPPLIER).code == "forbidden"
    assert call("POST", "/v1/carts", json={"currency": "GBP"}, by=a_machine("carts.write")).status == 400


@pytest.mark.parametrize("path", ["/v1/carts/crt_none", "/v1/carts/a%23b"])
def test_what_never_was_is_not_there(call, shop, path):
    assert call("GET", path, by=SHOPPER).status == 404


# ---- lines under a version --------------------------------------------------------------------------------------------------------


def test_lines_are_set_and_removed(guest):
    assert guest.sets("MUG", 2).status == 200
    assert lines_of(guest.sets("POT", 1)) == {"MUG": 2, "POT": 1}
    assert lines_of(guest.sets("MUG", 5)) == {"MUG": 5, "POT": 1}
    assert lines_of(guest.removes("POT")) == {"MUG": 5}
    assert lines_of(guest.looks()) == {"MUG": 5}
    assert guest.looks().etag == '"5"'


def test_an_old_version_is_refused(guest):
    first = guest.etag
    guest.sets("MUG", 2)
    stale = guest.sets("MUG", 3, etag=first)
    assert (stale.status, stale.code) == (412, "stale_version")
    missing = guest.send("PUT", "/lines/MUG", {"quantity": 3})
    assert (missing.status, missing.code) == (428, "version_required")
    assert lines_of(guest.looks()) == {"MUG": 2}


@pytest.mark.parametrize("quantity", [0, -1, 10_000, "2", 1.5])
def test_quantities_that_cannot_be(guest, quantity):
    assert guest.sets("MUG", quantity).status == 400


def test_what_is_not_sold_does_not_get_in(guest):
    reply = guest.sets("NOTHING", 1)
    assert (reply.status, reply.code, reply.json["errors"][0]["code"]) == (422, "not_for_sale", "sku_unknown")
    assert guest.looks().json["lines"] == []
    assert guest.removes("MUG").status == 404


# ---- what it costs ----------------------------------------------------------------------------------------------------------------


def test_an_empty_cart_costs_nothing(guest):
    seen = guest.looks().json
    assert (seen["totals"], seen["ready"], seen["lines"]) == (None, False, [])


def test_a_cart_is_priced_as_an_order_would_be(guest):
    guest.sets("MUG", 2)
    seen = guest.sets("POT", 1).json
    assert seen["totals"] == {"goods": 6098, "discount": 0, "charges": 0, "tax": 1016, "total": 6098}
    assert seen["ready"] is True
    assert seen["lines"][0] == {
        "sku": "MUG",
        "seller": None,
        "quantity": 2,
        "name": "Mug",
        "unit_price": 1299,
        "was": None,
        "amount": 2598,
        "discount": 0,
        "availability": "in_stock",
        "left": None,
        "promised_on": None,
        "problem": None,
    }


def test_a_new_price_is_told_until_the_cart_is_changed(guest, shop):
    guest.sets("MUG", 2)
    price(shop, "MUG", 1499)
    for _ in range(2):
        seen = guest.looks()
        assert (line_of(seen, "MUG")["unit_price"], line_of(seen, "MUG")["was"]) == (1499, 1299)
        assert seen.json["totals"]["total"] == 2998
    told = guest.sets("POT", 1)
    assert line_of(told, "MUG")["was"] == 1299
    assert line_of(guest.looks(), "MUG")["was"] is None


def test_what_is_left_is_hinted_at(guest):
    guest.sets("TEA", 1)
    seen = guest.sets("MUG", 11)
    assert (line_of(seen, "TEA")["availability"], line_of(seen, "TEA")["left"]) == ("only_left", 4)
    assert (line_of(seen, "MUG")["availability"], line_of(seen, "MUG")["left"]) == ("only_left", 10)
    assert seen.json["ready"] is False
    assert guest.sets("MUG", 10).json["ready"] is True


def test_what_is_still_to_come_is_ready_and_has_its_day(guest, shop):
    policy = "/v1/inventory/stock/TEA/locations/leeds/policy"
    shop("PUT", policy, {"backorder_limit": 2, "backorder_days": 5}, **{"If-Match": '"0"'})
    seen = guest.sets("TEA", 6)
    assert line_of(seen, "TEA")["promised_on"] == (clock.now().date() + timedelta(days=5)).isoformat()
    assert (line_of(seen, "TEA")["left"], seen.json["ready"]) == (4, True)
    seen = guest.sets("TEA", 4)
    assert (line_of(seen, "TEA")["promised_on"], seen.json["ready"]) == (None, True)
    seen = guest.sets("TEA", 7)
    assert (line_of(seen, "TEA")["promised_on"], seen.json["ready"]) == (None, False)


def test_what_is_sold_out_is_said(guest, shop):
    guest.sets("TEA", 1)
    body = {"location_id": "leeds", "reason": "lost", "lines": [{"sku": "TEA", "quantity": -4}]}
    shop("POST", "/v1/inventory/adjustments", body)
    seen = guest.looks()
    assert (line_of(seen, "TEA")["availability"], line_of(seen, "TEA")["left"]) == ("not_available", None)
    assert seen.json["ready"] is False


def test_what_is_not_sold_any_more_stays_in_with_its_problem(guest, shop):
    guest.sets("MUG", 1)
    guest.sets("POT", 1)
    etag = shop("GET", "/v1/catalog/variants/POT").etag
    shop("PATCH", "/v1/variants/POT", {"status": "archived"}, **{"If-Match": etag})
    seen = guest.looks()
    assert (line_of(seen, "POT")["problem"], line_of(seen, "POT")["unit_price"]) == ("not_active", None)
    assert line_of(seen, "MUG")["problem"] is None
    assert (seen.json["totals"]["total"], seen.json["ready"]) == (1299, False)
    assert guest.sets("MUG", 2).status == 200
    assert guest.checks_out().code == "not_for_sale"
    assert lines_of(guest.removes("POT")) == {"MUG": 2}


def test_in_another_currency_prices_are_new(guest, shop):
    guest.sets("MUG", 1)
    price(shop, "MUG", 1499)
    guest.configures(currency="EUR")
    assert line_of(guest.looks(), "MUG")["problem"] == "no_price"
    price_in_euros = [{"channel": "web", "currency": "EUR", "amount": 1799}]
    etag = shop("GET", "/v1/catalog/variants/MUG").etag
    shop("PUT", "/v1/variants/MUG/prices", {"prices": price_in_euros}, **{"If-Match": etag})
    seen = line_of(guest.looks(), "MUG")
    assert (seen["unit_price"], seen["was"]) == (1799, None)


def test_codes_say_what_they_do_or_why_they_do_nothing(guest, shop):
    ten = {"name": "Ten off", "reward": {"type": "percentage", "bps": 1000}, "by_code": True, "threshold": {"units": 2}}
    made = shop("POST", "/v1/promotions", ten).json["id"]
    shop("POST", f"/v1/promotions/{made}/codes", {"codes": ["TEN"]})
    guest.sets("MUG", 1)
    seen = guest.configures(coupons=["ten", "none", "TEN"]).json
    assert [(one["code"], one["rule"], one["amount"], one["facts"]) for one in seen["coupons"]] == [
        ("TEN", "units_below_threshold", 0, {"needed": 2, "has": 1}),
        ("NONE", "code_unknown", 0, {}),
    ]
    seen = guest.sets("MUG", 2).json
    assert [(one["code"], one["rule"], one["amount"]) for one in seen["coupons"]] == [
        ("TEN", "applied", 260),
        ("NONE", "code_unknown", 0),
    ]
    assert seen["promotions"] == [{"promotion_id": made, "name": "Ten off", "code": "TEN", "amount": 260}]
    assert (seen["totals"]["discount"], seen["totals"]["total"]) == (260, 2338)


@pytest.fixture
def parcel(shop):
    """A way to send goods within Britain, for £4.95."""
    tariff = {"currency": "GBP", "bands": [{"up_to_grams": None, "amount": 495}]}
    zone = {
        "name": "home",
        "countries": ["GB"],
        "transit_days_min": 1,
        "transit_days_max": 2,
        "tariffs": [tariff],
    }
    body = {"names": {"en": "Parcel"}, "carrier": "Post", "channels": ["web"], "zones": [zone]}
    shop("PUT", "/v1/shipping-methods/parcel", body, **{"If-Match": '"0"'})


def test_shipping_is_charged_once_it_is_known_where_to(guest, parcel):
    guest.sets("MUG", 1)
    seen = guest.configures(shipping_method="parcel").json
    assert (seen["shipping"], seen["totals"]["charges"], seen["totals"]["total"]) == (None, 0, 1299)
    seen = guest.configures(country="GB").json
    assert (seen["shipping"]["method"], seen["shipping"]["carrier"]) == ("parcel", "Post")
    assert (seen["totals"]["charges"], seen["totals"]["total"], seen["ready"]) == (495, 1794, True)
    placed = guest.checks_out(expected_total=1794)
    assert (placed.status, placed.json["total"]) == (202, 1794)


def test_where_a_method_does_not_go_is_said(guest, parcel):
    guest.sets("MUG", 1)
    seen = guest.configures(shipping_method="parcel", country="FR").json
    assert (seen["shipping_problem"], seen["shipping"], seen["ready"]) == ("country_not_served", None, False)
    assert seen["totals"]["total"] == 1299
    abroad = {"name": "Ada", "line1": "1 Rue", "city": "Lyon", "country": "FR"}
    refused = guest.checks_out(shipping_address=abroad)
    assert (refused.status, refused.code) == (422, "shipping_unavailable")


def test_a_checkout_may_name_another_method_than_the_cart(guest, parcel):
    guest.sets("MUG", 1)
    assert guest.checks_out(shipping_method="parcel").json["total"] == 1794


def test_free_shipping_comes_off_the_charge(guest, parcel, shop):
    free = {"name": "Free", "reward": {"type": "shipping_percentage", "bps": 10_000}, "threshold": {"units": 2}}
    shop("POST", "/v1/promotions", free)
    guest.sets("MUG", 1)
    seen = guest.configures(shipping_method="parcel", country="GB").json
    assert (seen["promotions"], seen["totals"]["total"]) == ([], 1794)
    seen = guest.sets("MUG", 2).json
    assert [one["amount"] for one in seen["promotions"]] == [495]
    assert (seen["totals"]["charges"], seen["totals"]["total"]) == (0, 2598)


def test_only_what_is_sent_is_changed(guest):
    seen = guest.configures(country="GB", region="Yorkshire", coupons=["A1B"], shipping_method="parcel").json
    assert (seen["country"], seen["region"], seen["shipping_method"]) == ("GB", "Yorkshire", "parcel")
    seen = guest.configures(region=None).json
    assert (seen["country"], seen["region"], seen["coupons"]) == ("GB", None, [])
    assert guest.configures().status == 400
    assert guest.configures(coupons=list("ABCDEF")).status == 400


# ---- expiry -----------------------------------------------------------------------------------------------------------------------


def test_a_cart_is_gone_after_a_month_whether_or_not_it_was_cleaned_up(call, guest, customer):
    guest.sets("MUG", 1)
    customer.sets("MUG", 1)
    month = clock.now() + timedelta(days=30, seconds=1)
    with clock.at(month - timedelta(seconds=10)):
        assert guest.looks().status == 200
    with clock.at(month):
        assert guest.looks().status == 404
        assert guest.sets("MUG", 2).status == 404
        assert guest.checks_out().status == 404
        assert customer.merges(guest).status == 404
        fresh = Customer.enters(call, SHOPPER)
        assert (fresh.id != customer.id, fresh.looks().json["lines"]) == (True, [])


def test_every_change_gives_a_cart_another_month(guest):
    opened = clock.now()
    with clock.at(opened + timedelta(days=20)):
        guest.sets("MUG", 1)
    with clock.at(opened + timedelta(days=40)):
        assert lines_of(guest.looks()) == {"MUG": 1}


# ---- merging on sign-in -----------------------------------------------------------------------------------------------------------


def test_a_guest_s_cart_goes_into_the_customer_s(guest, customer):
    guest.sets("MUG", 1)
    guest.sets("TEA", 2)
    customer.sets("MUG", 3)
    merged = customer.merges(guest)
    assert (merged.status, lines_of(merged), merged.etag) == (200, {"MUG": 4, "TEA": 2}, '"3"')
    left = guest.looks().json
    assert (left["state"], left["merged_into"]) == ("merged", customer.id)


def test_merging_again_changes_nothing(guest, customer):
    guest.sets("MUG", 1)
    first = customer.merges(guest)
    again = customer.merges(guest)
    assert again.text == first.text
    customer.sets("MUG", 7)
    assert lines_of(customer.merges(guest)) == {"MUG": 7}


def test_a_merged_cart_goes_nowhere_else(call, guest, customer):
    guest.sets("MUG", 1)
    customer.merges(guest)
    other = Customer.enters(call, a_shopper("usr_other"))
    refused = other.merges(guest)
    assert (refused.status, refused.code) == (409, "cart_closed")
    assert (refused.json["state"], refused.json["merged_into"]) == ("merged", customer.id)
    for reply in (guest.sets("MUG", 2), guest.removes("MUG"), guest.checks_out()):
        assert (reply.status, reply.code) == (409, "cart_closed")


def test_merging_needs_the_token_of_the_guest_s_and_the_customer_s_own(call, guest, customer):
    guest.sets("MUG", 1)
    assert Customer(call, customer.opened, a_shopper("usr_other")).merges(guest).status == 404
    token, guest.token = guest.token, None
    assert customer.merges(guest).code == "unauthenticated"
    guest.token = token[::-1]
    assert customer.merges(guest).status == 404
    assert lines_of(customer.looks()) == {}


def test_staff_merge_no_guest_s_cart_into_another(call, guest):
    other = Guest.enters(call)
    headers = {"Cart-Token": other.token}
    reply = call("POST", f"/v1/carts/{guest.id}/merge", json={"guest_cart_id": other.id}, by=ADMIN, headers=headers)
    assert reply.status == 404


def test_carts_of_two_currencies_do_not_merge(call, customer):
    assert customer.merges(Guest.enters(call, currency="EUR")).code == "carts_differ"


def test_an_ordered_cart_is_not_merged(guest, customer):
    guest.sets("MUG", 1)
    guest.checks_out()
    refused = customer.merges(guest)
    assert (refused.code, refused.json["state"]) == ("cart_closed", "ordered")


# ---- checkout -----------------------------------------------------------------------------------------------------------------------


def test_a_customer_orders_what_is_in_the_cart(call, customer):
    customer.sets("MUG", 2)
    placed = customer.checks_out(reference="R1")
    assert placed.status == 202, placed.text
    assert (placed.json["total"], placed.json["currency"], placed.json["status"]) == (2598, "GBP", "placed")
    order = call("GET", placed.headers["location"], by=SHOPPER).json
    assert (order["id"], order["customer_id"], order["reference"]) == (placed.json["order_id"], SHOPPER.id, "R1")
    assert [(line["sku"], line["ordered"]) for line in order["lines"]] == [("MUG", 2)]
    seen = customer.looks().json
    assert (seen["state"], seen["order_id"], seen["totals"], seen["ready"]) == ("ordered", order["id"], None, False)
    assert [(line["unit_price"], line["availability"]) for line in seen["lines"]] == [(1299, None)]
    fresh = Customer.enters(call, SHOPPER)
    assert (fresh.opened.status, fresh.id != customer.id) == (201, True)


def test_a_guest_orders_without_an_account(call, guest, table):
    guest.sets("MUG", 1)
    placed = guest.checks_out()
    assert placed.status == 202, placed.text
    assert placed.headers["location"] == f"/v1/guest-carts/{guest.id}/order"
    order = call("GET", f"/v1/orders/{placed.json['order_id']}", by=ASSOCIATE).json
    assert order["customer_id"] is None
    timeline = call("GET", f"/v1/orders/{order['id']}/timeline", by=ASSOCIATE).json["items"]
    assert timeline[0]["actor"] == {"kind": "guest", "id": guest.id}
    became = guest.send("GET", "/order")
    assert (became.json["order_id"], became.json["status"]) == (order["id"], "placed")


def test_before_it_is_ordered_nothing_became_of_it(guest):
    assert guest.send("GET", "/order").status == 404


def test_repeating_a_checkout_gives_the_first_answer(guest):
    guest.sets("MUG", 1)
    first, again = guest.checks_out(key="k"), guest.checks_out(key="k")
    assert again.text == first.text
    assert again.headers["idempotent-replayed"] == "true"


def test_a_cart_is_ordered_once(guest, call):
    guest.sets("MUG", 1)
    first = guest.checks_out()
    second = guest.checks_out()
    assert (second.status, second.code, second.json["order_id"]) == (409, "cart_closed", first.json["order_id"])


def test_an_empty_cart_is_not_ordered(guest):
    assert guest.checks_out().code == "cart_empty"


def test_a_total_that_is_not_the_expected_one_is_told(guest, shop):
    total = guest.sets("MUG", 2).json["totals"]["total"]
    price(shop, "MUG", 1499)
    refused = guest.checks_out(expected_total=total)
    assert (refused.status, refused.code) == (409, "total_changed")
    assert (refused.json["expected"], refused.json["total"]) == (2598, 2998)
    assert guest.looks().json["state"] == "active"
    assert guest.checks_out(expected_total=2998).status == 202


def test_what_is_short_leaves_the_cart_as_it_is(guest):
    guest.sets("TEA", 5)
    refused = guest.checks_out()
    assert (refused.code, refused.json["shortages"]) == ("stock_too_low", [{"sku": "TEA", "wanted": 5, "left": 4}])
    guest.sets("TEA", 4)
    assert guest.checks_out().status == 202


def test_a_code_that_does_not_count_is_not_ordered_with(guest):
    guest.sets("MUG", 1)
    guest.configures(coupons=["none"])
    assert guest.checks_out().code == "coupon_refused"
    guest.configures(coupons=[])
    assert guest.checks_out().status == 202


def test_a_checkout_may_wait_and_says_what_it_knows(guest, monkeypatch):
    guest.sets("MUG", 1)
    monkeypatch.setattr("chalicelib.orders.service.read_orders._LOOK_EVERY", 0.01)
    held = guest.checks_out(prefer="wait=1")
    assert (held.status, held.json["status"]) == (202, "placed")


def test_a_checkout_that_was_decided_in_time_is_done(guest, monkeypatch):
    def decided(order_id, seconds, by):
        return replace(orders.find_order(order_id), decision=Decision.REFUSED)

    monkeypatch.setattr(orders, "wait_until_decided", decided)
    guest.sets("MUG", 1)
    done = guest.checks_out(prefer="wait=5")
    assert (done.status, done.json["status"], done.headers["preference-applied"]) == (200, "refused", "wait=5")
    assert done.headers["location"] == f"/v1/guest-carts/{guest.id}/order"


@pytest.mark.parametrize(
    "given",
    [
        {"tenders": [{"type": "card", "token": "a"}, {"type": "gift_card", "token": "b"}]},
        {"expected_total": -1},
        {"contact": {}},
        {"lines": []},
    ],
)
def test_a_checkout_that_cannot_be_understood(guest, given):
    guest.sets("MUG", 1)
    assert guest.checks_out(**given).status == 400


def test_a_checkout_needs_its_key(guest):
    assert guest.send("POST", "/checkout", CHECKOUT).status == 400


def test_the_service_knows_visitors_by_what_they_bring(guest):
    seen = service.read_cart(guest.id, Visitor.guest(guest.token))
    assert seen.cart.token_hash == hash_of(guest.token)
