"""A marketplace for journeys: suppliers that come in, with a system of their own each, what they list, and cases about them.

Nothing of it is made before a test asks for it, so that it is made while the test has its room.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any, TypeVar
from uuid import uuid4

import urllib3

from aisle_supplier.server import ReferenceSupplier
from aisle_supplier.server.back_office import Aisle
from examples.marketplace.accounts import Account
from examples.marketplace.goods import gtin
from examples.marketplace.suppliers import Trader, connected, profile, verified
from examples.online_retail.api import Problem
from examples.online_retail.stack import Stack
from infra.local.testing import Answer, TestStack
from tests.journeys.conftest import Shop, a_shop, until

CHANNEL = "web"
"""Where suppliers sell, unless the operator says otherwise."""

Given = TypeVar("Given")
Found = TypeVar("Found")


def at_once(what: Callable[[Given], Found], for_each: Iterable[Given]) -> list[Found]:
    """What `what` makes of each; they mostly wait, and do so side by side."""
    with ThreadPoolExecutor(6) as pool:
        return list(pool.map(what, for_each))


class Market:
    """The deployed system as a marketplace."""

    def __init__(self, stack: TestStack, there: Stack, running: ExitStack) -> None:
        self.stack, self.there, self._running = stack, there, running
        self._known: dict[str, Trader] = {}
        self._gtins = iter(range(999))

    @cached_property
    def shop(self) -> Shop:
        """The operator, with a category of its own."""
        return a_shop(self.stack)

    # ---- suppliers ------------------------------------------------------------------------------------------------------

    def applies(self, name: str, attested: Sequence[str] = ("terms",), **said: Any) -> Trader:
        """A new supplier, whose application is under way."""
        run = uuid4().hex[:8]
        account = self.account(f"{name.split(maxsplit=1)[0].lower()}-{run}")
        body = {"profile": profile(name, run, **said), "attestations": list(attested)}
        made = account.api().post("/v1/suppliers", body, key=run).body
        return self.trader(name, made["id"], account)

    def account(self, name: str) -> Account:
        """Somebody who may act for a supplier."""
        return Account(self.there, f"{name}@example.com")

    def trader(self, name: str, id: str, account: Account) -> Trader:
        """A supplier with a system of its own, of which Aisle does not know yet."""
        return Trader(name, id, account, account.api(), self._running.enter_context(ReferenceSupplier()))

    def approved(self, name: str, **said: Any) -> Trader:
        """A new supplier that may sell. It is asked by no call, and answers by our API."""
        trader = self.applies(name, **said)
        seen = verified(trader)
        assert seen["status"] == "approved", seen["findings"]
        return trader

    def connected(self, name: str) -> Trader:
        """A new supplier that is asked at its own system, which ships when it is told to."""
        trader = self.approved(name)
        connected(trader)
        assert trader.read()["status"] == "approved"
        trader.system.works_for(Aisle(self.there.api_url, trader.account.token("supplier"), trader.id))
        return trader

    def known(self, *names: str, connected: bool = False) -> list[Trader]:
        """Suppliers that the tests of a module share, each made when it is asked for first."""
        new = [name for name in names if name not in self._known]
        self._known |= zip(new, at_once(self.connected if connected else self.approved, new), strict=True)
        return [self._known[name] for name in names]

    def change(self, trader: Trader, path: str, body: Any, method: str = "PUT") -> Answer:
        """The supplier changes something below its own path, at the version at which it is."""
        headers = {"If-Match": f'"{trader.read()["version"]}"'}
        return self.as_supplier(trader, method, path, body, **headers)

    def as_supplier(self, trader: Trader, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """A call of the supplier's below its own path."""
        return self.stack.call(
            method,
            f"/v1/suppliers/{trader.id}{path}",
            json=body,
            token=trader.account.token("supplier"),
            headers={"Idempotency-Key": uuid4().hex, **headers},
        )

    # ---- what they sell -------------------------------------------------------------------------------------------------

    def listing(self, name: str = "", **fields: Any) -> dict[str, Any]:
        """What a supplier says of a thing: five of them, at 10 pounds."""
        name = name or f"THING-{uuid4().hex[:8].upper()}"
        return {
            "supplier_sku": name,
            "title": f"A thing {name}",
            "category_id": self.shop.category,
            "prices": {"GBP": 1000},
            "tax_rate_bps": 2000,
            "handling_days": 1,
            "on_hand": 5,
            **fields,
        }

    def registers(self, trader: Trader, **fields: Any) -> str:
        """The supplier's own SKU of what it has just registered."""
        listing = self.listing(**fields)
        made = self.as_supplier(trader, "POST", "/listings", listing)
        assert made.status == 202, made
        return str(listing["supplier_sku"])

    def lists(self, trader: Trader, **fields: Any) -> tuple[str, str]:
        """The supplier's own SKU of something new that is on sale, and the catalogue's. Its system has as many as it says."""
        name = self.registers(trader, **fields)
        sku = until(lambda: self.read_listing(trader, name)["sku"])
        stocked(trader, {name: fields.get("on_hand", 5)})
        return name, sku

    def read_listing(self, trader: Trader, name: str) -> Any:
        """The listing as its supplier sees it."""
        return trader.api.get(f"/v1/suppliers/{trader.id}/listings/{name}")

    @cached_property
    def _run(self) -> str:
        return uuid4().hex

    def gtin(self) -> str:
        """A GTIN that nothing else has."""
        return gtin(self._run, next(self._gtins))

    # ---- orders ---------------------------------------------------------------------------------------------------------

    def places(self, *lines: tuple[str, int], **more: Any) -> Any:
        """A shopper's order where suppliers sell, once it is decided."""
        return self.shop.place(*lines, channel=CHANNEL, **more)

    def quote(self, *lines: tuple[str, int]) -> Any:
        """What a shopper would be told before such an order."""
        asked = [{"sku": sku, "quantity": quantity} for sku, quantity in lines]
        body = {"channel": CHANNEL, "currency": "GBP", "lines": asked, "country": "GB"}
        told = self.shop.post("/v1/quotes", body, "shopper")
        assert told.status == 200, told
        return told.body

    def order_of(self, trader: Trader, allocation_id: str, *states: str) -> Any:
        """What a supplier is asked to ship, as it sees it, once it is in one of these states."""

        def ask() -> Any:
            try:
                found = trader.api.get(f"/v1/suppliers/{trader.id}/orders/{allocation_id}")
            except Problem as problem:
                if problem.status == 404:
                    return None
                raise
            return found["state"] in states and found

        return until(ask)

    # ---- cases ----------------------------------------------------------------------------------------------------------

    def case_of(self, trader: Trader, type: str, but: str = "") -> Any:
        """The open case of a supplier of that type, once there is one other than `but`, with all that belongs to it."""
        path = f"/v1/review-cases?supplier_id={trader.id}&subject_type={type}"

        def ask() -> Any:
            found = [one["id"] for one in self.shop.get(path).body["items"] if one["id"] != but]
            return found and self.shop.get(f"/v1/review-cases/{found[0]}").body

        return until(ask)

    def decide(self, case_id: str, decision: str, reason: str = "As it is.") -> Answer:
        """A reviewer decides the case as it is now."""
        version = self.shop.get(f"/v1/review-cases/{case_id}").body["version"]
        body = {"decision": decision, "reason": reason, "expected_version": version}
        return self.shop.post(f"/v1/review-cases/{case_id}/decisions", body)

    # ---- what is settled for all ----------------------------------------------------------------------------------------

    def settle(self, path: str, change: Callable[[Any], Any]) -> None:
        """Change settings that all suppliers share, beside others who do so at the same time."""

        def put() -> bool:
            before = self.shop.get(path).body
            headers = {"If-Match": f'"{before.pop("version")}"'}
            done = self.stack.call("PUT", path, json=change(before), role="admin", headers=headers)
            assert done.status in (200, 412), done
            return done.status == 200

        until(put)

    def executions(self, machine: str, prefix: str) -> dict[str, str]:
        """The status of the executions of a state machine whose names begin so."""
        states = self.stack.client("stepfunctions").get_paginator("list_executions")
        pages = states.paginate(stateMachineArn=self.stack.state_machine_arn(machine))
        found = (one for page in pages for one in page["executions"])
        return {one["name"]: one["status"] for one in found if one["name"].startswith(prefix)}

    def waiting_messages(self, queue: str) -> str:
        """All that lies in a queue, without taking it."""
        url = f"{self.stack.endpoint_url}/_ministack/sqs/messages"
        given = urllib3.request("GET", url, fields={"QueueUrl": self.stack.queue_url(queue)}, timeout=10)
        return json.dumps(given.json())


_AT_THE_SHELVES = Lock()


def stocked(trader: Trader, units: dict[str, int]) -> None:
    """Put units on the shelves of the supplier's own system, beside what is there."""
    with _AT_THE_SHELVES:
        there = {sku: shelf.quantity for sku, shelf in trader.system.stock.items()}
        trader.system.restock({**there, **units})


Kind = TypeVar("Kind", bound=Market)


@contextmanager
def opened(stack: TestStack, kind: type[Kind]) -> Iterator[Kind]:
    """A marketplace whose suppliers' systems run as long as this is open."""
    with TemporaryDirectory() as folder, ExitStack() as running:
        record = Path(folder) / "stack.json"
        record.write_text(json.dumps(stack.record))
        yield kind(stack, Stack.read(record), running)
