"""refund_payment: every path through it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.workflows.conftest import Cloud
from tests.workflows.definitions import rendered, states
from tests.workflows.theatre import BROKEN, Script, Theatre, outcome, staged

pytestmark = pytest.mark.workflow

AS_HOPED: Script = {"settle_payment": [outcome("settled")], "park_compensation": [outcome("parked")]}

PATHS = [
    ("made", {}, "SettlePayment", None),
    ("waits-for-a-capture", {"settle_payment": [outcome("waiting")]}, "SettlePayment", None),
    ("made-at-the-second-try", {"settle_payment": [BROKEN, outcome("settled")]}, "SettlePayment", None),
    ("refused", {"settle_payment": [BROKEN]}, "SettlePayment ParkRefund", None),
    (
        "refused-and-parking-broken",
        {"settle_payment": [BROKEN], "park_compensation": [BROKEN]},
        "SettlePayment ParkRefund ParkingFailed",
        "ParkingFailed",
    ),
]


@pytest.fixture(scope="module")
def theatre(cloud: Cloud) -> Iterator[Theatre]:
    with staged(cloud, "refund_payment", ("orders", "payments"), AS_HOPED) as theatre:
        yield theatre


def test_together_the_paths_enter_every_state() -> None:
    entered = {state for _, _, path, _ in PATHS for state in path.split()}
    assert entered == set(states(rendered("refund_payment")))


@pytest.mark.parametrize(("id", "script", "entered", "error"), PATHS, ids=[path[0] for path in PATHS])
def test_path(theatre: Theatre, id: str, script: Script, entered: str, error: str | None) -> None:
    run = theatre.play(id, script)
    assert run.top_level == entered.split()
    assert (run.status, run.error) == ("FAILED" if error else "SUCCEEDED", error)


def test_a_refund_costs_one_transition(theatre: Theatre) -> None:
    assert len(theatre.play("budget", {}).top_level) == 1


def test_every_task_is_told_order_and_correlation_and_the_person_the_reason(theatre: Theatre) -> None:
    theatre.play("told", {"settle_payment": [BROKEN]})
    calls = theatre.director.asked("told")
    assert {call["correlation_id"] for call in calls} == {"cor_told"}
    assert calls[0].keys() == {"task", "order_id", "correlation_id"}
    assert (calls[-1]["reason"], calls[-1]["state"]) == ("refund_failed", "SettlePayment")
