"""route_order: every path through it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.workflows.conftest import Cloud, Run
from tests.workflows.definitions import Json, rendered, states
from tests.workflows.theatre import BROKEN, Script, Theatre, outcome, staged

pytestmark = pytest.mark.workflow


def heard(word: str, next: str = "settle", wait: int = 2) -> Json:
    """What a task of routing says."""
    return outcome(word, next=next, wait_seconds=wait)


ACCEPTED = heard("accepted")
LATER = heard("later")
UNKNOWN = heard("unknown", "ask")
RESTING = heard("resting", "offer")
ANSWERED: Json = {"return": {"outcome": "waiting"}, "complete": {"outcome": "accepted"}}
NOTHING_COMES = outcome("waiting")

AS_HOPED: Script = {
    "offer_order": [ACCEPTED],
    "ask_supplier": [ACCEPTED],
    "await_answer": [NOTHING_COMES],
    "settle_allocation": [heard("settled")],
    "tell_supplier": [heard("told")],
    "park_compensation": [outcome("parked")],
}
OFFERED = "OfferOrder Heard"
SETTLED = "SettleAllocation Settled"
END = f"{SETTLED} AllocationSettled"
WAITED = "AwaitAnswer TimeIsUp"

PATHS: list[tuple[str, Script, str, str | None]] = [
    ("accepted", {}, f"{OFFERED} {END}", None),
    *(
        (word, {"offer_order": [heard(word)]}, f"{OFFERED} {END}", None)
        for word in ("partial", "rejected", "over", "expired")
    ),
    ("offered-twice", {"offer_order": [BROKEN, ACCEPTED]}, f"{OFFERED} {END}", None),
    ("answered-later", {"offer_order": [LATER], "await_answer": [ANSWERED]}, f"{OFFERED} AwaitAnswer {END}", None),
    ("never-answered", {"offer_order": [heard("no_endpoint")]}, f"{OFFERED} {WAITED} {END}", None),
    ("asked", {"offer_order": [UNKNOWN]}, f"{OFFERED} {WAITED} AskSupplier Heard {END}", None),
    (
        "never-arrived",
        {"offer_order": [UNKNOWN, ACCEPTED], "ask_supplier": [heard("never_arrived")]},
        f"{OFFERED} {WAITED} AskSupplier Heard {OFFERED} {END}",
        None,
    ),
    ("rested", {"offer_order": [RESTING, ACCEPTED]}, f"{OFFERED} {WAITED} {OFFERED} {END}", None),
    (
        "too-early",
        {"offer_order": [LATER], "settle_allocation": [heard("waiting"), heard("settled")]},
        f"{OFFERED} {WAITED} {SETTLED} {WAITED} {END}",
        None,
    ),
    (
        "told",
        {"settle_allocation": [heard("to_tell")], "tell_supplier": [heard("unknown"), heard("resting"), heard("told")]},
        f"{OFFERED} {SETTLED} TellSupplier Told WaitToTell TellSupplier Told WaitToTell TellSupplier Told AllocationSettled",
        None,
    ),
    ("not-offered", {"offer_order": [BROKEN]}, "OfferOrder ParkAllocation", None),
    ("unheard-of", {"offer_order": [heard("lost")]}, f"{OFFERED} ParkAllocation", None),
    (
        "not-asked",
        {"offer_order": [UNKNOWN], "ask_supplier": [BROKEN]},
        f"{OFFERED} {WAITED} AskSupplier ParkAllocation",
        None,
    ),
    ("not-awaited", {"offer_order": [LATER], "await_answer": [BROKEN]}, f"{OFFERED} AwaitAnswer ParkAllocation", None),
    ("not-settled", {"settle_allocation": [BROKEN]}, f"{OFFERED} SettleAllocation ParkAllocation", None),
    ("settled-somehow", {"settle_allocation": [heard("lost")]}, f"{OFFERED} {SETTLED} ParkAllocation", None),
    (
        "not-told",
        {"settle_allocation": [heard("to_tell")], "tell_supplier": [BROKEN]},
        f"{OFFERED} {SETTLED} TellSupplier ParkAllocation",
        None,
    ),
    (
        "not-even-parked",
        {"offer_order": [BROKEN], "park_compensation": [BROKEN]},
        "OfferOrder ParkAllocation ParkingFailed",
        "ParkingFailed",
    ),
]


@pytest.fixture(scope="module")
def theatre(cloud: Cloud) -> Iterator[Theatre]:
    with staged(cloud, "route_order", ("orders", "routing"), AS_HOPED) as theatre:
        yield theatre


def play(theatre: Theatre, id: str, script: Script) -> Run:
    """One allocation of the order."""
    return theatre.play(id, script, allocation_id=f"ful_{id}")


def test_together_the_paths_enter_every_state() -> None:
    entered = {state for _, _, path, _ in PATHS for state in path.split()}
    assert entered == set(states(rendered("route_order")))


@pytest.mark.parametrize(("id", "script", "entered", "error"), PATHS, ids=[path[0] for path in PATHS])
def test_path(theatre: Theatre, id: str, script: Script, entered: str, error: str | None) -> None:
    run = play(theatre, id, script)
    assert run.top_level == entered.split()
    assert (run.status, run.error) == ("FAILED" if error else "SUCCEEDED", error)


def test_an_answer_at_once_costs_five_transitions(theatre: Theatre) -> None:
    assert len(play(theatre, "budget", {}).top_level) == 5


def test_every_task_is_told_what_it_is_about(theatre: Theatre) -> None:
    play(theatre, "told-about", {"offer_order": [LATER], "settle_allocation": [BROKEN]})
    calls: list[dict[str, Any]] = theatre.director.asked("told-about")
    ours, parked = calls[:-1], calls[-1]
    assert {(call["allocation_id"], call["correlation_id"]) for call in ours} == {("ful_told-about", "cor_told-about")}
    [waiting] = [call for call in calls if call["task"] == "await_answer"]
    assert waiting.keys() == {"task", "order_id", "correlation_id", "allocation_id", "task_token"}
    assert (parked["fulfilment_id"], parked["reason"], parked["state"]) == (
        "ful_told-about",
        "unsettled",
        "SettleAllocation",
    )
