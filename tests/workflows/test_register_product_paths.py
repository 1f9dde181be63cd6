"""register_product: every path through it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.workflows.conftest import Cloud, Run
from tests.workflows.definitions import Json, rendered, states
from tests.workflows.theatre import BROKEN, Script, Theatre, outcome, staged

pytestmark = pytest.mark.workflow


def decided(decision: str, review_id: str | None = "rev_1") -> Json:
    """The wait, and what a person decides."""
    return {
        "return": {"outcome": "waiting"},
        "complete": {"outcome": decision, "review_id": review_id, "state": "decided"},
    }


REJECTED = {"return": {"outcome": "waiting"}, "fail": "Stopped"}
PUBLISHED, NEEDS_REVIEW = outcome("published", sku="M1"), outcome("needs_review", review_id="rev_1")

AS_HOPED: Script = {
    "check_listing": [PUBLISHED],
    "open_listing_review": [decided("approve")],
    "publish_listing": [PUBLISHED],
    "reject_listing": [outcome("rejected")],
}


@pytest.fixture(scope="module")
def theatre(cloud: Cloud) -> Iterator[Theatre]:
    with staged(cloud, "register_product", ("listings",), AS_HOPED) as theatre:
        yield theatre


def play(theatre: Theatre, listing_id: str, script: Script) -> Run:
    """One proposal for the listing."""
    return theatre.play(listing_id, script, listing_id=listing_id, version=1, decided=None, error=None)


@dataclass(frozen=True)
class Path:
    """A path: what the functions are told, and which states are entered."""

    id: str
    script: Script
    entered: str
    error: str | None = None


CHECKED = "CheckListing Checked"
REVIEWED = f"{CHECKED} WaitForReview Decided"
TO_REVIEW: Script = {"check_listing": [NEEDS_REVIEW]}

PATHS = [
    Path("clean", {}, f"{CHECKED} Settled"),
    Path("changed-meanwhile", {"check_listing": [outcome("superseded", review_id=None)]}, f"{CHECKED} Settled"),
    Path("approved", TO_REVIEW, f"{REVIEWED} PublishListing Checked Settled"),
    Path(
        "refused",
        {**TO_REVIEW, "open_listing_review": [decided("reject")]},
        f"{REVIEWED} RejectListing Checked Settled",
    ),
    Path("withdrawn", {**TO_REVIEW, "open_listing_review": [decided("superseded", None)]}, f"{REVIEWED} Settled"),
    Path(
        "corrected",
        {"check_listing": [NEEDS_REVIEW, PUBLISHED], "open_listing_review": [decided("revalidate")]},
        f"{REVIEWED} {CHECKED} Settled",
    ),
    Path(
        "approved-in-vain",
        {
            **TO_REVIEW,
            "publish_listing": [NEEDS_REVIEW],
            "open_listing_review": [decided("approve"), decided("reject")],
        },
        f"{REVIEWED} PublishListing Checked WaitForReview Decided RejectListing Checked Settled",
    ),
    Path(
        "a-decision-nobody-expects",
        {**TO_REVIEW, "open_listing_review": [decided("perhaps"), decided("reject", "rev_2")]},
        f"{REVIEWED} WaitForReview Decided RejectListing Checked Settled",
    ),
    Path(
        "an-outcome-nobody-expects",
        {"check_listing": [outcome("perhaps")], "open_listing_review": [decided("reject")]},
        f"{REVIEWED} RejectListing Checked Settled",
    ),
    Path(
        "nobody-decides-for-long",
        {**TO_REVIEW, "open_listing_review": [{"return": {"outcome": "waiting"}}, decided("reject")]},
        f"{CHECKED} WaitForReview WaitForReview Decided RejectListing Checked Settled",
    ),
    Path("check-broken-once", {"check_listing": [BROKEN, PUBLISHED]}, f"{CHECKED} Settled"),
    Path(
        "check-broken",
        {"check_listing": [BROKEN]},
        "CheckListing WaitForReview Decided PublishListing Checked Settled",
    ),
    Path(
        "publication-broken",
        {**TO_REVIEW, "publish_listing": [BROKEN], "open_listing_review": [decided("approve"), decided("reject")]},
        f"{REVIEWED} PublishListing WaitForReview Decided RejectListing Checked Settled",
    ),
    Path(
        "rejection-broken",
        {
            **TO_REVIEW,
            "reject_listing": [BROKEN],
            "open_listing_review": [decided("reject"), decided("superseded", None)],
        },
        f"{REVIEWED} RejectListing WaitForReview Decided Settled",
    ),
    Path(
        "waiting-stopped",
        {**TO_REVIEW, "open_listing_review": [REJECTED]},
        f"{CHECKED} WaitForReview ReviewFailed",
        error="ReviewFailed",
    ),
    Path(
        "review-broken",
        {**TO_REVIEW, "open_listing_review": [BROKEN]},
        f"{CHECKED} WaitForReview ReviewFailed",
        error="ReviewFailed",
    ),
]


def test_together_the_paths_enter_every_state() -> None:
    entered = {state for path in PATHS for state in path.entered.split()}
    assert entered == set(states(rendered("register_product")))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.id)
def test_path(theatre: Theatre, path: Path) -> None:
    run = play(theatre, path.id, path.script)
    assert run.top_level == path.entered.split()
    assert (run.error, run.status) == (path.error, "FAILED" if path.error else "SUCCEEDED")


def test_each_step_learns_of_the_case_that_was_decided(theatre: Theatre) -> None:
    script: Script = {
        "check_listing": [NEEDS_REVIEW],
        "open_listing_review": [decided("revalidate", "rev_1"), decided("approve", "rev_2")],
    }
    play(theatre, "learns", script)
    asked = theatre.director.asked("learns")
    assert [(one["task"], one["decided"]) for one in asked] == [
        ("check_listing", None),
        ("open_listing_review", None),
        ("check_listing", "rev_1"),
        ("open_listing_review", "rev_1"),
        ("publish_listing", "rev_2"),
    ]
    assert {one["error"] for one in asked if "error" in one} == {None}


def test_a_clean_listing_costs_three_transitions(theatre: Theatre) -> None:
    run = play(theatre, "cost", {})
    assert len(run.top_level) == 3
