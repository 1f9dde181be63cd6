"""What suppliers shipped comes back to them, on the deployed system."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from aisle_supplier.server import ReferenceSupplier
from examples.marketplace.suppliers import Trader, applied, verified
from examples.online_retail.api import Problem
from examples.online_retail.stack import Stack
from infra.local.testing import TestStack
from tests.journeys.conftest import Shop, until

DEPOT = {"line1": "9 Depot Lane", "city": "Goole", "postal_code": "DN14 5BG", "country": "GB"}
PAID = 999 + 500


@dataclass
class Sold:
    """An order of one unit of a supplier's and one of ours, which left; and the return of both."""

    shop: Shop
    trader: Trader
    stranger: Trader
    theirs: str
    ours: str
    order_id: str = ""
    return_id: str = ""

    @property
    def path(self) -> str:
        """The return, as the supplier sees it."""
        return f"/v1/suppliers/{self.trader.id}/returns/{self.return_id}"


@pytest.fixture
def sold(stack: TestStack, shop: Shop, tmp_path: Path) -> Sold:
    """Left, paid for, and announced to come back."""
    record = tmp_path / "stack.json"
    record.write_text(json.dumps(stack.record))
    there, run = Stack.read(record), uuid4().hex[:8]
    with ReferenceSupplier() as system:
        trader = applied(there, "Returning Goods", run, system, return_address=DEPOT)
        stranger = applied(there, "Stranger Goods", run, system)
        assert verified(trader)["status"] == "approved", trader.read()["findings"]
    one = Sold(shop, trader, stranger, _listed(trader, shop), _own(shop))
    one.order_id = shop.place((one.theirs, 1), (one.ours, 1), channel="web")["id"]
    parts = {note["location_id"]: note["id"] for note in shop.read(one.order_id)["fulfilments"]}
    assert set(parts) == {trader.id, shop.location}
    _ships(trader, parts[trader.id])
    assert shop.answers(parts[shop.location], "shipped", {"2": 1}).status == 200
    until(lambda: shop.payment(one.order_id)["captured"] == PAID)
    assert _owed(trader) > 0
    lines = [{"line_id": line, "quantity": 1, "reason": "changed_mind"} for line in ("1", "2")]
    announced = shop.post(f"/v1/orders/{one.order_id}/returns", {"lines": lines}, "shopper")
    assert announced.status == 201, announced
    one.return_id = announced.body["id"]
    return one


def test_each_takes_back_its_own_the_shopper_is_paid_and_the_books_follow(sold: Sold) -> None:
    """The supplier, the staff, and a supplier whom it does not concern."""
    _says_where_to_send_what(sold)
    _is_not_for_others(sold)
    _takes_back_its_own(sold)
    _takes_back_ours(sold)
    shop = sold.shop
    until(lambda: shop.payment(sold.order_id)["refunded"] == PAID)
    assert shop.get(f"/v1/returns/{sold.return_id}").body["status"] == "settled"
    assert _on_hand(shop, sold.theirs) == {sold.trader.id: 5}
    assert _on_hand(shop, sold.ours) == {shop.location: 5}
    sums: Counter[str] = Counter()
    for entry in shop.get("/v1/ledger/entries", order_id=sold.order_id).body["items"]:
        sums.update(entry["postings"])
    assert {account: amount for account, amount in sums.items() if amount} == {}


def _says_where_to_send_what(sold: Sold) -> None:
    path = f"/v1/returns/{sold.return_id}"
    to_them, to_us = until(
        lambda: (sent := sold.shop.get(path).body["send_to"]) and all(one["label"] for one in sent) and sent
    )
    assert (to_them["seller"], to_them["name"], to_us["seller"]) == (sold.trader.id, "Returning Goods", None)
    assert {name: text for name, text in to_them["address"].items() if text} == DEPOT
    assert to_them["label"]["reference"] != to_us["label"]["reference"]
    [listed] = until(lambda: sold.trader.api.get(f"/v1/suppliers/{sold.trader.id}/returns")["items"])
    assert (listed["id"], listed["label"]) == (sold.return_id, to_them["label"])
    assert [line["supplier_sku"] for line in listed["lines"]] == ["THING"]


def _is_not_for_others(sold: Sold) -> None:
    receipt = {"lines": [{"line_id": "1", "quantity": 1}]}
    for path in (sold.path, f"/v1/suppliers/{sold.stranger.id}/returns/{sold.return_id}"):
        assert _refused(sold.stranger, path) == 404
        assert _refused(sold.stranger, f"{path}/receipts", receipt) == 404


def _takes_back_its_own(sold: Sold) -> None:
    assert _refused(sold.trader, f"{sold.path}/receipts", {"lines": [{"line_id": "2", "quantity": 1}]}) == 422
    sold.trader.api.post(f"{sold.path}/receipts", {"lines": [{"line_id": "1", "quantity": 1}]}, key=uuid4().hex)
    finding = {"lines": [{"line_id": "1", "quantity": 1, "disposition": "restock"}]}
    seen = sold.trader.api.post(f"{sold.path}/inspections", finding, key=uuid4().hex).body
    assert (seen["status"], [line["restocked"] for line in seen["lines"]]) == ("settled", [1])
    assert sold.shop.get(f"/v1/returns/{sold.return_id}").body["status"] == "receiving"
    assert _owed(sold.trader) == 0


def _takes_back_ours(sold: Sold) -> None:
    shop, path = sold.shop, f"/v1/returns/{sold.return_id}"
    unit: dict[str, Any] = {"line_id": "2", "quantity": 1}
    both = {"location_id": shop.location, "lines": [{"line_id": "1", "quantity": 1}, unit]}
    assert shop.post(f"{path}/receipts", both, "associate").status == 422
    came = {"location_id": shop.location, "lines": [unit]}
    assert shop.post(f"{path}/receipts", came, "associate").status == 200
    found = {"location_id": shop.location, "lines": [{**unit, "disposition": "restock"}]}
    assert shop.post(f"{path}/inspections", found, "associate").status == 200


def _listed(trader: Trader, shop: Shop) -> str:
    """The SKU of a thing that the supplier sells, with five in stock."""
    path = f"/v1/suppliers/{trader.id}/listings"
    listing = {
        "supplier_sku": "THING",
        "title": "A thing",
        "category_id": shop.category,
        "prices": {"GBP": 999},
        "tax_rate_bps": 2000,
        "handling_days": 1,
        "on_hand": 5,
    }
    trader.api.post(path, listing, key=uuid4().hex)
    sku: str = until(lambda: trader.api.get(f"{path}/THING")["sku"])
    return sku


def _own(shop: Shop) -> str:
    """A SKU of ours, with five in stock, in a warehouse that suppliers' channel is sourced from after all others."""
    shop.channel, shop.location = "web", f"{shop.location}-web"
    body = {
        "id": shop.location,
        "name": "Test warehouse",
        "type": "warehouse",
        "priority": 9_999,
        "channels": ["web"],
        "address": {"line1": "1 Mill Lane", "city": "Leeds", "country": "GB"},
    }
    assert shop.post("/v1/inventory/locations", body).status == 201
    return shop.sells(units=5)


def _ships(trader: Trader, allocation_id: str) -> None:
    """As soon as the supplier is asked."""
    path = f"/v1/suppliers/{trader.id}/orders/{allocation_id}"
    until(lambda: _refused(trader, path) is None)
    body = {"lines": [{"line_id": "1", "quantity": 1}], "shipped_at": datetime.now(UTC).isoformat()}
    trader.api.post(f"{path}/shipments", body, key=uuid4().hex)


def _refused(trader: Trader, path: str, body: Any = None) -> int | None:
    """The status of a refusal, or None."""
    try:
        trader.api.get(path) if body is None else trader.api.post(path, body, key=uuid4().hex)
    except Problem as problem:
        return problem.status
    return None


def _owed(trader: Trader) -> int:
    """What the books owe the supplier."""
    [balance] = until(lambda: trader.api.get(f"/v1/suppliers/{trader.id}/balances")["items"])
    amount: int = balance["amount"]
    return amount


def _on_hand(shop: Shop, sku: str) -> dict[str, int]:
    """Units by location."""
    rows = shop.get(f"/v1/inventory/stock/{sku}").body["items"]
    return {row["location_id"]: row["on_hand"] for row in rows}
