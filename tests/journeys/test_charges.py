"""What is added to the price of goods and taken off it: postage, tax, promotions, and who pays which part."""

import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from tests.journeys.conftest import Shop, until

# A country that no other journey sends anything to: rates are the whole shop's.
COUNTRY = "SE"
ADDRESS = {"name": "Ada Lovelace", "line1": "Storgatan 1", "city": "Lund", "country": COUNTRY}


KEPT_SECONDS = 30
"""How long each process of the API goes by the rates, methods and promotions that it knows. With journeys beside this one
there are several processes, and the next call may reach another than the change did."""


def sets(shop: Shop, path: str, body: dict[str, Any]) -> None:
    known = shop.get(path)
    version = known.headers["ETag"] if known.status == 200 else '"0"'
    answer = shop.stack.call("PUT", path, json=body, role="admin", headers={"If-Match": version})
    assert answer.status == 200, answer


def test_postage_tax_and_promotions_are_the_same_in_the_quote_the_order_and_the_books(shop: Shop) -> None:
    sets(shop, f"/v1/tax-rates/{COUNTRY}/standard", {"periods": [{"valid_from": "2011-01-04", "rate_bps": 2500}]})
    bands = [{"up_to_grams": None, "amount": 500}]
    zone = {"name": "north", "countries": [COUNTRY], "transit_days_min": 2, "transit_days_max": 4}
    zone["tariffs"] = [{"currency": "GBP", "bands": bands}]
    method = {"names": {"en": "Post"}, "carrier": "PostNord", "channels": [shop.channel], "zones": [zone]}
    code = f"post-{uuid4().hex[:8]}"
    sets(shop, f"/v1/shipping-methods/{code}", method)
    promotion = {"name": "A fifth off", "reward": {"type": "percentage", "bps": 2000}, "channels": [shop.channel]}
    assert shop.post("/v1/promotions", promotion).status == 201
    time.sleep(KEPT_SECONDS + 1)

    sku = shop.sells(units=3, price=1000)
    options = shop.get("/v1/shipping-options", country=COUNTRY, currency="GBP", channel=shop.channel).body["items"]
    assert [(one["code"], one["charge"]["amount"]) for one in options] == [(code, 500)]
    lines = [{"sku": sku, "quantity": 2}]
    wanted = {"channel": shop.channel, "currency": "GBP", "lines": lines, "country": COUNTRY, "shipping_method": code}
    quoted = shop.post("/v1/quotes", wanted, "shopper")
    assert quoted.status == 200, quoted
    assert quoted.body["total"]["amount"] == 1600 + 500

    order = shop.place((sku, 2), shipping_address=ADDRESS, shipping_method=code)
    assert order["total"] == quoted.body["total"]
    assert order["tax"]["amount"] == 320 + 100
    assert order["promotions"]
    assert order["shipping"] is not None
    month = datetime.now(UTC).strftime("%Y-%m")
    report = until(lambda: shop.get("/v1/tax-report", month=month, country=COUNTRY).body["totals"])
    assert [(row["rate_bps"], row["tax"]) for row in report] == [(2500, 420)]


def test_store_credit_pays_first_and_gets_its_part_back(shop: Shop) -> None:
    sku = shop.sells(units=3)
    customer = shop.stack.record["users"]["shopper"]["sub"]
    granted = shop.post(
        f"/v1/customers/{customer}/store-credit", {"amount": 300, "currency": "GBP", "reason": "goodwill"}
    )
    assert granted.status in (200, 201), granted
    before = _credit(shop)
    tenders = [{"type": "store_credit", "token": "me", "amount": 300}, {"type": "card", "token": "tok_approve"}]
    order = shop.place((sku, 1), payment={"tenders": tenders})
    assert _credit(shop) == before - 300
    assert shop.post(f"/v1/orders/{order['id']}/cancellations", {}, "shopper").status == 201
    until(lambda: _credit(shop) == before)


def _credit(shop: Shop) -> int:
    accounts = shop.get("/v1/me/store-credit", "shopper").body["items"]
    return sum(one["balance"] for one in accounts if one["currency"] == "GBP")
