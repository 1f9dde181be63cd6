"""The warehouse system: reads shipment requests, packs, ships what it finds, and tells when it has arrived."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.simulation.actors.shop import ASSOCIATES, Shop
from tests.simulation.cloud.functions import full_name

_ANSWERS = "fulfilment-warehouse-answers"


class Warehouse:
    """Takes each request once, however often it comes."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._world = shop.world
        self._seen: set[str] = set()
        self._sent = 0
        self._world.queues.named(full_name("fulfilment-shipment-requests")).read_by = self._request

    def _request(self, body: str) -> None:
        request = json.loads(body)
        if request["fulfilment_id"] in self._seen:
            return
        self._seen.add(request["fulfilment_id"])
        delay = self._world.random.choice([0.0, 0.05, 2, 300, 7_200])
        self._world.kernel.spawn(f"warehouse {request['fulfilment_id']}", lambda: self._work(request), after=delay)

    def _work(self, request: Mapping[str, Any]) -> None:
        random = self._world.random
        if random.random() < 0.6:
            self._answer(request, "packed", {})
            self._world.kernel.pause(random.choice([0.0, 1, 600]))
        found = {line["line_id"]: self._found(line["quantity"]) for line in request["lines"]}
        self._answer(request, "shipped", found)
        self._world.kernel.pause(random.choice([0.0, 1, 50_000]))
        if any(found.values()):
            self._answer(request, "delivered", {})

    def _found(self, quantity: int) -> int:
        short = self._world.random.random() < 0.15
        return self._world.random.randint(0, quantity) if short else quantity

    def _answer(self, request: Mapping[str, Any], type: str, units: Mapping[str, int]) -> None:
        lines = [{"line_id": line, "quantity": count} for line, count in units.items()]
        body: dict[str, Any] = {"type": type, "lines": lines}
        random = self._world.random
        by_hand = random.random() < 0.5
        if by_hand:
            path = f"/v1/fulfilments/{request['fulfilment_id']}/answers"
            self._shop.client.command(path, body, random.choice(ASSOCIATES), patience=30)
        if by_hand and random.random() < 0.7:
            return
        # Or both: a clerk enters what the system has sent, too. One of the two comes out of turn.
        self._sent += 1
        body |= {"message_id": f"answer-{self._sent}", "fulfilment_id": request["fulfilment_id"]}
        self._world.queues.send(full_name(_ANSWERS), json.dumps(body))
