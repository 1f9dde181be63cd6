"""Four gaps of Step Functions.

- A state machine's `tracingConfiguration` is forgotten, so Terraform updates every machine at each apply.
- A function that fails in `lambda:invoke.waitForTaskToken` is ignored, so the execution waits for a token that nobody has;
  AWS fails the task.
- A task's `TimeoutSeconds` is taken for a number; in JSONata it may be an expression.
- With `IAM=1`, whoever completes a task token must be allowed to on `*`; AWS looks at the state machine that waits for it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Action = Callable[[Json], tuple[int, dict[str, str], bytes]]

FIELD = "tracingConfiguration"
OFF = {"enabled": False}
MACHINE = "_machine"
"""Where a running state's definition names its state machine."""


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


def knowing_its_machine(execute: Callable[..., Any]) -> Callable[..., Any]:
    """The execution of a task, whose state's definition tells from then on to which machine it belongs."""

    def act(state: Json, given: Any, execution: Any, context: Json) -> Any:
        return execute({**state, MACHINE: context["StateMachine"]["Id"]}, given, execution, context)

    return act


def with_timeout_worked_out(execute: Callable[..., Any], evaluated: Callable[..., Any]) -> Callable[..., Any]:
    """The execution of a task, whose timeout may be an expression over its input and the variables."""

    def act(state: Json, given: Any, execution: Any, context: Json) -> Any:
        if isinstance(state.get("TimeoutSeconds"), str):
            state = {**state, "TimeoutSeconds": evaluated(state, "TimeoutSeconds", "number", given, context)}
        return execute(state, given, execution, context)

    return act


class Callbacks:
    """Knows of each token which machine waits for it, and tells the waiting task when the function that was to take the
    token failed."""

    def __init__(self, tokens: Any, failure: type[Exception]) -> None:
        self._tokens = tokens
        self._failure = failure
        self._waiting = threading.local()
        self._machines: dict[str, str] = {}

    def waiting(self, invoke: Callable[..., Any]) -> Callable[..., Any]:
        """The task: it invokes the function in its own thread, then waits."""

        def act(resource: str, input_data: Any, token: str, state: Json) -> Any:
            self._waiting.token = token
            self._machines[token] = state[MACHINE]
            try:
                return invoke(resource, input_data, token, state)
            finally:
                self._waiting.token = None
                del self._machines[token]

        return act

    def failing(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The invocation: its failure ends the wait."""

        def act(*arguments: Any, **named: Any) -> Any:
            try:
                return call(*arguments, **named)
            except self._failure as error:
                waits = self._tokens.get(getattr(self._waiting, "token", None))
                if waits is not None:
                    waits["error"] = {"Error": getattr(error, "error", ""), "Cause": getattr(error, "cause", "")}
                    waits["event"].set()
                raise

        return act

    def resource_of(self, extract: Callable[..., str]) -> Callable[..., str]:
        """The resource of a request, which for a task token is the machine that waits for it."""

        def act(service: str, method: str, path: str, headers: Json, body: bytes, *more: Any) -> str:
            if service == "states" and b'"taskToken"' in (body or b""):
                machine = self._machines.get(json.loads(body).get("taskToken"))
                if machine is not None:
                    return machine
            return extract(service, method, path, headers, body, *more)

        return act


def install() -> None:
    from ministack.core import iam_actions
    from ministack.services import stepfunctions as service

    service._create_state_machine = remembering(service._create_state_machine, service._state_machines)
    service._update_state_machine = remembering(service._update_state_machine, service._state_machines)
    service._describe_state_machine = with_tracing(service._describe_state_machine)
    callbacks = Callbacks(service._task_tokens, service._ExecutionError)
    evaluated = service._jsonata_state_field
    service._execute_task = with_timeout_worked_out(knowing_its_machine(service._execute_task), evaluated)
    iam_actions.extract_resource_arn = callbacks.resource_of(iam_actions.extract_resource_arn)
    service._invoke_with_callback = callbacks.waiting(service._invoke_with_callback)
    service._call_lambda = callbacks.failing(service._call_lambda)
