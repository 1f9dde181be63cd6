"""Customers and their real orders: claimed, exported, told of, and forgotten."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core import clock
from chalicelib.core.auth import system
from chalicelib.core.idempotency import no_answer
from chalicelib.core.outbox import Event, timeline
from chalicelib.customers import service
from chalicelib.customers.service import Claimed
from chalicelib.inventory.service import forget_locations
from chalicelib.notifications.consumers import on_order_event
from chalicelib.orders import service as orders
from chalicelib.orders.domain import NAMELESS
from chalicelib.orders.store import order_pk
from tests.conftest import ADMIN, ASSOCIATE
from tests.integration.orders.conftest import Shop
from tests.unit.customers.builders import a_key, a_shopper, has_proven, the_customer
from tests.unit.notifications.builders import FakeSender

ADA = a_shopper()
ADDRESS = {"name": "Ada Lovelace", "line1": "12 St James Square", "city": "London", "country": "GB"}


@pytest.fixture
def shop(table: Any) -> Shop:
    """A shop with ten of A."""
    forget_locations()
    shop = Shop(table)
    shop.category = shop.call("POST", "/v1/categories", json={"name": "All", "slug": "all"}).json["id"]
    shop.opens("leeds")
    shop.sells("A", leeds=10)
    return shop


def a_guest_orders(shop: Shop, email: str = "ADA@example.com") -> str:
    """The id of an order without an account, as a till takes it."""
    body = {
        "currency": "GBP",
        "lines": [{"sku": "A", "quantity": 1}],
        "contact": {"name": "Ada Lovelace", "email": email, "phone": "+447700900123"},
        "shipping_address": ADDRESS,
        "payment": {"token": "tok_approve"},
    }
    reply = shop.call("POST", "/v1/orders", by=ASSOCIATE, json=body)
    assert reply.status == 202, reply
    return str(reply.json["id"])


def claim() -> Claimed:
    made: list[Claimed] = []
    service.claim_orders(by=ADA, once=a_key(), answer=lambda claimed: made.append(claimed) or no_answer())
    return made[0]


def deliver(event: Event) -> None:
    body = json.dumps({"detail": json.loads(event.to_json())})
    source = "arn:aws:sqs:eu-west-1:123456789012:any"
    on_order_event(
        {"Records": [{"messageId": "1", "receiptHandle": "1", "body": body, "eventSourceARN": source}]}, None
    )


def test_a_guests_orders_become_the_customers_and_are_exported(shop: Shop) -> None:
    mine, others = a_guest_orders(shop), a_guest_orders(shop, "eve@example.com")
    has_proven("usr_ada", "ada@example.com")
    assert claim() == Claimed((mine,), more=False)
    assert claim() == Claimed((), more=False)
    assert (shop.read(mine)["customer_id"], shop.read(others)["customer_id"]) == ("usr_ada", None)
    page = service.export_customer("usr_ada", 100, None, ADA)
    [order] = [record.content for record in page.items if record.kind == "order"]
    assert (order["id"], order["contact"]["email"], order["shipping_address"]["line1"]) == (
        mine,
        "ADA@example.com",
        "12 St James Square",
    )
    json.dumps(order)


def test_a_customers_orders_are_forgotten_once_they_are_not_under_way(
    shop: Shop, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = a_guest_orders(shop)
    has_proven("usr_ada", "ada@example.com")
    claim()
    service.request_erasure("usr_ada", expected_version=the_customer().version, by=ADA)
    sign_ins = type("SignIns", (), {"remove": lambda self, customer_id: None})()
    now = clock.now()

    def go_on(after: timedelta) -> dict[str, int]:
        with clock.at(now + after):
            return service.continue_erasures(system("customers"), within=60, sign_ins=sign_ins)

    go_on(timedelta(seconds=1))
    go_on(timedelta(hours=2))
    waiting = service.read_erasure("usr_ada", ADMIN)
    assert (waiting.step, shop.read(order_id)["contact"]["name"]) == ("records", "Ada Lovelace")
    orders.refuse_order(order_id, "unavailable", system("workflow"))
    go_on(timedelta(days=2))
    assert service.read_erasure("usr_ada", ADMIN).step == "done"
    assert shop.read(order_id)["contact"] == {"name": NAMELESS}
    left = json.dumps(table.scan(TableName="aisle-test", ConsistentRead=True)["Items"], default=str)
    for personal in ("Lovelace", "+447700900123", "St James", "ADA@example.com", "ada@example.com"):
        assert personal not in left

    told = FakeSender()
    monkeypatch.setattr("chalicelib.notifications.service.tell_customer.AwsSender", lambda: told)
    [refused] = [event for event in timeline(order_pk(order_id)) if event.type == "OrderRefused"]
    deliver(refused)
    assert told.sent == []


def test_an_order_is_told_of_in_the_words_of_its_goods(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    told = FakeSender()
    monkeypatch.setattr("chalicelib.notifications.service.tell_customer.AwsSender", lambda: told)
    order_id = a_guest_orders(shop)
    orders.confirm_order(order_id, system("workflow"))
    [confirmed] = [event for event in timeline(order_pk(order_id)) if event.type == "OrderConfirmed"]
    deliver(confirmed)
    assert told.sent == [("topic", "None"), ("sms", "+447700900123")]
    assert told.messages[1].text == f"Thank you, Ada Lovelace. Your order {order_id} is confirmed."
