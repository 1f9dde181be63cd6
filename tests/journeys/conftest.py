"""The deployed system, driven only from outside: HTTP and queues.

Journeys run in several processes at once: each has a shop of its own, and mostly waits. What does not bear others beside
it, or what others do not bear, is marked `alone`. What changes all shops, or needs none of this system, is marked `last`.
"""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from infra.local.testing import Answer, TestStack, stack

__all__ = ["stack"]

GONE_AFTER = 90.0
"""Seconds until a thing that should happen counts as not happening. The path has four polls of about a second each, the first
orders wait for functions to start, and work in the background yields to what journeys beside this one ask of the API."""


def until(what: Callable[[], Any], seconds: float = GONE_AFTER) -> Any:
    """The first truthy answer of `what`; fails when there is none in time."""
    end = time.monotonic() + seconds
    while not (answer := what()):
        assert time.monotonic() < end, f"did not happen within {seconds} s: {what}"
        time.sleep(0.25)
    return answer


@dataclass
class Shop:
    """A shop of one test: its own SKUs and a channel and location that no other test uses."""

    stack: TestStack
    channel: str
    location: str
    category: str = ""

    def post(self, path: str, body: Any, role: str = "admin", key: str | None = None, **headers: str) -> Answer:
        return self.stack.call(
            "POST", path, json=body, role=role, headers={"Idempotency-Key": key or uuid4().hex, **headers}
        )

    def get(self, path: str, role: str = "admin", **params: str) -> Answer:
        return self.stack.call("GET", path, role=role, params=params)

    def sells(self, units: int, price: int = 500) -> str:
        """A new SKU with `units` in stock."""
        sku = f"T-{uuid4().hex[:12].upper()}"
        made = self.post(
            "/v1/products",
            {
                "title": f"Thing {sku}",
                "category_id": self.category,
                "status": "active",
                "variants": [
                    {
                        "sku": sku,
                        "name": f"Thing {sku}",
                        "status": "active",
                        "tax_rate_bps": 2000,
                        "prices": [{"channel": self.channel, "currency": "GBP", "amount": price}],
                    }
                ],
            },
        )
        assert made.status == 201, made
        if units:
            got = self.post(
                "/v1/inventory/receipts", {"location_id": self.location, "lines": [{"sku": sku, "quantity": units}]}
            )
            assert got.status == 201, got
        return sku

    def order(self, *lines: tuple[str, int], token: str = "tok_approve", **more: Any) -> dict[str, Any]:
        """The body of an order."""
        return {
            "channel": self.channel,
            "currency": "GBP",
            "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines],
            "contact": {"name": "Ada Lovelace"},
            "shipping_address": {
                "name": "Ada Lovelace",
                "line1": "12 St James Square",
                "city": "London",
                "country": "GB",
            },
            "payment": {"token": token},
            **more,
        }

    def place(self, *lines: tuple[str, int], role: str = "shopper", wait: int = 20, **more: Any) -> dict[str, Any]:
        """A placed order, waited for until it is decided."""
        placed = self.post(
            "/v1/orders", self.order(*lines, **more), role=role, **({"Prefer": f"wait={wait}"} if wait else {})
        )
        assert placed.status in (200, 202), placed
        body: dict[str, Any] = placed.body
        if wait and placed.status == 202:  # the API holds its answer for so long, a busy machine may need longer
            body = until(lambda: (seen := self.read(body["id"]))["status"] != body["status"] and seen)
        return body

    def read(self, order_id: str) -> dict[str, Any]:
        body: dict[str, Any] = self.get(f"/v1/orders/{order_id}").body
        return body

    def reaches(self, order_id: str, status: str, seconds: float = GONE_AFTER) -> dict[str, Any]:
        """The order once it is in `status`."""
        order: dict[str, Any] = until(lambda: (seen := self.read(order_id))["status"] == status and seen, seconds)
        return order

    def stock(self, sku: str) -> dict[str, int]:
        """The counters of the SKU at this shop's location."""
        rows = self.get(f"/v1/inventory/stock/{sku}").body["items"]
        [row] = [row for row in rows if row["location_id"] == self.location]
        return {name: row[name] for name in ("on_hand", "available", "reserved")}

    def payment(self, order_id: str) -> dict[str, Any]:
        body: dict[str, Any] = self.get(f"/v1/orders/{order_id}/payment").body
        return body

    def answers(self, fulfilment_id: str, type: str, units: dict[str, int] | None = None, **more: Any) -> Answer:
        """The warehouse answers by API."""
        lines = [{"line_id": line, "quantity": quantity} for line, quantity in (units or {}).items()]
        return self.post(
            f"/v1/fulfilments/{fulfilment_id}/answers", {"type": type, "lines": lines, **more}, "associate"
        )

    def answers_by_queue(
        self, fulfilment_id: str, type: str, units: dict[str, int], message_id: str | None = None
    ) -> None:
        """The warehouse answers by queue."""
        lines = [{"line_id": line, "quantity": quantity} for line, quantity in units.items()]
        self.stack.client("sqs").send_message(
            QueueUrl=self.stack.queue_url("fulfilment-warehouse-answers"),
            MessageBody=json.dumps(
                {
                    "message_id": message_id or uuid4().hex,
                    "fulfilment_id": fulfilment_id,
                    "type": type,
                    "lines": lines,
                    **({"tracking": {"carrier": "DPD", "number": "1"}} if type == "shipped" else {}),
                }
            ),
        )


def a_shop(stack: TestStack) -> Shop:
    """A shop with an empty warehouse."""
    name = f"t{uuid4().hex[:10]}"
    shop = Shop(stack, channel=name, location=f"wh-{name}")
    made = shop.post(
        "/v1/inventory/locations",
        {
            "id": shop.location,
            "name": "Test warehouse",
            "type": "warehouse",
            "priority": 1,
            "channels": [shop.channel],
            "address": {"line1": "1 Mill Lane", "city": "Leeds", "country": "GB"},
        },
    )
    assert made.status == 201, made
    made = shop.post("/v1/categories", {"name": "Things", "slug": f"things-{name}"})
    assert made.status == 201, made
    shop.category = made.body["id"]
    return shop


@pytest.fixture
def shop(stack: TestStack) -> Shop:
    """A shop of this test alone."""
    return a_shop(stack)


@pytest.fixture(autouse=True)
def room(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[None]:
    """A test that is marked `alone` has it to itself; the others share it. It is entered before there is a shop, and left
    when all that belongs to the test is gone."""
    if worker_id == "master":  # there is one process only
        yield
        return
    of_all_processes = tmp_path_factory.getbasetemp().parent
    with (of_all_processes / "door").open("w") as door, (of_all_processes / "room").open("w") as inside:
        # At the door whoever wants to be alone stands in a queue with the rest, so nobody slips past it.
        fcntl.flock(door, fcntl.LOCK_EX)
        alone = request.node.get_closest_marker("alone") is not None
        fcntl.flock(inside, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        yield


def pytest_configure(config: pytest.Config) -> None:
    """Name the markers of this folder."""
    config.addinivalue_line("markers", "long: takes a minute, most of which is waiting: before all others")
    config.addinivalue_line("markers", "alone: no journey of another process runs at the same time")
    config.addinivalue_line("markers", "last: changes all shops, or brings up a stack of its own: after all others")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First what runs side by side, so that it does not wait time and again for what is marked `alone`, and of that what is
    `long`, so that nobody waits for it at the end; then what is `alone`, then what is `last`."""

    def place(item: pytest.Item) -> tuple[bool, bool, bool]:
        last, alone, long = (item.get_closest_marker(name) is not None for name in ("last", "alone", "long"))
        return last, alone, not long

    items.sort(key=place)
