"""A locker site of one test: its cabinets are real MQTT clients over mutual TLS, and everything else goes over HTTP."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import urllib3

from infra.local.lockers.cabinet import VirtualCabinet
from infra.local.lockers.fleet import Api, install
from infra.local.lockers.line import Broker
from infra.local.lockers.machine import Habits
from infra.local.testing import Answer, TestStack
from tests.journeys.conftest import Shop, until

HTTP = urllib3.PoolManager(maxsize=16)
QUICK = Habits(closes_after=0.3, answer_within=5.0, heartbeat_every=5.0, journal_every=2.0)
SIZES = ("S", "S", "M", "M", "L")
ALWAYS = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


@dataclass(frozen=True)
class Waiting:
    """An order that lies in a locker."""

    order_id: str
    fulfilment_id: str
    pickup_id: str
    phone: str
    code: str
    compartments: tuple[str, ...]


@dataclass(frozen=True)
class Poller:
    """A cabinet that holds no line open: it says the same over HTTPS, with a token."""

    stack: TestStack
    id: str
    token: str

    def says(self, channel: str, with_token: str | None = None, **message: Any) -> Answer:
        """Say something; what the cabinet is told in return stands in the answer."""
        said = {"message_id": uuid4().hex, "at": datetime.now(UTC).isoformat(), **message}
        headers = {"Cabinet-Token": with_token or self.token}
        body = {"channel": channel, "message": said}
        return self.stack.call("POST", f"/v1/cabinets/{self.id}/messages", json=body, headers=headers)

    def enter(self, code: str) -> dict[str, Any]:
        """Type a code at its keypad: what it is told to show."""
        answer = self.says("codes", code=code)
        assert answer.status == 200, answer
        [told] = answer.body["messages"]
        assert told["channel"] == "answers"
        shown: dict[str, Any] = told["message"]
        return shown

    def polls(self) -> list[dict[str, Any]]:
        """The commands that it has not answered."""
        headers = {"Cabinet-Token": self.token}
        answer = self.stack.call("GET", f"/v1/cabinets/{self.id}/commands", headers=headers)
        assert answer.status == 200, answer
        return [one["message"] for one in answer.body["messages"]]


def an_address() -> str:
    """A network address from which no other test calls; the emulator believes what a caller says of it, API Gateway does not."""
    return f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}"


@dataclass
class Mall:
    """A locker site beside a shop. Who taps on a link there does so from its own network, so that wrong codes are nobody else's."""

    shop: Shop
    site_id: str
    cabinets: list[VirtualCabinet] = field(default_factory=list)
    address: str = field(default_factory=an_address)

    @property
    def cabinet(self) -> VirtualCabinet:
        """The only one, or the first."""
        return self.cabinets[0]

    # ---- the way into the locker ----------------------------------------------------------------------------------------

    def asks(self, sku: str, units: int = 1, phone: str | None = None, wait: int = 0, **more: Any) -> str:
        """The id of an order that is to be collected here, not decided yet."""
        body = self.shop.order((sku, units), pickup={"site_id": self.site_id}, **more)
        if "shipping_address" not in more:
            del body["shipping_address"]
        body["contact"] = {"name": "Ada Lovelace", "phone": phone or a_phone()}
        placed = self.shop.post("/v1/orders", body, role="shopper", **({"Prefer": f"wait={wait}"} if wait else {}))
        assert placed.status in (200, 202), placed
        return str(placed.body["id"])

    def places(self, sku: str, units: int = 1, phone: str | None = None, **more: Any) -> dict[str, Any]:
        """A confirmed order that is to be collected here."""
        return self.shop.reaches(self.asks(sku, units, phone, wait=20, **more), "confirmed")

    def packs(self, order: dict[str, Any], *sizes: str) -> str:
        """The order's only parcel is packed; the id of its pickup."""
        fulfilment_id = order["fulfilments"][0]["id"]
        packages = [{"id": f"P{number}", "size": size} for number, size in enumerate(sizes or ("S",), start=1)]
        packed = self.shop.answers(fulfilment_id, "packed", packages=packages)
        assert packed.status == 200, packed
        return "pck_" + fulfilment_id.removeprefix("ful_")

    def pickup(self, pickup_id: str) -> dict[str, Any] | None:
        answer = self.shop.get(f"/v1/pickups/{pickup_id}", role="associate")
        return answer.body if answer.status == 200 else None

    def becomes(self, pickup_id: str, status: str, seconds: float = 90) -> dict[str, Any]:
        """The pickup once it is in a status."""
        found: dict[str, Any] = until(
            lambda: (pickup := self.pickup(pickup_id)) and pickup["status"] == status and pickup, seconds
        )
        return found

    def load(self, pickup_id: str) -> dict[str, Any]:
        """Staff puts everything in and scans it."""
        pickup = self.becomes(pickup_id, "allocated")
        for place in pickup["places"]:
            body = {"compartment": place["label"], "packages": place["package_ids"]}
            loaded = self.shop.post(f"/v1/pickups/{pickup_id}/loadings", body, "associate")
            assert loaded.status == 200, loaded
            pickup = loaded.body
        assert pickup["status"] == "ready", pickup
        return pickup

    def waits(self, *sizes: str, units: int = 1) -> Waiting:
        """An order all the way into the locker, and the code that its shopper got."""
        sku, phone = self.shop.sells(units + 5), a_phone()
        order = self.places(sku, units, phone)
        pickup_id = self.packs(order, *sizes)
        pickup = self.load(pickup_id)
        code = self.code_for(phone)
        labels = tuple(place["label"] for place in pickup["places"])
        return Waiting(order["id"], order["fulfilments"][0]["id"], pickup_id, phone, code, labels)

    def announces(self, *labels: str, times: int = 1) -> str:
        """Another system says, perhaps several times, that an order of its own lies in these compartments; its shopper's number."""
        phone = a_phone()
        announced = {
            "order": f"X-{uuid4().hex[:12]}",
            "site_id": self.site_id,
            "compartments": labels,
            "contact": {"name": "Grace", "phone": phone},
        }
        entry = {
            "Source": "oms.example",
            "DetailType": "OrderReadyForPickup",
            "EventBusName": self.shop.stack.bus_name,
            "Detail": json.dumps(announced),
        }
        for _ in range(times):
            assert self.shop.stack.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0
        return phone

    # ---- the way out ----------------------------------------------------------------------------------------------------

    def texts_to(self, phone: str) -> list[str]:
        """What was texted to a number, oldest first."""
        url = f"{self.shop.stack.endpoint_url}/_ministack/sns/sms-messages"
        told = HTTP.request("GET", url, fields={"phoneNumber": phone}, timeout=10).json()
        return [str(one["Message"]) for one in told["sms_messages"].get(phone, ())]

    def code_for(self, phone: str, not_this: str | None = None) -> str:
        """The latest passcode that a number got."""

        def latest() -> str | None:
            codes = [found.group(1) for text in self.texts_to(phone) if (found := re.search(r"#(\d{8})\b", text))]
            return codes[-1] if codes and codes[-1] != not_this else None

        code: str = until(latest)
        return code

    def link_for(self, phone: str) -> tuple[str, str]:
        """The pickup and the passcode that the link names which a number got."""

        def latest() -> tuple[str, str] | None:
            links = re.findall(r"/v1/pickups/(\S+)/page#(\d{8})\b", " ".join(self.texts_to(phone)))
            return links[-1] if links else None

        found: tuple[str, str] = until(latest)
        return found

    def confirms(
        self,
        pickup_id: str,
        code: str,
        *,
        key: str | None = None,
        address: str | None = None,
        to: str = "confirmations",
        role: str | None = None,
    ) -> Answer:
        """Somebody taps on the link, `to` open it or to have more time (`code-extensions`)."""
        headers = {"Idempotency-Key": key or uuid4().hex, "X-Forwarded-For": address or self.address}
        path = f"/v1/pickups/{pickup_id}/{to}"
        return self.shop.stack.call("POST", path, json={"code": code}, headers=headers, role=role)

    def staff(self, path: str, body: Any = None) -> Answer:
        """Staff does something by hand."""
        return self.shop.post(path, body if body is not None else {}, "associate")

    def compartment(self, label: str) -> dict[str, Any]:
        """A compartment as staff sees it."""
        cabinet_id = label.partition("/")[0]
        cabinet = self.shop.get(f"/v1/cabinets/{cabinet_id}", role="associate").body
        [one] = [one for one in cabinet["compartments"] if one["label"] == label]
        found: dict[str, Any] = one
        return found

    def happened(self, cabinet_id: str) -> list[dict[str, Any]]:
        """A cabinet's timeline."""
        items: list[dict[str, Any]] = self.shop.get(f"/v1/cabinets/{cabinet_id}/timeline", role="associate").body[
            "items"
        ]
        return items

    def adds_poller(self, compartments: Sequence[dict[str, str]]) -> Poller:
        """One more cabinet, without MQTT."""
        body = {
            "name": "Old one",
            "serial_number": f"SN-{uuid4().hex[:8]}",
            "transport": "https",
            "compartments": compartments,
        }
        made = self.shop.post(f"/v1/locker-sites/{self.site_id}/cabinets", body)
        assert made.status == 201, made
        token = self.shop.post(f"/v1/cabinets/{made.body['id']}/tokens", {}).body["token"]
        return Poller(self.shop.stack, made.body["id"], token)


def a_phone() -> str:
    """A number that no other test texts to."""
    return f"+447{random.randrange(10**9):09}"


@contextmanager
def a_mall(
    shop: Shop,
    *,
    cabinets: int = 1,
    sizes: tuple[str, ...] = SIZES,
    faults: str = "",
    hold: dict[str, Any] | None = None,
    habits: Habits = QUICK,
) -> Iterator[Mall]:
    """A site whose cabinets are on the line for the length of the block."""
    mall = Mall(shop, f"mall-{uuid4().hex[:10]}")
    made = shop.post(
        "/v1/locker-sites",
        {
            "id": mall.site_id,
            "name": "Mall of America",
            "timezone": "America/Chicago",
            "position": {"latitude": 44.85466, "longitude": -93.24565},
            "address": {"line1": "340 W Market", "city": "Bloomington", "postal_code": "55425", "country": "US"},
            "opening_hours": ALWAYS,
            **({"hold": hold} if hold else {}),
        },
    )
    assert made.status == 201, made
    record = shop.stack.record
    api, broker = Api(record), Broker.of(record["mqtt"])
    compartments = [{"number": str(number), "size": size} for number, size in enumerate(sizes, start=1)]
    for number in range(cabinets):
        member = install(api, mall.site_id, f"Row {number + 1}", compartments)
        numbers = [one["number"] for one in compartments]
        mall.cabinets.append(
            VirtualCabinet(member.identity, numbers, broker, str(record["stage"]), faults=faults, habits=habits)
        )
    try:
        for cabinet in mall.cabinets:
            cabinet.start()
        for cabinet in mall.cabinets:
            cabinet.happenings.wait_for("welcomed", timeout=60)
        yield mall
    finally:
        for cabinet in mall.cabinets:
            cabinet.stop()
