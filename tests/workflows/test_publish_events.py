"""publish_events: whatever a batch of stream records holds, each event is on the bus or in the queue of undelivered ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.workflows.conftest import Cloud, Run
from tests.workflows.definitions import Json, rendered

pytestmark = pytest.mark.workflow

BUS = "aisle-paths"


def an_event(number: int) -> Json:
    return {
        "id": f"evt_{number}",
        "source": "aisle.orders",
        "type": "OrderPlaced",
        "version": 1,
        "occurred_at": "2026-01-01T00:00:00Z",
        "aggregate": {"type": "order", "id": "ord_1", "version": number},
        "correlation_id": "cor_1",
        "causation_id": None,
        "actor": {"type": "user", "id": "usr_1"},
        "data": {"number": number},
    }


def a_record(number: int, name: str = "INSERT", sk: str = "EVENT#", event: str | None = None) -> Json:
    """A stream record of an event item; without a new image when it is a REMOVE."""
    image = {"event": {"S": event if event is not None else json.dumps(an_event(number))}}
    return {
        "eventName": name,
        "dynamodb": {
            "Keys": {"pk": {"S": "ORDER#ord_1"}, "sk": {"S": f"{sk}{number}"}},
            **({} if name == "REMOVE" else {"NewImage": image}),
        },
    }


@dataclass
class Outbox:
    """The machine between its stream and its bus."""

    cloud: Cloud
    machine: str
    published_url: str
    undelivered_url: str

    def run(self, records: list[Json], test_case: str = "") -> Run:
        return self.cloud.run(self.machine, records, test_case)

    def published(self) -> list[Json]:
        """Details of what reached the bus, in no order."""
        return [json.loads(message["Body"])["detail"] for message in self._drain(self.published_url)]

    def undelivered(self) -> list[tuple[str, str]]:
        """Body and reason of what was parked."""
        return sorted(
            (message["Body"], message["MessageAttributes"]["reason"]["StringValue"])
            for message in self._drain(self.undelivered_url)
        )

    def _drain(self, url: str) -> list[Json]:
        sqs = self.cloud.client("sqs")
        found: list[Json] = []
        while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get(
            "Messages"
        ):
            for message in got:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found += got
        return found


@pytest.fixture(scope="module")
def deployed(cloud: Cloud) -> Outbox:
    sqs, events = cloud.client("sqs"), cloud.client("events")
    published = sqs.create_queue(QueueName="aisle-paths-published")["QueueUrl"]
    undelivered = sqs.create_queue(QueueName="aisle-paths-events-undelivered")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=published, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.create_event_bus(Name=BUS)
    events.put_rule(Name="all", EventBusName=BUS, EventPattern=json.dumps({"source": [{"prefix": "aisle."}]}))
    events.put_targets(Rule="all", EventBusName=BUS, Targets=[{"Id": "queue", "Arn": arn}])
    definition = rendered("publish_events", bus_name=BUS, undelivered_queue_url=undelivered)
    return Outbox(cloud, cloud.machine("aisle-paths-publish-events", definition, "EXPRESS"), published, undelivered)


@pytest.fixture
def outbox(deployed: Outbox) -> Iterator[Outbox]:
    """The machine with both queues empty, before and after."""
    yield deployed
    deployed.published()
    deployed.undelivered()


@pytest.mark.parametrize(
    "records",
    [
        [],
        [a_record(1, "MODIFY"), a_record(2, "REMOVE"), a_record(3, sk="ORDER#")],
    ],
    ids=["nothing", "no events"],
)
def test_a_batch_without_events_publishes_nothing(outbox: Outbox, records: list[Json]) -> None:
    run = outbox.run(records)
    assert (run.status, run.output) == ("SUCCEEDED", {"parked": 0})
    assert outbox.published() == []


@pytest.mark.parametrize("count", [1, 10, 11, 95])
def test_every_event_is_published_once(outbox: Outbox, count: int) -> None:
    noise = [a_record(number, "MODIFY") for number in range(5)]
    run = outbox.run([*noise, *(a_record(number) for number in range(count)), a_record(1, "REMOVE")])
    assert (run.status, run.output) == ("SUCCEEDED", {"parked": 0})
    published = sorted(outbox.published(), key=lambda event: event["aggregate"]["version"])
    assert published == [an_event(number) for number in range(count)]
    assert outbox.undelivered() == []


def test_the_envelope_names_source_and_type(outbox: Outbox) -> None:
    outbox.run([a_record(7)])
    [message] = outbox._drain(outbox.published_url)
    event: dict[str, Any] = json.loads(message["Body"])
    assert (event["source"], event["detail-type"], event["detail"]) == ("aisle.orders", "OrderPlaced", an_event(7))


def test_what_the_bus_refused_is_tried_again(outbox: Outbox) -> None:
    run = outbox.run([a_record(1), a_record(2), a_record(3)], "#RefusesOneAtFirst")
    assert (run.status, run.output) == ("SUCCEEDED", {"parked": 0})
    assert outbox.undelivered() == []


def test_only_what_the_bus_keeps_refusing_is_parked(outbox: Outbox) -> None:
    run = outbox.run([a_record(1), a_record(2), a_record(3)], "#RefusesOneAlways")
    assert (run.status, run.output) == ("SUCCEEDED", {"parked": 1})
    assert outbox.undelivered() == [(json.dumps(an_event(2)), "ThrottlingException")]


def test_when_the_bus_is_down_every_event_is_parked_as_it_was_written(outbox: Outbox) -> None:
    run = outbox.run([a_record(number) for number in range(12)], "#IsDown")
    assert (run.status, run.output) == ("SUCCEEDED", {"parked": 12})
    reason = "EventBridge.InternalException"
    assert outbox.undelivered() == sorted((json.dumps(an_event(number)), reason) for number in range(12))


def test_an_event_that_is_no_json_is_parked(outbox: Outbox) -> None:
    run = outbox.run([a_record(1, event="no json")])
    assert (run.status, run.output) == ("SUCCEEDED", {"parked": 1})
    assert outbox.undelivered() == [("no json", "States.QueryEvaluationError")]


def test_when_nothing_can_be_parked_the_execution_fails_so_that_the_pipe_tries_again(deployed: Outbox) -> None:
    cloud = deployed.cloud
    gone = deployed.undelivered_url.replace("events-undelivered", "no-such-queue")
    definition = rendered("publish_events", bus_name=BUS, undelivered_queue_url=gone)
    machine = cloud.machine("aisle-paths-publish-events-nowhere-to-park", definition, "EXPRESS")
    assert cloud.run(machine, [a_record(1)], "#IsDown").status == "FAILED"
