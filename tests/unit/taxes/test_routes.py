"""The routes of taxes, through the whole application."""

import json
from datetime import timedelta

import pytest

from chalicelib.taxes import service
from tests.conftest import ADMIN, ASSOCIATE
from tests.unit.taxes.builders import NOON, a_line, an_order

pytestmark = pytest.mark.usefixtures("table")

PERIODS = {"periods": [{"valid_from": "2011-01-04", "rate_bps": 2000}, {"valid_from": "2010-01-01", "rate_bps": 1750}]}


@pytest.fixture
def put(call):
    def send(path, body, version, by=ADMIN):
        return call("PUT", f"/v1/{path}", json=body, by=by, headers={"If-Match": f'"{version}"'})

    return send


def test_rates_are_set_read_changed_and_removed(call, put):
    made = put("tax-rates/GB/standard", PERIODS, 0)
    assert (made.status, made.etag) == (200, '"1"')
    assert made.json == {
        "jurisdiction": "GB",
        "category": "standard",
        "periods": [
            {"valid_from": "2010-01-01", "rate_bps": 1750},
            {"valid_from": "2011-01-04", "rate_bps": 2000},
        ],
        "version": 1,
    }
    path = "/v1/tax-rates/GB/standard"
    assert call("GET", path, by=ASSOCIATE).json == made.json
    stale = put("tax-rates/GB/standard", PERIODS, 0)
    assert (stale.status, stale.code, stale.json["version"]) == (412, "stale_version", 1)
    assert call("PUT", path, json=PERIODS, by=ADMIN).code == "version_required"
    changed = put("tax-rates/GB/standard", {"periods": PERIODS["periods"][:1]}, 1)
    assert (changed.etag, len(changed.json["periods"])) == ('"2"', 1)
    assert call("DELETE", path, by=ADMIN, headers={"If-Match": '"1"'}).code == "stale_version"
    assert call("DELETE", path, by=ADMIN, headers={"If-Match": '"2"'}).status == 204
    assert call("GET", path, by=ADMIN).code == "not_found"
    assert call("DELETE", path, by=ADMIN, headers={"If-Match": '"2"'}).code == "not_found"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("gb/standard", PERIODS, 400, "invalid_request"),
        ("GB/Books", PERIODS, 400, "invalid_request"),
        ("GB/zero", PERIODS, 422, "tax_category_untaxed"),
        ("GB/standard", {"periods": []}, 400, "invalid_request"),
        ("GB/standard", {"periods": [{"valid_from": "yesterday", "rate_bps": 1}]}, 400, "invalid_request"),
        ("GB/standard", {"periods": [{"valid_from": "2011-01-04", "rate_bps": 10_001}]}, 400, "invalid_request"),
        ("GB/standard", {"periods": PERIODS["periods"][:1] * 2}, 422, "tax_period_twice"),
    ],
)
def test_what_makes_no_sense_is_refused(put, path, body, status, code):
    refused = put(f"tax-rates/{path}", body, 0)
    assert (refused.status, refused.code) == (status, code)


def test_rates_are_listed_by_country_with_its_regions_and_paged(call, put):
    for jurisdiction, category in (("US-CA", "standard"), ("US", "books"), ("US", "standard"), ("GB", "standard")):
        assert put(f"tax-rates/{jurisdiction}/{category}", PERIODS, 0).status == 200
    put("tax-countries/US", {"prices_include_tax": False}, 0)

    def listed(query):
        found = call("GET", f"/v1/tax-rates?{query}", by=ASSOCIATE).json
        return [f"{one['jurisdiction']}/{one['category']}" for one in found["items"]], found["next_cursor"]

    assert listed("country=GB") == (["GB/standard"], None)
    assert listed("country=FR") == ([], None)
    first, cursor = listed("limit=3")
    assert first == ["GB/standard", "US/books", "US/standard"]
    assert listed(f"limit=3&cursor={cursor}") == (["US-CA/standard"], None)
    assert listed("country=US")[0] == ["US/books", "US/standard", "US-CA/standard"]


def test_a_country_is_settled_once_per_version(call, put):
    path = "/v1/tax-countries/US"
    unsaid = call("GET", path, by=ASSOCIATE)
    assert unsaid.json == {"country": "US", "prices_include_tax": True, "reverse_charge": False, "version": 0}
    assert unsaid.etag == '"0"'
    made = put("tax-countries/US", {"prices_include_tax": False}, 0)
    assert made.json == {"country": "US", "prices_include_tax": False, "reverse_charge": False, "version": 1}
    assert put("tax-countries/US", {"prices_include_tax": True}, 0).code == "stale_version"
    assert put("tax-countries/US", {"prices_include_tax": False, "reverse_charge": True}, 1).code == "not_in_eu"
    assert put("tax-countries/us", {"prices_include_tax": False}, 0).status == 400
    assert call("GET", "/v1/tax-countries/USA", by=ADMIN).status == 400
    assert put("tax-countries/DE", {"prices_include_tax": True, "reverse_charge": True}, 0).status == 200
    assert call("GET", path, by=ADMIN).json == made.json
    found = call("GET", "/v1/tax-countries?limit=1", by=ADMIN).json
    assert [one["country"] for one in found["items"]] == ["DE"]
    found = call("GET", f"/v1/tax-countries?cursor={found['next_cursor']}", by=ADMIN).json
    assert ([one["country"] for one in found["items"]], found["next_cursor"]) == (["US"], None)


def test_the_report_and_the_entries_behind_it(call):
    service.follow_order("ord_1", an_order, NOON)
    service.follow_order("ord_1", lambda: an_order(a_line(returned=1)), NOON + timedelta(hours=1))
    report = call("GET", "/v1/tax-report?month=2026-01&country=GB", by=ADMIN)
    assert report.json == {
        "month": "2026-01",
        "country": "GB",
        "totals": [{"jurisdiction": "GB", "currency": "GBP", "rate_bps": 2000, "net": 2000, "tax": 400, "entries": 2}],
    }
    entries = call("GET", "/v1/tax-entries?order_id=ord_1", by=ADMIN).json["items"]
    assert entries[1] == {
        "order_id": "ord_1",
        "number": 2,
        "kind": "refunded",
        "jurisdiction": "GB",
        "currency": "GBP",
        "at": "2026-01-31T13:00:00.000000Z",
        "month": "2026-01",
        "rows": [{"rate_bps": 2000, "net": -1000, "tax": -200}],
    }
    assert call("GET", "/v1/tax-entries?order_id=ord_2", by=ADMIN).json["items"] == []
    for query in ("month=2026-13&country=GB", "month=2026-01", "month=2026-01&country=gb"):
        assert call("GET", f"/v1/tax-report?{query}", by=ADMIN).code == "invalid_request"


def test_every_change_is_told_with_before_and_after(put, call, table):
    put("tax-rates/GB/standard", {"periods": PERIODS["periods"][1:]}, 0)
    put("tax-rates/GB/standard", PERIODS, 1)
    call("DELETE", "/v1/tax-rates/GB/standard", by=ADMIN, headers={"If-Match": '"2"'})
    put("tax-countries/GB", {"prices_include_tax": False}, 0)
    items = table.scan(TableName="aisle-test")["Items"]
    events = sorted((json.loads(one["event"]["S"]) for one in items if "event" in one), key=lambda one: one["id"])
    old, new = [["2010-01-01", 1750]], [["2010-01-01", 1750], ["2011-01-04", 2000]]
    where = {"jurisdiction": "GB", "category": "standard"}
    assert [(one["type"], one["aggregate"]["version"], one["data"]) for one in events] == [
        ("TaxRateChanged", 1, {**where, "before": [], "after": old}),
        ("TaxRateChanged", 2, {**where, "before": old, "after": new}),
        ("TaxRateRemoved", 3, {**where, "before": new}),
        (
            "TaxCountryChanged",
            1,
            {
                "country": "GB",
                "before": {"prices_include_tax": True, "reverse_charge": False},
                "after": {"prices_include_tax": False, "reverse_charge": False},
            },
        ),
    ]
