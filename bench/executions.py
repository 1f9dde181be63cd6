"""Executions of workflows on the deployed system: which there are, and what of them is billed, out of their histories."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.ground import Ground
from bench.shop import until

PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Count:
    """What one execution entered, and how many events what it is about set off."""

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


def count_of(ground: Ground, machine: str, execution: str, events: Callable[[], int]) -> Count:
    """Count one execution once it has succeeded, and the `events` then."""
    history = _history(ground, machine, execution)
    entered = [event["stateEnteredEventDetails"]["name"] for event in history if "stateEnteredEventDetails" in event]
    attempts = sum(event["type"] in ("TaskScheduled", "LambdaFunctionScheduled") for event in history)
    tasks = sum(event["type"] == "TaskStateEntered" for event in history)
    return Count(entered, max(0, attempts - tasks), events())


def execution_for(ground: Ground, machine: str, **given: str) -> str:
    """The name of the execution whose input says this, once there is one."""
    return str(until(lambda: _latest(ground, machine, given), PATIENCE_SECONDS))


def _latest(ground: Ground, machine: str, given: dict[str, str]) -> str | None:
    states = ground.stack.client("stepfunctions")
    pages = states.get_paginator("list_executions").paginate(stateMachineArn=ground.stack.state_machine_arn(machine))
    for one in (one for page in pages for one in page["executions"]):
        told = json.loads(states.describe_execution(executionArn=one["executionArn"])["input"])
        if given.items() <= told.items():
            return str(one["name"])
    return None


def _history(ground: Ground, machine: str, name: str) -> list[dict[str, Any]]:
    states = ground.stack.client("stepfunctions")
    execution = ground.stack.state_machine_arn(machine).replace(":stateMachine:", ":execution:") + f":{name}"
    until(lambda: states.describe_execution(executionArn=execution)["status"] == "SUCCEEDED", PATIENCE_SECONDS)
    pages = states.get_paginator("get_execution_history").paginate(executionArn=execution)
    return [event for page in pages for event in page["events"]]
