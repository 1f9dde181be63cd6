"""The checklist, and how suppliers stand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import ADMIN, SHOPPER
from tests.unit.suppliers.builders import a_profile, another
from tests.unit.suppliers.conftest import ALICE, BOB, Market, a_user
from tests.unit.suppliers.test_secrets import put

PATH = "/v1/supplier-requirements"


def ask(market: Market, *items: dict[str, Any], version: int | None = None, by: Any = ADMIN) -> Any:
    version = market.call("GET", PATH).json["version"] if version is None else version
    return market.call("PUT", PATH, by=by, json={"items": list(items)}, headers={"If-Match": f'"{version}"'})


def item(code: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "kind": kind, "title": code.title(), **more}


def standing(market: Market, supplier_id: str) -> dict[str, str]:
    rows = market.call("GET", f"/v1/suppliers/{supplier_id}/requirements", by=ALICE).json["items"]
    return {row["code"]: row["state"] for row in rows}


def test_what_is_asked_for_by_default(market: Market) -> None:
    reply = market.call("GET", PATH, by=ALICE)
    assert (reply.status, reply.etag) == (200, '"0"')
    assert [(row["code"], row["kind"], row["required"]) for row in reply.json["items"]] == [
        ("identity", "computed", True),
        ("brands", "computed", True),
        ("contacts", "computed", True),
        ("address", "computed", True),
        ("screening", "computed", True),
        ("endpoint", "computed", True),
        ("terms", "attested", True),
        ("bank_account", "computed", False),
        ("registration", "document", False),
    ]
    assert market.call("GET", PATH, by=SHOPPER).status == 403


def test_a_supplier_sees_how_it_stands(market: Market) -> None:
    supplier_id = market.applied(tax_id={"scheme": "vat", "country": "GB", "value": "GB980780685"})
    market.run(supplier_id)
    assert standing(market, supplier_id) == {
        "identity": "failed",
        "brands": "verified",
        "contacts": "verified",
        "address": "verified",
        "endpoint": "verified",
        "terms": "attested",
        "bank_account": "open",
        "registration": "open",
    }


def test_the_operator_asks_for_something_else(market: Market) -> None:
    assert ask(market, item("ethics", "attested"), by=ALICE).status == 403
    reply = ask(market, item("ethics", "attested"), item("identity", "computed"))
    assert (reply.status, reply.etag, reply.json["version"]) == (200, '"1"', 1)
    assert ask(market, item("ethics", "attested"), version=0).status == 412
    supplier_id = market.apply(attestations=()).json["id"]
    assert market.run(supplier_id) == "needs_review"
    assert market.reviews.rules() == {"ethics.open"}


@pytest.mark.parametrize(
    ("items", "pointer"),
    [
        ([item("ethics", "computed")], "/items/0/kind"),
        ([item("identity", "attested")], "/items/0/kind"),
        ([item("a", "attested"), item("a", "document")], "/items/1/code"),
    ],
)
def test_a_checklist_that_nobody_could_keep_is_refused(market: Market, items: Any, pointer: str) -> None:
    reply = ask(market, *items)
    assert (reply.code, [fault["pointer"] for fault in reply.json["errors"]]) == ("checklist_refused", [pointer])


def test_some_is_asked_in_some_countries_only(market: Market) -> None:
    ask(market, item("weee", "attested", applies_to=["DE"]), item("ethics", "attested", required=False))
    supplier_id = market.apply(attestations=()).json["id"]
    assert standing(market, supplier_id) == {"ethics": "open"}
    assert market.run(supplier_id) == "approved"


FAULTS: dict[str, Any] = {
    "identity": {"tax_id": {"scheme": "vat", "country": "GB", "value": "GB980780685"}},
    "contacts": {"timezone": "Mars/Olympus"},
    "address": {"service_countries": ["QQ"]},
    "endpoint": {"endpoint_url": "http://orders.example.com"},
    "brands": {"brands": []},
}


@pytest.mark.parametrize("code", FAULTS)
@pytest.mark.parametrize(
    ("how", "outcome"),
    [
        ([{}], "needs_review"),
        ([{"applies_to": ["DE", "GB"]}], "needs_review"),
        ([{"applies_to": ["DE"]}], "approved"),
        ([{"required": False}], "approved"),
        ([], "approved"),
    ],
)
def test_what_is_not_asked_is_told_and_keeps_nobody(market: Market, code: str, how: Any, outcome: str) -> None:
    ask(market, *(item(code, "computed", **more) for more in how))
    supplier_id = market.applied(attestations=(), **FAULTS[code])
    assert market.run(supplier_id) == outcome
    assert {rule.partition(".")[0] for rule in market.rules(supplier_id)} == {code}


def test_whom_the_operator_refuses_it_refuses_as_long_as_it_screens(market: Market) -> None:
    wanted = {"refused_countries": ["GB"]}
    market.call("PUT", "/v1/supplier-screening-list", json=wanted, headers={"If-Match": '"0"'})
    ask(market, item("screening", "computed"))
    assert market.run(market.applied(attestations=())) == "rejected"
    ask(market, item("screening", "computed", required=False))
    assert market.run(market.applied(BOB, attestations=(), **another())) == "approved"


def test_some_holds_whatever_is_asked(market: Market) -> None:
    """Whose account it is, in which country it is, its name, and that a name is nobody else's."""
    ask(market)
    market.approved(attestations=())
    entity = a_profile()["legal_entity"]
    for number, changes in enumerate(
        (
            {"legal_entity": {**entity, "country": "Atlantis"}},
            {"legal_entity": {**entity, "name": None}},
            {"tax_id": a_profile()["tax_id"]},
            {"brands": a_profile()["brands"]},
        )
    ):
        supplier_id = market.applied(a_user(f"usr_{number}"), attestations=(), **{**another(), **changes})
        assert market.run(supplier_id) == "needs_review", changes
    supplier_id = market.applied(BOB, attestations=(), **another())
    assert put(market, supplier_id, by=BOB).status == 202
    assert market.run(supplier_id) == "needs_review"
    assert market.reviews.rules() == {"bank_account.holder"}


def test_a_waiver_is_the_operators_and_has_a_reason(market: Market) -> None:
    supplier_id = market.apply(attestations=()).json["id"]
    path = f"/v1/suppliers/{supplier_id}/waivers"
    wanted = {"code": "terms", "reason": "A contract of their own"}
    assert market.call("POST", path, by=ALICE, json=wanted).status == 403
    assert market.call("POST", path, json={"code": "terms"}).status == 400
    assert market.call("POST", path, json={**wanted, "code": "unheard_of"}).code == "requirement_unknown"
    assert market.call("POST", path, json=wanted).status == 200
    assert standing(market, supplier_id)["terms"] == "waived"
    [row] = [
        row
        for row in market.call("GET", f"/v1/suppliers/{supplier_id}/requirements").json["items"]
        if row["code"] == "terms"
    ]
    assert (row["by"], row["reason"]) == ({"kind": "user", "id": ADMIN.id}, "A contract of their own")
    assert market.run(supplier_id) == "approved"


def test_what_was_waived_keeps_nobody(market: Market) -> None:
    supplier_id = market.applied(tax_id={"scheme": "vat", "country": "GB", "value": "GB980780685"})
    market.call("POST", f"/v1/suppliers/{supplier_id}/waivers", json={"code": "identity", "reason": "Seen"})
    assert market.run(supplier_id) == "approved"


@pytest.mark.parametrize(
    ("code", "changes", "field"),
    [
        ("brands", {"trading_name": None}, "/trading_name"),
        ("identity", {"legal_entity": {"registration_number": "01234567", "country": "GB"}}, "/legal_entity/name"),
    ],
)
def test_without_a_name_not_even_a_waiver_helps(market: Market, code: str, changes: Any, field: str) -> None:
    supplier_id = market.applied(**changes)
    market.call("POST", f"/v1/suppliers/{supplier_id}/waivers", json={"code": code, "reason": "Seen"})
    assert market.run(supplier_id) == "needs_review"
    assert [finding.field for finding in market.reviews.latest["findings"]] == [field]
    assert market.reviewer_approves(supplier_id) == "needs_review"


def test_a_bank_account_may_be_asked_for(market: Market) -> None:
    ask(market, item("bank_account", "computed"))
    supplier_id = market.apply(attestations=()).json["id"]
    assert market.run(supplier_id) == "needs_review"
    for _ in range(2):
        assert market.reviewer_approves(supplier_id) == "needs_review"
        assert [finding.rule for finding in market.reviews.latest["findings"]] == ["bank_account.open"]
    assert standing(market, supplier_id) == {"bank_account": "open"}
    assert put(market, supplier_id).status == 202
    assert market.run(supplier_id) == "approved"


def test_only_the_supplier_gives_its_word(market: Market) -> None:
    supplier_id = market.apply(attestations=()).json["id"]
    path = f"/v1/suppliers/{supplier_id}/attestations"
    assert market.call("POST", path, json={"code": "terms"}).status == 403
    assert market.call("POST", path, by=ALICE, json={"code": "identity"}).code == "requirement_unknown"
    assert market.call("POST", path, by=ALICE, json={"code": "terms"}).status == 200
    assert market.run(supplier_id) == "approved"


def test_the_screening_list_is_the_operators(market: Market) -> None:
    path = "/v1/supplier-screening-list"
    assert market.call("GET", path).json == {"version": 0, "countries": [], "names": [], "refused_countries": []}
    wanted = {"countries": ["FR"], "names": ["Ivan Ivanov"], "refused_countries": ["AQ"]}
    reply = market.call("PUT", path, json=wanted, headers={"If-Match": '"0"'})
    assert (reply.status, reply.etag, reply.json) == (200, '"1"', {"version": 1, **wanted})
    assert market.call("GET", path).json == {"version": 1, **wanted}
    assert market.call("PUT", path, json=wanted, headers={"If-Match": '"0"'}).status == 412
    for method, more in (("GET", {}), ("PUT", {"json": wanted, "headers": {"If-Match": '"1"'}})):
        assert market.call(method, path, by=ALICE, **more).status == 403
