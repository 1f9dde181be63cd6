"""The life of an order, step by step, through the handlers that are deployed, against a table of its own.

Each step is run once against the local cloud's DynamoDB, and what went over the wire is counted; then again and again
against the recorded answers, for the CPU that it takes. The table has no pipe, so nothing else works on the order. Starting
the workflow and sending to queues is answered here.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench.inside import market, pickup
from bench.inside.handlers import ADMIN, Handlers, request
from bench.inside.ledger import Ledger
from bench.inside.steps import TOKEN, Heard, Life, Steps
from bench.units import Index

TABLE = "aisle-bench"
CHANNEL, LOCATION, CURRENCY = "bench", "wh-bench", "GBP"
LINES = 10
"""Of the order with which all that may follow, and the marketplace, is measured; of others only themselves are."""
HAND_OUT = "hand an event to webhooks, of which there are none"


def live(life: Life, handlers: Handlers, lines: int) -> None:
    """Every step, in turn."""
    skus = _open_shop(handlers, lines)
    receipt = {"location_id": LOCATION, "lines": [{"sku": sku, "quantity": 100_000} for sku in skus]}
    receive = request("POST", "/v1/inventory/receipts", receipt, claims=ADMIN)
    life.step("receive stock", "api", lambda: handlers.api(receive, 201))

    order = _order(skus)
    handlers.api(request("POST", "/v1/orders", order), 202)  # keeps the list of locations, as a warm function does
    place = request("POST", "/v1/orders", order)
    placed = life.step("place order", "api", lambda: handlers.api(place, 202))
    order_id = placed["id"]

    read = request("GET", "/v1/orders/{order_id}", parts={"order_id": order_id})
    life.step("read order", "api", lambda: handlers.api(read, 200))
    for _ in range(20):
        handlers.api(request("POST", "/v1/orders", order), 202)
    listed = request("GET", "/v1/orders", query={"limit": "20"})
    handlers.api(listed, 200)  # the key that signs cursors is fetched once per warm function
    life.step("list 20 orders", "api", lambda: handlers.api(listed, 200))
    ten = {"currency": CURRENCY, "channel": CHANNEL, "lines": order["lines"], "country": "GB"}
    quote = request("POST", "/v1/quotes", ten)
    life.step("quote", "api", lambda: handlers.api(quote, 200))

    _work(life, handlers, order_id)
    if lines != LINES:
        return
    _return(life, handlers, order_id)
    _cancel(life, handlers, handlers.api(request("POST", "/v1/orders", order), 202)["id"])
    pickup.collect(life, handlers, order, LOCATION)
    market.trade(life, handlers, order)


def _work(life: Life, handlers: Handlers, order_id: str) -> None:
    step = Steps(life, handlers, order_id)
    step.told("webhooks-on-event", HAND_OUT, "OrderPlaced")
    step.told("orders-on-order-placed", "start workflow", "OrderPlaced")
    step.task("authorise payment", "payments-tasks", task="authorise_payment")
    confirmed = step.task("confirm order", "orders-tasks", task="confirm_order")
    [part] = [one["fulfilment_id"] for one in confirmed["fulfilments"]]
    step.told("notifications-on-order-event", "notify of OrderConfirmed", "OrderConfirmed")
    step.told("taxes-on-order-event", "book tax of OrderConfirmed", "OrderConfirmed")
    step.task(
        "dispatch fulfilment", "fulfilment-tasks", task="dispatch_fulfilment", fulfilment_id=part, task_token=TOKEN
    )

    def answered(type: str, **more: Any) -> None:
        body = {"message_id": f"{part}-{type}", "fulfilment_id": part, "type": type, **more}
        step.message(f"record {type}", "fulfilment-on-warehouse-answer", body)

    answered("packed")
    tracking = {"carrier": "Bench Parcels", "number": "BP123456789GB"}
    answered("shipped", lines=_order_lines(life, order_id), tracking=tracking)
    step.told("fulfilment-on-fulfilment-shipped", "complete task", "FulfilmentShipped")
    step.told("notifications-on-order-event", "notify of FulfilmentShipped", "FulfilmentShipped")
    step.task("capture payment", "payments-tasks", task="capture_payment", fulfilment_id=part)
    answered("delivered")
    step.told("notifications-on-order-event", "notify of FulfilmentDelivered", "FulfilmentDelivered")


def _return(life: Life, handlers: Handlers, order_id: str) -> None:
    """Every unit of the order comes back at once, and is paid back."""
    life.part_of = "return"
    step = Steps(life, handlers, order_id)
    lines = _order_lines(life, order_id)
    reasoned = [{**line, "reason": "changed_mind"} for line in lines]
    path = "/v1/orders/{order_id}/returns"
    announced = step.asks("announce return", path, {"lines": reasoned}, 201, order_id=order_id)
    given = {"return_id": announced["id"]}
    step.told("returns-on-return-authorised", "start return workflow", "ReturnAuthorised")
    step.task("issue label", "returns-tasks", task="issue_label", **given)
    step.task("wait for goods", "returns-tasks", task="await_goods", seen=0, task_token=TOKEN, **given)
    received = {"location_id": LOCATION, "lines": lines}
    step.asks("receive return", "/v1/returns/{return_id}/receipts", received, 200, claims=ADMIN, **given)
    found = {"lines": [{**line, "disposition": "restock"} for line in lines]}
    step.asks("inspect return", "/v1/returns/{return_id}/inspections", found, 200, claims=ADMIN, **given)
    step.told("returns-on-return-progressed", "complete return task", "ReturnInspected")
    step.task("refund payment", "payments-tasks", task="settle_payment")
    step.told("taxes-on-order-event", "book tax of RefundRequested", "RefundRequested")


def _cancel(life: Life, handlers: Handlers, order_id: str) -> None:
    """The whole of a confirmed order is called off."""
    handlers.task("payments-tasks", order_id=order_id, task="authorise_payment")
    confirmed = handlers.task("orders-tasks", order_id=order_id, task="confirm_order")
    [part] = [one["fulfilment_id"] for one in confirmed["fulfilments"]]
    handlers.task(
        "fulfilment-tasks", order_id=order_id, task="dispatch_fulfilment", fulfilment_id=part, task_token=TOKEN
    )
    life.part_of = "cancellation"
    step = Steps(life, handlers, order_id)
    cancelled = step.asks("cancel order", "/v1/orders/{order_id}/cancellations", {}, 201, order_id=order_id)
    given = {"cancellation_id": cancelled["id"]}
    step.told("orders-on-order-cancelled", "start cancel workflow", "OrderCancelled")
    found = step.task("finish cancellation", "orders-tasks", task="finish_cancellation", **given)
    recalls = {"recalls": found["recalls"]}
    step.task("recall fulfilments", "fulfilment-tasks", task="recall_fulfilments", **given, **recalls)
    step.task("void payment", "payments-tasks", task="settle_payment")
    step.told("taxes-on-order-event", "book tax of OrderCancelled", "OrderCancelled")


def _order_lines(life: Life, order_id: str) -> list[dict[str, Any]]:
    item = life.ledger.dynamodb.get_item(
        TableName=TABLE, Key={"pk": {"S": f"ORDER#{order_id}"}, "sk": {"S": "ORDER"}}, ConsistentRead=True
    )["Item"]
    document = json.loads(item["document"]["S"])
    return [{"line_id": line["id"], "quantity": line["ordered"]} for line in document["lines"]]


def _open_shop(handlers: Handlers, lines: int) -> list[str]:
    address = {"line1": "1 Mill Lane", "city": "Leeds", "country": "GB"}
    location = {
        "id": LOCATION,
        "name": "Bench warehouse",
        "type": "warehouse",
        "priority": 1,
        "channels": [CHANNEL],
        "address": address,
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

    dynamodb: Any = botocore.session.get_session().create_client("dynamodb")
    with suppress(dynamodb.exceptions.ResourceNotFoundException):
        dynamodb.delete_table(TableName=TABLE)
    dynamodb.create_table(TableName=TABLE, BillingMode="PAY_PER_REQUEST", **shape)
    indexes = [
        Index(
            one["IndexName"],
            tuple(part["AttributeName"] for part in one["KeySchema"]),
            None
            if one["Projection"]["ProjectionType"] == "ALL"
            else tuple(one["Projection"].get("NonKeyAttributes", ())),
        )
        for one in shape["GlobalSecondaryIndexes"]
    ]
    return dynamodb, [part["AttributeName"] for part in shape["KeySchema"]], indexes


def main() -> None:
    given = json.load(sys.stdin)
    os.environ["AISLE_TABLE"] = TABLE  # before anything of ours is imported: settings are read once
    heard = Heard()
    sys.stdout = heard
    dynamodb, key, indexes = _made_table(given["table"])
    life = Life(Ledger(dynamodb, TABLE, key, indexes), heard)
    try:
        live(life, Handlers(given["handlers"]), given["lines"])
    except BaseException:
        sys.stderr.write("".join(heard.last))
        raise
    dynamodb.delete_table(TableName=TABLE)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    Path(given["result"]).write_text(json.dumps({"steps": life.steps, "peak_mb": peak}))


if __name__ == "__main__":
    main()
