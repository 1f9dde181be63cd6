"""The shop before it opens: a catalogue, locations, and few units of few things, so that everybody fights for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any

from chalicelib.core.auth import Principal, Role
from tests.simulation.actors.client import Client
from tests.simulation.cloud.functions import Reply
from tests.simulation.dynamodb import Database
from tests.simulation.world import World

ADMIN = Principal("user", "usr_admin", roles=frozenset({Role.ADMIN}))
ASSOCIATES = tuple(Principal("user", f"usr_associate{n}", roles=frozenset({Role.ASSOCIATE})) for n in range(2))
SHOPPERS = tuple(Principal("user", f"usr_shopper{n}", roles=frozenset({Role.SHOPPER})) for n in range(3))

PRICES: Mapping[str, int] = {"MUG": 799, "PEN": 101, "HAT": 2_500, "FREE": 0}
LOCATIONS: Mapping[str, tuple[str, int]] = {"leeds": ("warehouse", 1), "york": ("warehouse", 2), "till": ("store", 3)}
ADDRESS = {"name": "Ada", "line1": "12 St James Square", "city": "London", "country": "GB"}


@dataclass(slots=True)
class Shop:
    """What actors share: the client, and what they know of each other's doings."""

    world: World
    client: Client
    orders: list[str] = field(default_factory=list)
    """Orders that were accepted, by whoever placed them."""


OPENINGS = 32
"""With how many different stocks a shop may open: each is made once in a process, as it costs as much as three requests."""


def opened(world: World) -> Shop:
    """A shop, stocked up."""
    world.database.take_over(_stocked(world.random.randrange(OPENINGS)))
    return Shop(world, Client(world))


@cache
def _stocked(opening: int) -> Database:
    """The shop with one of the opening stocks."""
    world = World(0)
    world.database.take_over(_furnished())
    with world.at_hand():
        world.kernel.spawn("stocking up", lambda: _stock_up(world, Random(opening)))
        world.kernel.run()
    return world.database


@cache
def _furnished() -> Database:
    """The catalogue and the locations, made once through the API."""
    world = World(0)
    with world.at_hand():
        world.kernel.spawn("furnishing", lambda: _furnish(world))
        world.kernel.run()
    return world.database


def _furnish(world: World) -> None:
    def made(path: str, body: Any) -> Any:
        return _made(world.request("POST", path, ADMIN, body, {"idempotency-key": path + str(body)[:200]}))

    for location, (kind, priority) in LOCATIONS.items():
        body = {
            "id": location,
            "name": location,
            "type": kind,
            "priority": priority,
            "channels": ["web", "pos"],
            "address": {"line1": "1 Mill Lane", "city": location, "country": "GB"},
        }
        made("/v1/inventory/locations", body)
    category = made("/v1/categories", {"name": "All", "slug": "all"})["id"]
    for sku, price in PRICES.items():
        prices = [{"channel": channel, "currency": "GBP", "amount": price} for channel in ("web", "pos")]
        variant = {"sku": sku, "name": sku, "status": "active", "tax_rate_bps": 2000, "prices": prices}
        made("/v1/products", {"title": sku, "category_id": category, "status": "active", "variants": [variant]})
    for name, per_customer, code in (("A fifth off", None, "FIRST"), ("One each", 1, "ONCE-EACH")):
        reward = {"type": "percentage", "bps": 2000}
        body = {"name": name, "reward": reward, "by_code": True, "per_customer": per_customer}
        promotion = made("/v1/promotions", body)["id"]
        made(f"/v1/promotions/{promotion}/codes", {"codes": [code], "most": 1 if per_customer is None else None})


def _made(reply: Reply) -> Any:
    assert reply.status < 300, reply.text
    return reply.json


def _stock_up(world: World, random: Random) -> None:
    for location in LOCATIONS:
        lines = [{"sku": sku, "quantity": random.randint(1, 6)} for sku in PRICES if random.random() < 0.7]
        if lines:
            body = {"location_id": location, "lines": lines, "reference": "opening"}
            _made(
                world.request("POST", "/v1/inventory/receipts", ADMIN, body, {"idempotency-key": f"opening {location}"})
            )
        for sku in PRICES:
            if random.random() < 0.25:
                path = f"/v1/inventory/stock/{sku}/locations/{location}/policy"
                presale = {"backorder_limit": random.randint(1, 4), "backorder_days": 7}
                _made(world.request("PUT", path, ADMIN, presale, {"if-match": '"0"'}))
