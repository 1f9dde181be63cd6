"""An order that is collected at a locker, from packed to delivered; the cabinet that would answer is played here."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from bench.inside.handlers import ADMIN, Handlers, request
from bench.inside.steps import Life, Steps, event_of

SITE, STAFF = "bench-site", ADMIN
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ISSUER = {"userArn": "arn:aws:sts::000000000000:assumed-role/bench/lockers-on-order-ready"}


def collect(life: Life, handlers: Handlers, order: dict[str, Any], location: str) -> None:
    """One order of one parcel, in one compartment, opened by the link."""
    cabinet_id = _opened_site(handlers)
    order_id, part = _confirmed(handlers, order)
    life.part_of = "pickup"
    step = Steps(life, handlers, order_id)
    packed = {"message_id": f"{part}-packed", "fulfilment_id": part, "type": "packed"}
    packages = [{"id": "P1", "size": "M"}]
    step.message("record packed for a locker", "fulfilment-on-warehouse-answer", {**packed, "packages": packages})
    step.told("lockers-on-change", "find a compartment", "FulfilmentPacked")
    pickup_id = "pck_" + part.removeprefix("ful_")
    of_pickup = Steps(life, handlers, pickup_id, kind="PICKUP")
    path, parts = "/v1/pickups/{pickup_id}", {"pickup_id": pickup_id}
    [place] = handlers.api(request("GET", path, claims=STAFF, parts=parts), 200)["places"]
    scanned = {"compartment": place["label"], "packages": ["P1"]}
    of_pickup.asks("load a compartment", f"{path}/loadings", scanned, 200, claims=STAFF, **parts)

    code = _issued(life, handlers, pickup_id)
    _tell(step, code)
    unknown = {"pickup_id": "pck_" + "0" * 26 + "_1"}
    handlers.api(request("POST", f"{path}/confirmations", {"code": code}, claims=None, parts=unknown), 422)  # warms
    opened = request("POST", f"{path}/confirmations", {"code": code}, claims=None, parts=parts)
    life.step("confirm a pickup", "api", lambda: handlers.api(opened, 200))
    of_pickup.told("lockers-on-pickup-confirmed", "tell the cabinet to open", "PickupConfirmed")
    of_pickup.told("lockers-on-change", "have the cabinet forget the code", "PickupConfirmed")
    command_id = _command(life, cabinet_id)
    for outcome in ("opened", "closed"):
        said = {"command_id": command_id, "compartment": place["number"], "attempt": 1, "outcome": outcome}
        of_pickup.message(f"record {outcome}", "lockers-on-cabinet-message", _said(cabinet_id, said))
    of_pickup.told("fulfilment-on-pickup", "deliver what was collected", "PickupCollected")
    of_pickup.told("lockers-on-change", "end the hold", "PickupCollected")
    for name in ("look after the command", "look after the door"):
        check = {"cabinet_id": cabinet_id, "command_id": command_id, "attempt": 1}
        of_pickup.message(name, "lockers-on-command-check", check)
    step.task("hold a pickup", "lockers-tasks", task="hold_pickup", pickup_id=pickup_id)


def _opened_site(handlers: Handlers) -> str:
    site = {
        "id": SITE,
        "name": "Bench site",
        "timezone": "Europe/London",
        "position": {"latitude": 53.8, "longitude": -1.55},
        "address": {"line1": "1 Mill Lane", "city": "Leeds", "country": "GB"},
        "opening_hours": {day: [["00:00", "24:00"]] for day in DAYS},
    }
    handlers.api(request("POST", "/v1/locker-sites", site, claims=ADMIN), 201)
    compartments = [{"number": str(number), "size": "M"} for number in range(1, 13)]
    cabinet = {"name": "Bench cabinet", "serial_number": uuid4().hex, "compartments": compartments}
    path = "/v1/locker-sites/{site_id}/cabinets"
    made = handlers.api(request("POST", path, cabinet, claims=ADMIN, parts={"site_id": SITE}), 201)
    return str(made["id"])


def _confirmed(handlers: Handlers, order: dict[str, Any]) -> tuple[str, str]:
    wanted = {name: given for name, given in order.items() if name != "shipping_address"}
    body = {**wanted, "lines": wanted["lines"][:1], "pickup": {"site_id": SITE}}
    order_id = handlers.api(request("POST", "/v1/orders", body), 202)["id"]
    handlers.task("payments-tasks", order_id=order_id, task="authorise_payment")
    confirmed = handlers.task("orders-tasks", order_id=order_id, task="confirm_order")
    [part] = [one["fulfilment_id"] for one in confirmed["fulfilments"]]
    return order_id, part


def _issued(life: Life, handlers: Handlers, pickup_id: str) -> str:
    path = "/v1/internal/pickups/{pickup_id}/passcodes"
    event = request("POST", path, {"whose": "shopper"}, claims=None, identity=ISSUER, parts={"pickup_id": pickup_id})
    handlers.api(event, 201)  # the key that grants are signed with is fetched once per warm function
    return str(life.step("issue a passcode", "api", lambda: handlers.api(event, 201))["code"])


def _tell(step: Steps, code: str) -> None:
    """The shopper is told. That the passcode is asked of the API is a step of its own, and answered here."""

    class Issued:
        def issue_passcode(self, pickup_id: str, whose: str) -> str:
            return code

    envelope = event_of(step.life, f"ORDER#{step.of}", "OrderReadyForPickup")
    body = {"source": "aisle.fulfilment", "id": uuid4().hex, "detail": envelope}
    with patch("chalicelib.lockers.consumers.events.InternalApi", Issued):
        step.message("tell the shopper", "lockers-on-order-ready", body)


def _command(life: Life, cabinet_id: str) -> str:
    found = life.ledger.dynamodb.query(
        TableName=life.ledger.table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :command)",
        ExpressionAttributeValues={":pk": {"S": f"CABINET#{cabinet_id}"}, ":command": {"S": "COMMAND#"}},
        ConsistentRead=True,
    )["Items"]
    [command_id] = [str(item["sk"]["S"]).partition("#")[2] for item in found]
    return command_id


def _said(cabinet_id: str, said: dict[str, Any]) -> dict[str, Any]:
    """As a rule of AWS IoT passes on what a cabinet said."""
    message = {"message_id": uuid4().hex, "at": datetime.now(UTC).isoformat(), **said}
    return {
        "cabinet_id": cabinet_id,
        "channel": "acknowledgements",
        "client_id": cabinet_id,
        "message": b64encode(json.dumps(message).encode()).decode(),
    }
