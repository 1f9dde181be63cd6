"""With IAM enforced: each function does its work with its own role, and nothing beyond it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local.clients import client
from infra.local.testing import TestStack
from tests.journeys.conftest import Shop, a_shop, until
from tests.journeys.guarded import FUNCTIONS, full_name, guarded

__all__ = ["guarded"]

pytestmark = [pytest.mark.last, pytest.mark.xdist_group("guarded")]

RELEASE = b'{"task": "release_expired_reservations"}'


# ---- with its role ------------------------------------------------------------------------------------------------------


def test_orders_go_their_ways_with_every_function_in_its_role(guarded: TestStack) -> None:
    """Bought, paid, shipped by API and by queue, delivered, refused: every function but the expiry of reservations."""
    shop = a_shop(guarded)
    sku = shop.sells(units=10, price=500)
    bought = shop.place((sku, 2))
    assert bought["status"] == "confirmed"
    assert shop.post(f"/v1/orders/{bought['id']}/resume", None).body["code"] == "workflow_running"
    [note] = bought["fulfilments"]
    shop.answers_by_queue(note["id"], "shipped", {"1": 2})
    until(lambda: shop.payment(bought["id"])["captured"] == 1000)
    assert shop.answers(note["id"], "delivered").status == 200

    declined = shop.place((sku, 1), token="tok_decline_stolen_card")
    assert declined["status"] == "refused"
    until(lambda: _told(shop, bought["id"]) == {"OrderConfirmed", "FulfilmentShipped", "FulfilmentDelivered"})
    until(lambda: _told(shop, declined["id"]) == {"OrderRefused"})
    assert shop.stock(sku) == {"on_hand": 8, "available": 8, "reserved": 0}


def test_what_expired_is_released_in_its_role(guarded: TestStack) -> None:
    answer = guarded.client("lambda").invoke(FunctionName=full_name("inventory-tasks"), Payload=RELEASE)
    outcome = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, outcome
    assert outcome["failed"] == 0


def test_a_poison_message_is_buried_by_each_consumer_in_its_role(guarded: TestStack) -> None:
    sqs = guarded.client("sqs")
    for queue in (
        "orders-placed",
        "fulfilment-shipped",
        "fulfilment-warehouse-answers",
        "payments-refunds-requested",
        "notifications-order-events",
        "orders-cancelled",
        "orders-reassigned",
        "fulfilment-order-changes",
        "feeds-received",
        "returns-authorised",
        "returns-progressed",
        "ledger-payout-runs",
        "fulfilment-pickups",
        "lockers-changes",
        "lockers-order-ready",
        "lockers-pickup-confirmed",
        "lockers-cabinet-messages",
        "lockers-keyed-codes",
        "lockers-command-checks",
        "listings-submitted",
        "reviews-decided",
        "routing-requests",
        "routing-answered",
        "suppliers-submitted",
        "taxes-order-events",
        "webhooks-events",
        "webhooks-attempts",
    ):
        sqs.send_message(QueueUrl=guarded.queue_url(queue), MessageBody="poison")
        dead = guarded.queue_url(f"{queue}-dlq")

        def letters(dead: str = dead) -> list[Any]:
            got = sqs.receive_message(QueueUrl=dead, MessageAttributeNames=["All"], VisibilityTimeout=1)
            return list(got.get("Messages", []))

        [letter, *_] = until(letters)
        assert letter["MessageAttributes"]["kind"]["StringValue"] == "Poison"
        assert ("poison" in letter["Body"]) == (queue != "lockers-keyed-codes"), "a letter that may hold a code"


def _told(shop: Shop, order_id: str) -> set[str]:
    """The events of an order that notifications has sent on, by its own records."""
    table, name = shop.stack.client("dynamodb"), shop.stack.table_name
    events = table.query(
        TableName=name,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :event)",
        ExpressionAttributeValues={":pk": {"S": f"ORDER#{order_id}"}, ":event": {"S": "EVENT#"}},
    )["Items"]
    told = set()
    for envelope in (json.loads(event["event"]["S"]) for event in events):
        sent = table.get_item(
            TableName=name, Key={"pk": {"S": f"NOTIFICATION#{envelope['id']}"}, "sk": {"S": "topic"}}
        ).get("Item")
        if sent and sent["state"]["S"] == "sent":
            told.add(envelope["type"])
    return told


# ---- outside it ---------------------------------------------------------------------------------------------------------


@cache
def in_role(stack: TestStack, function: str, service: str) -> Any:
    """A client with the credentials of a function's role. (The local cloud lets its root take any role.)"""
    role = stack.client("iam").get_role(RoleName=full_name(function))["Role"]["Arn"]
    given = stack.client("sts").assume_role(RoleArn=role, RoleSessionName="journeys")["Credentials"]
    return client(
        stack.record,
        service,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )


@dataclass(frozen=True)
class Attempt:
    """Something a role may or may not do."""

    what: str
    service: str
    may: tuple[str, ...]
    do: Callable[[Any, TestStack], Any]

    def __str__(self) -> str:
        return self.what


def _send(queue: str) -> Callable[[Any, TestStack], Any]:
    return lambda sqs, stack: sqs.send_message(QueueUrl=stack.queue_url(queue), MessageBody="{}")


def _receive(queue: str) -> Callable[[Any, TestStack], Any]:
    return lambda sqs, stack: sqs.receive_message(
        QueueUrl=stack.queue_url(queue), VisibilityTimeout=0, WaitTimeSeconds=0
    )


def _put_event(events: Any, stack: TestStack) -> Any:
    entry = {"Source": "forged", "DetailType": "Forged", "Detail": "{}", "EventBusName": stack.bus_name}
    return events.put_events(Entries=[entry])


def _write(dynamodb: Any, stack: TestStack) -> Any:
    row = {"pk": {"S": "ATTEMPT#1"}, "sk": {"S": "ATTEMPT"}}
    return dynamodb.put_item(TableName=stack.table_name, Item=row)


def _start(states: Any, stack: TestStack) -> Any:
    # The second time the name is taken, which only those hear who may.
    try:
        return states.start_execution(
            stateMachineArn=stack.state_machine_arn("orders-place-order"), name="attempt", input='{"order_id": "none"}'
        )
    except states.exceptions.ExecutionAlreadyExists:
        return None


def _start_hold(states: Any, stack: TestStack) -> Any:
    machine = stack.state_machine_arn("lockers-hold-for-pickup")
    given = json.dumps({"until": "2100-01-01T00:00:00Z"})
    try:
        return states.start_execution(stateMachineArn=machine, name="attempt", input=given)
    except states.exceptions.ExecutionAlreadyExists:
        return None


def _open(cabinet: Any, stack: TestStack) -> Any:
    topic = f"aisle/{stack.stage}/cabinets/cab_attempt/down/commands"
    return cabinet.publish(topic=topic, qos=1, payload=b"{}")


def _hash(kms: Any, stack: TestStack) -> Any:
    return kms.generate_mac(KeyId=_key(stack, "passcodes"), MacAlgorithm="HMAC_SHA_256", Message=b"attempt")


def _sign(kms: Any, stack: TestStack) -> Any:
    how = {"MessageType": "RAW", "SigningAlgorithm": "ECDSA_SHA_256"}
    return kms.sign(KeyId=_key(stack, "grants"), Message=b"attempt", **how)


def _key(stack: TestStack, name: str) -> str:
    # Roles name keys, not their aliases.
    found = stack.client("kms").describe_key(KeyId=f"alias/aisle-{stack.stage}-{name}")
    return str(found["KeyMetadata"]["Arn"])


WRITERS = (
    "",
    "orders-on-units-missing",
    "orders-tasks",
    "payments-tasks",
    "fulfilment-tasks",
    "fulfilment-on-warehouse-answer",
    "fulfilment-on-pickup",
    "lockers-on-change",
    "lockers-on-order-ready",
    "lockers-on-pickup-confirmed",
    "lockers-on-cabinet-message",
    "lockers-on-keyed-code",
    "lockers-on-command-check",
    "lockers-tasks",
    "lockers-provisioning-hook",
    "feeds-tasks",
    "returns-tasks",
    "listings-tasks",
    "reviews-on-review-decided",
    "reviews-tasks",
    "routing-on-request",
    "routing-on-answered",
    "routing-tasks",
    "ledger-tasks",
    "routing-on-request",
    "routing-on-answered",
    "routing-tasks",
    "ledger-tasks",
    "suppliers-tasks",
    "inventory-tasks",
    "carts-tasks",
    "customers-tasks",
    "taxes-on-order-event",
    "notifications-on-order-event",
    "webhooks-on-event",
    "webhooks-on-attempt",
    "webhooks-tasks",
)

ATTEMPTS = [
    Attempt("write the table", "dynamodb", WRITERS, _write),
    Attempt("scan the table", "dynamodb", (), lambda table, stack: table.scan(TableName=stack.table_name)),
    Attempt("drop the table", "dynamodb", (), lambda table, stack: table.delete_table(TableName=stack.table_name)),
    Attempt("publish on the bus", "events", (), _put_event),
    Attempt("start place-order", "stepfunctions", ("", "orders-on-order-placed"), _start),
    Attempt(
        "ask a warehouse",
        "sqs",
        ("fulfilment-tasks", "fulfilment-on-order-changed"),
        _send("fulfilment-shipment-requests"),
    ),
    Attempt(
        "ask a supplier",
        "sqs",
        ("", "fulfilment-tasks", "fulfilment-on-order-changed"),
        _send("routing-requests"),
    ),
    Attempt("read what suppliers are asked", "sqs", ("routing-on-request",), _receive("routing-requests")),
    Attempt("answer as a warehouse", "sqs", (), _send("fulfilment-warehouse-answers")),
    Attempt("read placed orders", "sqs", ("orders-on-order-placed",), _receive("orders-placed")),
    Attempt("read shipments", "sqs", ("fulfilment-on-fulfilment-shipped",), _receive("fulfilment-shipped")),
    Attempt("read answers", "sqs", ("fulfilment-on-warehouse-answer",), _receive("fulfilment-warehouse-answers")),
    Attempt("read what is ready", "sqs", ("lockers-on-order-ready",), _receive("lockers-order-ready")),
    Attempt("read proofs", "sqs", ("lockers-on-pickup-confirmed",), _receive("lockers-pickup-confirmed")),
    Attempt("read codes", "sqs", ("lockers-on-keyed-code",), _receive("lockers-keyed-codes")),
    Attempt("type a code", "sqs", (), _send("lockers-keyed-codes")),
    Attempt("speak as a cabinet", "sqs", (), _send("lockers-cabinet-messages")),
    Attempt("prove a pickup", "sqs", (), _send("lockers-pickup-confirmed")),
    Attempt(
        "have a command looked after",
        "sqs",
        ("", "lockers-on-pickup-confirmed", "lockers-on-cabinet-message", "lockers-on-command-check"),
        _send("lockers-command-checks"),
    ),
    Attempt(
        "tell a cabinet to open",
        "iot-data",
        (
            "",
            "lockers-on-change",
            "lockers-on-pickup-confirmed",
            "lockers-on-cabinet-message",
            "lockers-on-keyed-code",
            "lockers-on-command-check",
        ),
        _open,
    ),
    Attempt("make a cabinet", "iot", ("",), lambda iot, _: iot.create_thing(thingName="cab_attempt")),
    Attempt(
        "work out a passcode",
        "kms",
        ("", "lockers-on-cabinet-message", "lockers-on-keyed-code"),
        _hash,
    ),
    Attempt(
        "let a cabinet open by itself",
        "kms",
        ("", "lockers-on-change"),
        _sign,
    ),
    Attempt(
        "find the API",
        "ssm",
        ("lockers-on-order-ready",),
        lambda ssm, stack: ssm.get_parameter(Name=f"/aisle/{stack.stage}/api-url"),
    ),
    Attempt("start hold-for-pickup", "stepfunctions", ("lockers-on-change", "lockers-on-order-ready"), _start_hold),
    Attempt(
        "tell customers",
        "sns",
        ("lockers-on-order-ready", "notifications-on-order-event"),
        lambda sns, stack: sns.publish(TopicArn=stack.topic_arn("notifications-customers"), Message="attempt"),
    ),
    Attempt(
        "raise an alarm",
        "sns",
        (),
        lambda sns, stack: sns.publish(TopicArn=stack.topic_arn("operations-alarms"), Message="attempt"),
    ),
    Attempt(
        "call a function",
        "lambda",
        (),
        lambda functions, _: functions.invoke(FunctionName=full_name("payments-tasks"), Payload=b"{}"),
    ),
    Attempt("look at roles", "iam", (), lambda iam, _: iam.list_roles()),
]


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=str)
def test_only_whose_work_it_is(guarded: TestStack, attempt: Attempt) -> None:
    allowed = [function for function in FUNCTIONS if _may(guarded, function, attempt)]
    assert allowed == [function for function in FUNCTIONS if function in attempt.may]


def _may(stack: TestStack, function: str, attempt: Attempt) -> bool:
    try:
        attempt.do(in_role(stack, function, attempt.service), stack)
    except ClientError as error:
        if error.response["Error"]["Code"] not in REFUSED:
            raise
        return False
    return True


REFUSED = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "ForbiddenException")
