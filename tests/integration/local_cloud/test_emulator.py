"""Starting, finding and stopping the emulator of a stack, and only that one."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infra.local import emulator, environments
from infra.local.clients import client
from infra.local.stack import ROOT, LocalCloudError, Options, Stack

from .conftest import REGION, end, start


def test_two_stacks_run_side_by_side_and_end_on_their_own() -> None:
    first, one = start("first")
    second, other = start("second")
    try:
        assert one.port != other.port
        assert one.iot_port != other.iot_port
        assert emulator.stop(first)
        assert emulator.running(first) is None
        assert emulator.running(second) == other
        assert not emulator.stop(first)
    finally:
        end(first)
        end(second)


ASK = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
    "Arguments": {"QueueUrl": "{% $states.input %}", "MessageBody": "{% $states.context.Task.Token %}"},
    "End": True,
}
ASK_EACH = {
    "Type": "Map",
    "Items": "{% $states.input.queues %}",
    "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "Ask", "States": {"Ask": ASK}},
    "End": True,
}
WAITS = {"QueryLanguage": "JSONata", "StartAt": "AskEach", "States": {"AskEach": ASK_EACH}}


def test_one_whose_executions_wait_ends_when_told(tmp_path: Path) -> None:
    stack, running = start("waits")
    try:
        record = {"endpoint_url": running.endpoint, "region": REGION}
        queue = client(record, "sqs").create_queue(QueueName="asked")["QueueUrl"]
        states = client(record, "stepfunctions")
        role, definition = "arn:aws:iam::000000000000:role/any", json.dumps(WAITS)
        machine = states.create_state_machine(name="waits", roleArn=role, definition=definition)["stateMachineArn"]
        states.start_execution(stateMachineArn=machine, input=json.dumps({"queues": [queue]}))
        assert client(record, "sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
        pid = int((stack.directory / "emulator.lock").read_text())
        assert emulator.stop(stack)
        deadline = time.monotonic() + 10
        while (ended := os.waitpid(pid, os.WNOHANG)) == (0, 0):
            assert time.monotonic() < deadline, "it goes on without its lock"
            time.sleep(0.05)
        assert (ended[0], os.waitstatus_to_exitcode(ended[1])) == (pid, 0)
    finally:
        end(stack)


def test_a_taken_port_is_avoided() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        stack, running = start("avoids", port=port)
        try:
            assert running.port != port
        finally:
            end(stack)


def test_it_listens_on_the_loopback_interface_only() -> None:
    stack, running = start("loopback")
    try:
        address = socket.gethostbyname(socket.gethostname())
        if not address.startswith("127."):
            with socket.socket() as probe:
                assert probe.connect_ex((address, running.port)) != 0
    finally:
        end(stack)


def test_kept_state_comes_back_at_the_same_ports() -> None:
    stack, before = start("keeps", persist=True)
    try:
        record = {"endpoint_url": before.endpoint, "region": REGION}
        client(record, "sqs").create_queue(QueueName="kept")
        emulator.stop(stack)
        after = emulator.start(stack, Options(persist=True), REGION, environments.ensure("cloud"))
        assert after == before
        assert client(record, "sqs").get_queue_url(QueueName="kept")["QueueUrl"].endswith("/kept")
    finally:
        end(stack)


def test_state_is_not_kept_unless_asked(tmp_path: Path) -> None:
    stack, before = start("forgets")
    try:
        emulator.stop(stack)
        after = emulator.start(stack, Options(), REGION, environments.ensure("cloud"))
        assert after.instance != before.instance
    finally:
        end(stack)


def test_the_wrapper_refuses_another_ministack(tmp_path: Path) -> None:
    program = (
        "import sys, infra.local.cloud as cloud\n"
        "cloud.MINISTACK_VERSION = '0.0.1'\n"
        "from infra.local.cloud.__main__ import main\n"
        "main()\n"
    )
    command = [str(environments.ensure("cloud")), "-c", program, str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 1
    assert "is written for 0.0.1" in ran.stderr


def test_a_second_emulator_of_one_stack_is_refused() -> None:
    stack, _ = start("single")
    try:
        command = [str(environments.ensure("cloud")), "-m", "infra.local.cloud", str(stack.directory)]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
        assert ran.returncode == 1
        assert "already runs" in ran.stderr
    finally:
        end(stack)


def test_an_emulator_that_cannot_start_says_why() -> None:
    stack = Stack("broken")
    stack.directory.mkdir(parents=True, exist_ok=True)
    try:
        # This interpreter has no MiniStack.
        with pytest.raises(LocalCloudError, match="ministack"):
            emulator.start(stack, Options(), REGION, Path(sys.executable))
    finally:
        end(stack)


@pytest.mark.parametrize("name", ["Upper", "a/b", "..", "-x", ""])
def test_a_stack_name_is_a_plain_word(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLE_STACK", name)
    if name:
        with pytest.raises(LocalCloudError, match="lower-case"):
            Stack()
    else:
        assert Stack().name == "default"
