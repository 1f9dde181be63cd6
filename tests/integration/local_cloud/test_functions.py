"""Functions run with their package and nothing else, quickly, and can be waited for."""

import io
import json
import statistics
import time
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

Client = Callable[..., Any]
ASSUME = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}],
}
SOURCE = """
import importlib, os

def handler(event, context):
    if "import" in event:
        try:
            return importlib.import_module(event["import"]).__name__
        except ImportError:
            return None
    return os.environ["COLOUR"]
"""


@pytest.fixture(scope="module")
def function(cloud: Any) -> str:
    from infra.local.clients import client  # the `aws` fixture is made anew for each test

    record = {"endpoint_url": cloud.endpoint, "region": "eu-west-1"}
    role = client(record, "iam").create_role(RoleName="f", AssumeRolePolicyDocument=json.dumps(ASSUME))["Role"]["Arn"]
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", SOURCE)
    functions = client(record, "lambda")
    functions.create_function(
        FunctionName="f",
        Runtime="python3.11",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": package.getvalue()},
        Environment={"Variables": {"COLOUR": "green"}},
    )
    return "f"


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
