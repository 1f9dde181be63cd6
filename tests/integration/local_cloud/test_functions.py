"""Functions run with their package and nothing else, quickly, and can be waited for."""

import io
import json
import os
import statistics
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from infra.local.cloud.functions import BACKGROUND_NICENESS, BACKGROUND_PROCESSES

Client = Callable[..., Any]
ASSUME = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}],
}
SOURCE = """
import importlib, os, time

def handler(event, context):
    if "sleep" in event:
        time.sleep(event["sleep"])
        return [os.getpid(), os.nice(0)]
    if "import" in event:
        try:
            return importlib.import_module(event["import"]).__name__
        except ImportError:
            return None
    return os.environ["COLOUR"]

app = handler
"""


def make(cloud: Any, name: str, handler: str = "app.handler") -> str:
    from infra.local.clients import client  # the `aws` fixture is made anew for each test

    record = {"endpoint_url": cloud.endpoint, "region": "eu-west-1"}
    role = client(record, "iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(ASSUME))["Role"]["Arn"]
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", SOURCE)
    functions = client(record, "lambda")
    functions.create_function(
        FunctionName=name,
        Timeout=30,
        Runtime="python3.11",
        Role=role,
        Handler=handler,
        Code={"ZipFile": package.getvalue()},
        Environment={"Variables": {"COLOUR": "green"}},
    )
    return name


@pytest.fixture(scope="module")
def function(cloud: Any) -> str:
    return make(cloud, "f")


def call(aws: Client, function: str, **event: str) -> Any:
    answer = aws("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    return json.loads(answer["Payload"].read())


def test_a_function_sees_its_environment_but_not_the_emulators_packages(aws: Client, function: str) -> None:
    assert call(aws, function) == "green"
    assert call(aws, function, **{"import": "json"}) == "json"
    assert call(aws, function, **{"import": "boto3"}) is None
    assert call(aws, function, **{"import": "infra"}) is None


def test_a_warm_call_does_not_wait_for_log_lines(aws: Client, function: str) -> None:
    functions = aws("lambda")
    seconds = []
    for _ in range(15):
        began = time.monotonic()
        functions.invoke(FunctionName=function, Payload=b"{}")
        seconds.append(time.monotonic() - began)
    assert statistics.median(seconds) < 0.045  # MiniStack's own wait is 50 ms


def at_once(aws: Client, function: str, count: int) -> tuple[set[int], set[int]]:
    """The processes, and their nicenesses, that so many invocations at once ran in."""
    functions = aws("lambda")

    def invoke(_: int) -> Any:
        answer = functions.invoke(FunctionName=function, Payload=b'{"sleep": 0.3}')
        return json.loads(answer["Payload"].read())

    with ThreadPoolExecutor(count) as pool:
        ran = list(pool.map(invoke, range(count)))
    return {process for process, _ in ran}, {niceness for _, niceness in ran}


def test_a_background_function_queues_for_a_few_processes_that_yield(aws: Client, function: str) -> None:
    processes, nicenesses = at_once(aws, function, 3 * BACKGROUND_PROCESSES)
    assert len(processes) == BACKGROUND_PROCESSES
    assert nicenesses == {os.nice(0) + BACKGROUND_NICENESS}


def test_the_function_behind_the_api_never_queues(aws: Client, cloud: Any) -> None:
    processes, nicenesses = at_once(aws, make(cloud, "api", "app.app"), 3 * BACKGROUND_PROCESSES)
    assert len(processes) == 3 * BACKGROUND_PROCESSES
    assert nicenesses == {os.nice(0)}


def test_an_update_is_active_at_once(aws: Client, function: str) -> None:
    functions = aws("lambda")
    began = time.monotonic()
    functions.update_function_configuration(FunctionName=function, MemorySize=256)
    while functions.get_function_configuration(FunctionName=function)["LastUpdateStatus"] != "Successful":
        time.sleep(0.01)
    assert time.monotonic() - began < 0.4


def test_a_workflow_waits_for_the_token_that_it_sent(aws: Client) -> None:
    queue = aws("sqs").create_queue(QueueName="requests")["QueueUrl"]
    states = aws("stepfunctions")
    ask = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Arguments": {"QueueUrl": queue, "MessageBody": {"token": "{% $states.context.Task.Token %}"}},
        "TimeoutSeconds": 30,
        "End": True,
    }
    definition = json.dumps({"QueryLanguage": "JSONata", "StartAt": "Ask", "States": {"Ask": ask}})
    role = "arn:aws:iam::000000000000:role/any"
    machine = states.create_state_machine(name="asks", roleArn=role, definition=definition)["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine, name="one")["executionArn"]
    (message,) = aws("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    states.send_task_success(taskToken=json.loads(message["Body"])["token"], output='{"answer": 42}')
    deadline = time.monotonic() + 10
    while (described := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (described["status"], json.loads(described["output"])) == ("SUCCEEDED", {"answer": 42})
