"""A shop that sells three things from one warehouse, and whoever comes in. Nobody remembers another test's."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from chalicelib.inventory import service as inventory
from chalicelib.promotions import service as promotions
from chalicelib.shipping import service as shipping
from tests.conftest import ADMIN, SHOPPER, Reply
from tests.unit.carts.visitors import Customer, Guest

PRICES = {"MUG": 1299, "POT": 3500, "TEA": 450}


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    inventory.forget_locations()
    promotions.forget_promotions()
    shipping.forget_methods()
    yield
    inventory.forget_locations()
    promotions.forget_promotions()
    shipping.forget_methods()


@pytest.fixture
def staff(call: Callable[..., Reply]) -> Callable[..., Reply]:
    """`staff("POST", "/v1/products", {…})` as an administrator; it has to succeed."""

    def send(method: str, path: str, body: Any = None, **headers: str) -> Reply:
        reply = call(method, path, json=body, by=ADMIN, headers={"Idempotency-Key": uuid4().hex, **headers})
        assert reply.status < 300, reply.text
        return reply

    return send


@pytest.fixture
def shop(staff: Callable[..., Reply]) -> Callable[..., Reply]:
    """The shop: ten mugs, ten pots and four boxes of tea. Yields what staff can do."""
    category = staff("POST", "/v1/categories", {"name": "All", "slug": "all"}).json["id"]
    variants = [
        {
            "sku": sku,
            "name": sku.title(),
            "tax_rate_bps": 2000,
            "prices": [{"channel": "web", "currency": currency, "amount": amount} for currency in ("GBP", "EUR")],
        }
        for sku, amount in PRICES.items()
    ]
    product = {"title": "Tea things", "category_id": category, "status": "active", "variants": variants}
    staff("POST", "/v1/products", product)
    address = {"line1": "1 Mill Lane", "city": "Leeds", "country": "GB"}
    site = {"id": "leeds", "name": "Leeds", "type": "warehouse", "priority": 1, "channels": ["web"], "address": address}
    staff("POST", "/v1/inventory/locations", site)
    lines = [{"sku": sku, "quantity": quantity} for sku, quantity in (("MUG", 10), ("POT", 10), ("TEA", 4))]
    staff("POST", "/v1/inventory/receipts", {"location_id": "leeds", "lines": lines})
    return staff


@pytest.fixture
def guest(call: Callable[..., Reply], shop: Any) -> Guest:
    """A guest with an empty cart."""
    return Guest.enters(call)


@pytest.fixture
def customer(call: Callable[..., Reply], shop: Any) -> Customer:
    """A customer with an empty cart."""
    return Customer.enters(call, SHOPPER)
