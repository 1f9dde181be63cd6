"""Suppliers and reviews together: a case is corrected, decided and overtaken."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.core.outbox import timeline
from chalicelib.core.table import Transaction
from chalicelib.reviews import service as reviews
from chalicelib.reviews import store
from chalicelib.suppliers.service import correct_profile, run_onboarding
from tests.conftest import ADMIN
from tests.unit.reviews.builders import case_of
from tests.unit.suppliers.conftest import ALICE, WORKFLOW, Market
from tests.unit.suppliers.test_reviews import WRONG_VAT
from tests.unit.suppliers.test_secrets import put

REAL = {name: getattr(reviews, name) for name in ("open_case", "keep_token", "withdraw")}


@pytest.fixture
def real(market: Market, monkeypatch: pytest.MonkeyPatch) -> Market:
    """Cases are kept by reviews itself."""
    for name, function in REAL.items():
        monkeypatch.setattr(reviews, name, function)
    return market


def decided(market: Market, supplier_id: str, decision: str) -> str:
    """The case of the supplier is decided; what the waiting workflow is told."""
    case = f"/v1/review-cases/{market.read(supplier_id)['review_id']}"
    body = {"decision": decision, "reason": "Seen", "expected_version": market.call("GET", case).json["version"]}
    reply = market.call("POST", f"{case}/decisions", json=body)
    assert reply.status in (200, 201), reply
    return told(market, market.read(supplier_id)["review_id"])


def told(market: Market, review_id: str) -> str:
    reviews.complete(review_id)
    return str(market.completed[-1][1]["outcome"])


def test_a_reviewer_corrects_and_has_it_verified_again(real: Market) -> None:
    supplier_id = real.applied(**WRONG_VAT)
    assert real.run(supplier_id) == "needs_review"
    tx, version = Transaction(), real.read(supplier_id)["version"]
    changes = [("/tax_id/value", "GB980780684")]
    assert correct_profile.stage_changes(tx, supplier_id, changes, ADMIN, expected_version=version) == version + 1
    tx.commit()
    assert decided(real, supplier_id, "revalidate") == "revalidate"
    assert real.verify(supplier_id) == "approved"


def test_the_same_submission_comes_to_review_as_often_as_it_must(real: Market) -> None:
    supplier_id = real.applied(**WRONG_VAT)
    real.run(supplier_id)
    first = real.read(supplier_id)["review_id"]
    assert decided(real, supplier_id, "revalidate") == "revalidate"
    assert real.verify(supplier_id) == "needs_review"
    assert real.read(supplier_id)["review_id"] != first
    assert decided(real, supplier_id, "approve") == "approve"
    assert real.reviewer_approves(supplier_id) == "approved"


def test_a_workflow_that_is_overtaken_waits_no_longer(real: Market) -> None:
    supplier_id = real.applied(**WRONG_VAT)
    real.run(supplier_id)
    first = real.read(supplier_id)["review_id"]
    assert real.changed(supplier_id, by=ALICE, timezone="UTC").status == 202
    assert told(real, first) == "superseded"
    assert real.run(supplier_id) == "needs_review"


OVERTAKING: dict[str, Any] = {
    "change": lambda market, one: market.changed(one, by=ALICE, timezone="UTC"),
    "bank account": put,
    "submission": lambda market, one: market.call("POST", f"/v1/suppliers/{one}/submissions", by=ALICE),
    "offboarding": lambda market, one: market.call("POST", f"/v1/suppliers/{one}/offboardings", json={"reason": "x"}),
}


@pytest.fixture
def commented(real: Market, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Has a reviewer comment on a case when the next command has read it, and has not yet written."""
    change_case = store.change_case

    def arrange(review_id: str) -> None:
        def late(*given: Any, **more: Any) -> None:
            monkeypatch.setattr(store, "change_case", change_case)
            change_case(*given, **more)
            said = real.call("POST", f"/v1/review-cases/{review_id}/comments", json={"text": "Hm."})
            assert said.status == 201, said

        monkeypatch.setattr(store, "change_case", late)

    return arrange


def changed_and_in_review(market: Market) -> tuple[str, str]:
    """An approved supplier with a change that a person looks at, and the case of it."""
    supplier_id = market.approved()
    market.changed(supplier_id, by=ALICE, **WRONG_VAT)
    assert market.run(supplier_id) == "needs_review"
    return supplier_id, market.read(supplier_id)["review_id"]


@pytest.mark.parametrize("what", OVERTAKING)
def test_a_comment_at_that_moment_is_no_fault_of_the_suppliers(real: Market, commented: Any, what: str) -> None:
    supplier_id, review_id = changed_and_in_review(real)
    commented(review_id)
    reply = OVERTAKING[what](real, supplier_id)
    assert (reply.status, reply.code, reply.json["retryable"]) == (409, "contended", True)
    assert review_id not in reply.text
    assert OVERTAKING[what](real, supplier_id).status in (200, 202)
    assert history(real, review_id)[0] == "withdrawn"


def test_a_comment_on_what_was_given_up_keeps_nobody_from_parting(real: Market, commented: Any) -> None:
    supplier_id = real.approved()
    real.changed(supplier_id, by=ALICE, timezone="UTC")
    review_id = parked(real, supplier_id)
    commented(review_id)
    assert OVERTAKING["offboarding"](real, supplier_id).code == "contended"
    assert OVERTAKING["offboarding"](real, supplier_id).status == 200
    assert history(real, review_id)[0] == "withdrawn"


def test_a_comment_at_that_moment_keeps_no_step_from_its_end(real: Market, commented: Any) -> None:
    supplier_id, review_id = changed_and_in_review(real)
    commented(review_id)
    assert real.step("reject_supplier", supplier_id, reason="review_expired") == "rejected"
    assert history(real, review_id)[0] == "withdrawn"


def test_two_that_open_a_case_at_once_open_one(real: Market) -> None:
    supplier_id = real.applied(**WRONG_VAT)
    run_onboarding.verify_profile(supplier_id, 1, WORKFLOW)
    with ThreadPoolExecutor(4) as pool:
        opened = [
            pool.submit(run_onboarding.open_review, supplier_id, 1, f"token {number}", WORKFLOW) for number in range(4)
        ]
    assert [one.result() for one in opened] == [{"outcome": "waiting"}] * 4
    cases = real.call("GET", f"/v1/review-cases?supplier_id={supplier_id}").json["items"]
    assert [case["id"] for case in cases] == [real.read(supplier_id)["review_id"]]


def test_what_is_parked_is_parked_once(real: Market) -> None:
    supplier_id = real.applied()
    for _ in range(2):
        assert real.step("park_onboarding", supplier_id, state="VerifyProfile") == "parked"
    case = case_of("parked", supplier_id)
    assert case is not None
    assert [event.type for event in timeline(store.case_pk(case.id))] == ["ReviewOpened"]


def parked(market: Market, supplier_id: str) -> str:
    """The case of an onboarding that was given up."""
    assert market.step("park_onboarding", supplier_id, state="VerifyProfile") == "parked"
    case = case_of("parked", supplier_id)
    assert case is not None
    assert case.is_open
    return case.id


def history(market: Market, review_id: str) -> tuple[str, list[str]]:
    shown = market.call("GET", f"/v1/review-cases/{review_id}").json
    return shown["state"], [one["type"] for one in shown["history"]]


CLOSED = ("superseded", ["ReviewOpened", "ReviewSuperseded"])


@pytest.mark.parametrize("again", ["resumed", "submitted"])
def test_what_was_given_up_and_is_approved_leaves_no_case(real: Market, again: str) -> None:
    supplier_id = real.applied()
    review_id = parked(real, supplier_id)
    if again == "submitted":
        assert real.call("POST", f"/v1/suppliers/{supplier_id}/submissions", by=ADMIN).status == 202
        assert history(real, review_id) == ("open", ["ReviewOpened"]), "it has not succeeded yet"
    assert real.run(supplier_id) == "approved"
    assert history(real, review_id) == CLOSED
    assert real.run(supplier_id) == "approved"
    assert history(real, review_id) == CLOSED


def test_what_was_given_up_and_is_with_a_reviewer_leaves_one_case(real: Market) -> None:
    supplier_id = real.applied(**WRONG_VAT)
    review_id = parked(real, supplier_id)
    assert real.run(supplier_id) == "needs_review"
    assert history(real, review_id) == CLOSED
    [left] = real.call("GET", "/v1/review-cases").json["items"]
    assert left["id"] == real.read(supplier_id)["review_id"]


def test_what_was_given_up_and_is_rejected_leaves_no_case(real: Market) -> None:
    supplier_id = real.applied()
    review_id = parked(real, supplier_id)
    assert real.step("reject_supplier", supplier_id, reason="review") == "rejected"
    assert history(real, review_id) == CLOSED


@pytest.mark.parametrize("reason", ["review", "review_expired"])
def test_what_is_rejected_without_a_decision_leaves_no_case(real: Market, reason: str) -> None:
    supplier_id = real.applied(**WRONG_VAT)
    real.run(supplier_id)
    review_id = real.read(supplier_id)["review_id"]
    assert real.step("reject_supplier", supplier_id, reason=reason) == "rejected"
    assert history(real, review_id) == ("withdrawn", ["ReviewOpened", "ReviewWithdrawn"])
    assert real.call("GET", "/v1/review-cases").json["items"] == []
    late = {"decision": "approve", "reason": "Seen", "expected_version": 2}
    assert real.call("POST", f"/v1/review-cases/{review_id}/decisions", json=late).code == "case_closed"


def test_what_is_approved_without_a_decision_leaves_no_case(real: Market) -> None:
    supplier_id = real.applied(**WRONG_VAT)
    real.run(supplier_id)
    assert real.reviewer_approves(supplier_id) == "approved"
    assert real.call("GET", "/v1/review-cases").json["items"] == []


def test_an_older_run_that_is_given_up_late_is_nobodys_case(real: Market) -> None:
    supplier_id = real.applied()
    assert real.changed(supplier_id, by=ALICE, timezone="UTC").status == 202
    newer = parked(real, supplier_id)
    assert real.step("park_onboarding", supplier_id, 1, state="VerifyProfile") == "superseded"
    assert [case["id"] for case in real.call("GET", "/v1/review-cases").json["items"]] == [newer]
    assert real.run(supplier_id) == "approved"
    for version, outcome in ((1, "superseded"), (2, "approved")):
        assert real.step("park_onboarding", supplier_id, version, state="VerifyProfile") == outcome
    assert real.call("GET", "/v1/review-cases").json["items"] == []


def test_what_is_approved_while_it_is_given_up_leaves_no_case(real: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    supplier_id = real.applied()
    open_case = reviews.open_case

    def overtaken(*given: Any, **more: Any) -> str:
        monkeypatch.setattr(reviews, "open_case", open_case)
        assert real.run(supplier_id) == "approved"
        return open_case(*given, **more)

    monkeypatch.setattr(reviews, "open_case", overtaken)
    assert real.step("park_onboarding", supplier_id, state="VerifyProfile") == "approved"
    assert real.call("GET", "/v1/review-cases").json["items"] == []


def test_what_is_given_up_once_more_is_a_case_again(real: Market) -> None:
    supplier_id = real.applied(**WRONG_VAT)
    first = parked(real, supplier_id)
    real.run(supplier_id)
    assert parked(real, supplier_id) != first


def test_who_is_offboarded_leaves_no_case(real: Market) -> None:
    supplier_id = real.approved()
    assert real.changed(supplier_id, by=ALICE, timezone="UTC").status == 202
    review_id = parked(real, supplier_id)
    assert real.call("POST", f"/v1/suppliers/{supplier_id}/offboardings", json={"reason": "x"}).status == 200
    assert history(real, review_id) == ("withdrawn", ["ReviewOpened", "ReviewWithdrawn"])
