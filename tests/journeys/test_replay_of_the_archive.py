"""The archive of the bus is replayed, and envelopes come twice: nothing happens a second time."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from boto3.dynamodb.types import TypeDeserializer

from infra.local.testing import TestStack
from tests.journeys.conftest import Shop, until

# That nothing happens is seen by waiting as long as it would take, which is known of a system at rest.
pytestmark = pytest.mark.alone

MACHINE = "orders-place-order"
CONSUMED = {"OrderPlaced", "OrderConfirmed", "OrderRefused", "FulfilmentShipped"}


class Mailbox:
    """A queue of the test's own, and everything that ever came into it."""

    def __init__(self, stack: TestStack, name: str) -> None:
        self._sqs = stack.client("sqs")
        self._url: str = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]
        self.arn: str = attributes["QueueArn"]
        self._sqs.set_queue_attributes(
            QueueUrl=self._url,
            Attributes={"Policy": json.dumps(_anyone_may_send(self.arn)), "VisibilityTimeout": "600"},
        )
        self._seen: list[Any] = []

    def messages(self) -> list[Any]:
        """The bodies, in order of arrival."""
        while got := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages"):
            for one in got:
                self._seen.append(json.loads(one["Body"]))
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=one["ReceiptHandle"])
        return self._seen

    def remove(self) -> None:
        """Take the queue away."""
        self._sqs.delete_queue(QueueUrl=self._url)


def _anyone_may_send(arn: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.fixture
def told(stack: TestStack) -> Iterator[Mailbox]:
    """What customers are told."""
    mailbox = Mailbox(stack, f"told-{uuid4().hex[:8]}")
    sns = stack.client("sns")
    subscription = sns.subscribe(
        TopicArn=stack.topic_arn("notifications-customers"),
        Protocol="sqs",
        Endpoint=mailbox.arn,
        Attributes={"RawMessageDelivery": "true"},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    yield mailbox
    sns.unsubscribe(SubscriptionArn=subscription)
    mailbox.remove()


@dataclass(frozen=True)
class Replays:
    """Starts replays, and hears what they bring: the proof that a replay took place."""

    stack: TestStack
    heard: Mailbox

    def start(self, since: datetime) -> None:
        """Replay the archive from `since` until now, and wait until the bus is through with it."""
        events, name = self.stack.client("events"), f"replay-{uuid4().hex[:8]}"
        bus = events.describe_event_bus(Name=self.stack.bus_name)["Arn"]
        archive = events.describe_archive(ArchiveName=self.stack.bus_name)["ArchiveArn"]
        events.start_replay(
            ReplayName=name,
            EventSourceArn=archive,
            EventStartTime=since,
            EventEndTime=datetime.now(UTC) + timedelta(seconds=1),
            Destination={"Arn": bus},
        )
        until(lambda: events.describe_replay(ReplayName=name)["State"] == "COMPLETED")


@pytest.fixture
def replays(stack: TestStack) -> Iterator[Replays]:
    """With a rule of its own, which listens to nothing but replays."""
    events, name = stack.client("events"), f"hears-replays-{uuid4().hex[:8]}"
    heard = Mailbox(stack, name)
    pattern = {"replay-name": [{"exists": True}]}
    events.put_rule(Name=name, EventBusName=stack.bus_name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, EventBusName=stack.bus_name, Targets=[{"Id": "heard", "Arn": heard.arn}])
    yield Replays(stack, heard)
    events.remove_targets(Rule=name, EventBusName=stack.bus_name, Ids=["heard"])
    events.delete_rule(Name=name, EventBusName=stack.bus_name)
    heard.remove()


@dataclass(frozen=True)
class Life:
    """Orders that came to their ends: one shipped and paid, one refused."""

    shop: Shop
    skus: tuple[str, str]
    shipped: str
    refused: str

    @classmethod
    def lived(cls, shop: Shop, told: Mailbox) -> Life:
        skus = shop.sells(units=5, price=500), shop.sells(units=5, price=500)
        bought = shop.place((skus[0], 2))
        declined = shop.place((skus[1], 1), token="tok_decline_stolen_card")
        assert (bought["status"], declined["status"]) == ("confirmed", "refused")
        answer = shop.answers(bought["fulfilments"][0]["id"], "shipped", {"1": 2})
        assert answer.status == 200, answer
        life = cls(shop, skus, bought["id"], declined["id"])
        until(lambda: shop.payment(life.shipped)["captured"] == 1000)
        until(lambda: not life.running())
        until(lambda: len(life.notices(told)) == 3)
        return life

    @property
    def orders(self) -> tuple[str, str]:
        return self.shipped, self.refused

    def executions(self) -> Counter[str]:
        """How often place-order was started for each order."""
        return Counter(one["name"].partition("-")[0] for one in self._executions() if self._is_of(one["name"]))

    def running(self) -> list[str]:
        return [one["name"] for one in self._executions() if self._is_of(one["name"]) and one["status"] == "RUNNING"]

    def _is_of(self, execution: str) -> bool:
        return execution.startswith(self.orders)

    def _executions(self) -> list[dict[str, Any]]:
        states = self.shop.stack.client("stepfunctions")
        pages = states.get_paginator("list_executions").paginate(
            stateMachineArn=self.shop.stack.state_machine_arn(MACHINE)
        )
        return [one for page in pages for one in page["executions"]]

    def notices(self, told: Mailbox) -> list[tuple[str, str]]:
        """What the customers of these orders were told, as (event, order)."""
        return sorted((one["event"], one["order_id"]) for one in told.messages() if one["order_id"] in self.orders)

    def envelopes(self) -> list[dict[str, Any]]:
        """The events of the orders, as they were published."""
        found = []
        for order in self.orders:
            rows = self.shop.stack.client("dynamodb").query(
                TableName=self.shop.stack.table_name,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :event)",
                ExpressionAttributeValues={":pk": {"S": f"ORDER#{order}"}, ":event": {"S": "EVENT#"}},
            )["Items"]
            found += [json.loads(TypeDeserializer().deserialize(row["event"])) for row in rows]
        return found

    def everything(self, told: Mailbox) -> dict[str, Any]:
        """All that could happen a second time."""
        return {
            "executions": self.executions(),
            "notices": self.notices(told),
            "events": Counter((one["type"], one["aggregate"]["id"]) for one in self.envelopes()),
            "orders": [self.shop.read(order) for order in self.orders],
            "payments": [self.shop.payment(order) for order in self.orders],
            "stock": [self.shop.stock(sku) for sku in self.skus],
        }

    def let_queues_run_empty(self, told: Mailbox) -> None:
        """What was sent before this is through: a later order took the same ways to the end."""
        sku = self.shop.sells(units=1)
        later = self.shop.place((sku, 1))
        self.shop.answers(later["fulfilments"][0]["id"], "shipped", {"1": 1})
        until(lambda: self.shop.payment(later["id"])["captured"] == 500)
        until(lambda: ("FulfilmentShipped", later["id"]) in [(m["event"], m["order_id"]) for m in told.messages()])
        time.sleep(1)  # queues keep no order: what came before may be behind by a poll


def test_a_replay_of_the_archive_has_no_effect(shop: Shop, told: Mailbox, replays: Replays) -> None:
    since = datetime.now(UTC) - timedelta(seconds=1)
    life = Life.lived(shop, told)
    life.let_queues_run_empty(told)  # so that the archive has all of it
    before = life.everything(told)
    assert before["executions"] == {life.shipped: 1, life.refused: 1}
    assert before["notices"] == sorted(
        [("OrderConfirmed", life.shipped), ("FulfilmentShipped", life.shipped), ("OrderRefused", life.refused)]
    )

    replays.start(since)
    sent = {one["id"] for one in life.envelopes()}
    until(lambda: sent <= {one["detail"]["id"] for one in replays.heard.messages()})
    life.let_queues_run_empty(told)
    assert life.everything(told) == before


def test_no_queue_hears_of_a_replay(stack: TestStack) -> None:
    """The consumers would know what they did before; they are not even asked."""
    events = stack.client("events")
    rules = events.list_rules(EventBusName=stack.bus_name, NamePrefix=f"{stack.bus_name}-")["Rules"]
    assert len(rules) >= 3
    for rule in rules:
        assert json.loads(rule["EventPattern"])["replay-name"] == [{"exists": False}], rule["Name"]


def test_the_same_envelope_again_has_no_effect(shop: Shop, told: Mailbox) -> None:
    """As EventBridge and SQS may deliver: more than once, in another order, and without a replay's mark."""
    life = Life.lived(shop, told)
    before = life.everything(told)
    entries = [
        {
            "Source": envelope["source"],
            "DetailType": envelope["type"],
            "Detail": json.dumps(envelope),
            "EventBusName": shop.stack.bus_name,
        }
        for envelope in reversed(life.envelopes())
    ]
    assert {entry["DetailType"] for entry in entries} >= CONSUMED
    answer = shop.stack.client("events").put_events(Entries=entries[:10])
    assert answer["FailedEntryCount"] == 0
    life.let_queues_run_empty(told)
    assert life.everything(told) == before
    for queue in ("orders-placed", "fulfilment-shipped", "notifications-order-events"):
        assert not _buried(shop.stack, queue, life.orders)


def _buried(stack: TestStack, queue: str, orders: tuple[str, str]) -> list[str]:
    got = stack.client("sqs").receive_message(
        QueueUrl=stack.queue_url(f"{queue}-dlq"), MaxNumberOfMessages=10, VisibilityTimeout=1
    )
    return [one["Body"] for one in got.get("Messages", []) if any(order in one["Body"] for order in orders)]
