"""The shop whose goods are collected: one article in a channel and a warehouse of its own, so that no other example's stock moves."""

from typing import Any

from examples.online_retail.api import Api, Problem
from examples.online_retail.load import import_rows, make_categories

CHANNEL = "locker-pickup"
WAREHOUSE = "locker-pickup-warehouse"
SKU = "LOCKER-PICKUP-1"
NAME = "Headphones"
PRICE, CURRENCY = 4999, "USD"
"""Minor units."""

PHONE = "+16125550123"
"""Nobody's: the North American numbering plan keeps 555-0100 to 555-0199 for fiction."""

PARCEL, PARCEL_SIZE = "P1", "S"


def open_shop(api: Api) -> None:
    """Make the warehouse and the article, or find them made."""
    category = make_categories(api, ["electronics"])["electronics"]
    import_rows(api, "locker-pickup-catalogue", [_catalogue_row(category)])
    warehouse = {
        "id": WAREHOUSE,
        "name": "Warehouse for lockers",
        "type": "warehouse",
        "priority": 1,
        "channels": [CHANNEL],
        "address": {"line1": "7601 Penn Ave S", "city": "Richfield", "country": "US"},
    }
    try:
        api.post("/v1/inventory/locations", warehouse, key=WAREHOUSE)
    except Problem as problem:
        if problem.status != 409:
            raise


def _catalogue_row(category: str) -> dict[str, Any]:
    return {
        "product_ref": SKU,
        "sku": SKU,
        "title": NAME,
        "name": NAME,
        "category_id": category,
        "status": "active",
        "tax_rate_bps": 0,
        "prices": [{"channel": CHANNEL, "currency": CURRENCY, "amount": PRICE}],
    }


def stock_one(api: Api, run: str) -> None:
    """Receive the unit that a run sells."""
    body = {"location_id": WAREHOUSE, "lines": [{"sku": SKU, "quantity": 1}]}
    api.post("/v1/inventory/receipts", body, key=f"locker-pickup-receipt-{run}")


def an_order(site_id: str) -> dict[str, Any]:
    """The body of an order of one unit that is to be collected at a site."""
    return {
        "channel": CHANNEL,
        "currency": CURRENCY,
        "lines": [{"sku": SKU, "quantity": 1}],
        "contact": {"name": "Ada Lovelace", "phone": PHONE},
        "pickup": {"site_id": site_id},
        "payment": {"token": "tok_approve"},
    }
