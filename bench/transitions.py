"""Billed transitions of the workflow of one order, from placed to delivered, out of its execution history."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from bench.ground import Ground
from bench.report import Figure, Target
from bench.shop import Client, Shop, open_shop, until

PART = "Workflow"
AT_MOST = 8
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Count:
    """What one order of one fulfilment set off."""

    entered: list[str]
    further: int
    events: int

    @property
    def transitions(self) -> int:
        """The start, which AWS's pricing page counts as one, states entered, and tasks scheduled beyond those.

        The local cloud tells of the tasks inside a Map, but not that their states were entered; AWS tells both. A retry is
        a task scheduled once more, and billed as a transition too.
        """
        return 1 + len(self.entered) + self.further


def measure(ground: Ground) -> list[Figure]:
    count = counted(ground)
    note = " → ".join(["start", *count.entered]) + (f", {count.further} tasks inside" if count.further else "")
    return [
        Figure(PART, "billed transitions, placed to delivered", count.transitions, "", Target("≤", AT_MOST), note),
        Figure(PART, "events on the bus, placed to delivered", count.events),
    ]


@cache
def counted(ground: Ground) -> Count:
    """Take one order of three lines from placed to delivered and count."""
    shop = open_shop(ground.stack, skus=3, units=100)
    order_id = _delivered(ground, shop)
    history = _history(ground, order_id)
    entered = [event["stateEnteredEventDetails"]["name"] for event in history if "stateEnteredEventDetails" in event]
    attempts = sum(event["type"] in ("TaskScheduled", "LambdaFunctionScheduled") for event in history)
    tasks = sum(event["type"] == "TaskStateEntered" for event in history)
    timeline = Client(ground.stack, "admin").ask("GET", f"/v1/orders/{order_id}/timeline", expect=200)
    return Count(entered, max(0, attempts - tasks), len(timeline["items"]))


def _delivered(ground: Ground, shop: Shop) -> str:
    admin = Client(ground.stack, "admin")
    placed = Client(ground.stack, "shopper").ask("POST", "/v1/orders", json.loads(shop.order(3)), expect=202)

    def order() -> Any:
        return admin.ask("GET", f"/v1/orders/{placed['id']}", expect=200)

    confirmed = until(lambda: (seen := order())["status"] == "confirmed" and seen, PATIENCE_SECONDS)
    [fulfilment] = confirmed["fulfilments"]
    lines = [{"line_id": line["id"], "quantity": line["ordered"]} for line in confirmed["lines"]]
    answers = f"/v1/fulfilments/{fulfilment['id']}/answers"
    admin.ask("POST", answers, {"type": "packed", "lines": []}, expect=200)
    admin.ask("POST", answers, {"type": "shipped", "lines": lines}, expect=200)
    admin.ask("POST", answers, {"type": "delivered", "lines": []}, expect=200)
    return str(placed["id"])


def _history(ground: Ground, order_id: str) -> list[dict[str, Any]]:
    states = ground.stack.client("stepfunctions")
    machine = ground.stack.state_machine_arn("orders-place-order")
    execution = machine.replace(":stateMachine:", ":execution:") + f":{order_id}-v1"
    until(lambda: states.describe_execution(executionArn=execution)["status"] == "SUCCEEDED", PATIENCE_SECONDS)
    pages = states.get_paginator("get_execution_history").paginate(executionArn=execution)
    return [event for page in pages for event in page["events"]]
