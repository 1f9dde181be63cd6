"""What a person decides."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.core.errors import Stale
from chalicelib.core.table import Transaction
from chalicelib.inventory import service as inventory
from chalicelib.suppliers import service
from chalicelib.suppliers.domain.life import CorrectionOutdated, NothingToCorrect
from chalicelib.suppliers.domain.shape import ProfileMisshapen
from chalicelib.suppliers.service import correct_profile, reaching
from tests.conftest import ADMIN
from tests.unit.suppliers.builders import ENDPOINT, a_profile, another
from tests.unit.suppliers.conftest import ALICE, BOB, Market
from tests.unit.suppliers.test_secrets import put

WRONG_VAT = {"tax_id": {"scheme": "vat", "country": "GB", "value": "GB980780685"}}


def stage(supplier_id: str, field: str, value: Any, expected: int | None = None) -> int:
    tx = Transaction()
    version = correct_profile.stage_changes(tx, supplier_id, [(field, value)], ADMIN, expected_version=expected)
    tx.commit()
    return version


def test_what_is_wrong_is_for_a_person(market: Market) -> None:
    supplier_id = market.applied(**WRONG_VAT)
    assert market.run(supplier_id) == "needs_review"
    one = market.read(supplier_id)
    assert (one["status"], one["check"]) == ("in_review", "in_review")
    assert market.reviews.rules() == {"identity.tax_id"}
    case = market.reviews.latest
    assert (case["supplier_id"], case["title"], case["subject_version"]) == (
        supplier_id,
        "Application of Red Mugs",
        one["version"],
    )
    assert list(market.reviews.tokens) == [one["review_id"]]
    assert market.event(supplier_id, "SupplierSentToReview").data == {
        "status": "in_review",
        "review_id": one["review_id"],
        "rules": ["identity.tax_id"],
    }
    assert service.find_seller(supplier_id).sells is False


def test_a_case_is_opened_once_however_often_it_is_asked_for(market: Market) -> None:
    supplier_id = market.applied(**WRONG_VAT)
    market.run(supplier_id)
    before = market.read(supplier_id)
    assert market.step("open_review", supplier_id, task_token="token-2") == "waiting"
    assert market.read(supplier_id) == before
    assert market.reviews.tokens == {before["review_id"]: "token-2"}


def test_a_reviewer_approves_what_validators_found_wrong(market: Market) -> None:
    supplier_id = market.applied(**WRONG_VAT)
    market.run(supplier_id)
    assert market.reviewer_approves(supplier_id) == "approved"
    assert service.find_seller(supplier_id).sells is True
    assert inventory.read_location(supplier_id, ADMIN).name == "Red Mugs"


def test_a_reviewer_cannot_approve_somebody_without_a_name(market: Market) -> None:
    supplier_id = market.in_review()
    first = market.read(supplier_id)["review_id"]
    assert market.reviewer_approves(supplier_id) == "needs_review"
    one = market.read(supplier_id)
    assert (one["status"], one["review_id"] != first) == ("in_review", True)
    assert "brands.missing" in market.reviews.rules()


def test_a_reviewer_cannot_approve_without_what_is_to_be_shown(market: Market) -> None:
    supplier_id = market.apply(attestations=()).json["id"]
    assert market.run(supplier_id) == "needs_review"
    assert market.reviews.rules() == {"terms.open"}
    assert market.reviewer_approves(supplier_id) == "needs_review"
    assert (
        market.call("POST", f"/v1/suppliers/{supplier_id}/attestations", by=ALICE, json={"code": "terms"}).status == 200
    )
    assert market.reviewer_approves(supplier_id) == "approved"


@pytest.mark.parametrize("reason", ["review", "review_expired"])
def test_who_is_rejected_may_apply_again(market: Market, reason: str) -> None:
    supplier_id = market.applied(**WRONG_VAT)
    market.run(supplier_id)
    assert market.step("reject_supplier", supplier_id, reason=reason) == "rejected"
    one = market.read(supplier_id)
    assert (one["status"], one["check"], one["reason"]) == ("rejected", "rejected", reason)
    event = market.event(supplier_id, "SupplierRejected")
    assert event.data == {"status": "rejected", "reason": reason, "was_approved": False}
    again = market.call("POST", f"/v1/suppliers/{supplier_id}/submissions", by=ALICE)
    assert (again.status, again.json["status"], again.json["reason"]) == (202, "applied", None)
    reply = market.changed(supplier_id, by=ALICE, tax_id={"scheme": "vat", "country": "GB", "value": "GB980780684"})
    assert reply.json["submission"] == reply.json["version"] > one["version"]
    assert market.run(supplier_id) == "approved"


def test_a_reviewers_corrections_are_verified_when_the_reviewer_asks(market: Market) -> None:
    supplier_id = market.applied(**WRONG_VAT)
    market.run(supplier_id)
    before = market.read(supplier_id)
    version = stage(supplier_id, "/tax_id/value", "GB980780684", before["version"])
    after = market.read(supplier_id)
    assert (after["version"], after["submission"], after["check"]) == (version, before["submission"], "in_review")
    assert after["corrections"][-1]["by"] == {"kind": "user", "id": ADMIN.id}
    assert market.events(supplier_id).count("SupplierSubmitted") == 1
    # The reviewer decides `revalidate`, and the same workflow goes on.
    assert market.verify(supplier_id) == "approved"
    assert market.read(supplier_id)["approved"]["tax_id"]["value"] == "GB980780684"


def test_verifying_again_may_need_a_person_again(market: Market) -> None:
    supplier_id = market.applied(**WRONG_VAT)
    market.run(supplier_id)
    assert market.verify(supplier_id) == "needs_review"
    assert len(market.reviews.cases) == len(market.reviews.tokens) == 2


def test_a_reviewer_corrects_what_is_there_now(market: Market) -> None:
    supplier_id = market.applied(**WRONG_VAT)
    market.run(supplier_id)
    with pytest.raises(Stale):
        stage(supplier_id, "/tax_id/value", "GB980780684", expected=1)
    with pytest.raises(CorrectionOutdated):
        stage(supplier_id, "/contacts/7/name", "Ada")
    market.step("reject_supplier", supplier_id, reason="review")
    with pytest.raises(NothingToCorrect):
        stage(supplier_id, "/tax_id/value", "GB980780684")


def test_who_changes_the_profile_during_a_review_is_verified_anew(market: Market) -> None:
    supplier_id = market.applied(**WRONG_VAT)
    market.run(supplier_id)
    fixed = {"scheme": "vat", "country": "GB", "value": "GB980780684"}
    reply = market.changed(supplier_id, by=ALICE, tax_id=fixed)
    assert (reply.json["status"], reply.json["check"]) == ("applied", "verifying")
    assert market.step("approve_supplier", supplier_id, 1) == "superseded"
    assert market.run(supplier_id) == "approved"


@pytest.mark.parametrize("what", ["change", "submission", "bank_account"])
def test_the_case_of_what_is_overtaken_is_withdrawn(market: Market, what: str) -> None:
    supplier_id = market.applied(**WRONG_VAT)
    market.run(supplier_id)
    assert market.reviews.withdrawn == []
    if what == "change":
        market.changed(supplier_id, by=ALICE, timezone="UTC")
    elif what == "submission":
        market.call("POST", f"/v1/suppliers/{supplier_id}/submissions", by=ALICE)
    else:
        assert put(market, supplier_id).status == 202
    assert market.reviews.withdrawn == [("supplier", supplier_id)]
    # What is not in review yet has no case.
    market.changed(supplier_id, by=ALICE, timezone="Europe/Paris")
    assert len(market.reviews.withdrawn) == 1


def test_the_case_of_who_is_offboarded_is_withdrawn(market: Market) -> None:
    supplier_id = market.approved()
    market.changed(supplier_id, by=ALICE, **WRONG_VAT)
    market.run(supplier_id)
    market.call("POST", f"/v1/suppliers/{supplier_id}/offboardings", json={"reason": "x"})
    assert market.reviews.withdrawn == [("supplier", supplier_id), ("parked", supplier_id)]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ([("/contacts", "nobody")], "/contacts"),
        ([("/trading_name", 7)], "/trading_name"),
        ([("/trading_name", "")], "/trading_name"),
        ([("/iban", "GB33")], "/iban"),
        ([("/address/planet", "Mars")], "/address/planet"),
        ([("/brands/0", "Redware")], "/brands/0"),
        ([("/brands", [{"name": "B"}] * 41)], "/brands"),
    ],
)
def test_a_reviewer_cannot_bend_the_profile(market: Market, changes: Any, pointer: str) -> None:
    supplier_id = market.applied(**WRONG_VAT)
    market.run(supplier_id)
    with pytest.raises(ProfileMisshapen) as refused:
        correct_profile.stage_changes(Transaction(), supplier_id, changes, ADMIN)
    assert [fault.pointer for fault in refused.value.faults] == [pointer]


def test_a_reviewer_gives_fields_other_values(market: Market) -> None:
    supplier_id = market.applied(**WRONG_VAT)
    market.run(supplier_id)
    version, tx = market.read(supplier_id)["version"], Transaction()
    changes = [("/tax_id/value", "GB980780684"), ("/return_address", None), ("/timezone", "Europe/Paris")]
    assert correct_profile.stage_changes(tx, supplier_id, changes, ADMIN, expected_version=version) == version + 1
    tx.commit()
    one = market.read(supplier_id)
    assert (one["proposed"]["tax_id"]["value"], one["proposed"]["timezone"]) == ("GB980780684", "Europe/Paris")
    assert [(each["rule"], each["before"]) for each in one["corrections"]] == [
        ("reviewer", "GB980780685"),
        ("reviewer", None),
        ("reviewer", "Europe/London"),
    ]
    with pytest.raises(CorrectionOutdated):
        correct_profile.stage_changes(Transaction(), supplier_id, [("/contacts/9/name", "x")], ADMIN)


def test_whom_the_operator_refuses_by_rule_is_rejected_without_a_person(market: Market) -> None:
    path = "/v1/supplier-screening-list"
    wanted = {"refused_countries": ["GB"]}
    assert market.call("PUT", path, json=wanted, headers={"If-Match": '"0"'}).status == 200
    supplier_id = market.applied()
    assert market.run(supplier_id) == "rejected"
    assert market.read(supplier_id)["reason"] == "rules"
    assert market.reviews.cases == {}
    # It is told so, and not which.
    for path in ("", "/timeline", "/requirements"):
        told = market.call("GET", f"/v1/suppliers/{supplier_id}{path}", by=ALICE)
        assert (told.status, "screening" in told.text) == (200, False)
    assert market.event(supplier_id, "SupplierRejected").data == {
        "status": "rejected",
        "reason": "rules",
        "was_approved": False,
    }


def test_whom_the_operator_screens_is_looked_at_and_not_told(market: Market) -> None:
    wanted = {"names": ["Ada Lovelace"], "countries": ["FR"]}
    market.call("PUT", "/v1/supplier-screening-list", json=wanted, headers={"If-Match": '"0"'})
    supplier_id = market.applied()
    assert market.run(supplier_id) == "needs_review"
    assert market.reviews.rules() == {"screening.name"}
    assert market.rules(supplier_id) == {"screening.name"}
    told = market.read(supplier_id, by=ALICE)
    assert (told["findings"], told["review_id"]) == ([], None)
    assert sent_to_review(market, supplier_id, ALICE) == {"status": "in_review"}
    assert sent_to_review(market, supplier_id, ADMIN)["rules"] == ["screening.name"]
    assert market.reviewer_approves(supplier_id) == "approved"


def sent_to_review(market: Market, supplier_id: str, by: Any) -> Any:
    items = market.call("GET", f"/v1/suppliers/{supplier_id}/timeline", by=by).json["items"]
    return next(one["data"] for one in items if one["type"] == "SupplierSentToReview")


def test_how_the_screening_stands_only_the_operator_reads(market: Market) -> None:
    wanted = {"names": ["Ada Lovelace"]}
    market.call("PUT", "/v1/supplier-screening-list", json=wanted, headers={"If-Match": '"0"'})
    supplier_id = market.applied()
    market.run(supplier_id)

    def standing(by: Any) -> dict[str, str]:
        items = market.call("GET", f"/v1/suppliers/{supplier_id}/requirements", by=by).json["items"]
        return {one["code"]: one["state"] for one in items}

    assert standing(ADMIN) == {**standing(ALICE), "screening": "failed"}
    assert "screening" not in standing(ALICE)


def test_what_cannot_be_finished_is_left_to_a_person(market: Market) -> None:
    supplier_id = market.applied()
    assert market.step("park_onboarding", supplier_id, state="VerifyProfile") == "parked"
    assert market.reviews.rules() == {"workflow.failed"}
    [review_id] = market.reviews.cases
    assert review_id == f"rev_parked.{supplier_id}.1"
    # And can be tried again.
    assert market.call("POST", f"/v1/suppliers/{supplier_id}/submissions", by=ADMIN).status == 202
    assert market.run(supplier_id) == "approved"


# ---- names that are another's ----


@pytest.mark.parametrize(
    ("same", "rule"),
    [
        (
            {"legal_entity": {"name": "Other Ltd", "registration_number": "0123-4567", "country": "GB"}},
            "identity.legal_entity_taken",
        ),
        ({"tax_id": {"scheme": "vat", "country": "GB", "value": "GB980780684"}}, "identity.tax_id_taken"),
        ({"brands": [{"name": "RÉDWARE", "attestation": "owner"}]}, "brands.taken"),
    ],
)
def test_a_name_that_is_anothers_is_for_a_person(market: Market, same: Any, rule: str) -> None:
    market.approved()
    supplier_id = market.applied(BOB, **{**another(), **same})
    assert market.run(supplier_id) == "needs_review"
    assert market.reviews.rules() == {rule}
    # Not even a reviewer gives one name to two, however often.
    for _ in range(2):
        assert market.reviewer_approves(supplier_id) == "needs_review"
        assert [finding.rule for finding in market.reviews.latest["findings"]] == [rule]
    assert service.find_seller(supplier_id).sells is False


def test_a_brand_may_be_sold_by_others_than_its_owner(market: Market) -> None:
    market.approved()
    brands = [{"name": "Redware", "attestation": "authorised_seller"}]
    supplier_id = market.approved(BOB, **{**another(), "brands": brands})
    assert market.rules(supplier_id) == {"brands.owned_by_other"}


def test_what_is_said_of_anothers_brands_is_said_once(market: Market) -> None:
    market.approved()
    both = [{"name": "Redware", "attestation": "authorised_seller"}, {"name": "Blueware", "attestation": "owner"}]
    supplier_id = market.applied(BOB, **{**another(), "brands": both, "tax_id": a_profile()["tax_id"]})
    assert market.run(supplier_id) == "needs_review"
    for _ in range(2):
        assert market.reviewer_approves(supplier_id) == "needs_review"
        said = [finding.rule for finding in market.reviews.latest["findings"]]
        assert said == ["identity.tax_id_taken", "brands.owned_by_other"]


def test_a_name_is_free_again_when_it_is_let_go(market: Market) -> None:
    alice = market.approved()
    assert market.changed(alice, by=ALICE, brands=[{"name": "Blueware", "attestation": "owner"}]).status == 202
    assert market.run(alice) == "approved"
    redware = [{"name": "Redware", "attestation": "owner"}]
    market.approved(BOB, **{**another(), "brands": redware})
    assert market.changed(alice, by=ALICE, brands=redware).status == 202
    assert market.run(alice) == "needs_review"
    assert market.reviews.rules() == {"brands.taken"}
    assert market.reviews.latest["title"] == "Change of Red Mugs"


# ---- its own interface ----


def issued(market: Market, supplier_id: str) -> str:
    reply = market.call("POST", f"/v1/suppliers/{supplier_id}/endpoint-secrets", by=ALICE)
    assert reply.status == 201, reply
    market.endpoint.secret = reply.json["secret"]
    return market.endpoint.secret


def test_an_endpoint_that_checks_signatures_is_in_order(market: Market) -> None:
    supplier_id = market.applied(endpoint_url=ENDPOINT)
    secret = issued(market, supplier_id)
    assert market.run(supplier_id) == "approved"
    asked = f"{ENDPOINT}/orders/ful_00000000000000000000000000_0"
    assert [url for url, _ in market.endpoint.calls] == [asked, asked]
    unsigned, signed = (headers for _, headers in market.endpoint.calls)
    assert "webhook-signature" not in unsigned
    assert signed["webhook-id"] == "ful_00000000000000000000000000_0.status"
    found = reaching.endpoint(supplier_id)
    assert found is not None
    assert (found.url, found.secrets, found.bearer_token) == (ENDPOINT, (secret,), None)


@pytest.mark.parametrize(
    ("how", "rule"),
    [
        ({"dead": True}, "endpoint.unreachable"),
        ({"unsigned": 200}, "endpoint.signature_not_checked"),
        ({"known": 401}, "endpoint.signature_refused"),
        ({"known": 500}, "endpoint.not_conformant"),
    ],
)
def test_an_endpoint_that_is_not_in_order_is_for_a_person(market: Market, how: Any, rule: str) -> None:
    supplier_id = market.applied(endpoint_url=ENDPOINT)
    issued(market, supplier_id)
    for name, value in how.items():
        setattr(market.endpoint, name, value)
    assert market.run(supplier_id) == "needs_review"
    assert market.rules(supplier_id) == {rule}


def test_an_endpoint_without_a_secret_is_submitted_again_with_one(market: Market) -> None:
    supplier_id = market.applied(endpoint_url=ENDPOINT)
    assert market.run(supplier_id) == "needs_review"
    assert market.rules(supplier_id) == {"endpoint.no_secret"}
    issued(market, supplier_id)
    assert market.call("POST", f"/v1/suppliers/{supplier_id}/submissions", by=ALICE).status == 202
    assert market.run(supplier_id) == "approved"


def test_an_address_that_may_not_be_called_is_not_called(market: Market) -> None:
    supplier_id = market.applied(endpoint_url="https://10.0.0.1/aisle")
    assert market.run(supplier_id) == "needs_review"
    assert (market.rules(supplier_id), market.endpoint.calls) == ({"endpoint.url_not_allowed"}, [])
