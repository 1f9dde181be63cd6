"""Each test has an empty table, a supplier in it, and an even temper of chance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.inventory import service as inventory
from tests.integration.orders.conftest import Shop
from tests.unit.routing.builders import MEMBER, OTHER_ID, STRANGER, SUPPLIER_ID, Endpoint, Market, joins


@pytest.fixture(autouse=True)
def even_luck(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every rest is as long as its step."""
    monkeypatch.setattr("chalicelib.routing.service.breaker.random", lambda: 1.0)


@pytest.fixture
def market(table: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Market]:
    """A shop with an empty warehouse `leeds`, and a supplier who is asked first."""
    inventory.forget_locations()
    shop = Shop(table)
    shop.category = shop.call("POST", "/v1/categories", json={"name": "All", "slug": "all"}).json["id"]
    shop.opens("leeds", priority=2)
    shop.opens(SUPPLIER_ID, priority=1)
    joins(SUPPLIER_ID, MEMBER)
    joins(OTHER_ID, STRANGER)
    started: list[tuple[str, str]] = []
    monkeypatch.setattr(
        "chalicelib.routing.gateways.start_route_order", lambda one, order_id, name: started.append((one, name))
    )
    endpoint = Endpoint()
    monkeypatch.setattr("chalicelib.suppliers.service.reaching.endpoint", lambda _: endpoint.base)
    yield Market(shop, endpoint, started)
    inventory.forget_locations()
