"""Orders of more lines than one transaction holds."""

from functools import partial
from typing import Any

import pytest

from chalicelib.core.idempotency import Idempotency, Replay, no_answer
from chalicelib.core.table import Item, Transaction
from chalicelib.inventory import service as inventory
from chalicelib.orders import service, store
from chalicelib.payments import service as payments
from tests.integration.orders.conftest import WORKFLOW, Shop
from tests.unit.orders.test_cancel_order import cancel, finish

LINES = 61


@pytest.fixture
def skus(shop: Shop) -> list[str]:
    """As many SKUs as make an order long, three units of each."""
    skus = [f"L{number:03}" for number in range(LINES)]
    for start in range(0, LINES, 35):
        variants = [
            {
                "sku": sku,
                "name": sku,
                "tax_rate_bps": 2000,
                "status": "active",
                "prices": [{"channel": "web", "currency": "GBP", "amount": 100}],
            }
            for sku in skus[start : start + 35]
        ]
        body = {"title": f"Set {start}", "category_id": shop.category, "status": "active", "variants": variants}
        assert shop.call("POST", "/v1/products", json=body).status == 201
        lines = [{"sku": sku, "quantity": 3} for sku in skus[start : start + 35]]
        receipt = {"location_id": "leeds", "lines": lines}
        assert shop.call("POST", "/v1/inventory/receipts", json=receipt).status == 201
    return skus


def levels(shop: Shop, skus: list[str]) -> set[tuple[int, int, int]]:
    """On hand, available and reserved units of these SKUs; one read of the table instead of seventy of the API."""
    rows = shop.dynamodb.scan(
        TableName=Item.Meta.table_name,
        FilterExpression="begins_with(pk, :stock) AND begins_with(sk, :at)",
        ExpressionAttributeValues={":stock": {"S": "STOCK#"}, ":at": {"S": "LOCATION#"}},
        ConsistentRead=True,
    )["Items"]
    counters = ("on_hand", "available", "reserved")
    return {
        tuple(int(row[counter]["N"]) for counter in counters)
        for row in rows
        if row["pk"]["S"].removeprefix("STOCK#") in skus
    }


def order(shop: Shop, skus: list[str], units: int = 2, key: str | None = None) -> Any:
    return shop.order(*((sku, units) for sku in skus), key=key)


def test_a_long_order_from_the_click_to_the_parcels(shop: Shop, skus: list[str]) -> None:
    placed = order(shop, skus)
    assert (placed.status, placed.json["total"]["amount"]) == (202, LINES * 200)
    order_id = placed.json["id"]
    assert levels(shop, skus) == {(3, 1, 2)}
    assert [line["sku"] for line in shop.read(order_id)["lines"]] == skus
    payments.authorise(order_id, WORKFLOW)
    outcome = service.confirm_order(order_id, WORKFLOW)
    parts = [one["fulfilment_id"] for one in outcome["fulfilments"]]
    assert len(parts) == 3
    for number, part in enumerate(parts):
        units = {f"line_{line}": 2 for line in range(number * 30 + 1, min(number * 30 + 30, LINES) + 1)}
        assert shop.ships(part, **units).status == 200
    for part in parts:
        payments.capture(order_id, part, WORKFLOW)
    assert shop.read(order_id)["status"] == "shipped"
    assert shop.payment(order_id)["captured"] == LINES * 200
    assert levels(shop, skus) == {(1, 1, 0)}


def test_one_short_sku_leaves_nothing_reserved(shop: Shop, skus: list[str]) -> None:
    shop.moves("leeds", skus[60], -2)
    refused = order(shop, skus)
    assert (refused.status, refused.json["shortages"]) == (409, [{"sku": skus[60], "wanted": 2, "left": 1}])
    assert levels(shop, [sku for sku in skus if sku != skus[60]]) == {(3, 3, 0)}


def test_stock_taken_between_the_plan_and_a_part_leaves_nothing_reserved(
    shop: Shop, skus: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = inventory.reserve_in_parts

    def overtaken(*given: Any, **more: Any) -> Any:
        monkeypatch.setattr(inventory, "reserve_in_parts", real)
        shop.moves("leeds", skus[-1], -2)
        return real(*given, **more)

    monkeypatch.setattr(inventory, "reserve_in_parts", overtaken)
    assert order(shop, skus).code == "stock_too_low"
    assert levels(shop, skus[:-1]) == {(3, 3, 0)}


def test_one_key_is_one_order_and_reserves_once(shop: Shop, skus: list[str]) -> None:
    first = order(shop, skus, key="k")
    again = order(shop, skus, key="k")
    assert (again.status, again.json["id"]) == (202, first.json["id"])
    assert levels(shop, skus) == {(3, 1, 2)}


def test_what_was_reserved_for_an_order_that_met_its_record_goes_back(
    shop: Shop, skus: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    request = service.OrderRequest(
        channel="web",
        currency="GBP",
        customer_id=None,
        reference=None,
        lines=[service.LineRequest(sku, 1) for sku in skus],
        charges=(),
        contact={"name": "Ada"},
        shipping_address={"country": "GB"},
        tenders=(),
    )
    once = Idempotency.of("test", "k2", b"")
    place = partial(service.place_order, request, by=WORKFLOW, once=once, answer=lambda _: no_answer())
    real = store.add

    def beaten(tx: Transaction, order_: Any) -> None:
        # The same command commits first, in another process.
        monkeypatch.setattr(store, "add", real)
        place()
        real(tx, order_)

    monkeypatch.setattr(store, "add", beaten)
    with pytest.raises(Replay):
        place()
    assert levels(shop, skus) == {(3, 2, 1)}


def test_a_long_order_is_called_off_whole(shop: Shop, skus: list[str]) -> None:
    order_id = order(shop, skus).json["id"]
    assert cancel(shop, order_id).status == 201
    assert levels(shop, skus) == {(3, 3, 0)}

    order_id = order(shop, skus).json["id"]
    payments.authorise(order_id, WORKFLOW)
    service.confirm_order(order_id, WORKFLOW)
    finish(order_id, cancel(shop, order_id).json["id"])
    assert levels(shop, skus) == {(3, 3, 0)}
    assert shop.payment(order_id)["status"] == "void"


def test_a_refused_long_order_gives_everything_back(shop: Shop, skus: list[str]) -> None:
    order_id = order(shop, skus).json["id"]
    assert service.refuse_order(order_id, "insufficient_funds", WORKFLOW) == {"outcome": "refused"}
    assert levels(shop, skus) == {(3, 3, 0)}
