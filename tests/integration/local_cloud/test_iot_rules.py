"""The SQL of `infra/terraform/iot.tf`, as it is written there, with the emulator's rules engine."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from infra.local.stack import TERRAFORM

Client = Callable[..., Any]
ROLE = "arn:aws:iam::000000000000:role/any"
TOPIC = "aisle/test/cabinets/cab_1/up"


def sql(rule: str) -> str:
    """The statement of a rule, with its references filled in."""
    source = (TERRAFORM / "iot.tf").read_text()
    found = re.search(rf'{rule} = {{.*?sql\s+= "([^"]+)"', source, re.DOTALL)
    selected = re.search(r'^    cabinet  = "([^"]+)"', source, re.MULTILINE)
    assert found
    assert selected
    return (
        found[1].replace("${local.selected.cabinet}", selected[1]).replace("${local.topic_root}", "aisle/test/cabinets")
    )


def passed_on(aws: Client, queue: str) -> list[dict[str, Any]]:
    answer = aws("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def listen(aws: Client, rule: str, queue_url: str | None = None) -> tuple[str, str]:
    """Create the rule of that name; its queue and the one for what cannot be passed on."""
    queue, dead = (aws("sqs").create_queue(QueueName=f"{rule}{ending}")["QueueUrl"] for ending in ("", "-dlq"))
    payload = {
        "sql": sql(rule),
        "awsIotSqlVersion": "2016-03-23",
        "actions": [{"sqs": {"queueUrl": queue_url or queue, "roleArn": ROLE, "useBase64": False}}],
        "errorAction": {"sqs": {"queueUrl": dead, "roleArn": ROLE, "useBase64": False}},
    }
    aws("iot").create_topic_rule(ruleName=rule, topicRulePayload=payload)
    return queue, dead


@pytest.fixture(autouse=True)
def _rules_end(aws: Client) -> Any:
    yield
    for rule in aws("iot").list_topic_rules()["rules"]:
        aws("iot").delete_topic_rule(ruleName=rule["ruleName"])
    for queue in aws("sqs").list_queues().get("QueueUrls", []):
        aws("sqs").delete_queue(QueueUrl=queue)


def test_no_message_passes_for_what_the_broker_knows(aws: Client) -> None:
    queue, _ = listen(aws, "cabinet_messages")
    forged = json.dumps({"cabinet_id": "cab_2", "channel": "codes", "client_id": "cab_2", "received_at": 1}).encode()
    for payload in (forged, b"no JSON \xff"):
        aws("iot-data").publish(topic=f"{TOPIC}/status", qos=1, payload=payload)
    found = passed_on(aws, queue)
    assert sorted(base64.b64decode(one["message"]) for one in found) == sorted([forged, b"no JSON \xff"])
    assert {(one["cabinet_id"], one["channel"]) for one in found} == {("cab_1", "status")}
    assert all(one["received_at"] > 1 and one["client_id"] != "cab_2" for one in found)


def test_codes_go_to_their_own_queue_alone(aws: Client) -> None:
    messages, _ = listen(aws, "cabinet_messages")
    codes, _ = listen(aws, "keyed_codes")
    aws("iot-data").publish(topic=f"{TOPIC}/codes", qos=1, payload=b'{"code": "12345678"}')
    aws("iot-data").publish(topic=f"{TOPIC}/doors", qos=1, payload=b"{}")
    assert [one["channel"] for one in passed_on(aws, codes)] == ["codes"]
    assert [one["channel"] for one in passed_on(aws, messages)] == ["doors"]


def test_what_cannot_be_passed_on_is_kept(aws: Client) -> None:
    missing = aws("sqs").create_queue(QueueName="gone")["QueueUrl"]
    aws("sqs").delete_queue(QueueUrl=missing)
    _, dead = listen(aws, "cabinet_messages", missing)
    aws("iot-data").publish(topic=f"{TOPIC}/doors", qos=1, payload=b"{}")
    [found] = passed_on(aws, dead)
    assert (found["topic"], base64.b64decode(found["base64OriginalPayload"])) == (f"{TOPIC}/doors", b"{}")
