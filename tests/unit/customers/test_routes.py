"""The routes of customers, through the whole application."""

from itertools import count
from typing import Any

import pytest

from chalicelib.customers import service
from chalicelib.customers.domain import ConsentChannel, Means, Purpose
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, a_machine
from tests.unit.customers.builders import ADDRESS, code_for

pytestmark = pytest.mark.usefixtures("table")
_keys = count()
PATCH: dict[str, Any] = {"name": "Ada", "email": "Ada@Example.com", "phone": "+44 7700 900123", "language": "en-GB"}


@pytest.fixture
def post(call):
    """POST under a new idempotency key."""

    def send(path, json=None, by=SHOPPER, key=None):
        return call("POST", path, json=json, by=by, headers={"Idempotency-Key": key or f"key-{next(_keys)}"})

    return send


@pytest.fixture
def ada(call):
    """The shopper's profile, filled in."""
    first = call("GET", "/v1/me", by=SHOPPER)
    return call("PATCH", "/v1/me", json=PATCH, by=SHOPPER, headers={"If-Match": first.etag})


def test_a_profile_is_read_and_changed(call):
    first = call("GET", "/v1/me", by=SHOPPER)
    assert (first.status, first.etag) == (200, '"1"')
    assert first.json == {
        "id": "usr_shopper",
        "state": "active",
        "name": None,
        "email": None,
        "email_verified": False,
        "phone": None,
        "phone_verified": False,
        "language": "en",
        "created_at": first.json["created_at"],
        "version": 1,
    }
    changed = call("PATCH", "/v1/me", json=PATCH, by=SHOPPER, headers={"If-Match": '"1"'})
    assert (changed.status, changed.etag) == (200, '"2"')
    assert (changed.json["email"], changed.json["phone"]) == ("Ada@example.com", "+447700900123")
    assert call("PATCH", "/v1/me", json=PATCH, by=SHOPPER, headers={"If-Match": '"1"'}).code == "stale_version"
    assert call("PATCH", "/v1/me", json=PATCH, by=SHOPPER).code == "version_required"
    cleared = call("PATCH", "/v1/me", json={"phone": None}, by=SHOPPER, headers={"If-Match": '"2"'})
    assert (cleared.json["phone"], cleared.json["name"]) == (None, "Ada")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"email": "ada@"}, "/email"),
        ({"phone": "07700 900123"}, "/phone"),
        ({"language": "English"}, "/language"),
        ({"name": ""}, "/name"),
        ({"verified": ["email"]}, "/verified"),
    ],
)
def test_what_cannot_be_understood_is_named(call, body, pointer):
    refused = call("PATCH", "/v1/me", json=body, by=SHOPPER, headers={"If-Match": '"1"'})
    assert (refused.status, [one["pointer"] for one in refused.json["errors"]]) == (400, [pointer])


def test_staff_look_up_read_change_and_enter_customers(call, post, ada):
    for query in ("email=ADA%40example.com", "phone=%2B447700900123", "phone=07700900123&country=GB"):
        found = call("GET", f"/v1/customers?{query}", by=ASSOCIATE)
        assert (found.status, [one["id"] for one in found.json["items"]]) == (200, ["usr_shopper"])
    path = "/v1/customers/usr_shopper"
    assert call("GET", path, by=a_machine("customers.read")).json == ada.json
    changed = call("PATCH", path, json={"name": "Ada L."}, by=ASSOCIATE, headers={"If-Match": ada.etag})
    assert (changed.status, changed.json["name"], changed.etag) == (200, "Ada L.", '"3"')
    made = post("/v1/customers", {"name": "Grace", "phone": "+44 7700 900124"}, ASSOCIATE)
    assert (made.status, made.headers["location"]) == (201, f"/v1/customers/{made.json['id']}")
    assert (made.json["phone"], made.json["language"]) == ("+447700900124", "en")
    assert call("GET", "/v1/customers/usr_none", by=ASSOCIATE).status == 404


@pytest.mark.parametrize(
    "query", ["", "?email=a%40example.com&phone=%2B447700900123", "?phone=07700900123", "?email=x"]
)
def test_a_look_up_names_one_contact(call, query):
    assert call("GET", f"/v1/customers{query}", by=ASSOCIATE).code == "invalid_request"


def test_shoppers_look_nobody_up(call, post, ada):
    assert call("GET", "/v1/customers?email=ada%40example.com", by=SHOPPER).status == 403
    assert post("/v1/customers", {"name": "Grace"}, SHOPPER).status == 403
    assert call("GET", "/v1/customers/usr_other", by=SHOPPER).status == 404
    assert call("GET", "/v1/me", by=a_machine("customers.read")).status == 401


def test_addresses_are_added_replaced_and_removed(call, post):
    empty = call("GET", "/v1/me/addresses", by=SHOPPER)
    assert (empty.json, empty.etag) == ({"addresses": [], "version": 0}, '"0"')
    sent = {"address": {name: value for name, value in ADDRESS.items() if value}}
    made = post("/v1/me/addresses", sent)
    [kept] = made.json["addresses"]
    path = f"/v1/me/addresses/{kept['id']}"
    assert (made.status, made.etag, made.headers["location"]) == (201, '"1"', path)
    assert kept == {"id": kept["id"], "address": ADDRESS, "default_shipping": True, "default_billing": True}
    moved = call(
        "PUT", path, json={"address": {**sent["address"], "city": "York"}}, by=SHOPPER, headers={"If-Match": '"1"'}
    )
    assert (moved.json["addresses"][0]["address"]["city"], moved.etag) == ("York", '"2"')
    assert call("GET", "/v1/customers/usr_shopper/addresses", by=ASSOCIATE).json == moved.json
    gone = call("DELETE", path, by=SHOPPER, headers={"If-Match": '"2"'})
    assert (gone.status, gone.json) == (200, {"addresses": [], "version": 3})
    assert call("DELETE", path, by=SHOPPER, headers={"If-Match": '"3"'}).status == 404
    bad = post("/v1/me/addresses", {"address": {**sent["address"], "country": "England"}})
    assert [one["pointer"] for one in bad.json["errors"]] == ["/address/country"]


def test_consents_are_given_withdrawn_and_kept(call):
    path = "/v1/me/consents"
    before = call("GET", path, by=SHOPPER)
    assert (before.json["said"], before.json["version"], len(before.json["allowed"])) == ([], 0, 12)
    yes = {
        "changes": [{"purpose": "marketing", "channel": "email", "granted": True}],
        "source": "account",
        "wording": "1",
    }
    given = call("PATCH", path, json=yes, by=SHOPPER, headers={"If-Match": before.etag})
    assert (given.status, given.etag) == (200, '"1"')
    assert {"purpose": "marketing", "channel": "email", "allowed": True} in given.json["allowed"]
    no = {
        "changes": [{"purpose": "marketing", "channel": "email", "granted": False}],
        "source": "phone",
        "wording": "-1",
    }
    by_phone = "/v1/customers/usr_shopper/consents"
    assert call("PATCH", by_phone, json=no, by=ASSOCIATE, headers={"If-Match": '"1"'}).status == 400
    no["wording"] = "1"
    assert call("PATCH", by_phone, json=no, by=ASSOCIATE, headers={"If-Match": '"1"'}).status == 200
    assert call("GET", by_phone, by=ASSOCIATE).json["said"][0]["granted"] is False
    history = call("GET", f"{path}/history", by=SHOPPER).json["items"]
    assert [(one["granted"], one["source"]) for one in history] == [(True, "account"), (False, "phone")]
    twice = {**yes, "changes": yes["changes"] * 2}
    assert call("PATCH", path, json=twice, by=SHOPPER, headers={"If-Match": '"2"'}).status == 400


def test_a_link_unsubscribes_without_signing_in(call):
    call("GET", "/v1/me", by=SHOPPER)
    yes = {
        "changes": [{"purpose": "marketing", "channel": "email", "granted": True}],
        "source": "account",
        "wording": "1",
    }
    call("PATCH", "/v1/me/consents", json=yes, by=SHOPPER, headers={"If-Match": '"0"'})
    token = service.unsubscribe_token("usr_shopper", Purpose.MARKETING, ConsentChannel.EMAIL)
    one_click = {"content-type": "application/x-www-form-urlencoded"}
    done = call("POST", f"/v1/unsubscriptions/{token}", body="List-Unsubscribe=One-Click", headers=one_click)
    assert (done.status, done.text) == (204, "")
    assert not service.may_tell("usr_shopper", Purpose.MARKETING, ConsentChannel.EMAIL)
    assert call("POST", f"/v1/unsubscriptions/{token[:-1]}").status == 404


@pytest.mark.parametrize(("means", "path"), [(Means.EMAIL, "email"), (Means.PHONE, "phone")])
def test_a_contact_is_proven(call, post, ada, means, path):
    asked = post(f"/v1/me/{path}-verifications")
    assert (asked.status, asked.json["means"]) == (202, path)
    assert asked.headers["location"] == f"/v1/me/{path}-verifications/confirm"
    code = code_for("usr_shopper", means)
    assert code not in asked.text
    wrong = post(asked.headers["location"], {"code": f"{(int(code) + 1) % 1_000_000:06}"})
    assert (wrong.status, wrong.code) == (422, "code_refused")
    proven = post(asked.headers["location"], {"code": code}, key="confirm")
    assert (proven.status, proven.json[f"{path}_verified"], proven.etag) == (200, True, '"3"')
    again = post(asked.headers["location"], {"code": code}, key="confirm")
    assert (again.text, again.headers["idempotent-replayed"]) == (proven.text, "true")
    assert post(f"/v1/me/{path}-verifications").code == "nothing_to_verify"


def test_too_many_codes_are_throttled(post, ada):
    replies = [post("/v1/me/email-verifications") for _ in range(6)]
    assert [one.status for one in replies] == [202] * 5 + [429]
    assert (replies[5].code, replies[5].headers["retry-after"]) == ("too_many_codes", "1")


def test_claiming_needs_a_proven_address(post, ada):
    assert post("/v1/me/claims").code == "not_verified"


def test_a_customer_is_exported_and_forgotten(call, ada):
    exported = call("GET", "/v1/me/export", by=SHOPPER)
    assert [one["kind"] for one in exported.json["items"]] == ["profile"]
    assert call("GET", "/v1/customers/usr_shopper/export", by=ASSOCIATE).json == exported.json
    assert call("GET", "/v1/me/erasure", by=SHOPPER).status == 404
    assert call("DELETE", "/v1/customers/usr_shopper", by=ASSOCIATE, headers={"If-Match": ada.etag}).status == 403
    asked = call("DELETE", "/v1/me", by=SHOPPER, headers={"If-Match": ada.etag})
    assert (asked.status, asked.headers["location"]) == (202, "/v1/me/erasure")
    assert asked.json == {
        "customer_id": "usr_shopper",
        "step": "sign_in",
        "requested_at": asked.json["requested_at"],
        "finished_at": None,
        "orders_forgotten": 0,
        "orders_waiting": 0,
    }
    assert call("GET", "/v1/me/erasure", by=SHOPPER).json == asked.json
    assert call("GET", "/v1/customers/usr_shopper/erasure", by=ASSOCIATE).json == asked.json
    assert call("DELETE", "/v1/customers/usr_shopper", by=ADMIN, headers={"If-Match": '"9"'}).json == asked.json
    left = call("GET", "/v1/me", by=SHOPPER).json
    assert (left["state"], left["name"], left["email"], left["phone"]) == ("erasing", None, None, None)
    refused = call("PATCH", "/v1/me", json=PATCH, by=SHOPPER, headers={"If-Match": '"3"'})
    assert (refused.status, refused.code) == (409, "customer_gone")
