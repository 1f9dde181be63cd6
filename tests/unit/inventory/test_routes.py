"""The routes of inventory, through the whole application."""

from itertools import count
from typing import Any

import pytest

from chalicelib.core.table import Transaction
from chalicelib.inventory import service
from chalicelib.inventory.domain import Location, LocationType
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, a_machine

pytestmark = pytest.mark.usefixtures("table")

LEEDS: dict[str, Any] = {
    "id": "leeds",
    "name": "Leeds warehouse",
    "type": "warehouse",
    "priority": 1,
    "channels": ["web"],
    "address": {"line1": "1 Mill Lane", "city": "Leeds", "country": "GB"},
}
_keys = count()


@pytest.fixture
def post(call):
    """POST under a new idempotency key."""

    def send(path, json=None, by=ASSOCIATE, key=None):
        return call("POST", path, json=json, by=by, headers={"Idempotency-Key": key or f"key-{next(_keys)}"})

    return send


@pytest.fixture
def shop(post):
    """Leeds, with ten of A."""
    assert post("/v1/inventory/locations", LEEDS, ADMIN).status == 201
    assert (
        post("/v1/inventory/receipts", {"location_id": "leeds", "lines": [{"sku": "A", "quantity": 10}]}).status == 201
    )


def test_a_location_is_created_read_changed_and_listed(call, post):
    made = post("/v1/inventory/locations", LEEDS, ADMIN)
    assert (made.status, made.etag, made.headers["location"]) == (201, '"1"', "/v1/inventory/locations/leeds")
    assert made.json == {
        **LEEDS,
        "status": "active",
        "cutoff": None,
        "version": 1,
        "address": {**LEEDS["address"], "line2": None, "postal_code": None},
    }
    change = {name: value for name, value in LEEDS.items() if name != "id"} | {"status": "paused", "cutoff": "14:00"}
    path = "/v1/inventory/locations/leeds"
    changed = call("PUT", path, json=change, by=ADMIN, headers={"If-Match": made.etag})
    assert (changed.status, changed.etag, changed.json["status"]) == (200, '"2"', "paused")
    assert call("PUT", path, json=change, by=ADMIN, headers={"If-Match": made.etag}).code == "stale_version"
    assert call("PUT", path, json=change, by=ADMIN).code == "version_required"
    assert call("GET", path, by=ASSOCIATE).json == changed.json
    assert call("GET", "/v1/inventory/locations", by=ASSOCIATE).json == {"items": [changed.json], "next_cursor": None}
    assert post("/v1/inventory/locations", LEEDS, ADMIN).status == 409


def test_the_location_of_a_supplier_is_not_made_one_of_ours(call):
    tx = Transaction()
    service.open_location(tx, Location("sup_1", "Quayside", LocationType.SUPPLIER, 0, (), LEEDS["address"]))
    tx.commit()
    change = {name: value for name, value in LEEDS.items() if name != "id"}
    path = "/v1/inventory/locations/sup_1"
    refused = call("PUT", path, json=change, by=ADMIN, headers={"If-Match": '"1"'})
    assert (refused.status, refused.code) == (422, "location_of_supplier")
    assert call("GET", path, by=ADMIN).json["type"] == "supplier"


def test_stock_is_received_once_per_key(call, post, shop):
    receipt = {
        "location_id": "leeds",
        "reference": "PO 7",
        "lines": [{"sku": "B", "quantity": 2}, {"sku": "B", "quantity": 3}],
    }
    first = post("/v1/inventory/receipts", receipt, key="once")
    again = post("/v1/inventory/receipts", receipt, key="once")
    assert first.json["lines"] == [{"sku": "B", "quantity": 5}]
    assert (again.text, again.headers["idempotent-replayed"]) == (first.text, "true")
    [row] = call("GET", "/v1/inventory/stock/B", by=ASSOCIATE).json["items"]
    assert row == {
        "sku": "B",
        "location_id": "leeds",
        "on_hand": 5,
        "available": 5,
        "reserved": 0,
        "waiting": 0,
        "safety": {},
        "backorder_limit": 0,
        "backorder_days": 0,
        "shards": 1,
        "version": 1,
    }
    [movement] = call("GET", "/v1/inventory/stock/B/movements", by=ASSOCIATE).json["items"]
    assert (movement["kind"], movement["quantity"], movement["cause"], movement["reference"]) == (
        "received",
        5,
        first.json["id"],
        "PO 7",
    )


def test_stock_is_adjusted_and_counted(call, post, shop):
    lost = {"location_id": "leeds", "reason": "damage", "lines": [{"sku": "A", "quantity": -4}]}
    assert post("/v1/inventory/adjustments", lost).json["lines"] == [{"sku": "A", "quantity": -4}]
    counted: dict[str, Any] = {"location_id": "leeds", "lines": [{"sku": "A", "expected_on_hand": 10, "counted": 7}]}
    refused = post("/v1/inventory/counts", counted)
    assert (refused.status, refused.code, refused.json["counts"][0]["on_hand"]) == (409, "count_outdated", 6)
    counted["lines"][0]["expected_on_hand"] = 6
    assert post("/v1/inventory/counts", counted).status == 201
    assert call("GET", "/v1/inventory/stock?location=leeds", by=ASSOCIATE).json["items"][0]["on_hand"] == 7
    too_much = {"location_id": "leeds", "reason": "theft", "lines": [{"sku": "A", "quantity": -8}]}
    refused = post("/v1/inventory/adjustments", too_much)
    assert (refused.status, refused.code) == (409, "stock_too_low")
    assert refused.json["shortages"] == [{"sku": "A", "location_id": "leeds", "wanted": 8, "left": 7}]


NO_BACKORDERS = {"backorderable": 0, "promised_on": None}


def test_anybody_reads_what_can_be_sold(call, post, shop):
    lines = [{"sku": "A", "safety": {"web": 3}}]
    assert post("/v1/inventory/safety-stock", {"location_id": "leeds", "lines": lines}).status == 204
    answer = call("GET", "/v1/availability?sku=A&sku=B&channel=web")
    assert (answer.status, answer.json["items"]) == (
        200,
        [
            {
                "sku": "A",
                "channel": "web",
                "available": 7,
                **NO_BACKORDERS,
                "marketplace": 0,
                "locations": [{"location_id": "leeds", "available": 7, **NO_BACKORDERS}],
            },
            {
                "sku": "B",
                "channel": "web",
                "available": 0,
                **NO_BACKORDERS,
                "marketplace": 0,
                "locations": [{"location_id": "leeds", "available": 0, **NO_BACKORDERS}],
            },
        ],
    )
    assert call("GET", "/v1/availability?sku=A").json["items"][0]["available"] == 7


def test_a_till_holds_reads_and_gives_back(call, post, shop):
    hold = {"channel": "store", "seconds": 60, "lines": [{"sku": "A", "location_id": "leeds", "quantity": 4}]}
    till = a_machine("inventory.write", id="till-1")
    held = post("/v1/reservations", hold, till)
    path = held.headers["location"]
    assert (held.status, held.json["state"], held.json["lines"]) == (201, "open", hold["lines"])
    assert call("GET", path, by=till).json == held.json
    assert call("GET", path, by=ASSOCIATE).status == 404
    assert call("DELETE", path, by=till).status == 428
    assert call("DELETE", path, by=till, headers={"If-Match": '"7"'}).status == 412
    assert call("DELETE", path, by=till, headers={"If-Match": held.etag}).status == 204
    gone = call("DELETE", path, by=till, headers={"If-Match": '"2"'})
    assert (gone.status, gone.code) == (409, "reservation_settled")
    [row] = call("GET", "/v1/inventory/stock/A", by=ASSOCIATE).json["items"]
    assert (row["on_hand"], row["available"], row["reserved"]) == (10, 10, 0)


def test_a_transfer_is_dispatched_received_listed_and_called_back(call, post, shop):
    post("/v1/inventory/locations", LEEDS | {"id": "york"}, ADMIN)
    sent = post(
        "/v1/inventory/transfers",
        {"from_location": "leeds", "to_location": "york", "lines": [{"sku": "A", "quantity": 6}]},
    )
    path = sent.headers["location"]
    assert (sent.status, sent.json["status"]) == (201, "in_transit")
    came = post(f"{path}/receipts", {"lines": [{"sku": "A", "quantity": 2}], "complete": False})
    assert came.json["lines"] == [{"sku": "A", "sent": 6, "arrived": 2, "missing": 0, "outstanding": 4}]
    assert call("GET", "/v1/inventory/transfers", by=ASSOCIATE).json["items"] == [came.json]
    back = post(f"{path}/cancellation")
    assert (back.json["status"], back.json["lines"][0]["outstanding"]) == ("cancelled", 0)
    assert call("GET", path, by=ASSOCIATE).json == back.json
    assert call("GET", "/v1/inventory/transfers?status=cancelled", by=ASSOCIATE).json["items"] == [back.json]
    assert post(f"{path}/cancellation").code == "transfer_settled"


_BAD = {
    "unknown field": (
        "/v1/inventory/receipts",
        {"location_id": "leeds", "lines": [{"sku": "A", "quantity": 1}], "x": 1},
    ),
    "no lines": ("/v1/inventory/receipts", {"location_id": "leeds", "lines": []}),
    "41 lines": ("/v1/inventory/receipts", {"location_id": "leeds", "lines": [{"sku": "A", "quantity": 1}] * 41}),
    "negative": ("/v1/inventory/receipts", {"location_id": "leeds", "lines": [{"sku": "A", "quantity": -1}]}),
    "absurd": ("/v1/inventory/receipts", {"location_id": "leeds", "lines": [{"sku": "A", "quantity": 10**30}]}),
    "fraction": ("/v1/inventory/receipts", {"location_id": "leeds", "lines": [{"sku": "A", "quantity": 1.5}]}),
    "text": ("/v1/inventory/receipts", {"location_id": "leeds", "lines": [{"sku": "A", "quantity": "1"}]}),
    "key parts": ("/v1/inventory/receipts", {"location_id": "le#eds", "lines": [{"sku": "A", "quantity": 1}]}),
    "reason": (
        "/v1/inventory/adjustments",
        {"location_id": "leeds", "reason": "mood", "lines": [{"sku": "A", "quantity": 1}]},
    ),
    "counted twice": (
        "/v1/inventory/counts",
        {"location_id": "leeds", "lines": [{"sku": "A", "expected_on_hand": 1, "counted": 1}] * 2},
    ),
    "31 lines": (
        "/v1/inventory/transfers",
        {"from_location": "leeds", "to_location": "york", "lines": [{"sku": "A", "quantity": 1}] * 31},
    ),
    "for ever": (
        "/v1/reservations",
        {"channel": "store", "seconds": 10**9, "lines": [{"sku": "A", "location_id": "leeds", "quantity": 1}]},
    ),
    "cutoff": ("/v1/inventory/locations", {**LEEDS, "cutoff": "25:00"}),
}


@pytest.mark.parametrize("case", _BAD)
def test_what_is_malformed_is_named(post, case):
    path, body = _BAD[case]
    answer = post(path, body, ADMIN)
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert answer.json["errors"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/availability",
        "/v1/availability?sku=" + "&sku=".join(["A"] * 21),
        "/v1/availability?sku=a%23b",
        "/v1/availability?sku=A&channel=a%20b",
        "/v1/availability?sku=A&other=1",
    ],
)
def test_what_cannot_be_asked_of_availability(call, path):
    assert call("GET", path).status == 400


@pytest.mark.parametrize(
    "path",
    [
        "/v1/inventory/locations/a%23b",
        "/v1/inventory/stock/a%23b",
        "/v1/inventory/stock/a%23b/movements",
        "/v1/inventory/stock?location=paris",
        "/v1/inventory/transfers/a%23b",
        "/v1/reservations/a%23b",
    ],
)
def test_what_is_not_there_is_not_found(call, path):
    assert call("GET", path, by=ASSOCIATE).status == 404


def test_commands_need_a_key_a_token_and_a_role(call, post):
    receipt = {"location_id": "leeds", "lines": [{"sku": "A", "quantity": 1}]}
    assert call("POST", "/v1/inventory/receipts", json=receipt, by=ASSOCIATE).status == 400
    assert post("/v1/inventory/receipts", receipt, None).status == 401
    assert post("/v1/inventory/receipts", receipt, a_machine("orders.write")).status == 401
    assert post("/v1/inventory/receipts", receipt, SHOPPER).status == 403
    assert post("/v1/inventory/receipts", receipt).code == "location_unknown"


def test_the_schedule_is_dispatched_by_name(table):
    from chalicelib.inventory.tasks import tasks

    assert tasks.names == {"release_expired_reservations", "level_split_stock"}
    assert tasks.run({"task": "release_expired_reservations"}) == {
        "outcome": "done",
        "released": 0,
        "settled": 0,
        "failed": 0,
        "left": 0,
    }
