"""Orders of stock that is split into rows: placed, shipped, missed, moved, called off and refused like any other."""

from importlib import import_module
from typing import Any

import pytest

from app import app
from chalicelib.core.table import Transaction
from chalicelib.inventory import service as inventory
from chalicelib.orders import service
from tests.conftest import ADMIN, request
from tests.integration.orders.conftest import WORKFLOW, Shop
from tests.unit.inventory.builders import reserve
from tests.unit.orders.test_cancel_order import cancel, confirmed


def split(shop: Shop, sku: str, shards: int, at: str = "leeds", **safety: int) -> str:
    path = f"/v1/inventory/stock/{sku}/locations/{at}/policy"
    version = shop.call("GET", path).json["version"]
    body = {"shards": shards, "safety": safety}
    reply = request(app, "PUT", path, json=body, by=ADMIN, headers={"If-Match": f'"{version}"'})
    assert (reply.status, reply.json["shards"]) == (200, shards)
    return sku


def test_orders_are_sold_to_the_last_unit_and_not_beyond(shop: Shop) -> None:
    split(shop, shop.sells("A", leeds=9), 4)
    assert [shop.order(("A", 2)).status for _ in range(5)] == [202] * 4 + [409]
    [short] = shop.order(("A", 2)).json["shortages"]
    assert (short["wanted"], short["left"]) == (2, 1)
    shop.placed(("A", 1))
    assert shop.stock("A") == {"leeds": (9, 0, 9)}


def test_what_is_sold_ships_and_what_is_missing_comes_from_elsewhere(shop: Shop) -> None:
    shop.opens("york", priority=2)
    split(shop, shop.sells("A", leeds=8, york=2), 4)
    order_id, [part] = confirmed(shop, ("A", 5))
    shop.ships(part, line_1=4)
    service.reassign_units(order_id, part, WORKFLOW)
    assert shop.stock("A") == {"leeds": (3, 3, 0), "york": (2, 1, 1)}


def test_what_is_called_off_can_be_sold_again(shop: Shop) -> None:
    split(shop, shop.sells("A", leeds=8), 4)
    order_id, _ = confirmed(shop, ("A", 6))
    split(shop, "A", 2)
    assert cancel(shop, order_id, line_1=2).status == 201
    assert shop.stock("A") == {"leeds": (8, 4, 4)}
    assert cancel(shop, order_id).status == 201
    assert cancel(shop, shop.placed(("A", 8))).status == 201
    assert shop.stock("A") == {"leeds": (8, 8, 0)}


def test_another_location_ships_it(shop: Shop) -> None:
    shop.opens("york", priority=2)
    shop.sells("A", leeds=4, york=4)
    for site in ("leeds", "york"):
        split(shop, "A", 2, site)
    _, [part] = confirmed(shop, ("A", 3))
    assert shop.call("POST", f"/v1/fulfilments/{part}/reallocation", json={"location_id": "york"}).status in (200, 201)
    assert shop.stock("A") == {"leeds": (4, 4, 0), "york": (4, 1, 3)}


def test_what_another_took_meanwhile_is_planned_anew(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    split(shop, shop.sells("A", leeds=4), 2)
    module = import_module("chalicelib.orders.service.place_order")
    read, overtaken = module.find_many, []

    def read_and_be_overtaken(keys: Any, *, consistent: bool = False) -> Any:
        found = read(keys, consistent=consistent)
        if not overtaken:
            overtaken.append(True)
            for number in range(3):
                reserve(f"rsv_{number}", ("A", 1))
        return found

    monkeypatch.setattr(module, "find_many", read_and_be_overtaken)
    shop.placed(("A", 1))
    assert shop.stock("A") == {"leeds": (4, 0, 4)}


def test_an_order_is_one_read_and_one_transaction_of_as_many_actions(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    skus = [shop.sells(f"S{number}", leeds=80) for number in range(10)]
    module = import_module("chalicelib.orders.service.place_order")
    read, commit = module.find_many, Transaction.commit
    calls: list[tuple[str, int]] = []

    def counted_read(keys: Any, *, consistent: bool = False) -> Any:
        calls.append(("read", len(keys := list(keys))))
        return read(keys, consistent=consistent)

    def counted_commit(tx: Transaction) -> None:
        calls.append(("write", len(tx)))
        commit(tx)

    split(shop, skus[0], 8)
    inventory.sourcing_locations("web", fresh=True)
    monkeypatch.setattr(module, "find_many", counted_read)
    monkeypatch.setattr(Transaction, "commit", counted_commit)
    shop.placed(*((sku, 2) for sku in skus))
    assert calls == [("read", 37), ("write", 15)]
