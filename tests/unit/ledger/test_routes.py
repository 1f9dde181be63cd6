"""The routes: who may, what they answer, and that suppliers see only what is theirs."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from chalicelib.core import clock, outbox
from chalicelib.ledger import consumers, service, store
from chalicelib.ledger.service import use_cases
from tests.conftest import ADMIN, SHOPPER, SUPPLIER, Reply, a_machine
from tests.unit.ledger.builders import (
    ACME,
    BOLT,
    BY,
    ORDER,
    Accounts,
    a_line,
    a_supplier,
    committed,
    owed,
    sell,
)

Call = Callable[..., Reply]
RULES = {
    "rules": [{"currency": "GBP", "rate_bps": 1500, "tax_rate_bps": 2000}],
    "kept_bps": 0,
    "listing_fees": {"GBP": 50},
}
SEPTEMBER = datetime(2026, 9, 10, tzinfo=UTC)


@pytest.fixture
def api(call: Call) -> Call:
    """Calls with an idempotency key; ACME is the supplier's of the tests."""
    a_supplier(ACME, f"{SUPPLIER.kind}:{SUPPLIER.id}", "machine:client-1")
    a_supplier(BOLT)

    def send(method: str, path: str, *, key: str | None = None, by: Any = ADMIN, **more: Any) -> Reply:
        headers = {"Idempotency-Key": key or uuid4().hex, **more.pop("headers", {})}
        return call(method, path, by=by, headers=headers, **more)

    return send


def test_commission_rules_are_versioned(api: Call) -> None:
    first = api("GET", "/v1/commission-rules")
    assert (first.status, first.etag, first.json["rules"]) == (200, '"0"', [])
    assert api("PUT", "/v1/commission-rules", json=RULES).code == "version_required"
    made = api("PUT", "/v1/commission-rules", json=RULES, headers={"If-Match": '"0"'})
    assert (made.status, made.etag, made.json["rules"][0]["rate_bps"]) == (200, '"1"', 1500)
    assert api("PUT", "/v1/commission-rules", json=RULES, headers={"If-Match": '"0"'}).code == "stale_version"
    twice = {"rules": RULES["rules"] * 2}
    faulty = api("PUT", "/v1/commission-rules", json=twice, headers={"If-Match": '"1"'})
    assert (faulty.code, faulty.json["errors"][0]["pointer"]) == ("commission_rules_faulty", "/rules/1")
    assert api("GET", "/v1/commission-rules").json["listing_fees"] == {"GBP": 50}


def test_payout_settings_of_all_and_of_one(api: Call) -> None:
    assert api("GET", "/v1/payout-settings").json == {
        "hold_days": 14,
        "minimum": {},
        "every_days": 0,
        "reserve_bps": 0,
        "version": 0,
    }
    body = {"hold_days": 7, "minimum": {"GBP": 1000}, "every_days": 1}
    assert api("PUT", "/v1/payout-settings", json=body, headers={"If-Match": '"0"'}).status == 200
    path = f"/v1/suppliers/{ACME}/payout-settings"
    assert api("PUT", path, json={"hold_days": 0}, headers={"If-Match": '"0"'}).status == 200
    found = api("GET", path, by=SUPPLIER)
    assert (found.etag, found.json["own"]["minimum"], found.json["effective"]) == (
        '"1"',
        None,
        {"hold_days": 0, "minimum": {"GBP": 1000}, "every_days": 1, "reserve_bps": 0, "version": 1},
    )
    assert api("PUT", path, json={}, headers={"If-Match": '"0"'}).code == "stale_version"
    other = "/v1/suppliers/sup_none/payout-settings"
    assert api("PUT", other, json={}, headers={"If-Match": '"0"'}).status == 404


OF_SUPPLIER = (
    "balances",
    "ledger-entries?currency=GBP",
    "statements/2026-09?currency=GBP",
    "statements/2026-09/file?currency=GBP",
    "payouts",
    "payout-settings",
)


@pytest.mark.parametrize("path", OF_SUPPLIER)
def test_a_supplier_sees_its_own_and_no_others(api: Call, path: str) -> None:
    assert api("GET", f"/v1/suppliers/{ACME}/{path}", by=SUPPLIER).status == 200
    assert api("GET", f"/v1/suppliers/{ACME}/{path}", by=a_machine("suppliers.self")).status == 200
    assert api("GET", f"/v1/suppliers/{ACME}/{path}", by=a_machine("suppliers.write", id="op")).status == 200
    assert api("GET", f"/v1/suppliers/{BOLT}/{path}", by=SUPPLIER).code == "not_found"
    assert api("GET", f"/v1/suppliers/{BOLT}/{path}", by=a_machine("suppliers.self")).code == "not_found"
    assert api("GET", f"/v1/suppliers/{BOLT}/{path}").status == 200
    assert api("GET", f"/v1/suppliers/{ACME}/{path}", by=SHOPPER).code == "forbidden"


OF_OPERATOR = (
    ("GET", "/v1/commission-rules", None),
    ("PUT", "/v1/commission-rules", RULES),
    ("GET", "/v1/payout-settings", None),
    ("PUT", "/v1/payout-settings", {}),
    ("PUT", f"/v1/suppliers/{ACME}/payout-settings", {}),
    ("GET", "/v1/ledger/balances?currency=GBP", None),
    ("GET", "/v1/ledger/entries?order_id=x", None),
    ("GET", "/v1/ledger/audit?currency=GBP", None),
    (
        "POST",
        "/v1/ledger/adjustments",
        {
            "currency": "GBP",
            "reason": "r",
            "postings": [{"account": "cash", "amount": 1}, {"account": "bank", "amount": -1}],
        },
    ),
    ("POST", "/v1/payout-runs", {"currency": "GBP"}),
    ("GET", "/v1/payout-runs", None),
    ("GET", "/v1/payout-runs/pyr_x", None),
    ("GET", "/v1/payout-runs/pyr_x/payouts", None),
    ("GET", "/v1/payout-runs/pyr_x/payment-file", None),
    ("POST", "/v1/payout-runs/pyr_x/confirmations", {"supplier_ids": [ACME]}),
    ("POST", "/v1/payout-runs/pyr_x/returns", {"supplier_id": ACME, "reason": "r"}),
    ("POST", "/v1/payout-runs/pyr_x/resumptions", None),
)


@pytest.mark.parametrize(("method", "path", "body"), OF_OPERATOR)
def test_only_bookkeepers_keep_the_books(api: Call, method: str, path: str, body: Any) -> None:
    for by in (SHOPPER, SUPPLIER):
        assert api(method, path, json=body, by=by, headers={"If-Match": '"0"'}).code == "forbidden"
    allowed = api(method, path, json=body, by=a_machine("ledger.write"), headers={"If-Match": '"0"'})
    assert allowed.status == (404 if "pyr_x" in path else allowed.status)
    assert allowed.status in (200, 201, 202, 404)


def test_a_statement_as_json_and_as_a_file(api: Call) -> None:
    with clock.at(SEPTEMBER):
        sell(a_line(2))
    with clock.at(datetime(2026, 10, 2, tzinfo=UTC)):
        path = f"/v1/suppliers/{ACME}/statements/2026-09?currency=GBP"
        found = api("GET", path, by=SUPPLIER).json
        assert {name: found[name] for name in ("opening", "closing", "by_kind", "count", "final")} == {
            "opening": 0,
            "closing": 2160,
            "by_kind": {"sale": 2160},
            "count": 1,
            "final": True,
        }
        [item] = found["items"]
        assert (item["amount"], item["gross"], item["commission"], item["units"], item["order_id"]) == (
            2160,
            2400,
            240,
            2,
            ORDER,
        )
        assert "customers" not in str(found)
        file = api("GET", path.replace("?", "/file?"), by=SUPPLIER)
        assert file.headers["content-type"] == "text/csv; charset=utf-8"
        assert [row.split(",")[1:2] + row.split(",")[4:] for row in file.text.splitlines()] == [
            ["kind", "amount", "balance", "currency"],
            ["opening", "", "0", "GBP"],
            ["sale", "2160", "2160", "GBP"],
            ["closing", "", "2160", "GBP"],
        ]
        assert api("GET", f"/v1/suppliers/{ACME}/statements/2026-11?currency=GBP").status == 404
        assert api("GET", f"/v1/suppliers/{ACME}/statements/2026-13?currency=GBP").status == 404
        assert api("GET", f"/v1/suppliers/{ACME}/statements/2026-09?currency=XXX").status == 400


def test_entries_by_day(api: Call) -> None:
    for day in (9, 10, 11):
        with clock.at(datetime(2026, 9, day, 23, 59, tzinfo=UTC)):
            sell(a_line(), order_id=f"o{day}", fulfilment=f"f{day}")
    path = f"/v1/suppliers/{ACME}/ledger-entries?currency=GBP&since=2026-09-10&until=2026-09-10"
    assert [one["order_id"] for one in api("GET", path).json["items"]] == ["o10"]


def test_adjustments_balance_and_are_made_once(api: Call) -> None:
    body = {
        "currency": "GBP",
        "supplier_id": ACME,
        "reason": "Chargeback of an order",
        "postings": [{"account": "supplier", "amount": 500}, {"account": "cash", "amount": -500}],
    }
    made = api("POST", "/v1/ledger/adjustments", json=body, key="a")
    assert (made.status, made.json["postings"]) == (201, {f"supplier:{ACME}": 500, "cash": -500})
    [found] = api("GET", made.headers["location"]).json["items"]
    assert found == made.json
    again = api("POST", "/v1/ledger/adjustments", json=body, key="a")
    assert (again.headers["idempotent-replayed"], again.json) == ("true", made.json)
    assert owed() == -500
    assert api("GET", f"/v1/suppliers/{ACME}/balances", by=SUPPLIER).json["items"] == [
        {"currency": "GBP", "amount": -500, "last_payout_at": None}
    ]
    totals = api("GET", "/v1/ledger/balances?currency=GBP").json
    assert (totals["accounts"]["cash"], totals["suppliers"]) == (-500, 500)
    off = {**body, "postings": [{"account": "supplier", "amount": 500}, {"account": "cash", "amount": -499}]}
    assert api("POST", "/v1/ledger/adjustments", json=off).code == "unbalanced"
    nobody = {**body, "supplier_id": None}
    assert api("POST", "/v1/ledger/adjustments", json=nobody).code == "unbalanced"
    assert api("POST", "/v1/ledger/adjustments", json={**body, "supplier_id": "sup_none"}).status == 404
    audit = api("GET", "/v1/ledger/audit?currency=GBP").json
    assert (audit["sound"], audit["next_cursor"], len(audit["checks"])) == (True, None, 16)


def test_an_adjustment_that_names_an_order_stands_among_its_entries(api: Call) -> None:
    sell()
    body = {
        "currency": "GBP",
        "order_id": ORDER,
        "reason": "Chargeback",
        "postings": [{"account": "chargeback_losses", "amount": 500}, {"account": "cash", "amount": -500}],
    }
    made = api("POST", "/v1/ledger/adjustments", json=body)
    assert made.status == 201, made
    assert [one["id"] for one in api("GET", made.headers["location"]).json["items"]][1:] == [made.json["id"]]
    assert made.json["order_id"] == ORDER
    unknown = api("POST", "/v1/ledger/adjustments", json={**body, "order_id": f"{ORDER[:-1]}Z"})
    assert (unknown.status, unknown.code) == (404, "not_found")
    assert api("POST", "/v1/ledger/adjustments", json={**body, "order_id": made.json["id"]}).status == 404


def test_entries_of_an_order_and_of_a_day(api: Call) -> None:
    with clock.at(SEPTEMBER):
        sell()
        committed(lambda tx: service.book_capture(tx, ORDER, "1", 1200, "GBP"))
    of_order = api("GET", f"/v1/ledger/entries?order_id={ORDER}").json["items"]
    assert sorted(one["kind"] for one in of_order) == ["capture", "sale"]
    of_day = api("GET", "/v1/ledger/entries?currency=GBP&day=2026-09-10").json["items"]
    assert [one["kind"] for one in of_day] == ["capture"]
    assert api("GET", "/v1/ledger/entries?currency=GBP").status == 400


def test_a_run_over_the_api(api: Call) -> None:
    with clock.at(datetime.now(UTC) - timedelta(days=30)):
        sell()
    started = api("POST", "/v1/payout-runs", json={"currency": "GBP"}, key="r")
    assert (started.status, started.json["state"]) == (202, "started")
    assert api("POST", "/v1/payout-runs", json={"currency": "GBP"}, key="r").json == started.json
    run = started.headers["location"]
    run_id = run.rpartition("/")[2]
    use_cases.pay_chunk(run_id, None, [], BY, accounts=Accounts())
    use_cases.finish_run(run_id, [], BY)
    assert api("GET", run).json["state"] == "finished"
    assert [one["id"] for one in api("GET", "/v1/payout-runs").json["items"]] == [run_id]
    [payout] = api("GET", f"{run}/payouts").json["items"]
    assert (payout["state"], payout["amount"], payout["account_ending"]) == ("sent", 1080, "1234")
    assert "bnk_" not in api("GET", f"{run}/payouts").text
    assert api("GET", f"/v1/suppliers/{ACME}/payouts", by=SUPPLIER).json["items"] == [payout]
    assert api("POST", f"{run}/confirmations", json={"supplier_ids": [ACME, ACME]}).status == 200
    back = api("POST", f"{run}/returns", json={"supplier_id": ACME, "reason": "Account closed"})
    assert (back.json["state"], back.json["reason"], owed()) == ("returned", "Account closed", 1080)
    assert api("POST", f"{run}/confirmations", json={"supplier_ids": [ACME]}).code == "payout_out_of_turn"
    file = api("GET", f"{run}/payment-file")
    assert (file.headers["cache-control"], file.text.count("\n")) == ("no-store", 1)
    assert api("POST", f"{run}/resumptions").code == "payout_out_of_turn"
    assert (
        api("POST", "/v1/payout-runs", json={"currency": "GBP", "cutoff": "2999-01-01T00:00:00Z"}).code
        == "cutoff_ahead"
    )


@pytest.mark.parametrize("cutoff", ["0001-01-01T00:00:00+14:00", "0001-01-05T00:00:00Z", "2001-01-01T00:00:00Z"])
def test_a_run_of_ages_ago_is_refused(api: Call, cutoff: str) -> None:
    refused = api("POST", "/v1/payout-runs", json={"currency": "GBP", "cutoff": cutoff})
    assert (refused.status, refused.code) == (422, "cutoff_too_old")
    assert api("GET", "/v1/payout-runs").json["items"] == []


def test_each_start_of_a_run_starts_its_workflow_once(api: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr("chalicelib.core.workflow.start", lambda arn, name, given: started.append((name, given)))
    run = api("POST", "/v1/payout-runs", json={"currency": "GBP"}).json["id"]
    [event] = outbox.timeline(store.run_pk(run))
    record = {"messageId": "m", "body": json.dumps({"detail": json.loads(event.to_json())})}
    consumers.on_payout_run_started({"Records": [record]}, None)
    [(name, given)] = started
    assert (name, given["run_id"], given.keys()) == (f"{run}-v1", run, {"run_id", "correlation_id"})
