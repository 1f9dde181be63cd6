"""The state machines of the marketplace: watched, killed, carried out by hand."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from infra.local.testing import Answer, TestStack
from tests.journeys import market
from tests.journeys.conftest import GONE_AFTER, until
from tests.workflows.definitions import rendered

T = TypeVar("T")
Result = TypeVar("Result")

ABORTED = "ABORTED"
"""The status of an execution that was stopped."""


def at_once(do: Callable[[T], Result], subjects: Iterable[T]) -> dict[T, Result]:
    """What doing it for each subject answers, done side by side."""
    of = list(subjects)
    with ThreadPoolExecutor(len(of)) as pool:
        return dict(zip(of, pool.map(do, of), strict=True))


def twice_in_a_row(do: Callable[[], Any]) -> list[Any]:
    """What doing it twice answers."""
    return [do(), do()]


def twice_at_once(do: Callable[[], Any]) -> list[Any]:
    """What doing it from two threads answers."""
    with ThreadPoolExecutor(2) as pool:
        return [one.result() for one in [pool.submit(do), pool.submit(do)]]


def some_died(ends: Iterable[str]) -> None:
    """Of executions that went on by themselves while they were stopped, by their final statuses, one or more did not reach their end.

    Not each: a state may be over before the stop arrives. But not all of them can be: a stop arrives two requests to the local cloud
    and 30 ms after the state was entered, while what is still to do takes a function or more, of many requests each. A busy machine
    is slow to answer all of these, so it delays the end by more than the stop.
    """
    seen = Counter(ends)
    assert seen[ABORTED], seen


def becomes(look: Callable[[], Any], expected: Any) -> None:
    """What is looked at is as expected in time."""
    with suppress(AssertionError):
        until(lambda: look() == expected)
    assert look() == expected


@dataclass(frozen=True)
class Machine:
    """A state machine of the deployed system: `name` as Terraform has it, `file` as its definition is called."""

    stack: TestStack
    name: str
    file: str

    def states(self, without: Iterable[str]) -> list[str]:
        """The states of its definition in which an execution can die, but for those that a test does not lead it through. Where it
        ends it is over."""
        known = rendered(self.file)["States"]
        assert set(without) <= set(known), "the machine has no such state any more"
        return [name for name in known if known[name]["Type"] not in ("Succeed", "Fail") and name not in without]

    def kill(self, execution: str, state: str, *, held: bool = False) -> str:
        """Stop an execution when it enters a state; its status then. By when the stop arrives it may be a step further; that is how
        machines die. It may even be over, unless it is `held`: waits for what this test does only afterwards."""
        end = time.monotonic() + GONE_AFTER
        while state not in (seen := self.history(execution)):
            assert not seen or seen[-1], f"{execution} ended without {state}: {seen}"
            assert time.monotonic() < end, f"{execution} did not come to {state}: {seen}"
            time.sleep(0.03)
        with suppress(ClientError):  # it was quicker, and is over
            self._states.stop_execution(executionArn=self._arn(execution), error="Killed", cause="by a test")
        status = str(self._states.describe_execution(executionArn=self._arn(execution))["status"])
        assert status == ABORTED or not held, f"{execution} in {state}: {status}"
        return status

    def history(self, execution: str) -> list[str]:
        """The states that an execution has entered so far, with an empty one at last if it is over."""
        try:
            events = self._states.get_execution_history(executionArn=self._arn(execution), maxResults=1000)["events"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionDoesNotExist":
                raise
            return []
        entered = [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]
        over = events[-1]["type"].startswith("Execution") and events[-1]["type"] != "ExecutionStarted"
        return [*entered, *([""] if over else [])]

    def take(self, execution: str, **given: str | int) -> None:
        """Be quicker than the consumer that would start this execution: to it, it was started then. It works on nothing."""
        told = json.dumps({**given, "correlation_id": "crash"})
        self._states.start_execution(stateMachineArn=self._machine_arn, name=execution, input=told)
        self._states.stop_execution(executionArn=self._arn(execution), error="Killed", cause="by a test")

    def is_idle(self, subject: str) -> bool:
        """Whether no execution whose name begins so runs."""
        pages = self._states.get_paginator("list_executions").paginate(
            stateMachineArn=self._machine_arn, statusFilter="RUNNING"
        )
        return not any(one["name"].startswith(subject) for page in pages for one in page["executions"])

    def task(self, name: str, **given: Any) -> Any:
        """What a task of the machine answers, invoked as the machine does it."""
        payload = {"task": name, "correlation_id": "crash", **given}
        function = f"aisle-{self.stack.stage}-{self.name.partition('-')[0]}-tasks"
        answer = self.stack.client("lambda").invoke(FunctionName=function, Payload=json.dumps(payload).encode())
        outcome = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, outcome
        return outcome

    @property
    def _states(self) -> Any:
        return self.stack.client("stepfunctions")

    @property
    def _machine_arn(self) -> str:
        return self.stack.state_machine_arn(self.name)

    def _arn(self, execution: str) -> str:
        return f"{self._machine_arn.replace(':stateMachine:', ':execution:')}:{execution}"


class Market(market.Market):
    """A marketplace whose workflows are watched."""

    def machine(self, name: str) -> Machine:
        """By the name that Terraform gives it, whose context its definition's name leaves out."""
        return Machine(self.stack, name, name.partition("-")[2].replace("-", "_"))

    def settled_by_hand(self, path: str, *instead: str) -> Answer:
        """What an operator asks for, when it is taken; or refused for one of these reasons: there is nothing left to do."""

        def ask() -> Answer | None:
            answer = self.shop.post(path, None)
            if answer.status >= 500 or answer.status == 412 or answer.body.get("retryable"):
                return None  # what was under way when the machine died has only just ended
            assert answer.status < 300 or answer.body["code"] in instead, answer
            return answer

        return until(ask)  # type: ignore[no-any-return]

    def case(self, subject_type: str, subject_id: str, supplier_id: str) -> Any:
        """The open case about a subject, or None."""
        found = self.shop.get("/v1/review-cases", supplier_id=supplier_id, subject_type=subject_type).body["items"]
        of = [case for case in found if case["subject"]["id"] == subject_id and case["state"] == "open"]
        return next(iter(of), None)

    def judge(self, case: Any, decision: str) -> None:
        """As a reviewer does; whose case was withdrawn meanwhile finds another."""
        answer = self.decide(case["id"], decision)
        assert answer.status in (200, 409, 412), answer

    def events(self, pk: str, type: str) -> int:
        """How often an event was published of what has this key."""
        found = (
            self.stack.client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=self.stack.table_name,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :event)",
                ExpressionAttributeValues={":pk": {"S": pk}, ":event": {"S": "EVENT#"}},
                ConsistentRead=True,
            )
        )
        stored = [TypeDeserializer().deserialize(item["event"]) for page in found for item in page["Items"]]
        return [json.loads(event)["type"] for event in stored].count(type)
