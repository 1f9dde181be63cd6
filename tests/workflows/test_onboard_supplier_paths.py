"""onboard_supplier: every path through it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.workflows.conftest import Cloud, Run
from tests.workflows.definitions import Json, rendered, states
from tests.workflows.theatre import BROKEN, Script, Theatre, outcome, staged

pytestmark = pytest.mark.workflow


def decided(how: str) -> Json:
    """A case is opened, and decided so."""
    return {"return": {"outcome": "waiting"}, "complete": {"outcome": how, "review_id": "rev_1"}}


NOBODY_DECIDES = outcome("waiting")
STOPPED = {"return": {"outcome": "waiting"}, "fail": "Stopped"}
REVIEW = {"decide_supplier": [outcome("needs_review")]}

AS_HOPED: Script = {
    "correct_profile": [outcome("unchanged")],
    "verify_profile": [outcome("verified")],
    "probe_endpoint": [outcome("none")],
    "decide_supplier": [outcome("approved")],
    "open_review": [decided("approve")],
    "approve_supplier": [outcome("approved")],
    "reject_supplier": [outcome("rejected")],
    "park_onboarding": [outcome("parked")],
}


@pytest.fixture(scope="module")
def theatre(cloud: Cloud) -> Iterator[Theatre]:
    with staged(cloud, "onboard_supplier", ("suppliers",), AS_HOPED) as theatre:
        yield theatre


def play(theatre: Theatre, supplier_id: str, script: Script) -> Run:
    """One submission of the supplier."""
    return theatre.play(supplier_id, script, supplier_id=supplier_id, version=7)


@dataclass(frozen=True)
class Path:
    """A path: what the functions are told, and which states are entered."""

    id: str
    script: Script
    entered: str
    error: str | None = None


VERIFIED = "VerifyProfile ProbeEndpoint DecideSupplier SupplierDecided"
BEGUN = f"CorrectProfile {VERIFIED}"
REVIEWED = f"{BEGUN} AwaitReview ReviewDecided"

PATHS = [
    Path("in-order", {}, f"{BEGUN} Settled"),
    Path("refused-by-rule", {"decide_supplier": [outcome("rejected")]}, f"{BEGUN} Settled"),
    Path("overtaken", {"decide_supplier": [outcome("superseded")]}, f"{BEGUN} Settled"),
    Path("reviewed", REVIEW, f"{REVIEWED} ApproveSupplier SupplierDecided Settled"),
    Path("rejected-by-a-person", {**REVIEW, "open_review": [decided("reject")]}, f"{REVIEWED} RejectSupplier"),
    Path(
        "corrected-and-verified-again",
        {"decide_supplier": [outcome("needs_review"), outcome("approved")], "open_review": [decided("revalidate")]},
        f"{REVIEWED} {VERIFIED} Settled",
    ),
    Path(
        "a-name-was-taken-meanwhile",
        {
            **REVIEW,
            "approve_supplier": [outcome("needs_review")],
            "open_review": [decided("approve"), decided("reject")],
        },
        f"{REVIEWED} ApproveSupplier SupplierDecided AwaitReview ReviewDecided RejectSupplier",
    ),
    Path("settled-before-a-case", {**REVIEW, "open_review": [decided("superseded")]}, f"{REVIEWED} Settled"),
    Path("nobody-decides", {**REVIEW, "open_review": [NOBODY_DECIDES]}, f"{BEGUN} AwaitReview ExpireReview"),
    Path("broken-once", {"verify_profile": [BROKEN, outcome("verified")]}, f"{BEGUN} Settled"),
    Path("correcting-broken", {"correct_profile": [BROKEN]}, "CorrectProfile ParkOnboarding"),
    Path("verifying-broken", {"verify_profile": [BROKEN]}, "CorrectProfile VerifyProfile ParkOnboarding"),
    Path("probing-broken", {"probe_endpoint": [BROKEN]}, "CorrectProfile VerifyProfile ProbeEndpoint ParkOnboarding"),
    Path(
        "deciding-broken",
        {"decide_supplier": [BROKEN]},
        "CorrectProfile VerifyProfile ProbeEndpoint DecideSupplier ParkOnboarding",
    ),
    Path("unheard-of", {"decide_supplier": [outcome("perhaps")]}, f"{BEGUN} ParkOnboarding"),
    Path("review-broken", {**REVIEW, "open_review": [BROKEN]}, f"{BEGUN} AwaitReview ParkOnboarding"),
    Path("review-stopped", {**REVIEW, "open_review": [STOPPED]}, f"{BEGUN} AwaitReview ParkOnboarding"),
    Path("decision-unheard-of", {**REVIEW, "open_review": [decided("maybe")]}, f"{REVIEWED} ParkOnboarding"),
    Path("approving-broken", {**REVIEW, "approve_supplier": [BROKEN]}, f"{REVIEWED} ApproveSupplier ParkOnboarding"),
    Path(
        "rejecting-broken",
        {**REVIEW, "open_review": [decided("reject")], "reject_supplier": [BROKEN]},
        f"{REVIEWED} RejectSupplier ParkOnboarding",
    ),
    Path(
        "expiring-broken",
        {**REVIEW, "open_review": [NOBODY_DECIDES], "reject_supplier": [BROKEN]},
        f"{BEGUN} AwaitReview ExpireReview ParkOnboarding",
    ),
    Path(
        "parking-broken",
        {"correct_profile": [BROKEN], "park_onboarding": [BROKEN]},
        "CorrectProfile ParkOnboarding ParkingFailed",
        error="ParkingFailed",
    ),
]


def test_together_the_paths_enter_every_state() -> None:
    entered = {state for path in PATHS for state in path.entered.split()}
    assert entered == set(states(rendered("onboard_supplier")))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.id)
def test_path(theatre: Theatre, path: Path) -> None:
    run = play(theatre, path.id, path.script)
    assert run.top_level == path.entered.split()
    assert (run.status, run.error) == ("FAILED" if path.error else "SUCCEEDED", path.error)


def test_what_is_in_order_costs_six_transitions(theatre: Theatre) -> None:
    assert len(play(theatre, "budget", {}).top_level) == 6


def test_every_task_is_told_supplier_version_and_correlation(theatre: Theatre) -> None:
    play(theatre, "told", REVIEW)
    calls = theatre.director.asked("told")
    assert {(call["supplier_id"], call["version"], call["correlation_id"]) for call in calls} == {
        ("told", 7, "cor_told")
    }
    assert [call["task"] for call in calls] == [
        "correct_profile",
        "verify_profile",
        "probe_endpoint",
        "decide_supplier",
        "open_review",
        "approve_supplier",
    ]


@pytest.mark.parametrize(
    ("reason", "script"),
    [("review", {"open_review": [decided("reject")]}), ("review_expired", {"open_review": [NOBODY_DECIDES]})],
)
def test_a_rejection_says_why(theatre: Theatre, reason: str, script: Script) -> None:
    supplier_id = f"why-{reason}"
    play(theatre, supplier_id, {**REVIEW, **script})
    [call] = theatre.director.asked(supplier_id, "reject_supplier")
    assert call["reason"] == reason


@pytest.mark.parametrize(
    ("state", "script"),
    [
        ("CorrectProfile", {"correct_profile": [BROKEN]}),
        ("VerifyProfile", {"verify_profile": [BROKEN]}),
        ("ProbeEndpoint", {"probe_endpoint": [BROKEN]}),
        ("DecideSupplier", {"decide_supplier": [BROKEN]}),
        ("SupplierDecided", {"decide_supplier": [outcome("perhaps")]}),
        ("AwaitReview", {**REVIEW, "open_review": [STOPPED]}),
        ("ReviewDecided", {**REVIEW, "open_review": [decided("maybe")]}),
        ("ApproveSupplier", {**REVIEW, "approve_supplier": [BROKEN]}),
    ],
)
def test_what_is_parked_says_what_failed(theatre: Theatre, state: str, script: Script) -> None:
    play(theatre, f"parked-{state}", script)
    [parked] = theatre.director.asked(f"parked-{state}", "park_onboarding")
    assert parked["state"] == state
