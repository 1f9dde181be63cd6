"""Billed transitions of the workflows of one order, from placed to delivered, cancelled, and returned, out of their
execution histories."""

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
    figures = [
        _figure("placed to delivered", count, Target("≤", AT_MOST)),
        Figure(PART, "events on the bus, placed to delivered", count.events),
    ]
    for what, later in (
        ("a whole cancellation", cancelled(ground)),
        ("a return of everything at once", returned(ground)),
    ):
        figures += [_figure(what, later, None), Figure(PART, f"events on the bus, {what}", later.events)]
    return figures


def _figure(what: str, count: Count, target: Target | None) -> Figure:
    note = " → ".join(["start", *count.entered]) + (f", {count.further} tasks inside" if count.further else "")
    return Figure(PART, f"billed transitions, {what}", count.transitions, "", target, note)


@cache
def counted(ground: Ground) -> Count:
    """Take one order of three lines from placed to delivered and count."""
    order_id = _delivered(ground, open_shop(ground.stack, skus=3, units=100))
    return _count(ground, "orders-place-order", f"{order_id}-v1", order_id)


def cancelled(ground: Ground) -> Count:
    """Call off the whole of a confirmed order and count."""
    order_id = _confirmed(ground, open_shop(ground.stack, skus=3, units=100))["id"]
    before = _events(ground, order_id)
    Client(ground.stack, "admin").ask("POST", f"/v1/orders/{order_id}/cancellations", {}, expect=201)
    execution = until(lambda: _latest(ground, "orders-cancel-order", order_id), PATIENCE_SECONDS)
    return _count(ground, "orders-cancel-order", execution, order_id, before)


def returned(ground: Ground) -> Count:
    """Take all of a delivered order back in one parcel and count."""
    shop = open_shop(ground.stack, skus=3, units=100)
    order_id = _delivered(ground, shop)
    admin, before = Client(ground.stack, "admin"), _events(ground, order_id)
    until(lambda: not _payment(ground, order_id)["dues"], PATIENCE_SECONDS)
    lines = [
        {"line_id": line["id"], "quantity": line["ordered"]}
        for line in admin.ask("GET", f"/v1/orders/{order_id}", expect=200)["lines"]
    ]
    reasoned = {"lines": [{**line, "reason": "changed_mind"} for line in lines]}
    path = f"/v1/returns/{admin.ask('POST', f'/v1/orders/{order_id}/returns', reasoned, expect=201)['id']}"
    until(lambda: admin.ask("GET", path, expect=200)["label"], PATIENCE_SECONDS)
    admin.ask("POST", f"{path}/receipts", {"location_id": shop.location, "lines": lines}, expect=200)
    found = {"lines": [{**line, "disposition": "restock"} for line in lines]}
    admin.ask("POST", f"{path}/inspections", found, expect=200)
    execution = until(lambda: _latest(ground, "returns-return-order", order_id), PATIENCE_SECONDS)
    return _count(ground, "returns-return-order", execution, order_id, before)


def _count(ground: Ground, machine: str, execution: str, order_id: str, before: int = 0) -> Count:
    """Count one execution once it has succeeded, and the order's events beyond the first `before`."""
    history = _history(ground, machine, execution)
    entered = [event["stateEnteredEventDetails"]["name"] for event in history if "stateEnteredEventDetails" in event]
    attempts = sum(event["type"] in ("TaskScheduled", "LambdaFunctionScheduled") for event in history)
    tasks = sum(event["type"] == "TaskStateEntered" for event in history)
    return Count(entered, max(0, attempts - tasks), _events(ground, order_id) - before)


def _events(ground: Ground, order_id: str) -> int:
    timeline = Client(ground.stack, "admin").ask("GET", f"/v1/orders/{order_id}/timeline", expect=200)
    return len(timeline["items"])


def _payment(ground: Ground, order_id: str) -> Any:
    return Client(ground.stack, "admin").ask("GET", f"/v1/orders/{order_id}/payment", expect=200)


def _confirmed(ground: Ground, shop: Shop) -> Any:
    admin = Client(ground.stack, "admin")
    placed = Client(ground.stack, "shopper").ask("POST", "/v1/orders", json.loads(shop.order(3)), expect=202)

    def order() -> Any:
        return admin.ask("GET", f"/v1/orders/{placed['id']}", expect=200)

    return until(lambda: (seen := order())["status"] == "confirmed" and seen, PATIENCE_SECONDS)


def _delivered(ground: Ground, shop: Shop) -> str:
    admin, confirmed = Client(ground.stack, "admin"), _confirmed(ground, shop)
    [fulfilment] = confirmed["fulfilments"]
    lines = [{"line_id": line["id"], "quantity": line["ordered"]} for line in confirmed["lines"]]
    answers = f"/v1/fulfilments/{fulfilment['id']}/answers"
    admin.ask("POST", answers, {"type": "packed", "lines": []}, expect=200)
    admin.ask("POST", answers, {"type": "shipped", "lines": lines}, expect=200)
    admin.ask("POST", answers, {"type": "delivered", "lines": []}, expect=200)
    return str(confirmed["id"])


def _latest(ground: Ground, machine: str, order_id: str) -> str | None:
    """The name of the execution for this order, by its input; None while there is none."""
    states = ground.stack.client("stepfunctions")
    pages = states.get_paginator("list_executions").paginate(stateMachineArn=ground.stack.state_machine_arn(machine))
    for one in (one for page in pages for one in page["executions"]):
        told = json.loads(states.describe_execution(executionArn=one["executionArn"])["input"])
        if told["order_id"] == order_id:
            return str(one["name"])
    return None


def _history(ground: Ground, machine: str, name: str) -> list[dict[str, Any]]:
    states = ground.stack.client("stepfunctions")
    execution = ground.stack.state_machine_arn(machine).replace(":stateMachine:", ":execution:") + f":{name}"
    until(lambda: states.describe_execution(executionArn=execution)["status"] == "SUCCEEDED", PATIENCE_SECONDS)
    pages = states.get_paginator("get_execution_history").paginate(executionArn=execution)
    return [event for page in pages for event in page["events"]]
