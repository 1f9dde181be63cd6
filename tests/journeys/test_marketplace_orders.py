"""Orders that suppliers ship: one for the customer, whoever sends what of it, and whatever becomes of it on the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from examples.marketplace import buying
from examples.marketplace.suppliers import Trader
from examples.online_retail.api import Api
from infra.local.testing import Answer, TestStack
from tests.journeys.conftest import until
from tests.journeys.market import Market, at_once, opened, stocked
from tests.journeys.test_customers import mails_to
from tests.journeys.test_webhooks import listening

pytestmark = pytest.mark.xdist_group("market-orders")
NAMES = ("North Goods", "South Goods")


@pytest.fixture(scope="module")
def market(stack: TestStack) -> Iterator[Market]:
    with opened(stack, Market) as market:
        yield market


UNITS = {"story": 5, "part": 3, "later": 5}
"""How many of its SKU both suppliers have, by test."""


@pytest.fixture(scope="module")
def shared(market: Market) -> dict[str, tuple[str, str]]:
    """For each of these tests a SKU that both suppliers sell, the first for less; and what that one calls it."""
    north, south = market.known(*NAMES, connected=True)
    gtins = {test: market.gtin() for test in UNITS}
    firsts = at_once(lambda test: market.lists(north, gtin=gtins[test], on_hand=UNITS[test]), UNITS)
    prices = {"GBP": 1040}
    seconds = at_once(lambda test: market.lists(south, gtin=gtins[test], on_hand=UNITS[test], prices=prices), UNITS)
    assert [sku for _, sku in seconds] == [sku for _, sku in firsts]
    return {test: (sku, name) for test, (name, sku) in zip(UNITS, firsts, strict=True)}


def parts(market: Market, order_id: str) -> dict[str, Any]:
    """The fulfilments of an order by who ships them."""
    return {one["location_id"]: one for one in market.shop.read(order_id)["fulfilments"]}


def part_of(market: Market, order_id: str, trader: Trader) -> Any:
    """The fulfilment that a supplier is asked for, once there is one."""
    return until(lambda: parts(market, order_id).get(trader.id))


def ships(market: Market, trader: Trader, allocation_id: str) -> Any:
    """The supplier's own system ships what it accepted, and tells Aisle so."""
    market.order_of(trader, allocation_id, "accepted")
    assert trader.system.ship(allocation_id), "its system knows of nothing to ship"
    assert trader.system.troubles == []
    return market.order_of(trader, allocation_id, "shipped")


def scorecard(market: Market, trader: Trader) -> dict[str, int]:
    """Its counters of this month."""
    months = market.as_supplier(trader, "GET", "/scorecard").body["months"]
    return dict(months.get(f"{datetime.now(UTC):%Y-%m}", {}))


def says(market: Market, trader: Trader, allocation_id: str, what: str, body: Any) -> Answer:
    """The supplier says something of an allocation by our API."""
    return market.as_supplier(trader, "POST", f"/orders/{allocation_id}/{what}", body)


def test_a_cart_of_two_suppliers_and_own_stock_is_one_order_with_one_story(
    market: Market, shared: dict[str, tuple[str, str]]
) -> None:
    north, south = market.known(*NAMES, connected=True)
    both, _ = shared["story"]
    _, souths = market.lists(south, prices={"GBP": 700})
    buying.open_shop(Api(market.there.api_url, market.there))
    email = f"ada.{uuid4().hex}@example.org"
    lines = [(both, 1), (souths, 2), (buying.SKU, 1)]
    quoted = market.quote(*lines)
    chosen = [
        {"line_id": "1", "rule": "price", "seller": north.id, "units": 1, "over": south.id},
        {"line_id": "2", "rule": "only", "seller": south.id, "units": 2},
    ]
    assert quoted["sellers"] == chosen
    with listening() as subscriber:
        hook = {"url": subscriber.url, "event_types": ["aisle.routing.*"]}
        headers = {"Idempotency-Key": uuid4().hex}
        token = north.account.token("supplier")
        made = market.stack.call("POST", "/v1/webhooks", json=hook, token=token, headers=headers)
        assert made.status == 201, made
        order = market.places(*lines, contact={"name": "Ada Lovelace", "email": email})
        assert order["total"] == {"amount": 1000 + 2 * 700 + buying.PRICE, "currency": "GBP"} == quoted["total"]
        assert [one for one in order["allocation_reasons"] if "seller" in one] == chosen
        by_whom = parts(market, order["id"])
        assert set(by_whom) == {north.id, south.id, buying.WAREHOUSE}

        buying.ship_own(Api(market.there.api_url, market.there, role="associate"), by_whom[buying.WAREHOUSE]["id"])
        for trader in (north, south):
            allocation = by_whom[trader.id]["id"]
            seen = ships(market, trader, allocation)
            assert sum(line["shipped"] for line in seen["lines"]) == (1 if trader is north else 2)
            tracking = {"carrier": "Reference Parcels", "number": f"RP{allocation.removeprefix('ful_')}"}
            shown = parts(market, order["id"])[trader.id]
            assert (shown["status"], shown["tracking"]) == ("shipped", tracking)

        def heard() -> list[tuple[str, str]]:
            told = subscriber.heard(made.body["secret"])
            return sorted({(one["type"], one["data"]["data"]["supplier_id"]) for one in told})

        until(lambda: len(heard()) == 2)
        assert heard() == [
            ("aisle.routing.OrderAcceptedBySupplier", north.id),
            ("aisle.routing.OrderOfferedToSupplier", north.id),
        ]
        path = f"/v1/webhooks/{made.body['id']}"
        assert market.stack.call("GET", path, token=south.account.token("supplier")).status == 404
        etag = market.stack.call("GET", path, token=token).headers["ETag"]
        gone = market.stack.call("DELETE", path, token=token, headers={"If-Match": etag})
        assert gone.status == 204, gone

    done = market.shop.reaches(order["id"], "shipped")
    assert [(line["shipped"], line["charged"]) for line in done["lines"]] == [(1, 1000), (2, 1400), (1, buying.PRICE)]
    until(lambda: market.shop.payment(order["id"])["captured"] == order["total"]["amount"])
    story = market.shop.get(f"/v1/orders/{order['id']}/timeline", "shopper").body["items"]
    happened = [one["type"] for one in story]
    assert happened[:3] == ["OrderPlaced", "PaymentAuthorised", "OrderConfirmed"]
    assert sorted(happened[3:]) == ["FulfilmentShipped"] * 3 + ["PaymentCaptured"] * 3
    mails = until(lambda: len(found := mails_to(market.shop, email)) == 4 and found)
    assert all(order["id"] in str(mail) for mail in mails)
    for trader in (north, south):
        assert trader.id not in str(mails), "who ships it is between us"
        assert trader.name not in str(mails)


def test_a_part_goes_to_the_next_supplier_and_each_invoices_what_it_shipped(
    market: Market, shared: dict[str, tuple[str, str]]
) -> None:
    north, south = market.known(*NAMES, connected=True)
    sku, name = shared["part"]
    stocked(north, {name: 1})
    before = scorecard(market, north)
    order = market.places((sku, 3))
    assert set(parts(market, order["id"])) == {north.id}
    rest = part_of(market, order["id"], south)
    first = parts(market, order["id"])[north.id]
    seen = market.order_of(north, first["id"], "accepted")
    [line] = seen["lines"]
    assert (seen["decision"], seen["reason"], line["accepted"], line["refused"]) == ("partial", "out_of_stock", 1, 2)
    for trader, part in ((north, first), (south, rest)):
        ships(market, trader, part["id"])
    done = market.shop.reaches(order["id"], "shipped")
    assert [(one["shipped"], one["charged"]) for one in done["lines"]] == [(3, 3000)]
    until(lambda: market.shop.payment(order["id"])["captured"] == 3000)
    after = scorecard(market, north)
    assert {key: after[key] - before.get(key, 0) for key in ("partial", "shipped", "units_refused")} == {
        "partial": 1,
        "shipped": 1,
        "units_refused": 2,
    }

    def invoice(trader: Trader, part: Any, total: int, number: str, tax: int = 0) -> tuple[int, Any]:
        day = f"{datetime.now(UTC):%Y-%m-%d}"
        body = {"number": number, "issued_on": day, "currency": "GBP", "total": total, "tax": tax}
        answer = says(market, trader, part["id"], "invoices", body)
        if answer.status != 201:
            return answer.status, answer.body["code"]
        return 201, tuple(answer.body[key] for key in ("state", "expected", "difference"))

    run = uuid4().hex[:8]
    assert invoice(north, first, 1000, f"N-{run}", tax=167) == (201, ("matched", 1000, 0))
    assert invoice(south, rest, 2500, f"S-{run}") == (201, ("disputed", 2080, 420))
    assert invoice(south, rest, 2080, f"S-{run}") == (409, "invoice_known")
    assert invoice(south, rest, 2080, f"S-{run}-2") == (201, ("matched", 2080, 0))
    assert invoice(south, rest, 100, f"S-{run}-3", tax=101) == (422, "tax_beyond_total")
    assert invoice(north, rest, 2080, f"N-{run}-2") == (404, "not_found")
    listed = market.as_supplier(south, "GET", "/invoices").body["items"]
    assert [one["number"] for one in listed[:2]] == [f"S-{run}-2", f"S-{run}"]


def test_a_supplier_answers_later_takes_it_back_and_the_next_one_ships(
    market: Market, shared: dict[str, tuple[str, str]]
) -> None:
    north, south = market.known(*NAMES, connected=True)
    sku, _ = shared["later"]
    before = scorecard(market, north).get("cancelled_after_acceptance", 0)
    north.system.mode("later=1")
    order = market.places((sku, 2))
    first = part_of(market, order["id"], north)["id"]
    seen = market.order_of(north, first, "accepted")
    north.system.mode()
    calls = market.shop.get(f"/v1/allocations/{first}").body["calls"]
    assert [(one["what"], one["status"], one["outcome"]) for one in calls] == [("offer", 202, "later")]
    assert [call.status for call in north.system.calls if call.allocation_id == first] == [202]
    said = {"decision": "accepted", "supplier_reference": seen["supplier_reference"]}
    assert says(market, north, first, "answers", said).status == 200
    other = says(market, north, first, "answers", {"decision": "rejected", "reason": "price"})
    assert (other.status, other.body["code"]) == (409, "already_answered")

    units = [{"line_id": "1", "quantity": 2}]
    beyond = says(
        market, north, first, "cancellations", {"lines": [{"line_id": "1", "quantity": 3}], "reason": "capacity"}
    )
    assert (beyond.status, beyond.body["code"]) == (422, "more_than_asked")
    back = says(market, north, first, "cancellations", {"lines": units, "reason": "capacity"})
    assert (back.status, back.body["state"], back.body["ship_to"]) == (200, "rejected", {}), back
    again = says(market, north, first, "shipments", {"lines": units})
    assert (again.status, again.body["code"]) == (409, "allocation_not_accepted")
    second = part_of(market, order["id"], south)["id"]
    ships(market, south, second)
    done = market.shop.reaches(order["id"], "shipped")
    assert (done["total"]["amount"], done["lines"][0]["cancelled"]) == (2000, 0)
    assert scorecard(market, north)["cancelled_after_acceptance"] == before + 1


def test_a_buyer_cancels_in_time_and_the_supplier_leaves_it_out(market: Market) -> None:
    [north] = market.known(NAMES[0], connected=True)
    name, sku = market.lists(north)
    order = market.places((sku, 3))
    allocation = order["fulfilments"][0]["id"]
    market.order_of(north, allocation, "accepted")
    assert north.system.stock[name].quantity == 2
    path = f"/v1/orders/{order['id']}/cancellations"
    some = market.shop.post(path, {"lines": [{"line_id": "1", "quantity": 1}]}, "shopper")
    assert (some.status, some.body["amount"]) == (201, 1000), some
    until(lambda: north.system.stock[name].quantity == 3)
    [line] = market.order_of(north, allocation, "accepted")["lines"]
    assert (line["accepted"], line["recalled"]) == (3, 1)
    assert market.shop.post(path, {}, "shopper").body["order_status"] == "cancelled"
    until(lambda: north.system.stock[name].quantity == 5)
    seen = market.order_of(north, allocation, "cancelled")
    until(lambda: {one["state"] for one in market.order_of(north, allocation, "cancelled")["recalls"]} == {"done"})
    assert [one["lines"] for one in seen["recalls"]] == [{"1": 1}, {"1": 2}]
    until(lambda: market.shop.payment(order["id"])["voided"] == 3000)
    late = says(market, north, allocation, "shipments", {})
    assert (late.status, late.body["code"]) == (409, "allocation_not_accepted")
    [offer] = market.shop.get(f"/v1/variants/{sku}/offers").body["items"]
    assert offer["available"] == 5
