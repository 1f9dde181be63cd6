import json

import boto3
import pytest
from chalice.app import SQSEvent

from chalicelib.core import consumers
from chalicelib.core.consumers import BatchFailed, Poison, each_event, each_message
from chalicelib.core.errors import Conflict

ARN = "arn:aws:sqs:eu-west-1:123456789012:aisle-test-work"


@pytest.fixture
def queues(table):
    sqs = boto3.client("sqs")
    urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("aisle-test-work", "aisle-test-work-dlq")]
    yield sqs, *urls
    for url in urls:
        sqs.delete_queue(QueueUrl=url)


def deliver(queues, *bodies, receives=1):
    """What Lambda passes on: the messages as received, in flight."""
    sqs, url, _ = queues
    for body in bodies:
        sqs.send_message(QueueUrl=url, MessageBody=body if isinstance(body, str) else json.dumps(body))
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    records = [
        {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": {"ApproximateReceiveCount": str(receives)},
            "eventSourceARN": ARN,
        }
        for message in received
    ]
    return SQSEvent({"Records": records}, None)


def in_flight(queues):
    sqs, url, _ = queues
    names = ["ApproximateNumberOfMessagesNotVisible"]
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"][names[0]])


def buried(queues):
    sqs, _, dlq = queues
    messages = sqs.receive_message(QueueUrl=dlq, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get(
        "Messages", []
    )
    return [
        (message["Body"], {name: value["StringValue"] for name, value in message["MessageAttributes"].items()})
        for message in messages
    ]


def test_a_good_batch_is_left_for_lambda_to_delete(queues):
    seen = []

    @each_message
    def on_work(body, by):
        seen.append((body["n"], by.kind, by.id))

    on_work(deliver(queues, {"n": 1}, {"n": 2}))
    assert sorted(seen) == [(1, "system", "on_work"), (2, "system", "on_work")]
    assert in_flight(queues) == 2


def test_what_succeeded_is_deleted_and_what_failed_comes_again(queues):
    @each_message
    def on_work(body, by):
        if body["n"] == 2:
            raise Conflict("not yet")

    with pytest.raises(BatchFailed, match="1 of 3"):
        on_work(deliver(queues, {"n": 1}, {"n": 2}, {"n": 3}))
    assert in_flight(queues) == 1
    assert buried(queues) == []


def test_poison_is_buried_with_its_reason_and_does_not_hold_up_the_rest(queues):
    seen = []

    @each_message
    def on_work(body, by):
        if "n" not in body:
            raise Poison("no n")
        seen.append(body["n"])

    on_work(deliver(queues, "{not json", {"x": 1}, {"n": 1}))
    assert seen == [1]
    found = dict(buried(queues))
    assert found['{"x": 1}']["kind"] == "Poison"
    assert found['{"x": 1}']["reason"] == "no n"
    assert found["{not json"]["reason"].startswith("not JSON: ")


def test_the_last_receive_buries_with_the_reason(queues):
    @each_message
    def on_work(body, by):
        raise Conflict("the order is cancelled")

    batch = deliver(queues, {"n": 1}, receives=consumers.MAX_RECEIVES)
    on_work(batch)
    [(body, attributes)] = buried(queues)
    assert json.loads(body) == {"n": 1}
    assert (attributes["kind"], attributes["reason"]) == ("Conflict", "the order is cancelled")


def test_what_is_no_envelope_is_poison(queues):
    @each_event
    def on_event(event, by):
        raise AssertionError("not reached")

    on_event(deliver(queues, {"detail": {"id": "1"}}, {}, "[]", "null"))
    assert {attributes["kind"] for _, attributes in buried(queues)} == {"Poison"}


def test_an_event_arrives_as_it_was_published_with_its_trace(queues):
    from chalicelib.core import observability

    envelope = {
        "id": "01E",
        "source": "aisle.orders",
        "type": "OrderPlaced",
        "version": 1,
        "occurred_at": "2026-01-01T00:00:00.000000Z",
        "aggregate": {"type": "order", "id": "ord_1", "version": 3},
        "correlation_id": "corr",
        "causation_id": None,
        "actor": {"kind": "user", "id": "u"},
        "data": {"total": 1},
    }
    seen = []

    @each_event
    def on_event(event, by):
        seen.append((json.loads(event.to_json()), observability.trace()))

    on_event(deliver(queues, {"detail": envelope}))
    assert seen == [(envelope, observability.Trace("corr", "01E"))]
