"""Suppliers on the deployed system, whose own systems accept whatever they are asked; and what one of them sets off."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from aisle_supplier.server import ReferenceSupplier
from bench.executions import PATIENCE_SECONDS, Count, count_of, execution_for
from bench.ground import Ground
from bench.shop import WentWrong, until
from examples.marketplace import buying
from examples.marketplace.suppliers import Trader, applied, connected, verified
from examples.online_retail.api import Api
from examples.online_retail.stack import Stack
from infra.local.testing import TestStack

ONBOARDING, LISTING, PLACING, ROUTING = "onboarding", "listing", "placing", "routing"
UNITS = 5


@dataclass(frozen=True)
class Market:
    """Open it with `open_market`. `run` is in the names of all that is its own."""

    run: str
    there: Stack
    system: ReferenceSupplier
    category: str

    def applies(self, name: str) -> Trader:
        """A supplier whose papers are in order, and who has just applied."""
        return applied(self.there, name, self.run, self.system)

    def comes_in(self, name: str) -> Trader:
        """A supplier that is approved."""
        return approved(self.applies(name))

    def brand(self, trader: Trader) -> str:
        """What it may sell."""
        return f"{trader.name} {self.run}"

    def listing(self, trader: Trader, supplier_sku: str) -> dict[str, Any]:
        """A product in which nothing is to be found."""
        return {
            "supplier_sku": supplier_sku,
            "title": "Mauve Leather Daypack",
            "description": "This stylish daypack combines elegance with functionality.",
            "brand": self.brand(trader),
            "category_id": self.category,
            "prices": {"GBP": 14999},
            "tax_rate_bps": 2000,
            "handling_days": 2,
            "on_hand": UNITS,
        }


@contextmanager
def open_market(stack: TestStack) -> Iterator[Market]:
    """A category, and the system that answers for all suppliers."""
    with ReferenceSupplier() as system, tempfile.TemporaryDirectory(prefix="aisle-bench-") as temporary:
        record = Path(temporary) / "stack.json"
        record.write_text(json.dumps(stack.record))
        there, run = Stack.read(record), uuid4().hex[:8]
        category = {"name": "Bags", "slug": f"bags-{run}"}
        made = Api(there.api_url, there).post("/v1/categories", category, key=run).body
        yield Market(run, there, system, made["id"])


def approved(trader: Trader) -> Trader:
    """The supplier, once it is. Raises `WentWrong` when something was found."""
    seen = verified(trader)
    if seen["status"] != "approved":
        raise WentWrong(f"{trader.name} is {seen['status']}: {seen['findings']}")
    return trader


@cache
def traded(ground: Ground) -> dict[str, Count]:
    """Have a supplier come in, list a product, and ship and deliver an order of it, and count."""
    with open_market(ground.stack) as market:
        before = _events(ground)
        trader = approved(market.applies("Bench Home"))
        execution = execution_for(ground, "suppliers-onboard-supplier", supplier_id=trader.id)
        counts = {
            ONBOARDING: count_of(ground, "suppliers-onboard-supplier", execution, lambda: _events(ground) - before)
        }
        connected(trader)
        sku, counts[LISTING] = _listed(ground, market, trader)
        return {**counts, **_routed(ground, market, trader, sku)}


def _listed(ground: Ground, market: Market, trader: Trader) -> tuple[str, Count]:
    before, path = _events(ground), f"/v1/suppliers/{trader.id}/listings"
    trader.api.post(path, market.listing(trader, "BENCH-1"), key=uuid4().hex)
    market.system.restock({"BENCH-1": UNITS})
    sku = str(until(lambda: trader.api.get(f"{path}/BENCH-1")["sku"], PATIENCE_SECONDS))
    execution = execution_for(ground, "listings-register-product", listing_id=f"{trader.id}:BENCH-1")
    return sku, count_of(ground, "listings-register-product", execution, lambda: _events(ground) - before)


def _routed(ground: Ground, market: Market, trader: Trader, sku: str) -> dict[str, Count]:
    before = _events(ground)
    order = buying.placed(Api(market.there.api_url, market.there, role="shopper"), [sku])
    [part] = order["fulfilments"]
    buying.shipped(trader, buying.accepted(trader, part["id"]))
    path = f"/v1/suppliers/{trader.id}/orders/{part['id']}/tracking-events"
    arrived = {"id": uuid4().hex, "code": "delivered", "at": datetime.now(UTC).isoformat()}
    trader.api.post(path, arrived, key=uuid4().hex)
    placing = count_of(ground, "orders-place-order", f"{order['id']}-v1", lambda: 0)
    routing = count_of(ground, "routing-route-order", part["id"], lambda: _events(ground) - before)
    return {PLACING: placing, ROUTING: routing}


def _events(ground: Ground) -> int:
    """Events in the table's outbox; nothing else is at work meanwhile."""
    pages = (
        ground.stack.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=ground.stack.table_name,
            Select="COUNT",
            FilterExpression="begins_with(sk, :event)",
            ExpressionAttributeValues={":event": {"S": "EVENT#"}},
        )
    )
    return sum(int(page["Count"]) for page in pages)
