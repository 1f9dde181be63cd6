"""An order of more lines than fit into a transaction."""

import json
from typing import Any
from uuid import uuid4

from tests.journeys.conftest import Shop, until

LINES = 250


def sells_many(shop: Shop, count: int) -> list[str]:
    """New SKUs, five units of each, by the bulk import."""
    name = uuid4().hex[:8].upper()
    skus = [f"L-{name}-{number:04}" for number in range(count)]
    for start in range(0, count, 100):
        _import(shop, [_row(shop, sku) for sku in skus[start : start + 100]])
    for start in range(0, count, 40):
        lines = [{"sku": sku, "quantity": 5} for sku in skus[start : start + 40]]
        received = shop.post("/v1/inventory/receipts", {"location_id": shop.location, "lines": lines})
        assert received.status == 201, received
    return skus


def _row(shop: Shop, sku: str) -> dict[str, Any]:
    prices = [{"channel": shop.channel, "currency": "GBP", "amount": 100}]
    about = {"product_ref": sku, "sku": sku, "title": sku, "name": sku, "category_id": shop.category}
    return {**about, "status": "active", "tax_rate_bps": 2000, "prices": prices}


def _import(shop: Shop, rows: list[dict[str, Any]]) -> None:
    while rows:
        data = "\n".join(json.dumps(row) for row in rows).encode()
        headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": uuid4().hex}
        answer = shop.stack.call("POST", "/v1/catalog/imports", data=data, role="admin", headers=headers)
        assert not [one for one in answer.body["rows"] if one["outcome"] == "refused"], answer
        rows = [rows[one["line"] - 1] for one in answer.body["rows"] if one["outcome"] == "deferred"]


def reserved(shop: Shop, skus: list[str]) -> int:
    """Units of these SKUs that are reserved at the shop's location."""
    path, cursor = "/v1/inventory/stock", None
    units = 0
    while True:
        page = shop.get(path, location=shop.location, limit="100", **({"cursor": cursor} if cursor else {})).body
        units += sum(row["reserved"] for row in page["items"] if row["sku"] in set(skus))
        if (cursor := page["next_cursor"]) is None:
            return units


def test_it_is_placed_whole_or_not_at_all_and_ships(shop: Shop) -> None:
    skus = sells_many(shop, LINES)
    short = shop.post("/v1/orders", shop.order(*((sku, 6 if sku == skus[-1] else 1) for sku in skus)), "shopper")
    assert (short.status, [one["sku"] for one in short.body["shortages"]]) == (409, [skus[-1]])
    until(lambda: reserved(shop, skus) == 0)

    order = shop.place(*((sku, 2) for sku in skus), wait=0)
    confirmed = shop.reaches(order["id"], "confirmed")
    assert (len(confirmed["lines"]), confirmed["total"]["amount"]) == (LINES, 200 * LINES)
    assert reserved(shop, skus) == 2 * LINES
    for note in confirmed["fulfilments"]:
        part = shop.get(f"/v1/fulfilments/{note['id']}").body
        units = {line["line_id"]: line["quantity"] for line in part["lines"]}
        assert shop.answers(note["id"], "shipped", units).status == 200
    shop.reaches(order["id"], "shipped")
    until(lambda: shop.payment(order["id"])["captured"] == 200 * LINES)
    assert reserved(shop, skus) == 0

    called_off = shop.place(*((sku, 1) for sku in skus), wait=0)
    shop.reaches(called_off["id"], "confirmed")
    assert shop.post(f"/v1/orders/{called_off['id']}/cancellations", {}, "shopper").status == 201
    until(lambda: reserved(shop, skus) == 0)
    until(lambda: shop.payment(called_off["id"])["voided"] == 100 * LINES)
