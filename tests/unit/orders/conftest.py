"""A shop in memory: the whole application on moto's table."""

from typing import Any

import pytest

from chalicelib.inventory import service as inventory
from tests.integration.orders.conftest import Shop


@pytest.fixture
def shop(table: Any) -> Shop:
    """A shop whose warehouse `leeds` is empty."""
    inventory.forget_locations()
    shop = Shop(table)
    shop.category = shop.call("POST", "/v1/categories", json={"name": "All", "slug": "all"}).json["id"]
    shop.opens("leeds")
    return shop
