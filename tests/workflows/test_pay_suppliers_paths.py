"""pay_suppliers: every path through it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.workflows.conftest import Cloud, Run
from tests.workflows.definitions import rendered, states
from tests.workflows.theatre import BROKEN, Script, Theatre, outcome, staged

pytestmark = pytest.mark.workflow

ALL = outcome("all", after=None, unpaid=[])
AS_HOPED: Script = {
    "pay_chunk": [outcome("more", after="sup_b", unpaid=["sup_a"]), outcome("all", after="sup_c", unpaid=["sup_a"])],
    "finish_run": [outcome("finished")],
    "stop_run": [outcome("stopped")],
}

PATHS = [
    ("two-chunks", {}, "Begin PayChunk MoreToPay PayChunk MoreToPay FinishRun", None),
    ("one", {"pay_chunk": [ALL]}, "Begin PayChunk MoreToPay FinishRun", None),
    (
        "paid-at-the-second-try",
        {"pay_chunk": [BROKEN, ALL]},
        "Begin PayChunk MoreToPay FinishRun",
        None,
    ),
    ("not-paid", {"pay_chunk": [BROKEN]}, "Begin PayChunk StopRun", None),
    ("unheard-of", {"pay_chunk": [outcome("odd", after=None, unpaid=[])]}, "Begin PayChunk MoreToPay StopRun", None),
    (
        "not-sent",
        {"pay_chunk": [ALL], "finish_run": [BROKEN]},
        "Begin PayChunk MoreToPay FinishRun StopRun",
        None,
    ),
    (
        "not-even-stopped",
        {"pay_chunk": [BROKEN], "stop_run": [BROKEN]},
        "Begin PayChunk StopRun StoppingFailed",
        "StoppingFailed",
    ),
]


@pytest.fixture(scope="module")
def theatre(cloud: Cloud) -> Iterator[Theatre]:
    with staged(cloud, "pay_suppliers", ("ledger",), AS_HOPED) as theatre:
        yield theatre


def play(theatre: Theatre, id: str, script: Script) -> Run:
    return theatre.play(id, script, run_id=id)


def test_together_the_paths_enter_every_state() -> None:
    entered = {state for _, _, path, _ in PATHS for state in path.split()}
    assert entered == set(states(rendered("pay_suppliers")))


@pytest.mark.parametrize(("id", "script", "entered", "error"), PATHS, ids=[path[0] for path in PATHS])
def test_path(theatre: Theatre, id: str, script: Script, entered: str, error: str | None) -> None:
    run = play(theatre, id, script)
    assert run.top_level == entered.split()
    assert (run.status, run.error) == ("FAILED" if error else "SUCCEEDED", error)


def test_each_chunk_begins_after_the_last(theatre: Theatre) -> None:
    play(theatre, "after", {})
    assert [call["after"] for call in theatre.director.asked("after", "pay_chunk")] == [None, "sup_b"]


def test_who_could_not_be_decided_on_is_tried_again_at_the_end(theatre: Theatre) -> None:
    play(theatre, "unpaid", {})
    calls = [*theatre.director.asked("unpaid", "pay_chunk"), *theatre.director.asked("unpaid", "finish_run")]
    assert [call["unpaid"] for call in calls] == [[], ["sup_a"], ["sup_a"]]


def test_a_chunk_costs_two_transitions(theatre: Theatre) -> None:
    many: Script = {"pay_chunk": [outcome("more", after=str(n), unpaid=[]) for n in range(9)] + [ALL]}
    assert len(play(theatre, "budget", many).top_level) == 2 + 2 * 10


def test_the_person_is_told_where_it_stopped(theatre: Theatre) -> None:
    play(theatre, "told", {"pay_chunk": [BROKEN]})
    calls = theatre.director.asked("told")
    assert {call["correlation_id"] for call in calls} == {"cor_told"}
    assert calls[-1]["state"] == "PayChunk"
    assert "broken" in calls[-1]["error"]
