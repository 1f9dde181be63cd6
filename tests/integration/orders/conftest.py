"""A shop on a real DynamoDB, in this process: the API as the gateway calls it, and a wire on which answers get lost."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, IncompleteReadError

from chalicelib.core import outbox
from chalicelib.core.auth import Principal, system
from chalicelib.core.idempotency import Idempotency, no_answer
from chalicelib.core.table import Item
from chalicelib.inventory import service as inventory
from chalicelib.inventory.domain import AdjustmentReason
from chalicelib.orders import store
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, Reply, request
from tests.integration.inventory.conftest import dynamodb_url, real_table

__all__ = ["dynamodb_url", "real_table"]

WORKFLOW = system("workflow")
Send = Callable[[AWSPreparedRequest], AWSResponse]
Fault = Callable[[AWSPreparedRequest, Send], AWSResponse]


class Wire:
    """The HTTP session of the DynamoDB client. Each fault stands in for one request of its operation."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._faults: dict[str, deque[Fault]] = {}

    def next(self, operation: str, *faults: Fault) -> None:
        """What becomes of the next requests of an operation; those after them go through."""
        self._faults.setdefault(operation, deque()).extend(faults)

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """As botocore calls it."""
        target = request.headers["X-Amz-Target"]
        operation = (target.decode() if isinstance(target, bytes) else str(target)).partition(".")[2]
        waiting = self._faults.get(operation)
        return waiting.popleft()(request, self._session.send) if waiting else self._session.send(request)

    def close(self) -> None:
        """As botocore calls it."""
        self._session.close()


def request_lost(request: AWSPreparedRequest, send: Send) -> AWSResponse:
    """It never arrives, and the client gives up."""
    raise IncompleteReadError(actual_bytes=0, expected_bytes=1)


def answer_lost(request: AWSPreparedRequest, send: Send) -> AWSResponse:
    """It is carried out, nobody hears of it, and the client gives up."""
    assert send(request).status_code == 200
    raise IncompleteReadError(actual_bytes=0, expected_bytes=1)


def connection_closed(request: AWSPreparedRequest, send: Send) -> AWSResponse:
    """It is carried out, nobody hears of it, and the client sends it again."""
    assert send(request).status_code == 200
    raise ConnectionClosedError(endpoint_url=request.url)


def first(do: Callable[[], Any]) -> Fault:
    """Something else happens just before."""

    def happen(request: AWSPreparedRequest, send: Send) -> AWSResponse:
        do()
        return send(request)

    return happen


def meeting(count: int) -> list[Fault]:
    """So many requests wait for each other, and are then sent at once."""
    barrier = Barrier(count)

    def meet(request: AWSPreparedRequest, send: Send) -> AWSResponse:
        barrier.wait(60)
        return send(request)

    return [meet] * count


def in_conflict(request: AWSPreparedRequest, send: Send) -> AWSResponse:
    """Another transaction holds an item. The local cloud never says so; DynamoDB does, in these words."""
    count = len(json.loads(request.body)["TransactItems"])
    reasons = [{"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}]
    return _answer(
        request,
        400,
        {
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons",
            "CancellationReasons": reasons + [{"Code": "None"}] * (count - 1),
        },
    )


def without_stock(request: AWSPreparedRequest, send: Send) -> AWSResponse:
    """An eventually consistent read that does not know of the latest receipts."""
    assert not json.loads(request.body)["RequestItems"][Item.Meta.table_name].get("ConsistentRead")
    answer = json.loads(send(request).content)
    rows = answer["Responses"][Item.Meta.table_name]
    answer["Responses"][Item.Meta.table_name] = [row for row in rows if not row["pk"]["S"].startswith("STOCK#")]
    return _answer(request, 200, answer)


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._content


def _answer(request: AWSPreparedRequest, status: int, document: dict[str, Any]) -> AWSResponse:
    return AWSResponse(
        request.url, status, {"Content-Type": "application/x-amz-json-1.0"}, _Body(json.dumps(document).encode())
    )


@dataclass
class Shop:
    """A shop with one warehouse; more can be opened. Everything goes through the application."""

    dynamodb: Any
    category: str = ""

    def call(
        self, method: str, path: str, by: Principal | None = ADMIN, json: Any = None, key: str | None = None
    ) -> Reply:
        from app import app

        return request(app, method, path, json=json, by=by, headers={"Idempotency-Key": key or uuid4().hex})

    def opens(self, location: str, priority: int = 1) -> None:
        """A warehouse for channel web."""
        body = {
            "id": location,
            "name": location,
            "type": "warehouse",
            "priority": priority,
            "channels": ["web"],
            "address": {"line1": "1 Mill Lane", "city": location, "country": "GB"},
        }
        assert self.call("POST", "/v1/inventory/locations", json=body).status == 201

    def sells(self, sku: str, price: int = 500, **units: int) -> str:
        """A SKU with units by location."""
        variant = {
            "sku": sku,
            "name": sku,
            "status": "active",
            "tax_rate_bps": 2000,
            "prices": [{"channel": "web", "currency": "GBP", "amount": price}],
        }
        body = {"title": sku, "category_id": self.category, "status": "active", "variants": [variant]}
        made = self.call("POST", "/v1/products", json=body)
        assert made.status == 201, made
        for location, quantity in units.items():
            self.moves(location, sku, quantity)
        return sku

    def moves(self, location: str, sku: str, quantity: int) -> None:
        """Units found, or lost. By the service: it may happen while the application answers a request."""
        inventory.adjust_stock(
            location,
            [(sku, quantity)],
            AdjustmentReason.FOUND if quantity > 0 else AdjustmentReason.LOST,
            reference=None,
            by=ADMIN,
            once=Idempotency.of("test", uuid4().hex, b""),
            answer=lambda _: no_answer(),
        )

    def order(self, *lines: tuple[str, int], key: str | None = None, token: str = "tok_approve") -> Reply:
        """A shopper orders."""
        body = {
            "currency": "GBP",
            "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines],
            "contact": {"name": "Ada Lovelace"},
            "shipping_address": {"name": "Ada", "line1": "12 St James Square", "city": "London", "country": "GB"},
            "payment": {"token": token},
        }
        return self.call("POST", "/v1/orders", by=SHOPPER, json=body, key=key)

    def placed(self, *lines: tuple[str, int], token: str = "tok_approve") -> str:
        """The id of an order just placed."""
        reply = self.order(*lines, token=token)
        assert reply.status == 202, reply
        order_id: str = reply.json["id"]
        return order_id

    def read(self, order_id: str) -> Any:
        return self.call("GET", f"/v1/orders/{order_id}").json

    def payment(self, order_id: str) -> Any:
        return self.call("GET", f"/v1/orders/{order_id}/payment").json

    def ships(self, fulfilment_id: str, key: str | None = None, **units: int) -> Reply:
        """The warehouse answers, by number of the line: `ships(id, line_1=2)`."""
        lines = [{"line_id": line.removeprefix("line_"), "quantity": count} for line, count in units.items()]
        path = f"/v1/fulfilments/{fulfilment_id}/answers"
        return self.call("POST", path, by=ASSOCIATE, json={"type": "shipped", "lines": lines}, key=key)

    def stock(self, sku: str) -> dict[str, tuple[int, int, int]]:
        """On hand, available and reserved units by location."""
        rows = self.call("GET", f"/v1/inventory/stock/{sku}").json["items"]
        return {row["location_id"]: (row["on_hand"], row["available"], row["reserved"]) for row in rows}

    def events(self, order_id: str) -> list[str]:
        """The types in an order's timeline, in no order."""
        return sorted(event.type for event in outbox.timeline(store.order_pk(order_id)))

    def count(self, sk: str) -> int:
        """How many items of a kind there are."""
        answer = self.dynamodb.scan(
            TableName=Item.Meta.table_name,
            FilterExpression="sk = :sk",
            ExpressionAttributeValues={":sk": {"S": sk}},
            ConsistentRead=True,
        )
        found: int = answer["Count"]
        return found


@pytest.fixture
def shop(real_table: Any) -> Shop:
    """A shop whose warehouse `leeds` is empty."""
    shop = Shop(real_table)
    shop.category = shop.call("POST", "/v1/categories", json={"name": "All", "slug": "all"}).json["id"]
    shop.opens("leeds")
    return shop


@pytest.fixture
def wire(shop: Shop) -> Iterator[Wire]:
    """The wire between the services and DynamoDB."""
    endpoint = Item._get_connection().connection.client._endpoint
    wire = Wire(endpoint.http_session)
    endpoint.http_session = wire
    yield wire
    endpoint.http_session = wire._session
