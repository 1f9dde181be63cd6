"""The functions as Lambda calls them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest

from app import app
from chalicelib.core import clock
from chalicelib.core.consumers import BatchFailed
from chalicelib.core.settings import settings
from chalicelib.webhooks import consumers, gateways, service
from chalicelib.webhooks.domain.delivery import Delivery
from chalicelib.webhooks.gateways import NotQueued, SqsQueue
from chalicelib.webhooks.tasks import tasks, webhooks_tasks
from tests.unit.webhooks.builders import NOON, World, an_event, answers, subscribes, the_delivery

NAMES = ("aisle-test-webhooks-events", "aisle-test-webhooks-attempts")


class Queues:
    def __init__(self) -> None:
        self.sqs = boto3.client("sqs")
        self.urls = {
            name: self.sqs.create_queue(QueueName=name)["QueueUrl"]
            for name in (*NAMES, *(f"{name}-dlq" for name in NAMES))
        }

    def bodies(self, name: str) -> list[Any]:
        found = self.sqs.receive_message(QueueUrl=self.urls[name], MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]

    def records(self, name: str, *bodies: Any) -> dict[str, Any]:
        """What Lambda passes on."""
        return {
            "Records": [
                {
                    "messageId": str(number),
                    "receiptHandle": str(number),
                    "eventSourceARN": f"arn:aws:sqs:eu-west-1:123456789012:{name}",
                    "attributes": {"ApproximateReceiveCount": "1"},
                    "body": json.dumps(body),
                }
                for number, body in enumerate(bodies)
            ]
        }


@pytest.fixture
def queues(table: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queues]:
    made = Queues()
    monkeypatch.setattr(gateways, "settings", lambda: replace(settings(), webhook_attempts_url=made.urls[NAMES[1]]))
    yield made
    for url in made.urls.values():
        made.sqs.delete_queue(QueueUrl=url)


def test_an_event_goes_from_the_bus_to_the_endpoint(queues: Queues, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    monkeypatch.setattr("chalicelib.webhooks.service.deliver.outside.post", world.post)
    with clock.at(NOON):
        webhook = subscribes()
        event = json.loads(an_event(correlation_id="corr-7").to_json())
        consumers.on_event(queues.records(NAMES[0], {"detail": event}, {"detail": event}), None)
        [first, second] = queues.bodies(NAMES[1])
        assert first == second == {"delivery_id": the_delivery(webhook).id, "turn": 1, "correlation_id": "corr-7"}
        consumers.on_attempt(queues.records(NAMES[1], first), None)
        consumers.on_attempt(queues.records(NAMES[1], second), None)
    [(_, headers, _)] = world.requests
    assert headers["webhook-id"] == event["id"]


def test_a_message_that_is_no_request_goes_to_the_dead_letters(queues: Queues) -> None:
    wrong = [{"delivery_id": "whd_1"}, {"turn": 1}, {"delivery_id": "whd_1", "turn": "x"}, [], None]
    consumers.on_attempt(queues.records(NAMES[1], *wrong), None)
    assert len(queues.bodies(f"{NAMES[1]}-dlq")) == 5


def test_an_attempt_that_breaks_down_comes_again(queues: Queues, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: Any, **__: Any) -> str:
        raise RuntimeError("KMS is away")

    monkeypatch.setattr(service, "attempt_delivery", breaks)
    with pytest.raises(BatchFailed):
        consumers.on_attempt(queues.records(NAMES[1], {"delivery_id": "whd_1", "turn": 1}), None)


def test_many_messages_go_in_calls_of_ten_with_their_delays(queues: Queues, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[list[tuple[str, int]]] = []

    class Sqs:
        def send_message_batch(self, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803
            calls.append([(entry["Id"], entry["DelaySeconds"]) for entry in Entries])
            return {}

    monkeypatch.setattr(gateways, "client", lambda _: Sqs())
    plain = Delivery("whd_1", "whk_1", "e", "t", 1, "c", NOON, NOON)
    late = [replace(plain, next_at=NOON + timedelta(seconds=delay)) for delay in (-5, 0.9, 900)]
    SqsQueue().send([*late, *[plain] * 9], NOON)
    assert calls == [
        [("0", 0), ("1", 0), ("2", 900), *((str(number), 0) for number in range(3, 10))],
        [("0", 0), ("1", 0)],
    ]


def test_what_sqs_refuses_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    class Sqs:
        def send_message_batch(self, **_: Any) -> dict[str, Any]:
            return {"Failed": [{"Code": "InternalError"}, {"Code": "InternalError"}]}

    monkeypatch.setattr(gateways, "client", lambda _: Sqs())
    with pytest.raises(NotQueued, match=r"^InternalError$"):
        SqsQueue().send([Delivery("whd_1", "whk_1", "e", "t", 1, "c", NOON, NOON)], NOON)


def test_the_schedule_asks_for_what_is_due(queues: Queues) -> None:
    world = World(says=lambda now: answers(503, retry_after="1800"))
    with clock.at(NOON):
        webhook = subscribes()
    world.happens()
    world.passes()
    event = {"task": "send_due_deliveries"}
    assert tasks.names == {"send_due_deliveries"}
    with clock.at(NOON + timedelta(minutes=29)):
        assert webhooks_tasks(event, None) == {"outcome": "done", "sent": 0, "failed": 0, "left": 0}
    with clock.at(NOON + timedelta(minutes=31)):
        assert webhooks_tasks(event, None) == {"outcome": "done", "sent": 1, "failed": 0, "left": 0}
        [message] = queues.bodies(NAMES[1])
        assert (message["delivery_id"], message["turn"]) == (the_delivery(webhook).id, 3)


def test_functions_have_the_triggers_that_terraform_expects() -> None:
    triggers = {
        config.name: (config.queue, config.batch_size, config.maximum_concurrency)
        for config in app.event_sources
        if config.name.startswith("webhooks-")
    }
    assert triggers == {
        "webhooks-on-event": ("aisle-test-webhooks-events", 10, None),
        "webhooks-on-attempt": ("aisle-test-webhooks-attempts", 1, 50),
    }
