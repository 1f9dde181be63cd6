"""From the queue to SNS, both in memory."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from chalicelib.core.consumers import BatchFailed
from chalicelib.core.errors import NotFound
from chalicelib.core.settings import settings
from chalicelib.notifications import consumers, gateways
from chalicelib.notifications.domain import Notice
from chalicelib.notifications.gateways import SnsSender, Undeliverable
from chalicelib.orders.service import Contact

ORDER = "ord_01K0000000000000000000000A"
QUEUE_ARN = "arn:aws:sqs:eu-west-1:123456789012:aisle-test-notifications-order-events"
PHONE = "+447700900123"


@pytest.fixture
def heard(table: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """What a subscriber of the topic gets."""
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    topic = sns.create_topic(Name="aisle-test-notifications-customers")["TopicArn"]
    queue = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    source = sqs.create_queue(QueueName=QUEUE_ARN.rsplit(":", 1)[1])["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:eu-west-1:123456789012:subscriber")
    monkeypatch.setattr(gateways, "settings", lambda: replace(settings(), notifications_topic_arn=topic))

    def received() -> list[dict[str, Any]]:
        got = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in got]

    yield received
    for url in (queue, source):
        sqs.delete_queue(QueueUrl=url)


@pytest.fixture(autouse=True)
def contact(monkeypatch: pytest.MonkeyPatch) -> Contact:
    one = Contact(name="Ada", email=None, phone=PHONE, language="en", customer_id="usr_1")

    def contact_of(order_id: str) -> Contact:
        if order_id != ORDER:
            raise NotFound(f"There is no order {order_id}.")
        return one

    monkeypatch.setattr("chalicelib.orders.service.contact_of", contact_of)
    return one


def deliver(*details: dict[str, Any]) -> None:
    """Put events on the queue and invoke the function as Lambda does for a batch of it."""
    sqs = boto3.client("sqs")
    queue = sqs.get_queue_url(QueueName=QUEUE_ARN.rsplit(":", 1)[1])["QueueUrl"]
    for detail in details:
        sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({"detail": detail}))
    records = [
        {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "eventSourceARN": QUEUE_ARN,
            "attributes": {"ApproximateReceiveCount": "1"},
            "body": message["Body"],
        }
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    ]
    consumers.on_order_event({"Records": records}, None)


def an_event(type: str = "OrderConfirmed", id: str = "01E1", **data: Any) -> dict[str, Any]:
    about = {"type": "fulfilment", "id": "ful_1"} if "order_id" in data else {"type": "order", "id": ORDER}
    return {
        "id": id,
        "source": "aisle.orders",
        "type": type,
        "version": 1,
        "occurred_at": "2026-01-01T09:30:00.000000Z",
        "aggregate": {**about, "version": 2},
        "correlation_id": "c-1",
        "causation_id": None,
        "actor": {"kind": "system", "id": "orders"},
        "data": data,
    }


def test_an_event_reaches_subscribers_once(heard: Any) -> None:
    for _ in range(2):
        deliver(an_event())
    [message] = heard()
    assert json.loads(message["Message"]) == {
        "event": "OrderConfirmed",
        "channel": "topic",
        "order_id": ORDER,
        "customer_id": "usr_1",
        "text": f"Thank you, Ada. Your order {ORDER} is confirmed.",
    }
    assert {name: value["Value"] for name, value in message["MessageAttributes"].items()} == {
        "event": "OrderConfirmed",
        "channel": "topic",
        "order_id": ORDER,
        "customer_id": "usr_1",
    }


def test_a_shipment_is_told_of_its_order(heard: Any) -> None:
    tracking = {"carrier": "DHL", "number": "42"}
    deliver(an_event("FulfilmentShipped", order_id=ORDER, tracking=tracking))
    [message] = heard()
    assert json.loads(message["Message"])["text"] == (
        f"Good news, Ada: a parcel of your order {ORDER} is on its way (DHL 42)."
    )


def test_other_events_are_passed_over(heard: Any) -> None:
    deliver(an_event("OrderPlaced"))
    assert heard() == []


def test_one_bad_event_does_not_keep_the_others(heard: Any) -> None:
    unknown = an_event("FulfilmentShipped", "01E2", order_id="ord_none")
    with pytest.raises(BatchFailed, match="1 of 2"):
        deliver(unknown, an_event())
    assert len(heard()) == 1


class RefusingSns:
    def __init__(self, code: str) -> None:
        self._error = ClientError({"Error": {"Code": code, "Message": f"no {PHONE}"}}, "Publish")

    def publish(self, **_: Any) -> None:
        raise self._error


def test_a_refused_number_is_told_from_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateways, "client", lambda _: RefusingSns("InvalidParameter"))
    with pytest.raises(Undeliverable, match=r"^InvalidParameter$"):
        SnsSender().to_phone(PHONE, "text")
    with pytest.raises(ClientError):
        SnsSender().to_topic(Notice("OrderConfirmed", ORDER), "text", None)
    monkeypatch.setattr(gateways, "client", lambda _: RefusingSns("Throttled"))
    with pytest.raises(ClientError):
        SnsSender().to_phone(PHONE, "text")
