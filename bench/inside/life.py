"""The life of an order, step by step, through the handlers that are deployed, against a table of its own.

Each step is run once against the local cloud's DynamoDB, and what went over the wire is counted; then again and again
against the recorded answers, for the CPU that it takes. The table has no pipe, so nothing else works on the order. Starting
the workflow and sending to queues is answered here.
"""

from __future__ import annotations

import io
import json
import os
import resource
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from statistics import median
from time import process_time
from typing import Any, cast
from uuid import uuid4

from bench.inside.wire import Tape, recording, replaying, unheard
from bench.units import Index, index_units, read_units, size_of, write_units

TABLE = "aisle-bench"
CHANNEL, LOCATION, CURRENCY = "bench", "wh-bench", "GBP"
REPETITIONS, WARM_UP = 60, 6

STUBBED = {
    ("stepfunctions", "StartExecution"): {"executionArn": "arn:aws:states:::execution:bench", "startDate": 0},
    ("stepfunctions", "SendTaskSuccess"): {},
    ("sqs", "SendMessage"): {"MessageId": "bench"},
}

Run = Callable[[], Any]


class Ledger:
    """Request units, computed from what each call read and wrote."""

    def __init__(self, dynamodb: Any, key: list[str], indexes: list[Index]) -> None:
        self._dynamodb = dynamodb
        self._key = key
        self._indexes = indexes
        self.reset()

    def reset(self) -> None:
        """Count from zero."""
        self.writes = self.index_writes = 0
        self.reads = 0.0
        self.items: list[dict[str, Any]] = []

    def look(self, operation: str, request: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
        """Called before a call; the function it returns is called after."""
        touched = self._touched(operation, request)
        before = self._images(touched)

        def done(answer: dict[str, Any]) -> None:
            after = self._images(touched)
            for at in touched:
                images = before.get(at), after.get(at)
                units = write_units(*images, transactional=operation == "TransactWriteItems")
                in_indexes = index_units(*images, self._indexes, self._key)
                self.writes += units
                self.index_writes += in_indexes
                size = max(map(size_of, images))
                self.items.append({"item": _kind(at), "bytes": size, "units": units, "index_units": in_indexes})
            self.reads += _reads(operation, request, answer)

        return done

    def _touched(self, operation: str, request: dict[str, Any]) -> list[tuple[str, ...]]:
        match operation:
            case "TransactWriteItems":
                actions = [next(iter(action.values())) for action in request["TransactItems"]]
            case "PutItem" | "UpdateItem" | "DeleteItem":
                actions = [request]
            case _:
                return []
        holders = [action.get("Key") or action["Item"] for action in actions]
        return [tuple(holder[name]["S"] for name in self._key) for holder in holders]

    def _images(self, touched: list[tuple[str, ...]]) -> dict[tuple[str, ...], Any]:
        if not touched:
            return {}
        keys = [{name: {"S": part} for name, part in zip(self._key, at, strict=True)} for at in touched]
        with unheard():
            found = self._dynamodb.batch_get_item(RequestItems={TABLE: {"Keys": keys, "ConsistentRead": True}})
        return {tuple(item[name]["S"] for name in self._key): item for item in found["Responses"][TABLE]}


def _kind(key: tuple[str, ...]) -> str:
    """`ORDER# EVENT#` of a key: what it is, without whose."""
    return " ".join(part.partition("#")[0] for part in key)


def _reads(operation: str, request: dict[str, Any], answer: dict[str, Any]) -> float:
    match operation:
        case "GetItem":
            return read_units(
                [size_of(answer.get("Item"))], consistent=request.get("ConsistentRead", False), together=False
            )
        case "BatchGetItem":
            [(table, asked)] = request["RequestItems"].items()
            found = [size_of(item) for item in answer["Responses"].get(table, [])]
            missing = [0] * (len(asked["Keys"]) - len(found))
            return read_units(found + missing, consistent=asked.get("ConsistentRead", False), together=False)
        case "Query":
            sizes = [size_of(item) for item in answer["Items"]]
            return read_units(sizes, consistent=request.get("ConsistentRead", False), together=True)
        case _:
            return 0.0


class _Heard(io.StringIO):
    """Standard output, of which only the number of bytes matters."""

    bytes = 0

    def write(self, text: str) -> int:
        self.bytes += len(text.encode())
        return len(text)


@dataclass
class Life:
    """The steps so far, and what each cost."""

    ledger: Ledger
    heard: _Heard
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)

    def step(self, name: str, run: Run) -> Any:
        """Run once against the cloud and count; then repeat against its answers and take the median of the CPU."""
        tape = Tape()
        ledger, logged = self.ledger, self.heard.bytes
        ledger.reset()
        with recording(tape, _stubbed, ledger.look):
            result = run()
        calls = [call for call in tape.calls if call.service == "dynamodb"]
        self.steps[name] = {
            "round_trips": len(calls),
            "write_units": ledger.writes,
            "index_write_units": ledger.index_writes,
            "read_units": ledger.reads,
            "items": ledger.items,
            "sent": sum(call.sent for call in calls),
            "received": sum(call.received for call in calls),
            "others": [f"{call.service}:{call.operation}" for call in tape.calls if call.service != "dynamodb"],
            "log_bytes": self.heard.bytes - logged,
            "answer_bytes": len(json.dumps(result)),
        }
        with replaying(tape):
            self.steps[name]["cpu_ms"] = _cpu_ms(run)
        return result


def _stubbed(service: str, operation: str) -> dict[str, Any] | None:
    return STUBBED.get((service, operation))


def _cpu_ms(run: Run) -> float:
    taken = []
    for _ in range(WARM_UP + REPETITIONS):
        began = process_time()
        run()
        taken.append(process_time() - began)
    return median(taken[WARM_UP:]) * 1000


# ---- what invokes the handlers ------------------------------------------------------------------------------------------


class _Context:
    aws_request_id = "bench"
    function_name = "aisle"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:::function:aisle"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


SHOPPER = {"sub": "usr_bench", "username": "usr_bench", "scope": "aws.cognito.signin.user.admin", "cognito:groups": "shopper"}
ADMIN = {**SHOPPER, "sub": "usr_admin", "username": "usr_admin", "cognito:groups": "admin"}


def request(
    method: str,
    resource: str,
    body: Any = None,
    *,
    claims: dict[str, str] = SHOPPER,
    parts: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
) -> str:
    """An API Gateway proxy event, as the text that the Lambda runtime gets."""
    headers = {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "Idempotency-Key": uuid4().hex,
        "User-Agent": "bench",
        "X-Forwarded-For": "192.0.2.1",
    }
    path = resource
    for name, part in (parts or {}).items():
        path = path.replace(f"{{{name}}}", part)
    return json.dumps(
        {
            "resource": resource,
            "path": path,
            "httpMethod": method,
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": query,
            "multiValueQueryStringParameters": {name: [value] for name, value in (query or {}).items()} or None,
            "pathParameters": parts,
            "stageVariables": None,
            "requestContext": {
                "resourcePath": resource,
                "httpMethod": method,
                "path": path,
                "stage": "bench",
                "requestId": uuid4().hex,
                "identity": {"sourceIp": "192.0.2.1"},
                "authorizer": {"claims": claims},
            },
            "body": None if body is None else json.dumps(body),
            "isBase64Encoded": False,
        }
    )


class Handlers:
    """The functions of the package, called as the Lambda runtime calls them: JSON text in, JSON text out."""

    def api(self, event: str, expect: int) -> Any:
        """Call the API function; its answer's status must be `expect`."""
        answer = self._call("app.app", event)
        if answer["statusCode"] != expect:
            raise RuntimeError(f"{answer['statusCode']}: {answer['body']}")
        return json.loads(answer["body"] or "null")

    def task(self, handler: str, **payload: Any) -> Any:
        return self._call(handler, json.dumps(payload))

    def message(self, handler: str, body: Any) -> Any:
        record = {
            "messageId": uuid4().hex,
            "receiptHandle": "bench",
            "body": json.dumps(body),
            "attributes": {"ApproximateReceiveCount": "1"},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:bench",
            "awsRegion": "eu-west-1",
        }
        return self._call(handler, json.dumps({"Records": [record]}))

    def _call(self, handler: str, event: str) -> Any:
        module, _, name = handler.rpartition(".")
        function = getattr(import_module(module), name)
        return json.loads(json.dumps(function(json.loads(event), _Context())))


# ---- the life of an order -----------------------------------------------------------------------------------------------


def live(life: Life, handlers: Handlers, lines: int) -> None:
    """Every step, in turn."""
    skus = _open_shop(handlers, lines)
    receipt = {"location_id": LOCATION, "lines": [{"sku": sku, "quantity": 100_000} for sku in skus]}
    receive = request("POST", "/v1/inventory/receipts", receipt, claims=ADMIN)
    life.step("receive stock", lambda: handlers.api(receive, 201))

    order = _order(skus)
    handlers.api(request("POST", "/v1/orders", order), 202)  # keeps the list of locations, as a warm function does
    place = request("POST", "/v1/orders", order)
    placed = life.step("place order", lambda: handlers.api(place, 202))
    order_id = placed["id"]

    read = request("GET", "/v1/orders/{order_id}", parts={"order_id": order_id})
    life.step("read order", lambda: handlers.api(read, 200))
    for _ in range(20):
        handlers.api(request("POST", "/v1/orders", order), 202)
    listed = request("GET", "/v1/orders", query={"limit": "20"})
    handlers.api(listed, 200)  # the key that signs cursors is fetched once per warm function
    life.step("list 20 orders", lambda: handlers.api(listed, 200))

    _work(life, handlers, order_id)


def _work(life: Life, handlers: Handlers, order_id: str) -> None:
    def event(type: str) -> dict[str, Any]:
        return _event(life, order_id, type)

    placed = event("OrderPlaced")
    life.step(
        "start workflow", lambda: handlers.message("chalicelib.orders.consumers.on_order_placed", {"detail": placed})
    )
    payments, orders = "chalicelib.payments.tasks.payments_tasks", "chalicelib.orders.tasks.orders_tasks"
    life.step("authorise payment", lambda: handlers.task(payments, task="authorise_payment", order_id=order_id))
    confirmed = life.step("confirm order", lambda: handlers.task(orders, task="confirm_order", order_id=order_id))
    [fulfilment] = [one["fulfilment_id"] for one in confirmed["fulfilments"]]
    _tell(life, handlers, event("OrderConfirmed"))
    life.step(
        "dispatch fulfilment",
        lambda: handlers.task(
            "chalicelib.fulfilment.tasks.fulfilment_tasks",
            task="dispatch_fulfilment",
            order_id=order_id,
            fulfilment_id=fulfilment,
            task_token="t" * 600,  # about as long as those of AWS
        ),
    )
    _answer(life, handlers, "packed", fulfilment, order_id)
    _answer(life, handlers, "shipped", fulfilment, order_id)
    shipped = event("FulfilmentShipped")
    life.step(
        "complete task",
        lambda: handlers.message("chalicelib.fulfilment.consumers.on_fulfilment_shipped", {"detail": shipped}),
    )
    _tell(life, handlers, shipped)
    life.step(
        "capture payment",
        lambda: handlers.task(payments, task="capture_payment", order_id=order_id, fulfilment_id=fulfilment),
    )
    _answer(life, handlers, "delivered", fulfilment, order_id)


def _tell(life: Life, handlers: Handlers, event: dict[str, Any]) -> None:
    life.step(
        f"notify of {event['type']}",
        lambda: handlers.message("chalicelib.notifications.consumers.on_order_event", {"detail": event}),
    )


def _answer(life: Life, handlers: Handlers, type: str, fulfilment: str, order_id: str) -> None:
    lines = _order_lines(life, order_id) if type == "shipped" else []
    body = {"message_id": f"{fulfilment}-{type}", "fulfilment_id": fulfilment, "type": type, "lines": lines}
    if type == "shipped":
        body["tracking"] = {"carrier": "Bench Parcels", "number": "BP123456789GB"}
    life.step(
        f"record {type}", lambda: handlers.message("chalicelib.fulfilment.consumers.on_warehouse_answer", body)
    )


def _order_lines(life: Life, order_id: str) -> list[dict[str, Any]]:
    item = life.ledger._dynamodb.get_item(
        TableName=TABLE, Key={"pk": {"S": f"ORDER#{order_id}"}, "sk": {"S": "ORDER"}}, ConsistentRead=True
    )["Item"]
    document = json.loads(item["document"]["S"])
    return [{"line_id": line["id"], "quantity": line["ordered"]} for line in document["lines"]]


def _event(life: Life, order_id: str, type: str) -> dict[str, Any]:
    """The envelope that a step wrote, as the bus delivers it."""
    items = life.ledger._dynamodb.query(
        TableName=TABLE,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :event)",
        ExpressionAttributeValues={":pk": {"S": f"ORDER#{order_id}"}, ":event": {"S": "EVENT#"}},
        ConsistentRead=True,
    )["Items"]
    envelopes = [json.loads(item["event"]["S"]) for item in items]
    return cast(dict[str, Any], next(one for one in envelopes if one["type"] == type))


def _open_shop(handlers: Handlers, lines: int) -> list[str]:
    address = {"line1": "1 Mill Lane", "city": "Leeds", "country": "GB"}
    location = {
        "id": LOCATION, "name": "Bench warehouse", "type": "warehouse", "priority": 1, "channels": [CHANNEL], "address": address,
    }
    handlers.api(request("POST", "/v1/inventory/locations", location, claims=ADMIN), 201)
    category = handlers.api(request("POST", "/v1/categories", {"name": "Things", "slug": "things"}, claims=ADMIN), 201)
    skus = [f"BENCH-{number:05}" for number in range(lines)]
    for sku in skus:
        price = {"channel": CHANNEL, "currency": CURRENCY, "amount": 499}
        name = f"White hanging heart t-light holder {sku[-2:]}"
        variant = {"sku": sku, "name": name, "status": "active", "tax_rate_bps": 2000, "prices": [price]}
        product = {"title": name, "category_id": category["id"], "status": "active", "variants": [variant]}
        handlers.api(request("POST", "/v1/products", product, claims=ADMIN), 201)
    return skus


def _order(skus: list[str]) -> dict[str, Any]:
    return {
        "channel": CHANNEL,
        "currency": CURRENCY,
        "lines": [{"sku": sku, "quantity": 1 + number % 3} for number, sku in enumerate(skus)],
        "contact": {"name": "Ada Lovelace", "email": "ada@example.com", "language": "en-GB"},
        "shipping_address": {
            "name": "Ada Lovelace",
            "line1": "12 St James Square",
            "city": "London",
            "postal_code": "SW1Y 4JH",
            "country": "GB",
        },
        "payment": {"token": "tok_approve"},
    }


def _made_table(shape: dict[str, Any]) -> tuple[Any, list[str], list[Index]]:
    import botocore.session

    dynamodb = botocore.session.get_session().create_client("dynamodb")
    try:
        dynamodb.delete_table(TableName=TABLE)
    except dynamodb.exceptions.ResourceNotFoundException:
        pass
    dynamodb.create_table(TableName=TABLE, BillingMode="PAY_PER_REQUEST", **shape)
    indexes = [
        Index(
            one["IndexName"],
            tuple(part["AttributeName"] for part in one["KeySchema"]),
            None if one["Projection"]["ProjectionType"] == "ALL" else tuple(one["Projection"].get("NonKeyAttributes", ())),
        )
        for one in shape["GlobalSecondaryIndexes"]
    ]
    return dynamodb, [part["AttributeName"] for part in shape["KeySchema"]], indexes


def main() -> None:
    given = json.load(sys.stdin)
    os.environ["AISLE_TABLE"] = TABLE  # before anything of ours is imported: settings are read once
    heard = _Heard()
    sys.stdout = heard
    dynamodb, key, indexes = _made_table(given["table"])
    life = Life(Ledger(dynamodb, key, indexes), heard)
    live(life, Handlers(), given["lines"])
    dynamodb.delete_table(TableName=TABLE)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with open(given["result"], "w") as result:
        json.dump({"steps": life.steps, "peak_mb": peak}, result)


if __name__ == "__main__":
    main()
