"""A shop on the deployed system: its own channel and warehouse, and SKUs that nothing else sells."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPConnection
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from infra.local.testing import TestStack

CURRENCY, PRICE = "GBP", 499
PER_RECEIPT = 20


class WentWrong(Exception):
    """The system did not do what it should; a benchmark of it would mean nothing."""


class Client:
    """One keep-alive connection to the API, for a role or whoever has the `token`. Costs as little as a client can; nothing is
    retried."""

    def __init__(self, stack: TestStack, role: str, token: str | None = None) -> None:
        url = urlsplit(stack.api_url)
        self._path = url.path
        self._connection = HTTPConnection(url.hostname or "", url.port, timeout=60)
        self._headers = {"Authorization": token or stack.token(role), "Content-Type": "application/json"}

    def send(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Status and body; each POST gets an idempotency key of its own."""
        headers = {**self._headers, "Idempotency-Key": uuid4().hex} if method == "POST" else self._headers
        self._connection.request(method, self._path + path, body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def ask(self, method: str, path: str, body: Any = None, *, expect: int) -> Any:
        """The parsed answer, which must have the status that is expected."""
        status, told = self.send(method, path, None if body is None else json.dumps(body).encode())
        if status != expect:
            raise WentWrong(f"{method} {path}: {status} {told[:500].decode(errors='replace')}")
        return json.loads(told) if told else None


@dataclass
class Shop:
    """Open it with `open_shop`."""

    stack: TestStack
    channel: str
    location: str
    skus: list[str]
    received: int
    accepted: list[bytes] = field(default_factory=list)
    _random: random.Random = field(default_factory=lambda: random.Random(7))

    def order(self, lines: int) -> bytes:
        """An order of `lines` different SKUs, 1 to 3 units each."""
        chosen = self._random.sample(self.skus, lines)
        return json.dumps(
            {
                "channel": self.channel,
                "currency": CURRENCY,
                "lines": [{"sku": sku, "quantity": self._random.randint(1, 3)} for sku in chosen],
                "contact": {"name": "Ada Lovelace", "email": "ada@example.com"},
                "shipping_address": {
                    "name": "Ada Lovelace",
                    "line1": "12 St James Square",
                    "city": "London",
                    "postal_code": "SW1Y 4JH",
                    "country": "GB",
                },
                "payment": {"token": "tok_approve"},
            }
        ).encode()

    def orders(self, count: int, lines: int) -> list[bytes]:
        return [self.order(lines) for _ in range(count)]

    def sold(self) -> Counter[str]:
        """Units of each SKU in the orders accepted so far."""
        sold = Counter(dict.fromkeys(self.skus, 0))
        for order in self.accepted:
            for line in json.loads(order)["lines"]:
                sold[line["sku"]] += line["quantity"]
        return sold

    def shipped(self) -> Counter[str]:
        """Units of each SKU that have left."""
        return Counter({sku: self.received - row["on_hand"] for sku, row in self._stock().items()})

    def check_stock(self) -> int:
        """Units sold; raises `WentWrong` unless each SKU's counters say exactly what was accepted, shipped or not."""
        sold, stock = self.sold(), self._stock()
        for sku in self.skus:
            row = stock[sku]
            shipped = self.received - row["on_hand"]
            told = (row["available"], row["reserved"] + shipped)
            if told != (self.received - sold[sku], sold[sku]) or row["available"] < 0:
                raise WentWrong(f"{sku}: {sold[sku]} of {self.received} were sold, but the stock is {row}")
        return sold.total()

    def _stock(self) -> dict[str, dict[str, int]]:
        path = f"/v1/inventory/stock?location={self.location}&limit=100"
        return {row["sku"]: row for row in Client(self.stack, "admin").ask("GET", path, expect=200)["items"]}


def open_shop(stack: TestStack, skus: int, units: int) -> Shop:
    """A shop with `units` of each of `skus` new SKUs."""
    name = f"b{uuid4().hex[:10]}"
    admin = Client(stack, "admin")
    shop = Shop(stack, name, f"wh-{name}", [f"{name.upper()}-{number:03}" for number in range(skus)], units)
    location = {
        "id": shop.location,
        "name": "Bench warehouse",
        "type": "warehouse",
        "priority": 1,
        "channels": [shop.channel],
        "address": {"line1": "1 Mill Lane", "city": "Leeds", "country": "GB"},
    }
    admin.ask("POST", "/v1/inventory/locations", location, expect=201)
    category = admin.ask("POST", "/v1/categories", {"name": "Things", "slug": f"things-{name}"}, expect=201)["id"]
    for sku in shop.skus:
        price = {"channel": shop.channel, "currency": CURRENCY, "amount": PRICE}
        variant = {"sku": sku, "name": f"Thing {sku}", "status": "active", "tax_rate_bps": 2000, "prices": [price]}
        product = {"title": f"Thing {sku}", "category_id": category, "status": "active", "variants": [variant]}
        admin.ask("POST", "/v1/products", product, expect=201)
    for start in range(0, skus, PER_RECEIPT):
        lines = [{"sku": sku, "quantity": units} for sku in shop.skus[start : start + PER_RECEIPT]]
        admin.ask("POST", "/v1/inventory/receipts", {"location_id": shop.location, "lines": lines}, expect=201)
    return shop


def until(what: Any, seconds: float, every: float = 0.25) -> Any:
    """The first truthy answer of `what`; raises `WentWrong` when there is none in time."""
    end = monotonic() + seconds
    while not (answer := what()):
        if monotonic() > end:
            raise WentWrong(f"did not happen within {seconds:.0f} s")
        sleep(every)
    return answer
