"""An order of goods of two suppliers and of the retailer's own, one of whose suppliers says no."""

import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from examples.marketplace.suppliers import Trader, until
from examples.online_retail.api import Api, Problem
from examples.online_retail.load import import_rows, make_categories

CHANNEL, WAREHOUSE, SKU = "web", "marketplace-warehouse", "MARKETPLACE-OWN-1"
PRICE = 1299


def open_shop(api: Api) -> None:
    """The retailer's own warehouse and article, made or found made, with a unit for each run."""
    category = make_categories(api, ["tea-towels"])["tea-towels"]
    row = {
        "product_ref": SKU,
        "sku": SKU,
        "title": "Tea towel",
        "name": "Tea towel",
        "category_id": category,
        "status": "active",
        "tax_rate_bps": 2000,
        "prices": [{"channel": CHANNEL, "currency": "GBP", "amount": PRICE}],
    }
    import_rows(api, "marketplace-own", [row])
    warehouse = {
        "id": WAREHOUSE,
        "name": "The retailer's own warehouse",
        "type": "warehouse",
        "priority": 1,
        "channels": [CHANNEL],
        "address": {"line1": "1 Mill Lane", "city": "Leeds", "country": "GB"},
    }
    try:
        api.post("/v1/inventory/locations", warehouse, key=WAREHOUSE)
    except Problem as problem:
        if problem.status != 409:
            raise
    body = {"location_id": WAREHOUSE, "lines": [{"sku": SKU, "quantity": 1}]}
    api.post("/v1/inventory/receipts", body, key=uuid4().hex)


def set_commission(api: Api) -> None:
    """15 % of what suppliers ask, 50 pence at least, and VAT on it; where nothing was settled before."""
    import json

    rules = api.get("/v1/commission-rules")
    if rules["version"]:
        return
    rule = {"currency": "GBP", "rate_bps": 1500, "floor": 50, "tax_rate_bps": 2000}
    headers = {"Content-Type": "application/json", "If-Match": '"0"'}
    api.call("PUT", "/v1/commission-rules", json.dumps({"rules": [rule]}).encode(), headers)


def placed(shopper: Api, skus: list[str]) -> Any:
    """An order of one unit of each; confirmed when this returns."""
    body = {
        "channel": CHANNEL,
        "currency": "GBP",
        "lines": [{"sku": sku, "quantity": 1} for sku in skus],
        "contact": {"name": "Ada Lovelace"},
        "shipping_address": {
            "name": "Ada Lovelace",
            "line1": "12 St James Square",
            "city": "London",
            "postal_code": "SW1Y 4JH",
            "country": "GB",
        },
        "payment": {"token": "tok_approve"},
    }
    order_id = shopper.post("/v1/orders", body, key=uuid4().hex).body["id"]
    return until(
        "The confirmation of the order",
        lambda: (order := shopper.get(f"/v1/orders/{order_id}"))["status"] != "placed" and order,
    )


def by_location(order: Any) -> dict[str, list[Any]]:
    """The fulfilments of an order by who ships them, in the order in which they were asked."""
    found: dict[str, list[Any]] = {}
    for one in order["fulfilments"]:
        found.setdefault(one["location_id"], []).append(one)
    return found


def accepted(trader: Trader, allocation_id: str) -> Any:
    """The allocation once the supplier has said that it ships it."""
    path = f"/v1/suppliers/{trader.id}/orders/{allocation_id}"

    def ask() -> Any:
        try:
            found = trader.api.get(path)
        except Problem as problem:
            if problem.status == 404:
                return None
            raise
        return found["state"] == "accepted" and found

    return until(f"The acceptance of {trader.name}", ask)


def shipped(trader: Trader, allocation: Any) -> None:
    """The supplier ships what it accepted."""
    lines = [{"line_id": line["line_id"], "quantity": line["quantity"]} for line in allocation["lines"]]
    tracking = {"carrier": "Royal Mail", "number": f"RM{int(time.time())}"}
    body = {"lines": lines, "tracking": tracking, "shipped_at": datetime.now(UTC).isoformat()}
    path = f"/v1/suppliers/{trader.id}/orders/{allocation['id']}/shipments"
    trader.api.post(path, body, key=uuid4().hex)


def ship_own(associate: Api, fulfilment_id: str) -> None:
    """The retailer's own warehouse ships its part."""
    path = f"/v1/fulfilments/{fulfilment_id}"
    lines = [{"line_id": line["line_id"], "quantity": line["quantity"]} for line in associate.get(path)["lines"]]
    associate.post(f"{path}/answers", {"type": "shipped", "lines": lines}, key=uuid4().hex)
