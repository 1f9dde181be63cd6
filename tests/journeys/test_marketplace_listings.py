"""What suppliers list: registered, changed and withdrawn, one by one and in files, and what a person decides on of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import urllib3

from examples.marketplace.suppliers import Trader
from infra.local.testing import Answer, TestStack
from tests.journeys.conftest import until
from tests.journeys.market import CHANNEL, Market, opened

pytestmark = pytest.mark.xdist_group("market-listings")
NAME = "Listing Goods"


@pytest.fixture(scope="module")
def market(stack: TestStack) -> Iterator[Market]:
    with opened(stack, Market) as market:
        yield market


@pytest.fixture
def trader(market: Market) -> Trader:
    """The supplier of these tests."""
    return market.known(NAME)[0]


def judged(market: Market, trader: Trader, name: str) -> Any:
    """A listing once what it proposes was looked at."""
    return until(lambda: (seen := market.read_listing(trader, name))["status"] != "submitted" and seen)


def offers(market: Market, sku: str) -> list[tuple[str, int, int]]:
    """Who offers a SKU, for how many pence, and how many there are."""
    items = market.shop.get(f"/v1/variants/{sku}/offers").body["items"]
    return [(one["supplier_id"], one["prices"]["GBP"], one["available"]) for one in items]


def case_of_listing(market: Market, trader: Trader, name: str, but: str = "") -> Any:
    """The open case of a listing, other than `but`."""

    def ask() -> Any:
        listed = market.read_listing(trader, name)["listing_id"]
        path = f"/v1/review-cases?supplier_id={trader.id}&subject_type=listing"
        found = [one["id"] for one in market.shop.get(path).body["items"] if one["subject"]["id"] == listed]
        new = [one for one in found if one != but]
        return new and market.shop.get(f"/v1/review-cases/{new[0]}").body

    return until(ask)


def test_a_change_is_published_once_checked_and_a_withdrawal_ends_the_sale(market: Market, trader: Trader) -> None:
    name, sku = market.lists(trader)
    before = market.read_listing(trader, name)
    path = f"/listings/{name}"
    stale = market.as_supplier(trader, "PATCH", path, {"title": "Stale"}, **{"If-Match": '"1"'})
    assert (stale.status, stale.body["code"]) == (412, "stale_version")
    change = {"title": "  A better  thing ", "prices": {"GBP": 1100}}
    asked = market.as_supplier(trader, "PATCH", path, change, **{"If-Match": f'"{before["version"]}"'})
    assert (asked.status, asked.body["status"], asked.body["proposal"]) == (202, "published", "submitted")
    assert offers(market, sku) == [(trader.id, 1000, 5)], "what is published goes on selling"
    after = until(lambda: (seen := market.read_listing(trader, name))["proposal"] is None and seen)
    assert (after["published"]["title"], after["prices"]) == ("A better thing", {"GBP": 1100})
    assert [(one["field"], one["before"], one["after"]) for one in after["corrections"]] == [
        ("/title", "  A better  thing ", "A better thing")
    ]
    assert offers(market, sku) == [(trader.id, 1100, 5)]
    assert market.stack.call("GET", f"/v1/variants/{sku}").body["name"] == "A better thing"

    gone = market.as_supplier(trader, "POST", f"{path}/withdrawals")
    assert (gone.status, gone.body["status"]) == (200, "withdrawn")
    assert offers(market, sku) == []
    order = market.shop.post("/v1/orders", market.shop.order((sku, 1), channel=CHANNEL), "shopper")
    assert (order.status, order.body["code"]) == (422, "not_for_sale"), order
    again = market.as_supplier(trader, "POST", f"{path}/withdrawals")
    assert (again.status, again.body["code"]) == (409, "listing_state")
    # What comes back under its name is the same product.
    assert market.registers(trader, name=name, on_hand=2) == name
    until(lambda: market.read_listing(trader, name)["status"] == "published")
    assert market.read_listing(trader, name)["sku"] == sku
    assert offers(market, sku) == [(trader.id, 1000, 2)]


def put(market: Market, trader: Trader, name: str, part: str, as_of: datetime, value: Any) -> Answer:
    body = {**value, "as_of": as_of.isoformat()}
    return market.as_supplier(trader, "PUT", f"/listings/{name}/{part}", body)


def test_what_is_told_late_changes_nothing_and_a_leap_waits_for_a_person(market: Market, trader: Trader) -> None:
    name, sku = market.lists(trader)
    now = datetime.now(UTC)
    for seconds, units, applied in ((2, 9, True), (1, 4, False), (2, 3, False), (3, 8, True)):
        told = put(market, trader, name, "stock", now + timedelta(seconds=seconds), {"on_hand": units})
        assert (told.status, told.body["applied"]) == (200, applied), told
    assert offers(market, sku) == [(trader.id, 1000, 8)]
    ahead = put(market, trader, name, "stock", now + timedelta(minutes=10), {"on_hand": 1})
    assert (ahead.status, ahead.body["code"]) == (422, "time_ahead")
    small = put(market, trader, name, "price", now + timedelta(seconds=5), {"prices": {"GBP": 1500}})
    assert (small.body["applied"], [one["rule"] for one in small.body["findings"]]) == (True, ["price_changed"])
    late = put(market, trader, name, "price", now + timedelta(seconds=4), {"prices": {"GBP": 900}})
    assert (late.body["applied"], late.body["in_review"]) == (False, False)
    leap = put(market, trader, name, "price", now + timedelta(seconds=6), {"prices": {"GBP": 150}})
    assert (leap.body["applied"], leap.body["in_review"]) == (False, True)
    case = case_of_listing(market, trader, name)
    assert [(one["field"], one["rule"]) for one in case["findings"]] == [("/prices/GBP", "price_changed_much")]
    assert offers(market, sku) == [(trader.id, 1500, 8)], "the old price holds meanwhile"
    assert market.decide(case["id"], "approve", "It is a sale.").status == 200
    until(lambda: offers(market, sku) == [(trader.id, 150, 8)])


def test_what_nobody_may_pass_over_is_mended_before_it_sells(market: Market, trader: Trader) -> None:
    """A GTIN with a wrong check digit, and images at addresses of our own network, which nobody calls."""
    right = market.gtin()
    wrong = f"{right[:-1]}{(int(right[-1]) + 1) % 10}"
    inside = ["https://10.0.0.7/a.png", "http://169.254.169.254/latest/meta-data/", "https://[::ffff:10.0.0.7]/a.png"]
    name = market.registers(trader, gtin=wrong, images=inside)
    seen = judged(market, trader, name)
    assert (seen["status"], seen["sku"]) == ("in_review", None)
    assert [(one["field"], one["rule"], one["severity"]) for one in seen["proposal"]["findings"]] == [
        ("/gtin", "gtin_invalid", "error"),
        *((f"/images/{place}", "image_url", "error") for place in range(3)),
    ]
    case = case_of_listing(market, trader, name)
    assert market.decide(case["id"], "approve", "Let it pass.").status == 200
    second = case_of_listing(market, trader, name, but=case["id"])
    assert market.read_listing(trader, name)["sku"] is None
    mended = {
        "corrections": [{"field": "/gtin", "value": right}, {"field": "/images", "value": []}],
        "expected_subject_version": market.read_listing(trader, name)["version"],
    }
    done = market.shop.post(f"/v1/review-cases/{second['id']}/corrections", mended)
    assert done.status == 200, done
    assert market.decide(second["id"], "revalidate", "Mistyped.").status == 200
    sku = until(lambda: market.read_listing(trader, name)["sku"])
    after = market.read_listing(trader, name)
    assert (after["published"]["gtin"], after["published"]["images"]) == (right, [])
    assert [(one["field"], one["rule"], one["before"]) for one in after["corrections"]] == [
        ("/gtin", "reviewer", wrong),
        ("/images", "reviewer", inside),
    ]
    assert offers(market, sku) == [(trader.id, 1000, 5)]
    executions = market.executions("listings-register-product", f"{trader.id}_{name}-")
    assert list(executions) == [f"{trader.id}_{name}-1"], "neither correction nor decision started another"


def test_what_the_catalogue_has_is_offered_and_not_made_again(market: Market, trader: Trader) -> None:
    [other] = market.known("Matching Goods")
    gtin, category = market.gtin(), market.shop.post("/v1/categories", _category()).body["id"]
    sku = f"T-{uuid4().hex[:12].upper()}"
    variant = {"sku": sku, "name": "Kettle", "status": "active", "tax_rate_bps": 2000, "gtin": gtin}
    body = {"title": "Kettle", "category_id": category, "status": "active", "variants": [variant]}
    assert market.shop.post("/v1/products", body).status == 201
    spaced = f"{gtin[:1]} {gtin[1:7]} {gtin[7:]}"
    name, offered = market.lists(trader, title="Water boiler", gtin=spaced, category_id=category)
    assert offered == sku
    seen = market.read_listing(trader, name)
    assert (seen["owns_product"], seen["published"]["gtin"]) == (False, gtin)
    assert [(one["rule"], one["before"], one["after"]) for one in seen["corrections"]] == [
        ("gtin_digits", spaced, gtin)
    ]
    named = market.listing(sku=sku, prices={"GBP": 990}, on_hand=1)
    assert market.as_supplier(other, "POST", "/listings", named).status == 202
    until(lambda: len(offers(market, sku)) == 2)
    assert sorted(offers(market, sku)) == sorted([(trader.id, 1000, 5), (other.id, 990, 1)])
    products = market.stack.call("GET", "/v1/products", params={"category_id": category}).body["items"]
    assert [one["title"] for one in products] == ["Kettle"]
    twice = market.registers(trader, gtin=gtin)
    refused = judged(market, trader, twice)
    assert [one["rule"] for one in refused["proposal"]["findings"]] == ["sku_listed_already"]
    assert market.as_supplier(trader, "POST", f"/listings/{twice}/withdrawals").status == 200
    closed = market.shop.get(f"/v1/review-cases?supplier_id={trader.id}&subject_type=listing").body["items"]
    assert f"{trader.id}:{twice}" not in [one["subject"]["id"] for one in closed], "its case goes with it"


def _category() -> dict[str, str]:
    return {"name": "Kettles", "slug": f"kettles-{uuid4().hex[:8]}"}


# ---- files --------------------------------------------------------------------------------------------------------------


def sent(market: Market, trader: Trader, kind: str, type: str, content: str) -> tuple[Any, list[Any]]:
    """A small file, as it ended, and what became of its rows: line, SKU, outcome, code."""
    path = f"/v1/suppliers/{trader.id}/feeds"
    headers = {"Content-Type": type, "Idempotency-Key": uuid4().hex}
    token = trader.account.token("supplier")
    made = market.stack.call(
        "POST", path, data=content.encode(), token=token, headers=headers, params={"kind": kind, "filename": "rows"}
    )
    assert made.status == 201, made
    path = f"{path}/{made.body['id']}"
    ended = until(lambda: (feed := trader.api.get(path))["finished_at"] and feed)
    rows = trader.api.get(f"{path}/rows")["items"]
    link = trader.api.get(f"{path}/results", format="csv")["url"]
    file = urllib3.request("GET", link, timeout=10).data.decode()
    assert len(file.strip().splitlines()) == 1 + len(rows), file
    return ended, [(one["line"], one["supplier_sku"], one["outcome"], one["code"]) for one in rows]


def test_files_of_either_kind_tell_what_became_of_each_row(market: Market, trader: Trader) -> None:
    right = market.gtin()
    wrong = f"{right[:-1]}{(int(right[-1]) + 1) % 10}"
    rows = [
        market.listing("J-1", prices={"GBP": 500}),
        market.listing("J-2", gtin=wrong),
        market.listing("J-1", prices={"GBP": 600}, on_hand=3),
        market.listing("J-3", images=["https://192.168.0.1/a.png"]),
        market.listing("J-4", brand="Somebody Else's"),
    ]
    lines = [json.dumps(row) for row in rows]
    feed, told = sent(
        market, trader, "products", "application/x-ndjson", "\n".join([*lines, '{"supplier_sku": "J-5",'])
    )
    assert told == [
        (1, "J-1", "superseded", "superseded"),
        (2, "J-2", "refused", "gtin_invalid"),
        (3, "J-1", "created", None),
        (4, "J-3", "refused", "image_url"),
        (5, "J-4", "in_review", None),
        (6, None, "refused", "malformed_json"),
    ]
    counts = {outcome: count for outcome, count in feed["progress"]["counts"].items() if count}
    assert (feed["status"], feed["progress"]["total"], counts) == (
        "finished",
        6,
        {"superseded": 1, "refused": 3, "created": 1, "in_review": 1},
    )
    sku = market.read_listing(trader, "J-1")["sku"]
    assert offers(market, sku) == [(trader.id, 600, 3)]

    now = datetime.now(UTC) + timedelta(minutes=1)  # the supplier's clock is fast, by less than is refused
    before = now - timedelta(days=1)
    stock = [
        "supplier_sku,on_hand,as_of,shelf",
        f"J-1,7,{now.isoformat()},A",
        f"J-9,7,{now.isoformat()},A",
        f"J-4,many,{now.isoformat()},A",
        "J-3,1,yesterday,A",
    ]
    feed, told = sent(market, trader, "stock", "text/csv", "\r\n".join(stock))
    assert told == [
        (2, "J-1", "updated", None),
        (3, "J-9", "refused", "not_found"),
        (4, "J-4", "refused", "invalid"),
        (5, "J-3", "refused", "invalid"),
    ]
    assert [one["field"] for one in feed["findings"]] == ["/shelf"]
    _, told = sent(market, trader, "stock", "text/csv", f"supplier_sku,on_hand,as_of\nJ-1,99,{before.isoformat()}\n")
    assert told == [(2, "J-1", "unchanged", "newer_known")]
    assert offers(market, sku) == [(trader.id, 600, 7)], "what is older changes nothing"


# ---- last, for processes keep settings for half a minute -----------------------------------------------------------------


def test_a_forbidden_word_is_for_a_person_who_says_no(market: Market, trader: Trader) -> None:
    word = f"zorblax{uuid4().hex[:6]}"
    market.settle("/v1/listing-settings", lambda now: {**now, "forbidden_words": [*now["forbidden_words"], word]})

    def noticed() -> Any:
        name = market.registers(trader, title=f"Finest {word.upper()} ever")
        return (seen := judged(market, trader, name))["status"] == "in_review" and seen

    seen = until(noticed, 60)
    assert [(one["field"], one["rule"]) for one in seen["proposal"]["findings"]] == [("/title", "forbidden_word")]
    name = seen["supplier_sku"]
    case = case_of_listing(market, trader, name)
    assert market.decide(case["id"], "reject", "We do not sell that.").status == 200
    after = until(lambda: (seen := market.read_listing(trader, name))["status"] == "rejected" and seen)
    assert (after["sku"], after["offer"], after["proposal"]["state"]) == (None, None, "rejected")
