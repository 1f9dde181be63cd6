"""A shop in memory whose orders wait in lockers: the whole application on moto's table, with a line that keeps what is said."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Barrier, local
from typing import Any
from uuid import uuid4

import boto3
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.iot.models import iot_backends

from app import app
from chalicelib.core import clock, workflow
from chalicelib.core.auth import Principal, system
from chalicelib.core.ids import new_ulid
from chalicelib.core.outbox import PREFIX, Event
from chalicelib.core.table import Item
from chalicelib.core.workflow import Workflow
from chalicelib.fulfilment import consumers as fulfilment_consumers
from chalicelib.fulfilment.domain import fulfilment_id
from chalicelib.inventory import service as inventory
from chalicelib.lockers import service
from chalicelib.lockers.consumers import cabinets as cabinet_consumers
from chalicelib.lockers.consumers import events as event_consumers
from chalicelib.lockers.domain.pickups import pickup_id
from chalicelib.lockers.gateways.cabinets import IotCore
from chalicelib.lockers.gateways.checks import QueuedChecks
from chalicelib.orders import service as orders
from chalicelib.payments import service as payments
from tests.conftest import ASSOCIATE, SHOPPER, Reply, request
from tests.integration.orders.conftest import WORKFLOW, Shop

CABINET = system("on_cabinet_message")
HELD = 3 * 24 * 3600
REMINDED = 2 * 24 * 3600
"""Seconds after it became ready, at a site with the default window."""


@dataclass
class Lockers:
    """Sites, cabinets, and orders on their way through them. What leaves the application is kept: `told` to cabinets, `checks` to
    be made later, workflows `started`, and tokens `completed`."""

    shop: Shop
    told: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    checks: list[tuple[str, str, int, int]] = field(default_factory=list)
    started: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    completed: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    cabinet: str = ""
    _delivered: set[str] = field(default_factory=set)

    # ---- sites and cabinets ----

    def site(self, id: str = "mall", **more: Any) -> str:
        """A site in Minneapolis that is always open."""
        body = {
            "id": id,
            "name": "Mall of America",
            "timezone": "America/Chicago",
            "position": {"latitude": 44.85, "longitude": -93.24},
            "address": {"line1": "60 E Broadway", "city": "Bloomington", "country": "US"},
            "opening_hours": {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")},
            **more,
        }
        reply = self.shop.call("POST", "/v1/locker-sites", json=body)
        assert reply.status == 201, reply
        return id

    def adds(self, *sizes: str, site: str = "mall", transport: str = "mqtt") -> str:
        """A cabinet with compartments 1, 2, … of these sizes; returns its id."""
        body = {
            "name": "Left of the entrance",
            "serial_number": f"SN-{uuid4().hex}",
            "transport": transport,
            "compartments": [{"number": str(number), "size": size} for number, size in enumerate(sizes, start=1)],
        }
        reply = self.shop.call("POST", f"/v1/locker-sites/{site}/cabinets", json=body)
        assert reply.status == 201, reply
        self.cabinet = reply.json["id"]
        return self.cabinet

    def compartments(self, cabinet: str | None = None) -> dict[str, tuple[str, str | None]]:
        """Status and pickup of each compartment of the cabinet, by number."""
        shown = self.shop.call("GET", f"/v1/cabinets/{cabinet or self.cabinet}").json["compartments"]
        return {one["number"]: (one["status"], one["pickup_id"]) for one in shown}

    def statuses(self, cabinet: str | None = None) -> dict[str, str]:
        """Status of each compartment of the cabinet, by number."""
        return {number: status for number, (status, _) in self.compartments(cabinet).items()}

    def label(self, number: str, cabinet: str | None = None) -> str:
        return f"{cabinet or self.cabinet}/{number}"

    # ---- an order, step by step ----

    def ordered(self, *, site: str = "mall", by: Principal = SHOPPER, units: int = 1, home: bool = False) -> str:
        """The id of a confirmed order, to be collected at the site."""
        body: dict[str, Any] = {
            "currency": "GBP",
            "lines": [{"sku": "A", "quantity": units}],
            "contact": {"name": "Ada Lovelace", "email": "ada@example.com", "phone": "+447700900123"},
            "pickup": {"site_id": site},
            "payment": {"token": "tok_approve"},
        }
        if home:
            body["shipping_address"] = {"name": "Ada", "line1": "12 St James Square", "city": "London", "country": "GB"}
        reply = self.shop.call("POST", "/v1/orders", by=by, json=body)
        assert reply.status == 202, reply
        order_id: str = reply.json["id"]
        payments.authorise(order_id, WORKFLOW)
        assert orders.confirm_order(order_id, WORKFLOW)["outcome"] == "confirmed"
        return order_id

    def fulfilment(self, order_id: str) -> Any:
        """The order's only fulfilment as staff reads it."""
        return self.shop.call("GET", f"/v1/fulfilments/{fulfilment_id(order_id, 1)}").json

    def packed(self, *packages: Any, deliver: bool = True, **given: Any) -> str:
        """The id of the pickup of an order that was packed: into one parcel for a compartment of size S, or as given (sizes, or
        whole bodies)."""
        part = fulfilment_id(self.ordered(**given), 1)
        bodies = [
            one if isinstance(one, dict) else {"id": f"p{number}", "size": one}
            for number, one in enumerate(packages or ("S",), start=1)
        ]
        answer = {"type": "packed", "packages": bodies}
        reply = self.shop.call("POST", f"/v1/fulfilments/{part}/answers", by=ASSOCIATE, json=answer)
        assert reply.status == 200, reply
        if deliver:
            self.deliver()
        return pickup_id(part)

    def load(
        self, pickup_id: str, place: Any, by: Principal | None = ASSOCIATE, key: str | None = None, **changed: Any
    ) -> Reply:
        """Staff scans a place of the pickup, and what belongs there."""
        body = {"compartment": place["label"], "packages": place["package_ids"], **changed}
        return self.shop.call("POST", f"/v1/pickups/{pickup_id}/loadings", by=by, json=body, key=key)

    def ready(self, *packages: Any, **given: Any) -> str:
        """The id of a pickup that may be collected."""
        pickup_id = self.packed(*packages, **given)
        for place in self.read(pickup_id)["places"]:
            reply = self.load(pickup_id, place)
            assert reply.status == 200, reply
        return pickup_id

    def code(self, pickup_id: str, whose: str = "shopper") -> str:
        """A passcode as it would be sent."""
        return service.issue_passcode(pickup_id, whose).digits

    def opening(self, *packages: Any, **given: Any) -> str:
        """The id of a pickup whose code was right, and whose doors were told to open."""
        pickup_id = self.ready(*packages, **given)
        reply = self.confirm(pickup_id, self.code(pickup_id))
        assert reply.status == 200, reply
        self.deliver()
        return pickup_id

    def confirm(self, pickup_id: str, code: str, key: str | None = None, address: str = "192.0.2.1") -> Reply:
        """The shopper opens it by the link."""
        headers = {"Idempotency-Key": key or uuid4().hex}
        path = f"/v1/pickups/{pickup_id}/confirmations"
        return request(app, "POST", path, json={"code": code}, headers=headers, address=address)

    def read(self, pickup_id: str) -> Any:
        """The pickup as staff sees it."""
        reply = self.shop.call("GET", f"/v1/pickups/{pickup_id}", by=ASSOCIATE)
        assert reply.status == 200, reply
        return reply.json

    def order_of(self, pickup_id: str) -> str:
        return "ord_" + pickup_id.removeprefix("pck_").partition("_")[0]

    def staff(
        self, pickup_id: str, what: str, by: Principal | None = ASSOCIATE, key: str | None = None, **body: Any
    ) -> Reply:
        """`staff(id, "clearings", compartment=…)`: what staff does with a pickup."""
        return self.shop.call("POST", f"/v1/pickups/{pickup_id}/{what}", by=by, json=body or None, key=key)

    # ---- cabinets ----

    def messages(self, channel: str, cabinet: str | None = None) -> list[dict[str, Any]]:
        """What was told on a channel, by default to any cabinet."""
        return [message for to, on, message in self.told if on == channel and cabinet in (None, to)]

    def commands(self) -> list[dict[str, Any]]:
        return self.messages("commands")

    def says(self, channel: str, cabinet: str | None = None, **message: Any) -> None:
        """A cabinet says something, through its queue."""
        said = {"message_id": new_ulid(), "at": clock.rfc3339(clock.now()), **message}
        heard(cabinet or self.cabinet, channel, said)

    def acknowledges(self, outcome: str, command: Any = None, cabinet: str | None = None) -> None:
        """The cabinet says what it did, by default with the latest command."""
        command = command or self.commands()[-1]
        to = cabinet or next(to for to, on, one in self.told if on == "commands" and one is command)
        self.says(
            "acknowledgements",
            to,
            command_id=command["command_id"],
            compartment=command["compartment"],
            outcome=outcome,
        )

    def types(self, code: str, message_id: str | None = None, cabinet: str | None = None) -> dict[str, Any]:
        """What the keypad shows for a code, without its ids."""
        self.says("codes", cabinet, code=code, message_id=message_id or new_ulid())
        shown = self.messages("answers")[-1]
        return {name: value for name, value in shown.items() if name != "in_reply_to"}

    def look(self, attempt: int, command: Any = None) -> None:
        """The delayed check of a command, after its so-many-th sending."""
        command = command or self.commands()[-1]
        cabinet = next(to for to, on, one in self.told if on == "commands" and one is command)
        check = {"cabinet_id": cabinet, "command_id": command["command_id"], "attempt": attempt}
        cabinet_consumers.on_command_check(batch(check), None)

    # ---- events ----

    def events(self, *types: str) -> list[Event]:
        """All events of these types, or all there are, oldest first."""
        # Out of moto's own memory: through its API it takes longer than most tests.
        rows = [
            row
            for by_sk in _stored(self.shop.dynamodb).values()
            for sk, row in by_sk.items()
            if sk.value.startswith(PREFIX)
        ]
        found = [Event.from_dict(json.loads(row.attrs["event"].value)) for row in rows]
        return sorted((one for one in found if not types or one.type in types), key=lambda one: one.id)

    def of_lockers(self) -> list[str]:
        """The types of what lockers announced, oldest first."""
        return [one.type for one in self.events() if one.source == "aisle.lockers"]

    def deliver(self) -> None:
        """Bring new events to their consumers, as the bus does (infra/terraform/bus.tf), until there are no more. Shoppers are told
        nothing."""
        while new := [one for one in self.events() if one.id not in self._delivered]:
            for event in new:
                self._delivered.add(event.id)
                self.bring(event)

    def bring(self, event: Event) -> None:
        """Bring one event to its consumers."""
        for consumer, types in _CONSUMERS.items():
            if event.type in types:
                consumer(batch({"detail": json.loads(event.to_json())}), None)

    def table(self) -> str:
        """All that the table holds, as text."""
        return json.dumps(self.shop.dynamodb.scan(TableName=Item.Meta.table_name)["Items"], default=repr)


_CONSUMERS: dict[Callable[..., Any], set[str]] = {
    event_consumers.on_change: {
        "FulfilmentPacked",
        "OrderCancelled",
        "OrderHeld",
        "OrderReassigned",
        "PickupCancelled",
        "PickupCleared",
        "PickupCollected",
        "PickupConfirmed",
        "PickupExpired",
        "PickupExtended",
        "ReturnDroppedOff",
    },
    event_consumers.on_pickup_confirmed: {"DropOffRequested", "PickupConfirmed"},
    fulfilment_consumers.on_pickup: {"PickupCollected"},
}


def _stored(dynamodb: Any) -> dict[Any, Any]:
    """The items in moto's memory, by partition and sort key."""
    table = dynamodb_backends[DEFAULT_ACCOUNT_ID][dynamodb.meta.region_name].get_table(Item.Meta.table_name)
    items: dict[Any, Any] = table.items
    return items


_furnished: dict[str, Any] = {}
"""A furnished shop: what is in its table, and what it goes by. Made once: it takes longer than most tests."""


def _furnish(lockers: Lockers) -> None:
    if not _furnished:
        shop = lockers.shop
        shop.category = shop.call("POST", "/v1/categories", json={"name": "All", "slug": "all"}).json["id"]
        shop.opens("leeds")
        shop.sells("A", leeds=50)
        lockers.site()
        lockers.adds("S", "M", "L")
        lockers.deliver()
        kept = {pk: dict(by_sk) for pk, by_sk in _stored(shop.dynamodb).items()}
        names = {"category": shop.category, "cabinet": lockers.cabinet, "delivered": set(lockers._delivered)}
        _furnished.update(names, items=kept)
        return
    _stored(lockers.shop.dynamodb).update({pk: dict(by_sk) for pk, by_sk in _furnished["items"].items()})
    lockers.shop.category = _furnished["category"]
    lockers.cabinet = _furnished["cabinet"]
    lockers._delivered |= _furnished["delivered"]


def batch(*bodies: Any, queue: str = "aisle-test-lockers", receives: int = 1) -> dict[str, Any]:
    """Messages as Lambda gets them from a queue."""
    return {
        "Records": [
            {
                "messageId": f"m-{number}",
                "receiptHandle": f"r-{number}",
                "eventSourceARN": f"arn:aws:sqs:eu-west-1:123456789012:{queue}",
                "attributes": {"ApproximateReceiveCount": str(receives)},
                "body": body if isinstance(body, str) else json.dumps(body),
            }
            for number, body in enumerate(bodies)
        ]
    }


def passed_on(cabinet: str, channel: str, message: Any, client: str | None = None) -> dict[str, Any]:
    """A message of a cabinet as the IoT rule passes it on."""
    raw = message if isinstance(message, bytes) else json.dumps(message).encode()
    return {
        "cabinet_id": cabinet,
        "channel": channel,
        "client_id": client or cabinet,
        "message": b64encode(raw).decode(),
    }


def heard(cabinet: str, channel: str, message: Any, **more: Any) -> None:
    """The consumer of what a cabinet says gets it."""
    consumer = cabinet_consumers.on_keyed_code if channel == "codes" else cabinet_consumers.on_cabinet_message
    consumer(batch(passed_on(cabinet, channel, message, **more)), None)


@pytest.fixture
def lockers(table: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lockers]:
    """A shop that sells SKU A, and a site `mall` with one cabinet: a small, a middle and a large compartment."""
    inventory.forget_locations()
    made = Lockers(Shop(table))

    def tell(_: IotCore, cabinet_id: str, channel: str, message: dict[str, Any]) -> None:
        made.told.append((cabinet_id, channel, message))

    def later(_: QueuedChecks, cabinet_id: str, command_id: str, attempt: int, seconds: int) -> None:
        made.checks.append((cabinet_id, command_id, attempt, seconds))

    def complete(_: Workflow, token: str, output: dict[str, Any]) -> None:
        made.completed.append((token, output))

    monkeypatch.setattr(IotCore, "tell", tell)
    monkeypatch.setattr(QueuedChecks, "later", later)
    monkeypatch.setattr(Workflow, "complete", complete)
    monkeypatch.setattr(workflow, "start", lambda _, execution, given: made.started.append((execution, given)))
    _furnish(made)
    iot = iot_backends[DEFAULT_ACCOUNT_ID][table.meta.region_name]
    for kept in (iot.things, iot.principal_things):  # the cabinet has the same id in each test
        kept.clear()
    yield made
    inventory.forget_locations()


@pytest.fixture
def policy(lockers: Lockers) -> Iterator[str]:
    """What Terraform makes: the policy that certificates of cabinets get."""
    iot, name = boto3.client("iot"), "aisle-test-lockers-cabinet"
    iot.create_policy(policyName=name, policyDocument="{}")
    yield name
    for arn in iot.list_targets_for_policy(policyName=name)["targets"]:
        iot.detach_policy(policyName=name, target=arn)
    iot.delete_policy(policyName=name)


def later(seconds: float) -> AbstractContextManager[None]:
    """The clock, so many seconds from now."""
    return clock.at(clock.now() + timedelta(seconds=seconds))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What calls return, or raise, that begin at the same moment."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait(10)
        try:
            return call()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def meeting(monkeypatch: pytest.MonkeyPatch, target: Any, name: str, count: int) -> None:
    """The first call of each of `count` threads to a function waits, with what it has read, until all have."""
    barrier, mine, wrapped = Barrier(count), local(), getattr(target, name)

    def meet(*args: Any, **kwargs: Any) -> Any:
        found = wrapped(*args, **kwargs)
        if not getattr(mine, "met", False):
            mine.met = True
            barrier.wait(10)
        return found

    monkeypatch.setattr(target, name, meet)


def wrong(code: str, by: int = 1) -> str:
    """Another code."""
    return str((int(code) + by) % 10 ** len(code)).zfill(len(code))
