"""The routes of shipping, through the whole application."""

import json

import pytest

from chalicelib.core import clock
from tests.conftest import ADMIN, ASSOCIATE
from tests.unit.shipping.builders import WEDNESDAY

pytestmark = pytest.mark.usefixtures("table")

PATH = "/v1/shipping-methods/standard"
METHOD = {
    "names": {"en": "Standard", "de": "Versand"},
    "carrier": "Royal Mail",
    "channels": ["web"],
    "zones": [
        {
            "name": "home",
            "countries": ["GB"],
            "transit_days_min": 2,
            "transit_days_max": 4,
            "tariffs": [
                {
                    "currency": "GBP",
                    "bands": [{"up_to_grams": 1000, "amount": 399}, {"up_to_grams": None, "amount": 799}],
                    "free_from": 5000,
                }
            ],
        }
    ],
    "closed_days": ["2026-01-15"],
}


@pytest.fixture
def put(call):
    def send(body=METHOD, version=0, path=PATH, **changes):
        return call("PUT", path, json={**body, **changes}, by=ADMIN, headers={"If-Match": f'"{version}"'})

    return send


def test_a_method_is_set_read_changed_listed_and_removed(call, put):
    made = put()
    assert (made.status, made.etag) == (200, '"1"')
    assert made.json == {
        **METHOD,
        "code": "standard",
        "tax_category": "standard",
        "active": True,
        "handling_days": 0,
        "cutoff": None,
        "weekdays": [1, 2, 3, 4, 5],
        "version": 1,
    }
    assert call("GET", PATH, by=ASSOCIATE).json == made.json
    assert (put().code, put().json["version"]) == ("stale_version", 1)
    assert call("PUT", PATH, json=METHOD, by=ADMIN).code == "version_required"
    changed = put(version=1, active=False, weekdays=[6, 1])
    assert (changed.etag, changed.json["weekdays"]) == ('"2"', [1, 6])
    assert put(path="/v1/shipping-methods/express").status == 200
    first = call("GET", "/v1/shipping-methods?limit=1", by=ASSOCIATE).json
    assert [one["code"] for one in first["items"]] == ["express"]
    second = call("GET", f"/v1/shipping-methods?limit=1&cursor={first['next_cursor']}", by=ASSOCIATE).json
    assert ([one["code"] for one in second["items"]], second["next_cursor"]) == (["standard"], None)
    assert call("DELETE", PATH, by=ADMIN, headers={"If-Match": '"1"'}).code == "stale_version"
    assert call("DELETE", PATH, by=ADMIN, headers={"If-Match": '"2"'}).status == 204
    assert call("GET", PATH, by=ASSOCIATE).code == "not_found"
    assert call("DELETE", PATH, by=ADMIN, headers={"If-Match": '"2"'}).code == "not_found"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"names": {}}, "/names"),
        ({"names": {"English": "Standard"}}, "/names/English/[key]"),
        ({"cutoff": "24:00"}, "/cutoff"),
        ({"weekdays": [1, 1]}, "/weekdays"),
        ({"weekdays": []}, "/weekdays"),
        ({"weekdays": [8]}, "/weekdays/0"),
        ({"closed_days": ["2026-02-30"]}, "/closed_days/0"),
        ({"zones": []}, "/zones"),
        ({"zones": [{**METHOD["zones"][0], "countries": ["UK!"]}]}, "/zones/0/countries/0"),
        ({"handling_days": 61}, "/handling_days"),
    ],
)
def test_what_makes_no_sense_is_malformed(put, changes, pointer):
    refused = put(**changes)
    assert (refused.status, refused.code) == (400, "invalid_request")
    assert [error["pointer"] for error in refused.json["errors"]] == [pointer]


def test_what_contradicts_itself_breaks_a_rule(put):
    refused = put(zones=METHOD["zones"] * 2)
    assert (refused.status, refused.code) == (422, "shipping_method_faulty")
    assert [error["pointer"] for error in refused.json["errors"]] == ["/zones/1/countries"]
    assert put(path="/v1/shipping-methods/Standard").status == 400


def test_anybody_sees_how_goods_can_be_sent(call, put):
    put()
    put(path="/v1/shipping-methods/express", channels=["store"])
    with clock.at(WEDNESDAY):
        query = "country=GB&currency=GBP&weight_grams=1001&goods_total=4999&language=de-DE"
        found = call("GET", f"/v1/shipping-options?{query}").json
    assert found == {
        "items": [
            {
                "code": "standard",
                "name": "Versand",
                "carrier": "Royal Mail",
                "charge": {"amount": 799, "currency": "GBP"},
                "promised_from": "2026-01-19",
                "promised_by": "2026-01-21",
                "why": {"zone": "home", "rule": "weight_band", "up_to_grams": None},
            }
        ],
        "next_cursor": None,
    }
    assert call("GET", "/v1/shipping-options?country=FR&currency=GBP").json["items"] == []
    assert call("GET", "/v1/shipping-options?country=GB&currency=XXX").status == 400
    assert call("GET", "/v1/shipping-options?currency=GBP").status == 400


def test_staff_see_why_not(call, put):
    put(channels=["store"])
    path = "/v1/shipping-options/explanation?country=GB&currency=GBP"
    assert call("GET", path).status == 401
    found = call("GET", path, by=ASSOCIATE).json
    assert found == {
        "options": [],
        "not_offered": [
            {"code": "standard", "reason": "channel_not_served", "detail": "It does not serve channel web."}
        ],
    }
    assert [one["code"] for one in call("GET", f"{path}&channel=store", by=ASSOCIATE).json["options"]] == ["standard"]


def test_every_change_is_told(put, call, table):
    put()
    put(version=1, active=False)
    call("DELETE", PATH, by=ADMIN, headers={"If-Match": '"2"'})
    items = table.scan(TableName="aisle-test")["Items"]
    events = sorted((json.loads(one["event"]["S"]) for one in items if "event" in one), key=lambda one: one["id"])
    assert [(one["type"], one["aggregate"]["version"]) for one in events] == [
        ("ShippingMethodChanged", 1),
        ("ShippingMethodChanged", 2),
        ("ShippingMethodRemoved", 3),
    ]
    settings = {"tax_category", "active", "handling_days", "cutoff", "weekdays"}
    assert set(events[0]["data"]["changed"]) == METHOD.keys() | settings
    assert events[1]["data"] == {"changed": ["active"]}
