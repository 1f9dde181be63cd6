"""Policies over the API: kept in versions, and explained to everybody."""

from contextlib import nullcontext

import pytest

from chalicelib.core import outbox
from chalicelib.core.errors import Stale
from chalicelib.core.table import Transaction
from chalicelib.returns import service
from chalicelib.returns.domain.policy import Reason
from chalicelib.returns.store import POLICIES_PK, end_policy
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, a_machine
from tests.unit.returns.conftest import a_key, days_later

BODY = {
    "name": "Shoes",
    "scope": {"categories": ["cat_shoes"]},
    "terms": {
        "changed_mind": {
            "window_days": 100,
            "conditions": ["unopened"],
            "shipping_paid_by": "merchant",
            "restocking_fee_bps": 500,
        }
    },
}


def explained(desk, sku="A", channel="web", by=None):
    return desk.shop.call("GET", f"/v1/return-policy?sku={sku}&channel={channel}", by=by)


def reasons(reply):
    return {one["reason"]: one for one in reply.json["reasons"]}


def test_a_policy_is_created_changed_and_withdrawn(desk):
    made = desk.shop.call("POST", "/v1/return-policies", json=BODY)
    assert made.status == 201
    path = f"/v1/return-policies/{made.json['id']}"
    assert (made.headers["location"], made.etag, made.json["until"]) == (path, '"1"', None)
    assert made.json["scope"] == {"skus": [], "products": [], "categories": ["cat_shoes"], "channels": []}
    assert made.json["terms"] == {
        "changed_mind": {
            "window_days": 100,
            "conditions": ["unopened"],
            "shipping_paid_by": "merchant",
            "restocking_fee_bps": 500,
            "refunds_shipping": False,
            "words": "Within 100 days of the delivery; we pay for the way back; the goods unopened; 5 % of the price is kept.",
        }
    }
    changed = desk.changed("PUT", path, 1, {**BODY, "name": "Boots", "final_sale": True})
    assert (changed.status, changed.etag, changed.json["name"], changed.json["version"]) == (200, '"2"', "Boots", 2)
    assert desk.changed("PUT", path, 1, BODY).code == "stale_version"
    assert [one["name"] for one in desk.shop.call("GET", "/v1/return-policies").json["items"]] == ["Boots"]
    first = desk.shop.call("GET", f"{path}?version=1").json
    assert (first["name"], first["until"]) == ("Shoes", changed.json["since"])
    assert desk.shop.call("GET", path).json["final_sale"] is True
    assert desk.changed("DELETE", path, 1).code == "stale_version"
    assert desk.changed("DELETE", path, 2).status == 204
    assert desk.shop.call("GET", path).status == 404
    assert desk.shop.call("GET", f"{path}?version=2").json["until"] is not None
    assert desk.changed("PUT", path, 2, BODY).status == 404
    assert desk.shop.call("GET", "/v1/return-policies").json["items"] == []
    changes = [(one.aggregate.version, one.data["change"]) for one in outbox.timeline(POLICIES_PK)]
    assert changes == [(1, "created"), (2, "changed"), (3, "withdrawn")]


def test_policies_come_in_pages(desk):
    ids = [desk.policy(name=f"P{number}")["id"] for number in range(3)]
    page = desk.shop.call("GET", "/v1/return-policies?limit=2").json
    rest = desk.shop.call("GET", f"/v1/return-policies?limit=2&cursor={page['next_cursor']}").json
    assert sorted(one["id"] for one in (*page["items"], *rest["items"])) == sorted(ids)
    assert rest["next_cursor"] is None


def test_a_policy_is_created_once_per_key(desk):
    key = a_key()
    first, again = (desk.shop.call("POST", "/v1/return-policies", json=BODY, key=key) for _ in range(2))
    assert (first.text, again.headers["idempotent-replayed"]) == (again.text, "true")


@pytest.mark.parametrize("by", [SHOPPER, ASSOCIATE, a_machine("returns.write")])
def test_only_administrators_keep_policies(desk, by):
    refused = desk.shop.call("POST", "/v1/return-policies", json=BODY, by=by)
    assert refused.status in (401, 403)
    made = desk.policy()
    for method in ("PUT", "DELETE"):
        assert desk.changed(method, f"/v1/return-policies/{made['id']}", 1, BODY, by=by).status in (401, 403)


def test_the_staff_reads_policies_also_the_one_in_the_code(desk):
    assert desk.shop.call("GET", "/v1/return-policies/default", by=ASSOCIATE).json["since"] is None
    assert desk.shop.call("GET", "/v1/return-policies/default", by=SHOPPER).status == 403
    assert desk.shop.call("GET", "/v1/return-policies", by=SHOPPER).status == 403
    assert desk.changed("PUT", "/v1/return-policies/default", 1, BODY).status == 404
    assert desk.shop.call("GET", "/v1/return-policies/rpl_none", by=ADMIN).status == 404


@pytest.mark.parametrize(
    "body",
    [
        {**BODY, "terms": {"bored": BODY["terms"]["changed_mind"]}},
        {**BODY, "terms": {"damaged": BODY["terms"]["changed_mind"]}},
        {**BODY, "terms": {"changed_mind": {"window_days": 30}}},
        {**BODY, "terms": {"changed_mind": {"window_days": -1, "shipping_paid_by": "customer"}}},
        {**BODY, "scope": {"skus": ["#"]}},
        {**BODY, "send_within_days": 91},
    ],
)
def test_what_is_no_policy(desk, body):
    assert desk.shop.call("POST", "/v1/return-policies", json=body).status == 400


def test_everybody_reads_what_goods_could_come_back_for(desk):
    desk.shop.sells("A")
    reply = explained(desk)
    assert reply.status == 200
    assert (reply.json["policy_id"], reply.json["send_within_days"]) == ("default", 14)
    assert list(reasons(reply)) == list(Reason)
    pleased = reasons(reply)["changed_mind"]
    assert (pleased["accepted"], pleased["until"], pleased["terms"]["window_days"]) == (True, None, 30)
    assert explained(desk, "NONE").status == 404
    assert desk.shop.call("GET", "/v1/return-policy", by=None).status == 400


def test_the_explanation_is_that_of_the_closest_policy(desk):
    desk.shop.sells("A")
    desk.policy(name="All", reasons=["changed_mind", "late"])
    desk.policy(name="Final", final_sale=True, reasons=["late"], scope={"categories": [desk.shop.category]})
    desk.policy(
        name="Store", scope={"categories": [desk.shop.category], "channels": ["store"]}, return_channels=["store"]
    )
    web, store = explained(desk), explained(desk, channel="store")
    assert (web.json["name"], web.json["final_sale"]) == ("Final", True)
    assert reasons(web)["changed_mind"]["code"] == "final_sale"
    assert reasons(web)["damaged"]["code"] == "reason_not_accepted"
    assert reasons(web)["late"]["accepted"]
    assert (store.json["name"], store.json["return_channels"]) == ("Store", ["store"])
    assert reasons(store)["changed_mind"]["accepted"]


def test_a_change_by_another_process_is_seen_within_half_a_minute(desk, monkeypatch):
    desk.shop.sells("A")
    assert explained(desk).json["policy_id"] == "default"
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr("chalicelib.returns.service.policies.forget_policies", lambda: None)
        made = desk.policy()
    assert explained(desk).json["policy_id"] == "default"
    with days_later(31 / 86_400):
        assert explained(desk).json["policy_id"] == made["id"]


def test_two_who_withdraw_a_policy_at_once(desk):
    made = desk.policy()
    one = service.read_policy(made["id"], None, ADMIN)
    for error in (None, Stale):
        tx = Transaction()
        end_policy(tx, one.policy, "2026-01-01T00:00:00.000000Z")
        with pytest.raises(error) if error else nullcontext():
            tx.commit()
