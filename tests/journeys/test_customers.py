"""Customers from their first order as a guest until they are forgotten, and the messages that they get."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
import urllib3

from infra.local import users
from infra.local.testing import Answer
from tests.journeys.conftest import Shop, until
from tests.journeys.test_carts import guest_cart


@dataclass
class Customer:
    """Somebody with an account of their own, which no other test uses."""

    shop: Shop
    username: str
    token: str

    def get(self, path: str) -> Answer:
        return self.shop.stack.call("GET", path, token=self.token)

    def change(self, method: str, path: str, body: Any, of: str) -> Answer:
        """Change what is at the version that `of` answers with."""
        headers = {"If-Match": self.get(of).headers["ETag"]}
        return self.shop.stack.call(method, path, json=body, token=self.token, headers=headers)

    def post(self, path: str, body: Any = None) -> Answer:
        return self.shop.stack.call("POST", path, json=body, token=self.token, headers={"Idempotency-Key": uuid4().hex})


@pytest.fixture
def ada(shop: Shop) -> Customer:
    username = f"{uuid4().hex}@example.com"
    return Customer(shop, username, users.sign_up(shop.stack.record, "shopper", username)["token"])


def mails_to(shop: Shop, address: str) -> list[dict[str, Any]]:
    """What the local cloud's SES was given for this address, oldest first."""
    told = urllib3.request("GET", f"{shop.stack.endpoint_url}/_ministack/ses/messages", timeout=10).json()
    return [one for one in _records(told) if address in json.dumps(one)]


def texts_to(shop: Shop, phone: str) -> list[dict[str, Any]]:
    """What the local cloud's SNS was to send to this number."""
    url = f"{shop.stack.endpoint_url}/_ministack/sns/sms-messages"
    told = urllib3.request("GET", url, fields={"phoneNumber": phone}, timeout=10).json()
    return [one for one in _records(told) if phone in json.dumps(one)]


def _records(told: Any) -> list[dict[str, Any]]:
    """The innermost lists of records, however they are grouped."""
    if isinstance(told, list):
        return [one for one in told if isinstance(one, dict)]
    return [one for part in told.values() if isinstance(part, (dict, list)) for one in _records(part)]


def code_in(message: Any) -> str:
    found = re.search(r"\b(\d{6})\b", json.dumps(message))
    assert found is not None, message
    return found[1]


def prove_email(customer: Customer, address: str) -> None:
    assert customer.change("PATCH", "/v1/me", {"name": "Ada Lovelace", "email": address}, "/v1/me").status == 200
    before = len(mails_to(customer.shop, address))
    assert customer.post("/v1/me/email-verifications").status == 202
    code = code_in(until(lambda: mails_to(customer.shop, address)[before:])[-1])
    wrong = f"{(int(code) + 1) % 10**6:06}"
    assert customer.post("/v1/me/email-verifications/confirm", {"code": wrong}).status == 422
    confirmed = customer.post("/v1/me/email-verifications/confirm", {"code": code})
    assert (confirmed.status, confirmed.body["email_verified"]) == (200, True)


def bought_as_guest(shop: Shop, address: str) -> str:
    cart = guest_cart(shop)
    assert cart.holds(shop.sells(units=3), 1).status == 200
    placed = cart.check_out(uuid4().hex, contact={"name": "Ada Lovelace", "email": address})
    assert placed.status == 202, placed
    order_id = str(placed.body["order_id"])
    shop.reaches(order_id, "confirmed")
    return order_id


def test_a_guest_becomes_a_customer_and_is_forgotten(shop: Shop, ada: Customer) -> None:
    address = f"ada.{uuid4().hex}@example.org"
    order_id = bought_as_guest(shop, address)
    [mail] = until(lambda: mails_to(shop, address))
    assert order_id in json.dumps(mail)

    assert ada.get(f"/v1/orders/{order_id}").status == 404
    assert ada.post("/v1/me/claims").status in (403, 409, 422)
    prove_email(ada, address)
    claimed = ada.post("/v1/me/claims")
    assert (claimed.status, claimed.body) == (200, {"order_ids": [order_id], "more": False})
    assert ada.get(f"/v1/orders/{order_id}").status == 200

    exported = ada.get("/v1/me/export")
    assert exported.status == 200
    assert address in json.dumps(exported.body)
    assert order_id in json.dumps(exported.body)

    assert ada.change("DELETE", "/v1/me", None, "/v1/me").status == 202
    assert ada.get("/v1/me/erasure").body["step"] in ("sign_in", "records")
    found = shop.get("/v1/customers", "admin", email=address)
    assert (found.status, found.body["items"]) == (200, [])


@pytest.mark.alone  # it waits for a queue to be empty, which others fill
def test_customers_hear_where_they_want_to_and_once(shop: Shop, ada: Customer) -> None:
    address, phone = f"ada.{uuid4().hex}@example.org", f"+44770090{uuid4().int % 10_000:04}"
    prove_email(ada, address)
    assert ada.change("PATCH", "/v1/me", {"phone": phone}, "/v1/me").status == 200
    assert ada.post("/v1/me/phone-verifications").status == 202
    code = code_in(until(lambda: texts_to(shop, phone))[-1])
    assert ada.post("/v1/me/phone-verifications/confirm", {"code": code}).status == 200
    wanted = [
        {"purpose": "order_updates", "channel": "sms", "granted": True},
        {"purpose": "order_updates", "channel": "email", "granted": False},
    ]
    body = {"changes": wanted, "source": "account", "wording": "2026-01"}
    assert ada.change("PATCH", "/v1/me/consents", body, "/v1/me/consents").status == 200

    mailed, texted = len(mails_to(shop, address)), len(texts_to(shop, phone))
    order = shop.order((shop.sells(units=3), 1), contact={"name": "Ada Lovelace", "email": address, "phone": phone})
    placed = ada.post("/v1/orders", order)
    assert placed.status == 202, placed
    shop.reaches(placed.body["id"], "confirmed")
    [told] = until(lambda: texts_to(shop, phone)[texted:])
    assert placed.body["id"] in json.dumps(told)
    _hears_again(shop, placed.body["id"])
    assert (len(texts_to(shop, phone)), len(mails_to(shop, address))) == (texted + 1, mailed)


def _hears_again(shop: Shop, order_id: str) -> None:
    """The order's confirmation is on the bus once more, as may happen, and dealt with."""
    items = shop.stack.client("dynamodb").query(
        TableName=shop.stack.table_name,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={":pk": {"S": f"ORDER#{order_id}"}, ":sk": {"S": "EVENT#"}},
    )["Items"]
    events = [json.loads(item["event"]["S"]) for item in items]
    [confirmed] = [event for event in events if event["type"] == "OrderConfirmed"]
    entry = {"EventBusName": shop.stack.bus_name, "Source": confirmed["source"], "DetailType": "OrderConfirmed"}
    put = shop.stack.client("events").put_events(Entries=[{**entry, "Detail": json.dumps(confirmed)}] * 2)
    assert put["FailedEntryCount"] == 0
    time.sleep(2)
    until(lambda: not _waiting(shop, "notifications-order-events"))


def _waiting(shop: Shop, queue: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = shop.stack.queue_url(queue)
    told = shop.stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(told[name]) for name in names)
