"""fulfil_part: every path through it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.workflows.conftest import Cloud, Run
from tests.workflows.definitions import Json, rendered, states
from tests.workflows.theatre import BROKEN, Script, Theatre, outcome, staged

pytestmark = pytest.mark.workflow


def answered(name: str) -> Json:
    """The warehouse answers the dispatched fulfilment."""
    return {**outcome("dispatched"), "complete": {"outcome": name}}


REJECTED = {**outcome("dispatched"), "fail": "FulfilmentFailed"}
AS_HOPED: Script = {
    "dispatch_fulfilment": [answered("shipped")],
    "capture_payment": [outcome("captured")],
    "park_compensation": [outcome("parked")],
}
SHIPPED = "DispatchFulfilment CapturePayment"
NOT_SHIPPED = "DispatchFulfilment ParkFulfilment"

PATHS = [
    ("shipped", {}, SHIPPED, None),
    ("short", {"dispatch_fulfilment": [answered("short")]}, SHIPPED, None),
    ("dispatch-broken-once", {"dispatch_fulfilment": [BROKEN, answered("shipped")]}, SHIPPED, None),
    ("dispatch-broken", {"dispatch_fulfilment": [BROKEN]}, NOT_SHIPPED, None),
    ("rejected", {"dispatch_fulfilment": [REJECTED]}, NOT_SHIPPED, None),
    ("unanswered", {"dispatch_fulfilment": [outcome("dispatched")]}, NOT_SHIPPED, None),
    ("capture-broken-once", {"capture_payment": [BROKEN, outcome("captured")]}, SHIPPED, None),
    ("capture-broken", {"capture_payment": [BROKEN]}, f"{SHIPPED} ParkCapture", None),
    (
        "capture-and-parking-broken",
        {"capture_payment": [BROKEN], "park_compensation": [BROKEN]},
        f"{SHIPPED} ParkCapture FulfilmentParkingFailed",
        "ParkingFailed",
    ),
    (
        "rejected-and-parking-broken",
        {"dispatch_fulfilment": [REJECTED], "park_compensation": [BROKEN]},
        f"{NOT_SHIPPED} FulfilmentParkingFailed",
        "ParkingFailed",
    ),
]


@pytest.fixture(scope="module")
def theatre(cloud: Cloud) -> Iterator[Theatre]:
    with staged(cloud, "fulfil_part", ("orders", "fulfilment", "payments"), AS_HOPED) as theatre:
        yield theatre


def play(theatre: Theatre, order_id: str, script: Script) -> Run:
    """One fulfilment of the order."""
    return theatre.play(order_id, script, fulfilment_id="ful_9")


def test_together_the_paths_enter_every_state() -> None:
    entered = {state for _, _, path, _ in PATHS for state in path.split()}
    assert entered == set(states(rendered("fulfil_part")))


@pytest.mark.parametrize(("id", "script", "entered", "error"), PATHS, ids=[path[0] for path in PATHS])
def test_path(theatre: Theatre, id: str, script: Script, entered: str, error: str | None) -> None:
    run = play(theatre, id, script)
    assert run.top_level == entered.split()
    assert (run.status, run.error) == ("FAILED" if error else "SUCCEEDED", error)


def test_a_final_no_and_silence_are_not_asked_again(theatre: Theatre) -> None:
    for order_id, told in (("no", REJECTED), ("silence", outcome("dispatched"))):
        play(theatre, order_id, {"dispatch_fulfilment": [told]})
        assert len(theatre.director.asked(order_id, "dispatch_fulfilment")) == 1


def test_every_task_is_told_which_fulfilment_it_is(theatre: Theatre) -> None:
    play(theatre, "told", {"capture_payment": [BROKEN]})
    calls = theatre.director.asked("told")
    assert {(call["correlation_id"], call["fulfilment_id"]) for call in calls} == {("cor_told", "ful_9")}
    assert "task_token" in calls[0]
    assert (calls[-1]["reason"], calls[-1]["state"]) == ("capture_failed", "CapturePayment")
