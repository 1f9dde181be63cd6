"""Whatever can become of a pickup, and of a return that is dropped into a locker, in this process: functions are run as themselves."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from uuid import uuid4

import boto3
import pytest

from app import app
from chalicelib.core import clock, outbox
from chalicelib.core.auth import Principal
from chalicelib.core.ids import new_ulid
from chalicelib.core.keys import key
from chalicelib.fulfilment.consumers import on_pickup, on_warehouse_answer
from chalicelib.lockers import service
from chalicelib.lockers.consumers import cabinets, events
from chalicelib.lockers.gateways.api import InternalApi
from chalicelib.lockers.gateways.cabinets import IotCore
from chalicelib.lockers.gateways.checks import QueuedChecks
from chalicelib.lockers.gateways.grants import claims_of
from chalicelib.lockers.tasks import lockers_provisioning_hook, lockers_tasks
from chalicelib.orders import store
from chalicelib.orders.tasks import orders_tasks
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, request
from tests.unit.lockers.conftest import HELD, REMINDED, batch, later, passed_on, wrong

if TYPE_CHECKING:
    from tests.journeys.test_iam_keys import Company

KEYS = {
    "alias/aisle-test-contacts": {"KeyUsage": "GENERATE_VERIFY_MAC", "KeySpec": "HMAC_256"},
    "alias/aisle-test-passcodes": {"KeyUsage": "GENERATE_VERIFY_MAC", "KeySpec": "HMAC_256"},
    "alias/aisle-test-grants": {"KeyUsage": "SIGN_VERIFY", "KeySpec": "ECC_NIST_P256"},
}
ALWAYS = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}

ORDER_READY = ("lockers-on-order-ready", events.on_order_ready)
CONFIRMED = ("lockers-on-pickup-confirmed", events.on_pickup_confirmed)
CHANGE = ("lockers-on-change", events.on_change)
LISTENERS: dict[str, tuple[tuple[str, Callable[..., Any]], ...]] = {
    "DropOffRequested": (CONFIRMED,),
    "FulfilmentPacked": (CHANGE,),
    "OrderCancelled": (CHANGE,),
    "OrderHeld": (CHANGE,),
    "OrderReadyForPickup": (ORDER_READY,),
    "PasscodeRequested": (ORDER_READY,),
    "PickupCancelled": (CHANGE,),
    "PickupCleared": (CHANGE,),
    "PickupCollected": (CHANGE, ("fulfilment-on-pickup", on_pickup)),
    "PickupConfirmed": (CONFIRMED, CHANGE),
    "PickupExpired": (CHANGE, ORDER_READY),
    "PickupExtended": (CHANGE,),
    "PickupReminder": (ORDER_READY,),
}
"""As the rules of the bus say (infra/terraform/bus.tf)."""


@dataclass
class Mall:
    """A locker site of the company. What cabinets are told, and the codes that shoppers get, are kept."""

    company: Company
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)
    cabinet: str = ""
    _brought: set[str] = field(default_factory=set)

    # ---- sites ----------------------------------------------------------------------------------------------------------

    def opens(self, site: str, *sizes: str) -> str:
        """A site with one cabinet, whose id this returns."""
        body = {
            "id": site,
            "name": site,
            "timezone": "America/Chicago",
            "position": {"latitude": 44.85, "longitude": -93.24},
            "address": {"line1": "60 E Broadway", "city": "Bloomington", "country": "US"},
            "opening_hours": ALWAYS,
        }
        self.company.asks("/v1/locker-sites", body)
        compartments = [{"number": str(number), "size": size} for number, size in enumerate(sizes, start=1)]
        body = {"name": "Left", "serial_number": f"SN-{site}", "compartments": compartments}
        self.cabinet = str(self.company.asks(f"/v1/locker-sites/{site}/cabinets", body)["id"])
        return self.cabinet

    # ---- orders ---------------------------------------------------------------------------------------------------------

    def packed(self, *sizes: str, site: str = "mall", home: bool = False) -> str:
        """The id of the pickup of an order that was packed."""
        address = {"name": "Ada", "line1": "12 St James Square", "city": "London", "country": "GB"}
        body = {
            "currency": "GBP",
            "lines": [{"sku": "L", "quantity": 1}],
            "contact": {"name": "Ada Lovelace", "phone": "+447700900123"},
            "pickup": {"site_id": site},
            "payment": {"token": "tok_approve"},
            **({"shipping_address": address} if home else {}),
        }
        placed = self.company.shop.call("POST", "/v1/orders", by=SHOPPER, json=body)
        assert placed.status == 202, placed
        order_id = placed.json["id"]
        fulfilment_id = self.company.paid(order_id)
        packages = [{"id": f"P{number}", "size": size} for number, size in enumerate(sizes or ("S",), start=1)]
        answer = {"message_id": uuid4().hex, "fulfilment_id": fulfilment_id, "type": "packed", "packages": packages}
        self.company.run("fulfilment-on-warehouse-answer", on_warehouse_answer, batch(answer))
        self.bring(store.order_pk(order_id))
        return "pck_" + fulfilment_id.removeprefix("ful_")

    def ready(self, *sizes: str, **given: Any) -> str:
        """The id of a pickup that lies in the locker; its shopper has the code."""
        pickup_id = self.packed(*sizes, **given)
        for place in self.read(pickup_id)["places"]:
            body = {"compartment": place["label"], "packages": place["package_ids"]}
            self.staff(f"/v1/pickups/{pickup_id}/loadings", body)
        self.bring(order_of(pickup_id))
        return pickup_id

    def opening(self, *sizes: str) -> str:
        """The id of a pickup whose doors are told to open: its shopper came with the link."""
        pickup_id = self.ready(*sizes)
        headers = {"Idempotency-Key": uuid4().hex}
        path, body = f"/v1/pickups/{pickup_id}/confirmations", {"code": self.codes[pickup_id]}
        assert request(app, "POST", path, json=body, headers=headers).status == 200
        self.bring(key("PICKUP", pickup_id))
        return pickup_id

    def read(self, pickup_id: str) -> Any:
        return self.company.shop.call("GET", f"/v1/pickups/{pickup_id}", by=ASSOCIATE).json

    def is_now(self, pickup_id: str, status: str) -> None:
        assert self.read(pickup_id)["status"] == status

    def staff(self, path: str, body: Any = None, by: Principal = ASSOCIATE, status: int = 200) -> Any:
        reply = self.company.shop.call("POST", path, by=by, json=body)
        assert reply.status == status, reply
        return reply.json

    def clears(self, pickup_id: str) -> None:
        """Staff takes out what is in."""
        for place in self.read(pickup_id)["places"]:
            self.staff(f"/v1/pickups/{pickup_id}/clearings", {"compartment": place["label"]})
        self.bring(key("PICKUP", pickup_id))

    # ---- queues ---------------------------------------------------------------------------------------------------------

    def bring(self, pk: str) -> None:
        """What is new in a timeline, to all who listen to it."""
        for event in outbox.timeline(pk):
            if event.id in self._brought:
                continue
            self._brought.add(event.id)
            message = {"source": event.source, "id": event.id, "detail": json.loads(event.to_json())}
            for function, consumer in LISTENERS.get(event.type, ()):
                self.company.run(function, consumer, batch(message))

    def says(self, channel: str, **message: Any) -> None:
        """The cabinet says something, a code or anything else."""
        said = {"message_id": new_ulid(), "at": clock.rfc3339(clock.now()), **message}
        typed = channel == "codes"
        function = "lockers-on-keyed-code" if typed else "lockers-on-cabinet-message"
        consumer = cabinets.on_keyed_code if typed else cabinets.on_cabinet_message
        self.company.run(function, consumer, batch(passed_on(self.cabinet, channel, said)))

    def last(self, channel: str) -> dict[str, Any]:
        """What was told last on a channel."""
        return [message for on, message in self.told if on == channel][-1]

    def acknowledges(self, *outcomes: str) -> None:
        """What the cabinet did with the last command, step by step."""
        command = self.last("commands")
        for outcome in outcomes:
            named = {"command_id": command["command_id"], "compartment": command["compartment"]}
            self.says("acknowledgements", outcome=outcome, **named)

    def looks(self, *attempts: int) -> None:
        """The last command is looked after, once for each attempt."""
        for attempt in attempts:
            check = {"cabinet_id": self.cabinet, "command_id": self.last("commands")["command_id"], "attempt": attempt}
            self.company.run("lockers-on-command-check", cabinets.on_command_check, batch(check))

    def task(self, name: str, **given: Any) -> Any:
        return self.company.run("lockers-tasks", lockers_tasks, {"task": name, **given})

    def hold(self, pickup_id: str, name: str = "hold_pickup", **given: Any) -> Any:
        """A step of hold-for-pickup."""
        outcome = self.task(name, order_id="-", pickup_id=pickup_id, correlation_id="keys", **given)
        self.bring(key("PICKUP", pickup_id))
        return outcome


def order_of(pickup_id: str) -> str:
    """Where the events of a pickup's order are."""
    return store.order_pk("ord_" + pickup_id.removeprefix("pck_").partition("_")[0])


def a_mall(company: Company, monkeypatch: pytest.MonkeyPatch) -> Mall:
    """A site `mall` with small, middle and large compartments, and goods to be collected there."""
    kms = boto3.client("kms")
    for alias, arguments in KEYS.items():
        kms.create_alias(AliasName=alias, TargetKeyId=kms.create_key(**arguments)["KeyMetadata"]["KeyId"])
    mall = Mall(company)

    def issue(_: InternalApi, pickup_id: str, whose: str) -> str:
        caller, company.records.function = company.records.function, None  # what follows is the API's work
        mall.codes[pickup_id] = service.issue_passcode(pickup_id, whose).digits
        company.records.function = caller
        return mall.codes[pickup_id]

    monkeypatch.setattr(InternalApi, "issue_passcode", issue)
    monkeypatch.setattr(IotCore, "tell", lambda _, cabinet, channel, message: mall.told.append((channel, message)))
    monkeypatch.setattr(QueuedChecks, "later", lambda *_: None)
    monkeypatch.setattr(events, "api_url", lambda: "https://api.example")
    company.shop.sells("L", leeds=50)
    mall.opens("mall", *["S"] * 12, "M", "L")
    return mall


# ---- what can become of them --------------------------------------------------------------------------------------------


def _collected(mall: Mall) -> None:
    """At the keypad, by somebody who mistyped at first, of a cabinet that tells how it is."""
    mall.says("presence", eventType="connected", timestamp=int(clock.now().timestamp() * 1000))
    mall.says("status", online=True)
    mall.says("heartbeats", firmware="1")
    pickup_id = mall.ready("S", "M")
    code = mall.codes[pickup_id]
    for typed, shown in ((wrong(code), "refused"), (code, "accepted")):
        mall.says("codes", code=typed)
        assert mall.last("answers")["result"] == shown
    mall.bring(key("PICKUP", pickup_id))
    for _, command in [one for one in mall.told if one[0] == "commands"]:
        named = {"command_id": command["command_id"], "compartment": command["compartment"]}
        for outcome in ("expired", "opened", "closed"):
            mall.says("acknowledgements", outcome=outcome, **named)
    mall.is_now(pickup_id, "collected")
    mall.bring(key("PICKUP", pickup_id))
    assert mall.company.shop.read(order_of(pickup_id).partition("#")[2])["status"] == "delivered"


def _stuck(mall: Mall) -> None:
    """One door says so, another one nothing; a third one stands open, or is forced."""
    jammed = mall.opening()
    mall.acknowledges("jammed")
    mall.is_now(jammed, "faulted")
    mall.clears(jammed)
    silent = mall.opening()
    mall.looks(1, 2)
    mall.is_now(silent, "faulted")
    collected = mall.opening()
    mall.acknowledges("opened")
    mall.is_now(collected, "collected")
    with later(121):
        mall.looks(1)
    mall.says("doors", compartment="1", state="forced")
    rung = [event.type for event in outbox.timeline(key("CABINET", mall.cabinet))]
    assert {"DoorLeftOpen", "DoorForced"} <= set(rung)


def _offline(mall: Mall) -> None:
    pickup_id = mall.ready()
    grant_id = claims_of(mall.last("grants")["grants"][0])["jti"]
    [place] = mall.read(pickup_id)["places"]
    at = clock.rfc3339(clock.now())
    entries = [
        {"sequence": sequence, "at": at, "type": type, "compartment": place["number"], "grant_id": grant_id}
        for sequence, type in enumerate(("opened", "closed"), start=1)
    ]
    mall.says("journal", entries=entries)
    mall.is_now(pickup_id, "collected")
    mall.bring(key("PICKUP", pickup_id))


def _expired(mall: Mall) -> None:
    """One is sent to its shopper then, another one given up."""
    for home in (True, False):
        pickup_id = mall.ready(home=home)
        fulfilment_id = "ful_" + pickup_id.removeprefix("pck_")
        with later(REMINDED):
            mall.hold(pickup_id)
        with later(HELD):
            assert mall.hold(pickup_id) == {"outcome": "expired"}
            mall.hold(pickup_id, "await_clearing", task_token="t")
            mall.clears(pickup_id)
            mall.hold(pickup_id)
            given = {"fulfilment_id": fulfilment_id, "pickup_id": pickup_id, "redeliver": home}
            order_id = order_of(pickup_id).partition("#")[2]
            outcome = mall.company.task("orders-tasks", orders_tasks, "give_up_uncollected", order_id, **given)
        assert outcome["outcome"] == ("redelivered" if home else "given_up")
        mall.bring(order_of(pickup_id))


def _changed(mall: Mall) -> None:
    """Kept longer, sent another code, held and cancelled."""
    pickup_id = mall.ready()
    mall.staff(f"/v1/pickups/{pickup_id}/extensions", by=SHOPPER)
    mall.staff(f"/v1/pickups/{pickup_id}/passcode-requests", status=202)
    mall.bring(key("PICKUP", pickup_id))
    order_id = order_of(pickup_id).partition("#")[2]
    mall.company.asks(f"/v1/orders/{order_id}/holds", {"reason": "address_in_doubt"})
    mall.bring(order_of(pickup_id))
    assert mall.last("grants")["revoked"] != []
    cancelled = mall.ready()
    mall.company.asks(f"/v1/orders/{order_of(cancelled).partition('#')[2]}/cancellations", {})
    mall.bring(order_of(cancelled))
    mall.is_now(cancelled, "cancelled")
    mall.bring(key("PICKUP", cancelled))


def _waiting(mall: Mall) -> None:
    """For the only compartment there is: one gets it from who is called off, another one from the clock. A third one never will."""
    first = mall.cabinet
    station = mall.opens("station", "S")
    there, second, third = (mall.packed("S", site="station") for _ in range(3))
    mall.is_now(third, "waitlisted")
    mall.company.asks(f"/v1/orders/{order_of(there).partition('#')[2]}/cancellations", {})
    mall.bring(order_of(there))
    mall.is_now(second, "allocated")
    with patch.object(import_module("chalicelib.lockers.service.hold"), "serve_waitlist"):
        service.cancel_pickup("ful_" + second.removeprefix("pck_"), ADMIN)
    assert mall.task("serve_waitlist")["served"] == 1
    mall.is_now(third, "allocated")
    mall.is_now(mall.packed("L", site="station"), "cleared")
    assert mall.cabinet == station
    mall.cabinet = first


def _returned(mall: Mall) -> None:
    """Three times: dropped into a locker whose door jammed at first, and said nothing then."""
    shop = mall.company.shop
    order_id = shop.placed(("A", 1))
    mall.company.arrived(order_id, units=1)
    body = {"lines": [{"line_id": "1", "quantity": 1, "reason": "damaged"}]}
    reply = shop.call("POST", f"/v1/orders/{order_id}/returns", by=SHOPPER, json=body)
    assert reply.status == 201, reply
    return_id = reply.json["id"]

    def door_does(what: Callable[[], None]) -> str:
        wanted = {"site_id": "mall", "size": "S"}
        asked = mall.staff(f"/v1/returns/{return_id}/drop-offs", wanted, by=SHOPPER, status=202)
        mall.bring(key("DROPOFFS", return_id))
        what()
        return str(shop.call("GET", f"/v1/drop-offs/{asked['id']}").json["status"])

    assert door_does(lambda: mall.acknowledges("jammed")) == "failed"
    assert door_does(lambda: mall.looks(1, 2)) == "failed"
    assert door_does(lambda: mall.acknowledges("opened", "closed")) == "dropped"


def _elsewhere(mall: Mall) -> None:
    """The order of another system."""
    cabinet = mall.opens("square", "S")
    contact = {"name": "Grace", "phone": "+447700900124"}
    detail = {"order": "W-1", "site_id": "square", "compartments": [f"{cabinet}/1"], "contact": contact}
    message = {"source": "com.example.warehouse", "id": "outside-1", "detail": detail}
    function, consumer = ORDER_READY
    mall.company.run(function, consumer, batch(message))
    [pickup_id] = {pickup_id for pickup_id in mall.codes if mall.read(pickup_id)["order_id"] == "W-1"}
    mall.says("codes", code=mall.codes[pickup_id])
    mall.bring(key("PICKUP", pickup_id))
    mall.acknowledges("opened", "closed")
    mall.is_now(pickup_id, "collected")
    mall.bring(key("PICKUP", pickup_id))


def _silent(mall: Mall) -> None:
    mall.says("status", online=True)
    with clock.at(clock.now() + timedelta(hours=1)):
        assert mall.task("watch_cabinets")["lost"] > 0


def _new(mall: Mall) -> None:
    """A device claims to be the cabinet."""
    serial = mall.company.shop.call("GET", f"/v1/cabinets/{mall.cabinet}").json["serial_number"]
    code = mall.company.asks(f"/v1/cabinets/{mall.cabinet}/activations", None)["activation_code"]
    given = {"CabinetId": mall.cabinet, "SerialNumber": serial, "ActivationCode": code}
    event = {"certificateId": "c" * 64, "parameters": given}
    assert mall.company.run("lockers-provisioning-hook", lockers_provisioning_hook, event)["allowProvisioning"]


LIVES = (_collected, _stuck, _offline, _expired, _changed, _waiting, _returned, _elsewhere, _silent, _new)
