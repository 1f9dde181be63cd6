"""The warehouse system: reads requests, recalls and holds, packs, ships what it finds, and tells when it has arrived."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.simulation.actors.shop import ASSOCIATES, Shop
from tests.simulation.cloud.functions import full_name

_ANSWERS = "fulfilment-warehouse-answers"
_LOOKS = 14
"""How often it looks at an open parcel before it leaves it to others: over some ten days."""


class Warehouse:
    """Takes each request once, however often it comes, and looks after what it could not bring to an end."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._world = shop.world
        self._seen: set[str] = set()
        self._sent = 0
        self._world.queues.named(full_name("fulfilment-shipment-requests")).read_by = self._read

    def _read(self, body: str) -> None:
        # Recalls and holds are heard when a parcel is looked at: what it is to hold is asked for then.
        message = json.loads(body)
        id = message["fulfilment_id"]
        if message["type"] != "shipment" or id in self._seen:
            return
        self._seen.add(id)
        delay = self._world.random.choice([0.0, 0.05, 2, 300, 7_200])
        self._world.kernel.spawn(f"warehouse {id}", lambda: self._work(id, message["lines"]), after=delay)

    def _work(self, id: str, lines: list[Mapping[str, Any]]) -> None:
        random, kernel = self._world.random, self._world.kernel
        if random.random() < 0.6:
            self._answer(id, "packed", {})
            kernel.pause(random.choice([0.0, 1, 600]))
        for look in range(_LOOKS):
            found = {line["line_id"]: self._found(line["quantity"]) for line in lines}
            self._answer(id, "shipped", found)
            kernel.pause(random.choice([0.0, 1, 900]) + 600 * 2**look * (look > 0))
            part = self._shop.client.read(f"/v1/fulfilments/{id}", random.choice(ASSOCIATES))
            if part is not None and part["status"] not in ("requested", "packed"):
                self._deliver(part)
                return
            if part is not None:
                lines = [{**line, "quantity": line["quantity"] - line["cancelled"]} for line in part["lines"]]

    def _deliver(self, part: Mapping[str, Any]) -> None:
        random = self._world.random
        if part["status"] != "shipped":
            return
        self._world.kernel.pause(random.choice([0.0, 1, 50_000]))
        if random.random() < 0.3:
            word = {"id": "carrier-1", "code": "in_transit", "at": "2026-01-01T10:00:00Z"}
            self._tell(part["id"], "tracking-events", word)
            last = {"id": "carrier-2", "code": "delivered", "at": "2026-01-02T10:00:00Z"}
            self._tell(part["id"], "tracking-events", last)
        else:
            self._answer(part["id"], "delivered", {})

    def _found(self, quantity: int) -> int:
        short = self._world.random.random() < 0.15
        return self._world.random.randint(0, quantity) if short else quantity

    def _answer(self, id: str, type: str, units: Mapping[str, int]) -> None:
        lines = [{"line_id": line, "quantity": count} for line, count in units.items()]
        body: dict[str, Any] = {"type": type, "lines": lines}
        random = self._world.random
        by_hand = random.random() < 0.5
        if by_hand:
            self._tell(id, "answers", body)
        if by_hand and random.random() < 0.7:
            return
        # Or both: a clerk enters what the system has sent, too. One of the two comes out of turn.
        self._sent += 1
        body |= {"message_id": f"answer-{self._sent}", "fulfilment_id": id}
        self._world.queues.send(full_name(_ANSWERS), json.dumps(body))

    def _tell(self, id: str, what: str, body: dict[str, Any]) -> None:
        by = self._world.random.choice(ASSOCIATES)
        self._shop.client.command(f"/v1/fulfilments/{id}/{what}", body, by, patience=6)
