"""cancel_order: every path through it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.workflows.conftest import Cloud, Run
from tests.workflows.definitions import rendered, states
from tests.workflows.theatre import BROKEN, Script, Theatre, outcome, staged

pytestmark = pytest.mark.workflow

RECALLS = [{"fulfilment_id": "ful_1", "lines": [{"line_id": "1", "quantity": 2}]}]
AS_HOPED: Script = {
    "finish_cancellation": [outcome("finished", recalls=RECALLS)],
    "recall_fulfilments": [outcome("recalled")],
    "settle_payment": [outcome("settled")],
    "park_compensation": [outcome("parked")],
}
STEPS = {
    "FinishCancellation": "finish_cancellation",
    "RecallFulfilments": "recall_fulfilments",
    "SettlePayment": "settle_payment",
}
ALL = " ".join(STEPS)

PATHS = [
    ("finished", {}, ALL, None),
    ("waits-for-a-capture", {"settle_payment": [outcome("waiting")]}, ALL, None),
    ("stock-broken-once", {"finish_cancellation": [BROKEN, *AS_HOPED["finish_cancellation"]]}, ALL, None),
    ("stock-broken", {"finish_cancellation": [BROKEN]}, "FinishCancellation ParkCancellation", None),
    ("recall-broken-once", {"recall_fulfilments": [BROKEN, outcome("recalled")]}, ALL, None),
    ("recall-broken", {"recall_fulfilments": [BROKEN]}, "FinishCancellation RecallFulfilments ParkCancellation", None),
    ("money-broken-twice", {"settle_payment": [BROKEN, BROKEN, outcome("settled")]}, ALL, None),
    ("money-broken", {"settle_payment": [BROKEN]}, f"{ALL} ParkCancellation", None),
    (
        "parking-broken",
        {"settle_payment": [BROKEN], "park_compensation": [BROKEN]},
        f"{ALL} ParkCancellation ParkingFailed",
        "ParkingFailed",
    ),
]


@pytest.fixture(scope="module")
def theatre(cloud: Cloud) -> Iterator[Theatre]:
    with staged(cloud, "cancel_order", ("orders", "fulfilment", "payments"), AS_HOPED) as theatre:
        yield theatre


def play(theatre: Theatre, order_id: str, script: Script) -> Run:
    """One cancellation of the order."""
    return theatre.play(order_id, script, cancellation_id=f"can_{order_id}")


def test_together_the_paths_enter_every_state() -> None:
    entered = {state for _, _, path, _ in PATHS for state in path.split()}
    assert entered == set(states(rendered("cancel_order")))


@pytest.mark.parametrize(("id", "script", "entered", "error"), PATHS, ids=[path[0] for path in PATHS])
def test_path(theatre: Theatre, id: str, script: Script, entered: str, error: str | None) -> None:
    run = play(theatre, id, script)
    assert run.top_level == entered.split()
    assert (run.status, run.error) == ("FAILED" if error else "SUCCEEDED", error)


def test_a_cancellation_costs_three_transitions_after_its_start(theatre: Theatre) -> None:
    assert len(play(theatre, "budget", {}).top_level) == 3


def test_every_task_is_told_whose_cancellation_it_is_and_the_warehouse_what_to_recall(theatre: Theatre) -> None:
    play(theatre, "told", {})
    calls = theatre.director.asked("told")
    assert [call["task"] for call in calls] == list(STEPS.values())
    assert {call["correlation_id"] for call in calls} == {"cor_told"}
    assert {call["cancellation_id"] for call in calls if "cancellation_id" in call} == {"can_told"}
    assert calls[1]["recalls"] == RECALLS


@pytest.mark.parametrize(("state", "task"), [*STEPS.items()])
def test_what_is_parked_says_where_it_stopped_and_why(theatre: Theatre, state: str, task: str) -> None:
    order_id = f"parked-{task}"
    play(theatre, order_id, {task: [BROKEN]})
    [parked] = theatre.director.asked(order_id, "park_compensation")
    assert json.loads(parked.pop("error"))["Error"]
    assert parked == {
        "task": "park_compensation",
        "order_id": order_id,
        "correlation_id": f"cor_{order_id}",
        "cancellation_id": f"can_{order_id}",
        "reason": "cancellation_not_finished",
        "state": state,
    }
