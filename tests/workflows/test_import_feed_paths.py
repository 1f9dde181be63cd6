"""import_feed: every path through it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.workflows.conftest import Cloud
from tests.workflows.definitions import rendered, states
from tests.workflows.theatre import BROKEN, Script, Theatre, outcome, staged

pytestmark = pytest.mark.workflow

READY = outcome("ready", lanes=[0, 1])
AS_HOPED: Script = {
    "split_feed": [READY],
    "import_chunks": [outcome("taken")],
    "finish_feed": [outcome("finished")],
    "fail_feed": [outcome("failed")],
}
READ = "SplitFeed FileRead"
TAKEN = f"{READ} ImportRows"
DONE = "FinishFeed FeedFinished"
FAILED = "FailFeed FeedFailed"

PATHS = [
    ("all-at-once", {}, f"{TAKEN} {DONE} Over", None),
    ("split-in-parts", {"split_feed": [outcome("continue"), READY]}, f"{READ} {TAKEN} {DONE} Over", None),
    ("taken-in-parts", {"import_chunks": [outcome("continue")] * 3 + [outcome("taken")]}, f"{TAKEN} {DONE} Over", None),
    ("nothing-left", {"split_feed": [outcome("taken")]}, f"{READ} {DONE} Over", None),
    ("refused", {"split_feed": [outcome("refused")]}, f"{READ} Over", None),
    ("over-before", {"split_feed": [outcome("over")]}, f"{READ} Over", None),
    (
        "called-off-before",
        {"split_feed": [outcome("cancelled")], "finish_feed": [outcome("cancelled")]},
        f"{READ} {DONE} Over",
        None,
    ),
    (
        "called-off-between",
        {"import_chunks": [outcome("cancelled")], "finish_feed": [outcome("cancelled")]},
        f"{TAKEN} {DONE} Over",
        None,
    ),
    (
        "finished-in-parts",
        {"finish_feed": [outcome("continue"), outcome("parked")]},
        f"{TAKEN} {DONE} {DONE} Over",
        None,
    ),
    ("looked-at-twice", {"split_feed": [BROKEN, READY]}, f"{TAKEN} {DONE} Over", None),
    ("unreadable", {"split_feed": [BROKEN]}, f"SplitFeed {FAILED}", "FeedFailed"),
    ("untakeable", {"import_chunks": [BROKEN]}, f"{TAKEN} {FAILED}", "FeedFailed"),
    ("unfinishable", {"finish_feed": [BROKEN]}, f"{TAKEN} FinishFeed {FAILED}", "FeedFailed"),
    ("unheard-of", {"split_feed": [outcome("lost")]}, f"{READ} {FAILED}", "FeedFailed"),
    ("unheard-of-end", {"finish_feed": [outcome("lost")]}, f"{TAKEN} {DONE} {FAILED}", "FeedFailed"),
    (
        "not-even-failed",
        {"split_feed": [BROKEN], "fail_feed": [BROKEN]},
        "SplitFeed FailFeed FailingFailed",
        "FailingFailed",
    ),
]

WITHIN = {"ImportChunks", "RowsLeft", "LaneDone"}
"""States of a lane, which the history of the local cloud leaves out."""


@pytest.fixture(scope="module")
def theatre(cloud: Cloud) -> Iterator[Theatre]:
    with staged(cloud, "import_feed", ("feeds",), AS_HOPED) as theatre:
        yield theatre


def test_together_the_paths_enter_every_state() -> None:
    entered = {state for _, _, path, _ in PATHS for state in path.split()}
    assert entered | WITHIN == set(states(rendered("import_feed")))


@pytest.mark.parametrize(("id", "script", "entered", "error"), PATHS, ids=[path[0] for path in PATHS])
def test_path(theatre: Theatre, id: str, script: Script, entered: str, error: str | None) -> None:
    run = theatre.play(id, script, feed_id=id)
    assert run.top_level == entered.split()
    assert (run.status, run.error) == ("FAILED" if error else "SUCCEEDED", error)


def test_each_lane_is_taken_until_nothing_is_left(theatre: Theatre) -> None:
    theatre.play("lanes", {"import_chunks": [outcome("continue"), outcome("taken")]}, feed_id="lanes")
    lanes = [call["lane"] for call in theatre.director.asked("lanes", "import_chunks")]
    assert set(lanes) == {0, 1}
    assert len(lanes) == 3


def test_what_failed_is_told(theatre: Theatre) -> None:
    theatre.play("told", {"finish_feed": [BROKEN]}, feed_id="told")
    assert {call["state"] for call in theatre.director.asked("told", "fail_feed")} == {"FinishFeed"}
