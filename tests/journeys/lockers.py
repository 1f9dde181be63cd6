"""A locker site of one test: its cabinets are real MQTT clients over mutual TLS, and everything else goes over HTTP."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import urllib3

from infra.local.lockers.cabinet import VirtualCabinet
from infra.local.lockers.fleet import Api, install
from infra.local.lockers.line import Broker
from infra.local.lockers.machine import Habits
from infra.local.testing import Answer
from tests.journeys.conftest import Shop, until

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


@dataclass
class Mall:
    """A locker site beside a shop."""

    shop: Shop
    site_id: str
    cabinets: list[VirtualCabinet] = field(default_factory=list)

    @property
    def cabinet(self) -> VirtualCabinet:
        """The only one, or the first."""
        return self.cabinets[0]

    # ---- the way into the locker ----------------------------------------------------------------------------------------

    def places(self, sku: str, units: int = 1, phone: str | None = None, **more: Any) -> dict[str, Any]:
        """A confirmed order that is to be collected here."""
        body = self.shop.order((sku, units), pickup={"site_id": self.site_id}, **more)
        if "shipping_address" not in more:
            del body["shipping_address"]
        body["contact"] = {"name": "Ada Lovelace", "phone": phone or a_phone()}
        placed = self.shop.post("/v1/orders", body, role="shopper", Prefer="wait=20")
        assert placed.status in (200, 202), placed
        return self.shop.reaches(placed.body["id"], "confirmed")

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

    # ---- the way out ----------------------------------------------------------------------------------------------------

    def texts_to(self, phone: str) -> list[str]:
        """What was texted to a number, oldest first."""
        url = f"{self.shop.stack.endpoint_url}/_ministack/sns/sms-messages"
        told = urllib3.request("GET", url, fields={"phoneNumber": phone}, timeout=10).json()
        return [str(one["Message"]) for one in told["sms_messages"].get(phone, ())]

    def code_for(self, phone: str, not_this: str | None = None) -> str:
        """The latest passcode that a number got."""

        def latest() -> str | None:
            codes = [found.group(1) for text in self.texts_to(phone) if (found := re.search(r"#(\d{8})\b", text))]
            return codes[-1] if codes and codes[-1] != not_this else None

        code: str = until(latest)
        return code

    def confirms(self, pickup_id: str, code: str, key: str | None = None) -> Answer:
        """Somebody taps on the link."""
        headers = {"Idempotency-Key": key or uuid4().hex}
        return self.shop.stack.call(
            "POST", f"/v1/pickups/{pickup_id}/confirmations", json={"code": code}, headers=headers
        )

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
