"""With IAM enforced: each function does its work with its own role, and nothing beyond it.

The local cloud enforces what a role may do to which resource, but not `dynamodb:LeadingKeys`. So what functions ask of the
table is recorded here and held against the conditions of their deployed policies, as DynamoDB would.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, ClassVar
from unittest.mock import MagicMock

import pytest
from botocore.exceptions import ClientError

from chalicelib.core import clock, outbox, workflow
from chalicelib.core.auth import Principal, Role
from chalicelib.core.table import Item
from chalicelib.customers import gateways as customers_gateways
from chalicelib.customers import service as customers
from chalicelib.customers.tasks import customers_tasks
from chalicelib.fulfilment import gateways as fulfilment_gateways
from chalicelib.fulfilment.consumers import on_fulfilment_shipped, on_warehouse_answer
from chalicelib.fulfilment.tasks import fulfilment_tasks
from chalicelib.inventory.tasks import inventory_tasks
from chalicelib.notifications import gateways as notifications_gateways
from chalicelib.notifications.consumers import on_order_event
from chalicelib.orders import gateways as orders_gateways
from chalicelib.orders import store
from chalicelib.orders.consumers import on_order_placed
from chalicelib.orders.tasks import orders_tasks
from chalicelib.payments.tasks import payments_tasks
from infra.local.clients import client
from infra.local.progress import Progress
from infra.local.stack import Options, Stack
from infra.local.testing import STAGE, TestStack
from infra.local.up import up
from tests.integration.orders import conftest as in_process
from tests.integration.orders.conftest import dynamodb_url, real_table
from tests.journeys.conftest import Shop, a_shop, until

__all__ = ["dynamodb_url", "real_table"]

pytestmark = pytest.mark.last

FUNCTIONS = (
    "",
    "orders-on-order-placed",
    "orders-tasks",
    "payments-tasks",
    "payments-on-refund-requested",
    "fulfilment-tasks",
    "fulfilment-on-fulfilment-shipped",
    "fulfilment-on-warehouse-answer",
    "inventory-tasks",
    "customers-tasks",
    "notifications-on-order-event",
)
"""After aisle-<stage>; the first is the API."""


RELEASE = b'{"task": "release_expired_reservations"}'


def full_name(function: str) -> str:
    """The name of a function and of its role."""
    return f"aisle-{STAGE}-{function}".rstrip("-")


@pytest.fixture(scope="module")
def guarded() -> TestStack:
    """A system of its own whose cloud enforces IAM."""
    return TestStack(up(Stack("iam"), Options(stage=STAGE, iam=True), Progress(quiet=True)))


@cache
def policy_of(stack: TestStack, function: str) -> list[dict[str, Any]]:
    """The statements of a function's role, as deployed."""
    iam, role = stack.client("iam"), full_name(function)
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
    return [statement for document in documents for statement in document["Statement"]]


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
    until(lambda: _told(shop, bought["id"]) == {"OrderConfirmed", "FulfilmentShipped"})
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
    ):
        sqs.send_message(QueueUrl=guarded.queue_url(queue), MessageBody="poison")
        dead = guarded.queue_url(f"{queue}-dlq")

        def letters(dead: str = dead) -> list[Any]:
            got = sqs.receive_message(QueueUrl=dead, MessageAttributeNames=["All"], VisibilityTimeout=1)
            return list(got.get("Messages", []))

        [letter, *_] = until(letters)
        assert letter["MessageAttributes"]["kind"]["StringValue"] == "Poison"


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


WRITERS = (
    "",
    "orders-tasks",
    "payments-tasks",
    "fulfilment-tasks",
    "fulfilment-on-warehouse-answer",
    "inventory-tasks",
    "customers-tasks",
    "notifications-on-order-event",
)

ATTEMPTS = [
    Attempt("write the table", "dynamodb", WRITERS, _write),
    Attempt("scan the table", "dynamodb", (), lambda table, stack: table.scan(TableName=stack.table_name)),
    Attempt("drop the table", "dynamodb", (), lambda table, stack: table.delete_table(TableName=stack.table_name)),
    Attempt("publish on the bus", "events", (), _put_event),
    Attempt("start place-order", "stepfunctions", ("", "orders-on-order-placed"), _start),
    Attempt("ask a warehouse", "sqs", ("fulfilment-tasks",), _send("fulfilment-shipment-requests")),
    Attempt("answer as a warehouse", "sqs", (), _send("fulfilment-warehouse-answers")),
    Attempt("read placed orders", "sqs", ("orders-on-order-placed",), _receive("orders-placed")),
    Attempt("read shipments", "sqs", ("fulfilment-on-fulfilment-shipped",), _receive("fulfilment-shipped")),
    Attempt("read answers", "sqs", ("fulfilment-on-warehouse-answer",), _receive("fulfilment-warehouse-answers")),
    Attempt(
        "tell customers",
        "sns",
        ("notifications-on-order-event",),
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


REFUSED = ("AccessDenied", "AccessDeniedException", "AuthorizationError")


# ---- keys ---------------------------------------------------------------------------------------------------------------


@dataclass
class Records:
    """Stands on the wire to DynamoDB and notes who asks for what: (action, partition key, index)."""

    session: Any
    asked: dict[str, set[tuple[str, str, str | None]]] = field(default_factory=dict)
    function: str | None = None

    ACTIONS: ClassVar = {
        "Put": "PutItem",
        "Update": "UpdateItem",
        "Delete": "DeleteItem",
        "ConditionCheck": "ConditionCheckItem",
    }

    def send(self, request: Any) -> Any:
        """As botocore calls it."""
        target = request.headers["X-Amz-Target"]
        operation = (target.decode() if isinstance(target, bytes) else str(target)).partition(".")[2]
        if self.function is not None:
            self.asked.setdefault(self.function, set()).update(self._of(operation, json.loads(request.body)))
        return self.session.send(request)

    def close(self) -> None:
        """As botocore calls it."""
        self.session.close()

    def _of(self, operation: str, body: dict[str, Any]) -> Iterator[tuple[str, str, str | None]]:
        if operation == "TransactWriteItems":
            for action, given in (pair for item in body["TransactItems"] for pair in item.items()):
                yield self.ACTIONS[action], (given.get("Key") or given.get("Item"))["pk"]["S"], None
        elif operation == "BatchGetItem":
            for key in (key for table in body["RequestItems"].values() for key in table["Keys"]):
                yield operation, key["pk"]["S"], None
        elif operation == "Query":
            names, index = body["ExpressionAttributeNames"], body.get("IndexName")
            hash_name = next(placeholder for placeholder, name in names.items() if name.endswith("pk"))
            condition = body["KeyConditionExpression"].replace("(", "").replace(")", "")
            value = condition.partition(f"{hash_name} = ")[2].split()[0]
            yield operation, body["ExpressionAttributeValues"][value]["S"], index
        else:
            yield operation, (body.get("Key") or body.get("Item"))["pk"]["S"], None


@pytest.fixture
def records(real_table: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Records]:
    """On the wire; what is neither DynamoDB nor ours agrees to everything."""
    for gateways in (customers_gateways, orders_gateways, fulfilment_gateways, notifications_gateways, workflow):
        monkeypatch.setattr(gateways, "client", lambda service: _agrees())
    endpoint = Item._get_connection().connection.client._endpoint
    records = Records(endpoint.http_session)
    endpoint.http_session = records
    yield records
    endpoint.http_session = records.session


def _agrees() -> MagicMock:
    service = MagicMock()
    service.exceptions.ExecutionAlreadyExists = service.exceptions.ClientError = ClientError
    service.encrypt.return_value = {"CiphertextBlob": b"sealed"}
    service.decrypt.return_value = {"Plaintext": b"token"}
    return service


def _deliver(*bodies: Any) -> dict[str, Any]:
    source = "arn:aws:sqs:eu-west-1:000000000000:aisle-test-any"
    records = [
        {"messageId": "1", "receiptHandle": "1", "body": json.dumps(body), "eventSourceARN": source} for body in bodies
    ]
    return {"Records": records}


def test_functions_touch_only_keys_that_their_roles_name(guarded: TestStack, records: Records) -> None:
    """All functions but the API, whose role names no keys, through the lives of a shipped and of a refused order."""
    shop = in_process.Shop(None)
    shop.category = shop.call("POST", "/v1/categories", json={"name": "All", "slug": "all"}).json["id"]
    shop.opens("leeds")
    shop.sells("A", leeds=10)

    def run(function: str, handler: Callable[..., Any], event: Any) -> Any:
        records.function = function
        outcome = handler(event, None)
        records.function = None
        return outcome

    def task(function: str, handler: Callable[..., Any], name: str, order_id: str, **given: Any) -> Any:
        return run(function, handler, {"task": name, "order_id": order_id, "correlation_id": "keys", **given})

    def events(order_id: str) -> dict[str, Any]:
        found = outbox.timeline(store.order_pk(order_id))
        return {event.type: {"detail": json.loads(event.to_json())} for event in found}

    order = shop.placed(("A", 2))
    run("orders-on-order-placed", on_order_placed, _deliver(events(order)["OrderPlaced"]))
    task("payments-tasks", payments_tasks, "authorise_payment", order)
    task("payments-tasks", payments_tasks, "look_up_payment", order)
    confirmed = task("orders-tasks", orders_tasks, "confirm_order", order)
    [fulfilment_id] = [one["fulfilment_id"] for one in confirmed["fulfilments"]]
    task(
        "fulfilment-tasks", fulfilment_tasks, "dispatch_fulfilment", order, fulfilment_id=fulfilment_id, task_token="t"
    )
    answer = {"fulfilment_id": fulfilment_id, "type": "shipped", "lines": [{"line_id": "1", "quantity": 1}]}
    run("fulfilment-on-warehouse-answer", on_warehouse_answer, _deliver({"message_id": "m", **answer}))
    run("fulfilment-on-warehouse-answer", on_warehouse_answer, _deliver({"message_id": "m", **answer}))
    happened = events(order)
    run("fulfilment-on-fulfilment-shipped", on_fulfilment_shipped, _deliver(happened["FulfilmentShipped"]))
    task("payments-tasks", payments_tasks, "capture_payment", order, fulfilment_id=fulfilment_id)
    for type in ("OrderConfirmed", "FulfilmentShipped"):
        run("notifications-on-order-event", on_order_event, _deliver(happened[type]))

    refused = shop.placed(("A", 1))
    task("payments-tasks", payments_tasks, "authorise_payment", refused)
    task("orders-tasks", orders_tasks, "confirm_order", refused)
    task("payments-tasks", payments_tasks, "void_payment", refused)
    task("orders-tasks", orders_tasks, "refuse_order", refused, reason="unavailable")
    task("orders-tasks", orders_tasks, "park_compensation", refused, state="VoidPayment", error="?", reason="?")
    run("notifications-on-order-event", on_order_event, _deliver(events(refused)["OrderRefused"]))

    shop.placed(("A", 1))
    with clock.at(clock.now() + timedelta(hours=1)):
        run("inventory-tasks", inventory_tasks, json.loads(RELEASE))
        run("orders-tasks", orders_tasks, {"task": "serve_waiting"})
    assert shop.stock("A") == {"leeds": (8, 8, 0)}  # one shipped, one not found

    shopper = Principal("user", "usr_keys", roles=frozenset({Role.SHOPPER}))
    begun = customers.request_erasure(shopper.id, expected_version=customers.enter(shopper).version, by=shopper)
    assert begun.due is not None
    for minutes in (0, 66):
        with clock.at(begun.due + timedelta(minutes=minutes)):
            run("customers-tasks", customers_tasks, {"task": "continue_erasures"})
    assert customers.read_erasure(shopper.id, shopper).step == "done"

    assert set(records.asked) == set(FUNCTIONS) - {""}
    refusals = [
        (function, *asked)
        for function, touched in records.asked.items()
        for asked in sorted(touched, key=str)
        if not any(_allows(statement, *asked) for statement in policy_of(guarded, function))
    ]
    assert refusals == []


def _allows(statement: dict[str, Any], action: str, pk: str, index: str | None) -> bool:
    """Whether a statement lets the table be asked this, its leading keys considered."""
    resource = f"table/aisle-{STAGE}" + (f"/index/{index}" if index else "")
    actions, resources = (_listed(statement.get(part, [])) for part in ("Action", "Resource"))
    if f"dynamodb:{action}" not in actions or not any(one.endswith(f":{resource}") for one in resources):
        return False
    prefixes = statement.get("Condition", {}).get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", ["*"])
    return any(fnmatchcase(pk, pattern) for pattern in _listed(prefixes))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
