"""From a right code to the command on the device: a virtual cabinet on the line, and the link tapped once for each of its doors.

The unit is one invocation of a function on the same machine, through the same gateway, that reads one item: what remains is
what the way itself adds (outbox, stream, pipe, bus, queue, function, AWS IoT), whatever the machine.
"""

from __future__ import annotations

import json
from statistics import median, quantiles
from time import monotonic
from typing import Any
from uuid import uuid4

from bench.ground import Ground
from bench.report import Figure
from bench.shop import Client, Shop, open_shop, until
from infra.local.lockers.cabinet import VirtualCabinet
from infra.local.lockers.fleet import SITES, Api, install
from infra.local.lockers.line import Broker
from infra.local.lockers.machine import Habits

PART = "From code to door"
PICKUPS, INVOCATIONS = 20, 100
PATIENCE_SECONDS = 120.0


def measure(ground: Ground) -> list[Figure]:
    shop = open_shop(ground.stack, skus=1, units=PICKUPS)
    record = ground.stack.record
    site_id = f"bench-{uuid4().hex[:10]}"
    api = Api(record)
    api.register_site({**SITES[0], "id": site_id})
    compartments = [{"number": str(number), "size": "M"} for number in range(1, PICKUPS + 1)]
    member = install(api, site_id, "Bench", compartments)
    numbers = [str(one["number"]) for one in compartments]
    cabinet = VirtualCabinet(
        member.identity, numbers, Broker.of(record["mqtt"]), str(record["stage"]), habits=Habits(closes_after=0.1)
    )
    cabinet.start()
    try:
        cabinet.happenings.wait_for("welcomed", timeout=60)
        ready = _ready(shop, site_id)
        one = _invocation(shop, site_id)
        waits = [_opened(shop, cabinet, number, *there) for number, there in enumerate(ready, start=1)]
    finally:
        cabinet.stop()
    return _figures(one, waits)


def _figures(one: float, waits: list[tuple[float, float]]) -> list[Figure]:
    answered, commanded = [wait for wait, _ in waits], [wait for _, wait in waits]
    late = quantiles(commanded, n=20)[-1]
    note = f"{len(waits)} pickups, one after the other"
    return [
        Figure(PART, "one invocation", one * 1000, "ms", note=f"median of {INVOCATIONS}: the API reads a locker site"),
        Figure(PART, "right code → answer, median", median(answered) / one, "invocations"),
        Figure(PART, "right code → command on the device, median", median(commanded) / one, "invocations", note=note),
        Figure(PART, "right code → command on the device, p95", late / one, "invocations"),
        Figure(PART, "· median", median(commanded) * 1000, "ms"),
        Figure(PART, "· p95", late * 1000, "ms"),
    ]


def _ready(shop: Shop, site_id: str) -> list[tuple[str, str, str]]:
    """Orders that lie in the cabinet: pickup, code, compartment."""
    shopper, admin = Client(shop.stack, "shopper"), Client(shop.stack, "admin")
    order = {name: given for name, given in json.loads(shop.order(1)).items() if name != "shipping_address"}
    order["lines"][0]["quantity"] = 1
    body = {**order, "pickup": {"site_id": site_id}}
    placed = [shopper.ask("POST", "/v1/orders", body, expect=202)["id"] for _ in range(PICKUPS)]
    return [_loaded(shopper, admin, order_id) for order_id in placed]


def _loaded(shopper: Client, admin: Client, order_id: str) -> tuple[str, str, str]:
    def read(path: str, status: str) -> Any:
        def seen() -> Any:
            code, body = admin.send("GET", path)
            found = json.loads(body) if code == 200 else {}
            return found.get("status") == status and found

        return until(seen, PATIENCE_SECONDS)

    [part] = read(f"/v1/orders/{order_id}", "confirmed")["fulfilments"]
    packed = {"type": "packed", "packages": [{"id": "P1", "size": "M"}]}
    admin.ask("POST", f"/v1/fulfilments/{part['id']}/answers", packed, expect=200)
    path = "/v1/pickups/pck_" + part["id"].removeprefix("ful_")
    [place] = read(path, "allocated")["places"]
    admin.ask("POST", f"{path}/loadings", {"compartment": place["label"], "packages": ["P1"]}, expect=200)
    code = shopper.ask("POST", f"{path}/delegates", {}, expect=201)["code"]
    return path, code, place["number"]


def _invocation(shop: Shop, site_id: str) -> float:
    client, path, taken = Client(shop.stack, "shopper"), f"/v1/locker-sites/{site_id}", []
    for _ in range(INVOCATIONS):
        began = monotonic()
        client.ask("GET", path, expect=200)
        taken.append(monotonic() - began)
    return median(taken)


def _opened(shop: Shop, cabinet: VirtualCabinet, times: int, path: str, code: str, number: str) -> tuple[float, float]:
    """Seconds until the link was answered, and until its command was on the device."""
    client = Client(shop.stack, "shopper")
    began = monotonic()
    client.ask("POST", f"{path}/confirmations", {"code": code}, expect=200)
    answered = monotonic()
    command = cabinet.happenings.wait_for("commanded", compartment=number, timeout=PATIENCE_SECONDS)
    cabinet.happenings.wait_for("closed", times=times, timeout=PATIENCE_SECONDS)
    return answered - began, command.monotonic - began
