"""Who may send and see what, and what is refused at the door."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.feeds import consumers
from chalicelib.suppliers.service import SupplierStatus
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, a_machine
from tests.unit.feeds.builders import stock_file
from tests.unit.feeds.conftest import ACME, BEN, BOLT, Inbox, member

ONE = stock_file(("A", 1))
CSV = {"Content-Type": "text/csv; charset=utf-8"}


def test_another_suppliers_feeds_are_not_there(inbox: Inbox) -> None:
    inbox.seller(BOLT, BEN)
    feed_id = inbox.send(ONE)
    inbox.run(feed_id)
    for method, path in (
        ("GET", ""),
        ("GET", f"/{feed_id}"),
        ("GET", f"/{feed_id}/rows"),
        ("GET", f"/{feed_id}/results"),
        ("POST", f"/{feed_id}/completions"),
        ("POST", f"/{feed_id}/cancellations"),
        ("POST", f"/{feed_id}/retries"),
        ("POST", f"/{feed_id}/confirmations"),
    ):
        assert inbox.call(method, path, by=BEN).status == 404, (method, path)
        if path:
            # Nor below one's own name.
            assert inbox.call(method, path, by=BEN, supplier=BOLT).status == 404, (method, path)
    assert inbox.call("POST", "?kind=stock", body=ONE, headers=CSV, by=BEN).status == 404
    assert inbox.call("GET", by=BEN, supplier=BOLT).json == {"items": [], "next_cursor": None}


@pytest.mark.parametrize("by", [SHOPPER, ASSOCIATE])
def test_others_have_no_business_here(inbox: Inbox, by: Any) -> None:
    assert inbox.call("GET", by=by).status == 403
    assert inbox.call("POST", "?kind=stock", body=ONE, headers=CSV, by=by).status == 403


@pytest.mark.parametrize("by", [ADMIN, a_machine("suppliers.write")])
def test_the_operator_sends_and_sees_all(inbox: Inbox, by: Any) -> None:
    feed_id = inbox.send(ONE, by=by)
    assert inbox.call("GET", f"/{feed_id}", by=by).status == 200


@pytest.mark.parametrize("status", [SupplierStatus.APPLIED, SupplierStatus.SUSPENDED])
def test_only_an_approved_supplier_sends(inbox: Inbox, status: SupplierStatus) -> None:
    carl = member("carl")
    inbox.seller(BOLT, carl, status)
    reply = inbox.call("POST", "?kind=stock", body=ONE, headers=CSV, by=carl, supplier=BOLT)
    assert reply.code == "supplier_not_approved"


def test_nobody_sends_for_a_supplier_that_is_not_there(inbox: Inbox) -> None:
    reply = inbox.call("POST", "?kind=stock", body=ONE, headers=CSV, by=ADMIN, supplier=BOLT)
    assert reply.status == 404


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"kind": "orders"}, "/kind"),
        ({"format": "xlsx"}, "/format"),
        ({"bytes": 0}, "/bytes"),
        ({"bytes": 100 * 1024 * 1024 + 1}, "/bytes"),
        ({"sha256": "abc"}, "/sha256"),
        ({"filename": "../x"}, "/filename"),
        ({"mode": "delete"}, "/mode"),
        ({"more": 1}, "/more"),
    ],
)
def test_an_announcement_is_checked(inbox: Inbox, changed: dict[str, Any], pointer: str) -> None:
    reply = inbox.announce(ONE, **changed)
    assert reply.status == 400
    assert pointer in [fault["pointer"] for fault in reply.json["errors"]]


def test_a_file_that_is_the_body_is_checked(inbox: Inbox) -> None:
    assert inbox.call("POST", body=ONE, headers=CSV).json["errors"][0]["pointer"] == "/kind"
    assert inbox.call("POST", "?kind=x", body=ONE, headers=CSV).status == 400
    assert inbox.call("POST", "?kind=stock", body=b"x" * 1_000_001, headers=CSV).status == 413
    assert inbox.call("POST", "?kind=stock", body=ONE, headers={"Content-Type": "text/plain"}).status == 415


def test_the_same_request_makes_one_feed(inbox: Inbox) -> None:
    first = inbox.call("POST", "?kind=stock", body=ONE, headers=CSV, key="k")
    again = inbox.call("POST", "?kind=stock", body=ONE, headers=CSV, key="k")
    assert (first.json, first.status) == (again.json, 201)
    assert again.headers["idempotent-replayed"] == "true"
    assert len(inbox.call("GET").json["items"]) == 1
    assert inbox.call("POST", "?kind=stock", body=ONE + b"\n", headers=CSV, key="k").code == "idempotency_key_reused"
    assert inbox.call("POST", "?kind=stock", body=ONE, headers={**CSV, "Idempotency-Key": ""}).status == 400


def test_feeds_are_listed_the_latest_first(inbox: Inbox) -> None:
    sent = [inbox.send(ONE) for _ in range(3)]
    page = inbox.call("GET", "?limit=2").json
    assert [feed["id"] for feed in page["items"]] == sent[:0:-1]
    rest = inbox.call("GET", f"?limit=2&cursor={page['next_cursor']}").json
    assert [feed["id"] for feed in rest["items"]] == sent[:1]


def test_where_to_upload_is_told_until_the_file_is_there(inbox: Inbox) -> None:
    made = inbox.announce(ONE, sha256="ab" * 32)
    feed_id = made.json["id"]
    assert made.headers["location"] == f"/v1/suppliers/{ACME}/feeds/{feed_id}"
    upload = inbox.read(feed_id)["upload"]
    assert upload["fields"]["key"] == f"uploads/{feed_id}"
    assert upload["fields"]["x-amz-checksum-sha256"] == "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s="
    inbox.call("POST", f"/{feed_id}/cancellations")
    assert inbox.read(feed_id)["upload"] is None


def test_the_consumer_starts_whose_turn_it_is(inbox: Inbox) -> None:
    import json

    from chalicelib.core import outbox
    from chalicelib.feeds.store import feed_pk

    feed_id = inbox.send(ONE)
    (event,) = outbox.timeline(feed_pk(feed_id))
    record = {
        "messageId": "1",
        "body": json.dumps({"detail": json.loads(event.to_json())}),
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:aisle-test-feeds-received",
        "receiptHandle": "r",
        "attributes": {"ApproximateReceiveCount": "1"},
    }
    consumers.on_feed_received({"Records": [record]}, None)
    assert inbox.started == [feed_id]
