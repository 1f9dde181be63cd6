"""State machines run as they are, on a local cloud of their own in which waits are short."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.local import environments
from tests.workflows.definitions import Json

READY_WITHIN_SECONDS = 60
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_ready(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/_ministack/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud for this test process alone, apart from the deployed stacks."""
    directory = tmp_path_factory.mktemp("cloud")
    port = _free_port()
    endpoint = f"http://127.0.0.1:{port}"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_PORT": str(_free_port()),
        "LOG_LEVEL": "WARNING",
        "MINISTACK_REGION": "eu-west-1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SFN_MOCK_CONFIG": str(Path(__file__).parent / MOCKS),
        "SFN_WAIT_SCALE": WAIT_SCALE,
        "SFTP_ENABLED": "0",
        "TMPDIR": str(directory),
    }
    log = directory / "emulator.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(environments.ensure("cloud")), "-m", "infra.local.cloud", str(directory)],
            cwd=environments.ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        end = time.monotonic() + READY_WITHIN_SECONDS
        while not _is_ready(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.05)
        yield Cloud(endpoint)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
