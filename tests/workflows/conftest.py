"""State machines run as they are, on a local cloud of their own in which waits are short."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.bare_cloud import bare_cloud
from tests.workflows.definitions import Json

SETTLED_WITHIN_SECONDS = 60
WAIT_SCALE = "0.002"
ROLE = "arn:aws:iam::000000000000:role/aisle-paths"

MOCKS = "publish_events_mocks.json"


@dataclass(frozen=True)
class Run:
    """An execution that has ended."""

    status: str
    error: str | None
    output: Any
    top_level: list[str]
    """States entered, in order. MiniStack's history leaves out those within a Map."""


@dataclass(frozen=True)
class Cloud:
    """A local cloud with nothing in it."""

    endpoint: str

    def client(self, service: str) -> Any:
        session: Any = boto3.Session()
        return session.client(
            service,
            endpoint_url=self.endpoint,
            region_name="eu-west-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def machine(self, name: str, definition: Json, type: str = "STANDARD") -> str:
        """Create a state machine; returns its ARN."""
        made = self.client("stepfunctions").create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=ROLE, type=type
        )
        return str(made["stateMachineArn"])

    def run(self, machine: str, given: Any, test_case: str = "") -> Run:
        """Execute a machine to its end, with the mocked answers of `test_case` if one is named."""
        states = self.client("stepfunctions")
        arn = states.start_execution(stateMachineArn=machine + test_case, input=json.dumps(given))["executionArn"]
        end = time.monotonic() + SETTLED_WITHIN_SECONDS
        while (seen := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
            assert time.monotonic() < end, (
                f"still running: {states.get_execution_history(executionArn=arn)['events'][-3:]}"
            )
            time.sleep(0.02)
        history = states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        return Run(
            status=seen["status"],
            error=seen.get("error"),
            output=json.loads(seen["output"]) if seen["status"] == "SUCCEEDED" else None,
            top_level=[
                event["stateEnteredEventDetails"]["name"] for event in history if "stateEnteredEventDetails" in event
            ],
        )


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud in which waits are short and answers can be mocked."""
    mocks = str(Path(__file__).parent / MOCKS)
    with bare_cloud(tmp_path_factory.mktemp("cloud"), SFN_MOCK_CONFIG=mocks, SFN_WAIT_SCALE=WAIT_SCALE) as endpoint:
        yield Cloud(endpoint)
