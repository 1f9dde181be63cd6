"""Gap: a state machine's `tracingConfiguration` is forgotten, so Terraform updates every machine at each apply."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Action = Callable[[Json], tuple[int, dict[str, str], bytes]]

FIELD = "tracingConfiguration"
OFF = {"enabled": False}


def remembering(action: Action, machines: Any) -> Action:
    """`CreateStateMachine` or `UpdateStateMachine`, keeping the tracing configuration with the machine."""

    def act(data: Json) -> tuple[int, dict[str, str], bytes]:
        answer = action(data)
        if answer[0] < 400 and FIELD in data:
            arn = data.get("stateMachineArn") or json.loads(answer[2])["stateMachineArn"]
            machines[arn][FIELD] = data[FIELD]
        return answer

    return act


def with_tracing(describe: Action) -> Action:
    """`DescribeStateMachine` that always states a tracing configuration, as AWS does."""

    def act(data: Json) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = describe(data)
        if status >= 400:
            return status, headers, body
        return status, headers, json.dumps({FIELD: OFF, **json.loads(body)}).encode()

    return act


def install() -> None:
    from ministack.services import stepfunctions as service

    service._create_state_machine = remembering(service._create_state_machine, service._state_machines)
    service._update_state_machine = remembering(service._update_state_machine, service._state_machines)
    service._describe_state_machine = with_tracing(service._describe_state_machine)
