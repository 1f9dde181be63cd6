"""What is put right by itself, what is only proposed, and what neither starts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.core.table import Transaction
from chalicelib.inventory import service as inventory
from chalicelib.suppliers.domain import life
from chalicelib.suppliers.service import corrections
from chalicelib.suppliers.service.correct_profile import stage_changes
from tests.conftest import ADMIN
from tests.unit.suppliers.builders import ENDPOINT, a_profile, another
from tests.unit.suppliers.conftest import ALICE, BOB, Market, a_user


def proposals(**changes: Any) -> tuple[dict[str, tuple[Any, int]], dict[str, tuple[Any, int]]]:
    """By field: what would be made, and what would be proposed, and how sure it is."""
    one = life.applied("sup_1", a_profile(**changes), "2026-01-01T00:00:00.000000Z")
    made, proposed = corrections.propose(one)
    return (
        {each.field: (each.after, each.confidence) for each in made},
        {each.field: (each.after, each.confidence) for each in proposed},
    )


def contact(**changes: Any) -> list[dict[str, Any]]:
    return [{"role": "primary", "name": "Ada", "email": "ada@redmugs.example.com", **changes}]


def test_nothing_is_corrected_where_nothing_is_wrong() -> None:
    assert proposals(endpoint_url=ENDPOINT) == ({}, {})


@pytest.mark.parametrize(
    ("changes", "field", "after", "confidence"),
    [
        ({"trading_name": "  Red   Mugs "}, "/trading_name", "Red Mugs", 100),
        ({"trading_name": "Red\u00a0Mu\ufb01"}, "/trading_name", "Red Mufi", 95),
        (
            {"address": {"line1": "1", "city": "X", "postal_code": "SW1Y 4JH", "country": "United Kingdom"}},
            "/address/country",
            "GB",
            95,
        ),
        (
            {"address": {"line1": "1", "city": "X", "postal_code": "75001", "country": "fr"}},
            "/address/country",
            "FR",
            100,
        ),
        (
            {"address": {"line1": "1", "city": "X", "postal_code": "75001", "country": "FRA"}},
            "/address/country",
            "FR",
            95,
        ),
        ({"service_countries": ["GB", "Ireland"]}, "/service_countries/1", "IE", 95),
        ({"contacts": contact(phone="020 7946 0018")}, "/contacts/0/phone", "+442079460018", 95),
        (
            {"contacts": contact(email="Ada@RedMugs.Example.COM")},
            "/contacts/0/email",
            "Ada@redmugs.example.com",
            100,
        ),
        (
            {"tax_id": {"scheme": "vat", "country": "GB", "value": "980.7806 84"}},
            "/tax_id/value",
            "GB980780684",
            95,
        ),
        ({"tax_id": {"country": "GB", "value": "980780684"}}, "/tax_id/value", "GB980780684", 95),
        (
            {"address": {"line1": "1", "city": "X", "postal_code": "10001", "region": "new york", "country": "US"}},
            "/address/region",
            "NY",
            95,
        ),
        (
            {"address": {"line1": "1", "city": "X", "postal_code": "sw1y4jh", "country": "GB"}},
            "/address/postal_code",
            "SW1Y 4JH",
            92,
        ),
        ({"default_currency": "gbp"}, "/default_currency", "GBP", 100),
        ({"endpoint_url": f"{ENDPOINT}/"}, "/endpoint_url", ENDPOINT, 100),
    ],
)
def test_what_is_sure_is_made(changes: Any, field: str, after: Any, confidence: int) -> None:
    made, _ = proposals(**changes)
    assert made[field] == (after, confidence)


@pytest.mark.parametrize(
    ("changes", "field", "after", "confidence"),
    [
        ({"contacts": contact(email="ada@gmial.com")}, "/contacts/0/email", "ada@gmail.com", 60),
        ({"trading_name": "RED MUGS"}, "/trading_name", "Red Mugs", 50),
    ],
)
def test_what_is_not_sure_is_only_proposed(changes: Any, field: str, after: Any, confidence: int) -> None:
    made, proposed = proposals(**changes)
    assert made == {}
    assert proposed == {field: (after, confidence)}


@pytest.mark.parametrize("blank", [" ", "\u001c"])
def test_what_is_blank_in_a_list_stays_for_a_person(market: Market, blank: str) -> None:
    """Only reviewers can bring it there, and no place of a list can be without a text."""
    supplier_id = market.in_review()
    tx = Transaction()
    stage_changes(tx, supplier_id, [("/service_countries/1", blank), ("/trading_name", blank)], ADMIN)
    tx.commit()
    assert market.run(supplier_id) == "needs_review"
    proposed = market.read(supplier_id)["proposed"]
    assert (proposed["service_countries"], proposed.get("trading_name")) == (["GB", blank], None)
    assert ("address.country", "/service_countries/1") in {
        (each["rule"], each["field"]) for each in market.read(supplier_id)["findings"]
    }


def test_a_number_with_wrong_check_digits_is_left_alone() -> None:
    made, proposed = proposals(tax_id={"scheme": "vat", "country": "GB", "value": "980 7806 85"})
    assert (made, proposed) == ({}, {})


def test_rules_build_on_each_other(market: Market) -> None:
    address = {
        "line1": "12 St James Square",
        "city": "London",
        "postal_code": " sw1y4jh",
        "country": " united  kingdom ",
    }
    supplier_id = market.approved(address=address, contacts=contact(phone=" 020 7946 0018"))
    approved = market.read(supplier_id)["approved"]
    assert (approved["address"]["country"], approved["address"]["postal_code"]) == ("GB", "SW1Y 4JH")
    assert approved["contacts"][0]["phone"] == "+442079460018"


def test_what_was_there_and_who_changed_it_is_kept(market: Market) -> None:
    supplier_id = market.approved(default_currency="gbp")
    [made] = market.read(supplier_id, by=ALICE)["corrections"]
    assert {name: made[name] for name in ("number", "field", "rule", "before", "after", "confidence")} == {
        "number": 1,
        "field": "/default_currency",
        "rule": "currency_code",
        "before": "gbp",
        "after": "GBP",
        "confidence": 100,
    }
    assert made["by"] == {"kind": "system", "id": "suppliers"}
    assert made["reversed_at"] is None


def test_a_proposal_is_shown_and_keeps_nobody(market: Market) -> None:
    supplier_id = market.approved(trading_name="RED MUGS")
    [finding] = market.read(supplier_id)["findings"]
    assert (finding["rule"], finding["severity"], finding["suggested_fix"]) == (
        "proposal.title_case",
        "info",
        "Red Mugs",
    )


# ---- a correction never starts the validation again ----


def test_a_correction_of_ours_submits_nothing(market: Market) -> None:
    supplier_id = market.approved(default_currency="gbp")
    assert market.events(supplier_id) == [
        "SupplierApplied",
        "SupplierSubmitted",
        "SupplierCorrected",
        "SupplierApproved",
    ]
    assert market.read(supplier_id)["submission"] == 1


def test_no_step_of_the_workflow_submits_anything(market: Market) -> None:
    supplier_id = market.in_review(default_currency="gbp")
    market.reviewer_approves(supplier_id)
    market.verify(supplier_id)
    market.step("reject_supplier", supplier_id, reason="review")
    market.step("park_onboarding", supplier_id, state="Decide")
    assert market.events(supplier_id).count("SupplierSubmitted") == 1
    market.deliver(market.event(supplier_id, "SupplierSubmitted"))
    market.deliver(market.event(supplier_id, "SupplierSubmitted"))
    assert {execution for execution, _ in market.started} == {f"{supplier_id}-1"}


def test_correcting_twice_corrects_once(market: Market) -> None:
    supplier_id = market.applied(default_currency="gbp")
    assert market.step("correct_profile", supplier_id) == "corrected"
    assert market.step("correct_profile", supplier_id) == "unchanged"
    assert market.events(supplier_id).count("SupplierCorrected") == 1


@pytest.mark.parametrize(
    ("task", "more"),
    [
        ("correct_profile", {}),
        ("verify_profile", {}),
        ("probe_endpoint", {}),
        ("decide_supplier", {}),
        ("approve_supplier", {}),
        ("reject_supplier", {"reason": "review"}),
        ("open_review", {"task_token": "old"}),
    ],
)
def test_a_late_workflow_of_an_older_version_changes_nothing(market: Market, task: str, more: Any) -> None:
    supplier_id = market.applied(default_currency="gbp")
    assert market.changed(supplier_id, by=ALICE, trading_name=" Blue Mugs").status == 202
    before = market.read(supplier_id)
    assert before["submission"] == 2
    assert market.step(task, supplier_id, 1, **more) == "superseded"
    assert market.read(supplier_id) == before
    assert market.completed == ([("old", {"outcome": "superseded"})] if task == "open_review" else [])


@pytest.mark.parametrize("task", ["correct_profile", "verify_profile", "decide_supplier", "approve_supplier"])
def test_a_late_step_of_the_same_version_changes_nothing(market: Market, task: str) -> None:
    supplier_id = market.approved()
    before = market.read(supplier_id)
    assert market.step(task, supplier_id, 1) == "approved"
    assert market.read(supplier_id) == before


# ---- and can be taken back ----


def reversal(market: Market, supplier_id: str, number: Any = 1, by: Any = ADMIN) -> Any:
    return market.call("POST", f"/v1/suppliers/{supplier_id}/corrections/{number}/reversals", by=by)


def test_the_operator_takes_a_correction_back(market: Market) -> None:
    supplier_id = market.applied(trading_name=" Red Mugs")
    market.step("correct_profile", supplier_id)
    reply = reversal(market, supplier_id)
    assert (reply.status, reply.json["proposed"]["trading_name"]) == (200, " Red Mugs")
    assert reply.json["corrections"][0]["reversed_at"] is not None
    # It is not made again, in this submission and the next.
    assert market.step("correct_profile", supplier_id) == "unchanged"
    assert market.changed(supplier_id, by=ALICE, timezone="Europe/Paris").status == 202
    assert market.step("correct_profile", supplier_id) == "unchanged"
    assert reversal(market, supplier_id).code == "correction_outdated"


def test_a_correction_is_taken_back_after_the_approval(market: Market) -> None:
    supplier_id = market.approved(trading_name=" Red Mugs")
    assert reversal(market, supplier_id).json["approved"]["trading_name"] == " Red Mugs"
    assert market.events(supplier_id)[-2:] == ["SupplierApproved", "SupplierChanged"]
    assert market.read(supplier_id)["status"] == "approved"
    assert inventory.read_location(supplier_id, ADMIN).name == " Red Mugs"


NUMBER = "/legal_entity/registration_number"


def renumbered(market: Market) -> str:
    """One whose registration number a reviewer put right before it was approved."""
    tax_id = {"scheme": "vat", "country": "GB", "value": "GB980780685"}
    supplier_id = market.applied(legal_entity={"name": "Red Mugs Ltd", "registration_number": "111", "country": "GB"})
    assert market.changed(supplier_id, by=ALICE, tax_id=tax_id).status == 202
    assert market.run(supplier_id) == "needs_review"
    tx = Transaction()
    stage_changes(tx, supplier_id, [(NUMBER, "222")], ADMIN)
    tx.commit()
    assert market.reviewer_approves(supplier_id) == "approved"
    return supplier_id


def other_of(number: str) -> dict[str, Any]:
    entity = {"name": "Shop number 2 Ltd", "registration_number": number, "country": "GB"}
    return {**another(), "legal_entity": entity}


@pytest.mark.parametrize("offboarded", [False, True])
def test_the_name_that_is_taken_back_is_claimed_again(market: Market, offboarded: bool) -> None:
    supplier_id = renumbered(market)
    brand = {"brands": [{"name": "Redware", "attestation": "owner"}]}
    if offboarded:
        market.call("POST", f"/v1/suppliers/{supplier_id}/offboardings", json={"reason": "x"})
    reply = reversal(market, supplier_id)
    assert (reply.status, reply.json["approved"]["legal_entity"]["registration_number"]) == (200, "111")
    assert market.run(market.applied(BOB, **other_of("111"))) == "needs_review"
    assert market.reviews.rules() == {"identity.legal_entity_taken"}
    # What it does not say any more is free; so are the brands of whoever is gone.
    entity = {"name": "Third Ltd", "registration_number": "222", "country": "GB"}
    carol = market.applied(a_user("usr_carol"), **{**another(3), "legal_entity": entity, **brand})
    assert market.run(carol) == ("approved" if offboarded else "needs_review")
    assert offboarded or market.reviews.rules() == {"brands.taken"}


def test_what_became_anothers_is_not_taken_back(market: Market) -> None:
    supplier_id = renumbered(market)
    market.approved(BOB, **other_of("111"))
    before = market.read(supplier_id)
    reply = reversal(market, supplier_id)
    assert (reply.status, reply.code) == (409, "name_taken")
    assert market.read(supplier_id) == before


def test_what_has_changed_since_is_not_overwritten(market: Market) -> None:
    supplier_id = market.approved(default_currency="gbp")
    market.changed(supplier_id, by=ALICE, default_currency="EUR")
    assert reversal(market, supplier_id).code == "correction_outdated"
    assert market.read(supplier_id)["proposed"]["default_currency"] == "EUR"


def test_only_the_operator_takes_corrections_back_that_were_made(market: Market) -> None:
    supplier_id = market.approved(default_currency="gbp")
    assert reversal(market, supplier_id, by=ALICE).status == 403
    for number in (2, 0, "x"):
        assert reversal(market, supplier_id, number).status == 404


def test_events_name_fields_and_rules_and_nobody(market: Market) -> None:
    supplier_id = market.approved(contacts=contact(phone="020 7946 0018", email="ada@REDMUGS.example.com"))
    event = market.event(supplier_id, "SupplierCorrected")
    assert event.data["corrections"] == [
        {"field": "/contacts/0/phone", "rule": "phone_e164", "confidence": 95},
        {"field": "/contacts/0/email", "rule": "email_domain", "confidence": 100},
    ]
    timeline = market.call("GET", f"/v1/suppliers/{supplier_id}/timeline", by=ALICE)
    said = json.dumps(timeline.json)
    assert not any(word in said for word in ("redmugs", "Ada", "7946", "Red Mugs"))
