"""Gap: a state machine's `tracingConfiguration` is forgotten, so Terraform updates every machine at each apply."""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]
OFF = {"enabled": False}


def install() -> None:
    from ministack.services import stepfunctions

    create, update, describe = (
        stepfunctions._create_state_machine,
        stepfunctions._update_state_machine,
        stepfunctions._describe_state_machine,
    )

    def remember(arn: str | None, data: Json) -> None:
        machine = stepfunctions._state_machines.get(arn)
        if machine is not None and "tracingConfiguration" in data:
            machine["tracingConfiguration"] = data["tracingConfiguration"]

    def create_and_remember(data: Json) -> Any:
        answer = create(data)
        if answer[0] < 400:
            remember(json.loads(answer[2])["stateMachineArn"], data)
        return answer

    def update_and_remember(data: Json) -> Any:
        answer = update(data)
        if answer[0] < 400:
            remember(data.get("stateMachineArn"), data)
        return answer

    def describe_with_tracing(data: Json) -> Any:
        status, headers, body = describe(data)
        if status >= 400:
            return status, headers, body
        return status, headers, json.dumps({"tracingConfiguration": OFF, **json.loads(body)}).encode()

    stepfunctions._create_state_machine = create_and_remember
    stepfunctions._update_state_machine = update_and_remember
    stepfunctions._describe_state_machine = describe_with_tracing
