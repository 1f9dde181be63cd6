"""The steps of register-product, with the review cases that they open."""

import json
from datetime import timedelta

import pytest

from chalicelib.core import clock, outbox
from chalicelib.core.errors import Stale
from chalicelib.core.findings import Severity
from chalicelib.core.idempotency import Idempotency, no_answer
from chalicelib.core.table import Transaction
from chalicelib.listings.domain.images import ImageCheck, ImageState
from chalicelib.listings.domain.life import CannotCorrect, NothingProposed
from chalicelib.listings.service import run_register_product as steps
from chalicelib.listings.service import use_cases
from chalicelib.listings.service.start_workflow import start_workflow
from chalicelib.listings.store import items as store
from chalicelib.reviews import service as reviews
from chalicelib.reviews.domain.case import CaseOutcome
from chalicelib.reviews.store import get_case
from tests.conftest import ADMIN
from tests.unit.listings.conftest import ACME, ANN, BOLT, TASK

MUG = f"{ACME}:MUG"


class Waiting:
    """A workflow that waits, as far as this test is concerned."""

    def __init__(self):
        self.completed = []

    def seal(self, token):
        return token.encode()

    def complete(self, token, output):
        self.completed.append((token, output))

    def complete_sealed(self, sealed, output):
        self.complete(sealed.decode(), output)


def decide(case_id, outcome, key="k"):
    case = get_case(case_id)
    reviews.decide_case(
        case_id,
        CaseOutcome(outcome),
        "because",
        expected_version=case.version,
        by=ADMIN,
        once=Idempotency.of("t", key + case_id, b""),
        answer=lambda _: no_answer(),
    )


def rules(listing_id):
    return [one.rule for one in store.get_both(listing_id)[0].proposal.findings if one.severity is Severity.ERROR]


def test_a_clean_listing_is_published_in_one_transaction(market, monkeypatch):
    market.registered(on_hand=3)
    commits = []
    commit = Transaction.commit
    monkeypatch.setattr(Transaction, "commit", lambda tx: (commits.append(len(tx)), commit(tx)))
    assert market.checks(MUG)["outcome"] == "published"
    assert len(commits) == 1
    assert commits[0] <= 14


def test_it_is_published_once(market):
    market.registered()
    first = steps.check_listing(MUG, 1, None, TASK)
    assert first["outcome"] == "published"
    before = market.table.scan(TableName="aisle-test")["Items"]
    assert steps.check_listing(MUG, 1, None, TASK)["outcome"] == "superseded"
    assert market.table.scan(TableName="aisle-test")["Items"] == before


def test_what_was_found_goes_to_a_person_with_its_corrections(market):
    market.registered(brand="Apex", title="  Red   mug")
    done = market.checks(MUG)
    listing = market.listing(MUG)
    assert (done["outcome"], done["review_id"]) == ("needs_review", listing.proposal.review_id)
    assert (str(listing.status), rules(MUG)) == ("in_review", ["brand_not_registered"])
    assert listing.proposal.document["title"] == "Red mug"
    assert [one.rule for one in listing.proposal.corrections] == ["whitespace"]
    case = get_case(done["review_id"])
    assert (case.subject.version, case.supplier_id, case.title) == (listing.version, ACME, "MUG: Red mug")
    assert market.events(MUG) == ["ListingSubmitted", "ListingCorrected", "ListingSentToReview"]
    assert steps.check_listing(MUG, 1, None, TASK) == done  # again: its answer was lost
    assert market.events(MUG)[-1] == "ListingSentToReview"


def test_approved_it_is_published_whatever_was_found(market):
    market.registered(brand="Apex")
    review = market.checks(MUG)["review_id"]
    waiting = Waiting()
    steps.open_listing_review(MUG, 1, None, None, "token-1", TASK, workflow=waiting)
    assert waiting.completed == []
    decide(review, "approve")
    reviews.complete(review, workflow=waiting)
    assert waiting.completed == [("token-1", {"outcome": "approve", "review_id": review, "state": "decided"})]
    assert steps.publish_listing(MUG, 1, review, TASK)["outcome"] == "published"
    listing = market.listing(MUG)
    assert [one.rule for one in listing.findings] == ["brand_not_registered"]
    assert market.offers(listing.sku)[0].supplier_id == ACME


def test_nobody_can_pass_over_what_cannot_be_sold(market):
    market.registered(category_id="cat_none")
    review = market.checks(MUG)["review_id"]
    decide(review, "approve")
    again = steps.publish_listing(MUG, 1, review, TASK)
    assert again["outcome"] == "needs_review"
    assert again["review_id"] != review
    assert steps.publish_listing(MUG, 1, review, TASK) == again  # its answer was lost
    assert rules(MUG) == ["category_unknown"]
    case = get_case(again["review_id"])
    assert (case.is_open, case.subject.version) == (True, market.listing(MUG).version)


def test_rejected(market):
    market.registered(brand="Apex")
    market.checks(MUG)
    assert steps.reject_listing(MUG, 1, TASK) == {"outcome": "rejected"}
    assert steps.reject_listing(MUG, 1, TASK)["outcome"] == "superseded"
    assert str(market.listing(MUG).status) == "rejected"
    version = market.listing(MUG).version
    reply = market.call("PATCH", f"/v1/suppliers/{ACME}/listings/MUG", by=ANN, json={"brand": "Acme"}, version=version)
    assert (reply.status, reply.json["status"]) == (202, "submitted")
    assert market.checks(MUG)["outcome"] == "published"


def test_a_rejected_change_leaves_what_sells(market):
    sku = market.takes(market.row()).sku
    version = market.listing(MUG).version
    market.call("PATCH", f"/v1/suppliers/{ACME}/listings/MUG", by=ANN, json={"brand": "Apex"}, version=version)
    proposed = market.listing(MUG).proposal.version
    assert market.checks(MUG)["outcome"] == "needs_review"
    assert steps.reject_listing(MUG, proposed, TASK) == {"outcome": "rejected"}
    listing = market.listing(MUG)
    assert (str(listing.status), str(listing.proposal.state)) == ("published", "rejected")
    assert len(market.offers(sku)) == 1
    shown = market.call("GET", f"/v1/suppliers/{ACME}/listings/MUG", by=ANN).json
    assert [one["rule"] for one in shown["proposal"]["findings"]] == ["brand_not_registered"]


def test_a_reviewer_corrects_and_lets_it_be_checked_again(market):
    market.registered(gtin="4006381333932", brand="Apex")
    review = market.checks(MUG)["review_id"]
    assert set(rules(MUG)) == {"gtin_invalid", "brand_not_registered"}
    before = market.listing(MUG)
    tx = Transaction()
    changes = [("/gtin", "4006381333931"), ("/brand", "Acme")]
    version = use_cases.stage_correction(tx, MUG, changes, ADMIN, expected_version=before.version)
    tx.commit()
    assert version == before.version + 1
    submitted = market.events(MUG).count("ListingSubmitted")
    assert submitted == 1  # a correction starts no check
    assert market.events(MUG)[-1] == "ListingCorrected"
    decide(review, "revalidate")
    assert steps.check_listing(MUG, 1, review, TASK)["outcome"] == "published"
    listing = market.listing(MUG)
    assert [(one.field, one.before, one.after, one.rule) for one in listing.corrections] == [
        ("/gtin", "4006381333932", "4006381333931", "reviewer"),
        ("/brand", "Apex", "Acme", "reviewer"),
    ]


def test_checked_again_and_still_wrong_it_comes_to_another_case(market):
    market.registered(brand="Apex")
    first = market.checks(MUG)["review_id"]
    decide(first, "revalidate")
    second = steps.check_listing(MUG, 1, first, TASK)
    assert second["outcome"] == "needs_review"
    assert second["review_id"] != first
    assert steps.check_listing(MUG, 1, first, TASK) == second


def test_corrections_that_cannot_be(market):
    market.registered(brand="Apex")
    with pytest.raises(Stale):
        use_cases.stage_correction(Transaction(), MUG, [("/title", "x")], ADMIN, expected_version=2)
    with pytest.raises(CannotCorrect):
        use_cases.stage_correction(Transaction(), MUG, [("/attributes/x/y", 1)], ADMIN, expected_version=None)
    market.checks(MUG)
    steps.reject_listing(MUG, 1, TASK)
    market.takes(market.row("OTHER", gtin=None))
    with pytest.raises(NothingProposed):
        use_cases.stage_correction(Transaction(), f"{ACME}:OTHER", [("/title", "x")], ADMIN, expected_version=None)


def test_a_change_while_a_person_looks_at_it_closes_the_case(market):
    market.registered(brand="Apex")
    review = market.checks(MUG)["review_id"]
    waiting = Waiting()
    steps.open_listing_review(MUG, 1, None, None, "token-1", TASK, workflow=waiting)
    version = market.listing(MUG).version
    market.call("PATCH", f"/v1/suppliers/{ACME}/listings/MUG", by=ANN, json={"brand": "Acme"}, version=version)
    reviews.complete(review, workflow=waiting)
    assert [output["outcome"] for _, output in waiting.completed] == ["superseded"]
    assert steps.check_listing(MUG, 1, None, TASK)["outcome"] == "superseded"
    assert steps.publish_listing(MUG, 1, review, TASK)["outcome"] == "superseded"
    assert market.checks(MUG)["outcome"] == "published"


def test_withdrawn_while_a_person_looks_at_it(market):
    market.registered(brand="Apex")
    review = market.checks(MUG)["review_id"]
    assert market.call("POST", f"/v1/suppliers/{ACME}/listings/MUG/withdrawals", by=ANN).status == 200
    waiting = Waiting()
    reviews.complete(review, workflow=waiting)
    reviews.keep_token(review, "late", TASK, workflow=waiting)
    assert [output["state"] for _, output in waiting.completed] == ["withdrawn"]


def test_a_step_that_failed_comes_to_a_person(market):
    market.registered()
    waiting = Waiting()
    steps.open_listing_review(MUG, 1, None, "States.TaskFailed", "token-1", TASK, workflow=waiting)
    listing = market.listing(MUG)
    assert (str(listing.status), rules(MUG)) == ("in_review", ["check_failed"])
    case = get_case(listing.proposal.review_id)
    assert case.subject.version == listing.version
    steps.open_listing_review(MUG, 1, None, "States.TaskFailed", "token-2", TASK, workflow=waiting)
    assert market.listing(MUG).version == listing.version  # one case for both
    decide(case.id, "revalidate")
    assert steps.check_listing(MUG, 1, case.id, TASK)["outcome"] == "published"
    steps.open_listing_review(MUG, 1, case.id, "late", "token-3", TASK, workflow=waiting)
    assert waiting.completed[-1] == ("token-3", {"outcome": "superseded", "review_id": None})


def test_images_are_looked_at_once_a_day(market):
    url = "https://example.com/a.png"
    market.registered(images=[url, url + "?2"])
    market.pictures.checks[url] = ImageCheck(ImageState.NOT_AN_IMAGE)
    assert market.checks(MUG)["outcome"] == "needs_review"
    assert sorted(market.pictures.looked) == [url, url + "?2"]
    assert rules(MUG) == ["image_not_an_image"]
    market.registered("OTHER", gtin=None, images=[url])
    assert market.checks(f"{ACME}:OTHER")["outcome"] == "needs_review"
    assert len(market.pictures.looked) == 2
    with clock.at(clock.now() + timedelta(days=1, minutes=1)):
        market.registered("NEXT", gtin=None, images=[url])
        market.checks(f"{ACME}:NEXT")
    assert len(market.pictures.looked) == 3


def test_a_title_that_has_no_room_goes_to_a_person(market):
    market.registered(title="🫖" * 120, attributes={}, tax_category="x" * 32)
    path = market.category
    for depth in range(7):
        made = market.call(
            "POST", "/v1/categories", json={"name": "x", "slug": f"deep-{depth}", "parent_id": path}
        ).json
        path = made["id"]
    market.call("PATCH", f"/v1/suppliers/{ACME}/listings/MUG", by=ANN, json={"category_id": path}, version=1)
    assert market.checks(MUG)["outcome"] == "needs_review"
    assert rules(MUG) == ["variant_too_large"]


def test_offers_on_a_named_sku(market):
    sku = market.takes(market.row()).sku
    market.registered("NAMED", supplier=BOLT, by=ADMIN, sku=sku, gtin=None, category_id=None, tax_rate_bps=None)
    assert market.checks(f"{BOLT}:NAMED") == {"outcome": "published", "sku": sku}
    market.registered("TWICE", supplier=BOLT, by=ADMIN, sku=sku, gtin=None)
    market.checks(f"{BOLT}:TWICE")
    assert rules(f"{BOLT}:TWICE") == ["sku_listed_already"]
    market.registered("NONE", supplier=BOLT, by=ADMIN, sku="M404", gtin=None)
    market.checks(f"{BOLT}:NONE")
    assert rules(f"{BOLT}:NONE") == ["sku_unknown"]


def test_the_workflow_starts_under_a_name_that_step_functions_takes(market, monkeypatch):
    started = []
    monkeypatch.setattr("chalicelib.core.workflow.start", lambda arn, name, given: started.append((name, given)))
    listing = f"{ACME}:{'x' * 40}"
    start_workflow(listing, 123)
    [(name, given)] = started
    assert (len(name) <= 80, ":" in name, name.endswith("-123")) == (True, False, True)
    assert (given["listing_id"], given["version"], given["decided"], given["error"]) == (listing, 123, None, None)


def test_events_hold_no_texts(market):
    market.registered(title="Tea of the house", brand="Apex")
    market.checks(MUG)
    told = [json.dumps(event.data) for event in outbox.timeline(store.listing_pk(MUG))]
    assert not any("Tea" in one or "Apex" in one for one in told)


def test_images_that_a_reviewer_made_no_urls_are_found(market):
    market.registered(brand="Apex", images=["https://e.com/a"])
    market.checks(MUG)
    tx = Transaction()
    use_cases.stage_correction(tx, MUG, [("/images", [None])], TASK, expected_version=None)
    tx.commit()
    review = market.listing(MUG).proposal.review_id
    assert steps.publish_listing(MUG, 1, review, TASK)["outcome"] == "needs_review"
    assert ("/images/0", "image_url") in [(one.field, one.rule) for one in market.listing(MUG).proposal.findings]
