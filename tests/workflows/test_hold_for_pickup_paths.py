"""hold_for_pickup: every path through it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.workflows.conftest import Cloud, Run
from tests.workflows.definitions import Json, rendered, states
from tests.workflows.theatre import BROKEN, Script, Theatre, outcome, staged

pytestmark = pytest.mark.workflow

PAST = "2026-01-01T09:30:00Z"
WAITS = outcome("waiting", until=PAST)
NOBODY_COMES = outcome("waiting")


def cleared(of: str = "cleared") -> Json:
    """Staff takes out what is in, which ends the wait."""
    return {"return": {"outcome": "waiting"}, "complete": {"outcome": of, "redeliver": False}}


AS_HOPED: Script = {
    "hold_pickup": [outcome("over")],
    "await_clearing": [cleared()],
    "give_up_uncollected": [outcome("given_up")],
    "park_compensation": [outcome("parked")],
}
HELD = "WaitForMoment HoldPickup WhatIsLeft"
EXPIRED = outcome("expired")

PATHS = [
    ("collected", {}, f"{HELD} Over", None),
    ("reminded-and-collected", {"hold_pickup": [WAITS, outcome("over")]}, f"{HELD} {HELD} Over", None),
    ("looked-at-twice", {"hold_pickup": [BROKEN, outcome("over")]}, f"{HELD} Over", None),
    ("expired", {"hold_pickup": [EXPIRED]}, f"{HELD} AwaitClearing WhatIsLeft GiveUpOrder Over", None),
    (
        "expired-and-opened-without-a-line",
        {"hold_pickup": [EXPIRED], "await_clearing": [cleared("over")]},
        f"{HELD} AwaitClearing WhatIsLeft Over",
        None,
    ),
    ("cleared-before", {"hold_pickup": [outcome("cleared", redeliver=True)]}, f"{HELD} GiveUpOrder Over", None),
    (
        "nobody-takes-it-out",
        {"hold_pickup": [EXPIRED], "await_clearing": [NOBODY_COMES]},
        f"{HELD} AwaitClearing ParkPickup Over",
        None,
    ),
    ("not-looked-at", {"hold_pickup": [BROKEN]}, "WaitForMoment HoldPickup ParkPickup Over", None),
    ("unheard-of", {"hold_pickup": [outcome("lost")]}, f"{HELD} ParkPickup Over", None),
    (
        "not-given-up",
        {"hold_pickup": [EXPIRED], "give_up_uncollected": [BROKEN]},
        f"{HELD} AwaitClearing WhatIsLeft GiveUpOrder ParkPickup Over",
        None,
    ),
    (
        "not-even-parked",
        {"hold_pickup": [BROKEN], "park_compensation": [BROKEN]},
        "WaitForMoment HoldPickup ParkPickup ParkingFailed",
        "ParkingFailed",
    ),
]


@pytest.fixture(scope="module")
def theatre(cloud: Cloud) -> Iterator[Theatre]:
    with staged(cloud, "hold_for_pickup", ("orders", "lockers"), AS_HOPED) as theatre:
        yield theatre


def play(theatre: Theatre, id: str, script: Script) -> Run:
    """One pickup of the order."""
    return theatre.play(id, script, pickup_id=f"pck_{id}", fulfilment_id=f"ful_{id}", until=PAST)


def test_together_the_paths_enter_every_state() -> None:
    entered = {state for _, _, path, _ in PATHS for state in path.split()}
    assert entered == set(states(rendered("hold_for_pickup")))


@pytest.mark.parametrize(("id", "script", "entered", "error"), PATHS, ids=[path[0] for path in PATHS])
def test_path(theatre: Theatre, id: str, script: Script, entered: str, error: str | None) -> None:
    run = play(theatre, id, script)
    assert run.top_level == entered.split()
    assert (run.status, run.error) == ("FAILED" if error else "SUCCEEDED", error)


def test_a_pickup_that_is_collected_in_time_costs_four_transitions(theatre: Theatre) -> None:
    assert len(play(theatre, "budget", {}).top_level) == 4


def test_every_task_is_told_what_it_is_about(theatre: Theatre) -> None:
    play(theatre, "told", {"hold_pickup": [EXPIRED], "give_up_uncollected": [BROKEN]})
    calls = theatre.director.asked("told")
    assert {(call["pickup_id"], call["correlation_id"]) for call in calls} == {("pck_told", "cor_told")}
    [clearing] = [call for call in calls if call["task"] == "await_clearing"]
    assert clearing.keys() == {"task", "order_id", "correlation_id", "pickup_id", "task_token"}
    given_up = [call for call in calls if call["task"] == "give_up_uncollected"]
    assert {(call["fulfilment_id"], call["redeliver"]) for call in given_up} == {("ful_told", False)}
    assert (calls[-1]["reason"], calls[-1]["state"]) == ("not_given_up", "GiveUpOrder")
