"""return_order: every path through it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.workflows.conftest import Cloud, Run
from tests.workflows.definitions import Json, rendered, states
from tests.workflows.theatre import BROKEN, Script, Theatre, outcome, staged

pytestmark = pytest.mark.workflow

LONG = 30
"""Seconds that a wait lasts which is answered."""


def progress(outcome: str, inspections: int = 0, seconds_left: int = LONG) -> Json:
    """What every task of returns answers, and what completes the wait."""
    return {"outcome": outcome, "inspections": inspections, "seconds_left": seconds_left}


def does(outcome: str, inspections: int = 0, seconds_left: int = LONG) -> Json:
    return {"return": progress(outcome, inspections, seconds_left)}


def told(outcome: str, inspections: int = 1, seconds_left: int = LONG) -> Json:
    """The wait, and what ends it."""
    return {"return": {"outcome": "waiting"}, "complete": progress(outcome, inspections, seconds_left)}


NOBODY_COMES = {"return": {"outcome": "waiting"}}
REJECTED = {"return": {"outcome": "waiting"}, "fail": "Stopped"}

AS_HOPED: Script = {
    "issue_label": [does("open")],
    "await_goods": [told("settled")],
    "settle_payment": [outcome("settled")],
    "place_exchange": [outcome("placed")],
    "expire_return": [does("nothing")],
    "park_compensation": [outcome("parked")],
}


@pytest.fixture(scope="module")
def theatre(cloud: Cloud) -> Iterator[Theatre]:
    with staged(cloud, "return_order", ("orders", "payments", "returns"), AS_HOPED) as theatre:
        yield theatre


def play(theatre: Theatre, order_id: str, script: Script) -> Run:
    """One return of the order."""
    return theatre.play(order_id, script, return_id=f"ret_{order_id}")


@dataclass(frozen=True)
class Path:
    """A path: what the functions are told, and which states are entered."""

    id: str
    script: Script
    entered: str
    error: str | None = None


WAITING = "IssueLabel WaitForGoods"
DONE = "GoodsSettled SettlePayment"

PATHS = [
    Path("all-at-once", {}, f"{WAITING} {DONE}"),
    Path(
        "in-parts",
        {"await_goods": [told("open", 1), told("open", 2), told("settled", 3)]},
        f"{WAITING} GoodsSettled SettlePart WaitForGoods GoodsSettled SettlePart WaitForGoods {DONE}",
    ),
    Path("cancelled", {"await_goods": [told("nothing", 0)]}, f"{WAITING} GoodsSettled NothingCame"),
    Path("exchanged", {"await_goods": [told("exchange")]}, f"{WAITING} GoodsSettled PlaceExchange SettlePayment"),
    Path(
        "nothing-came-in-time",
        {"issue_label": [does("open", seconds_left=1)], "await_goods": [NOBODY_COMES]},
        f"{WAITING} ExpireReturn GoodsSettled NothingCame",
    ),
    Path(
        "some-came-in-time",
        {
            "issue_label": [does("open", seconds_left=1)],
            "await_goods": [NOBODY_COMES, told("settled")],
            "expire_return": [does("open")],
        },
        f"{WAITING} ExpireReturn GoodsSettled SettlePart WaitForGoods {DONE}",
    ),
    Path(
        "nobody-inspects",
        {
            "issue_label": [does("open", seconds_left=1)],
            "await_goods": [NOBODY_COMES, told("settled")],
            "expire_return": [does("overdue")],
        },
        f"{WAITING} ExpireReturn GoodsSettled ParkAndWait WaitForGoods {DONE}",
    ),
    Path("an-outcome-nobody-expects", {"await_goods": [told("perhaps")]}, f"{WAITING} GoodsSettled ParkReturn"),
    Path("label-broken-once", {"issue_label": [BROKEN, does("open")]}, f"{WAITING} {DONE}"),
    Path("label-broken", {"issue_label": [BROKEN]}, f"IssueLabel ParkAndWait WaitForGoods {DONE}"),
    Path("waiting-broken", {"await_goods": [BROKEN]}, f"{WAITING} ParkReturn"),
    Path("waiting-stopped", {"await_goods": [REJECTED]}, f"{WAITING} ParkReturn"),
    Path(
        "part-broken",
        {
            "await_goods": [told("open"), told("settled", 2)],
            "settle_payment": [BROKEN] * 3 + AS_HOPED["settle_payment"],
        },
        f"{WAITING} GoodsSettled SettlePart ParkAndWait WaitForGoods {DONE}",
    ),
    Path("refund-broken", {"settle_payment": [BROKEN]}, f"{WAITING} {DONE} ParkReturn"),
    Path(
        "exchange-broken",
        {"await_goods": [told("exchange")], "place_exchange": [BROKEN]},
        f"{WAITING} GoodsSettled PlaceExchange ParkReturn",
    ),
    Path(
        "expiry-broken",
        {"issue_label": [does("open", seconds_left=1)], "await_goods": [NOBODY_COMES], "expire_return": [BROKEN]},
        f"{WAITING} ExpireReturn ParkReturn",
    ),
    Path(
        "parking-broken",
        {"settle_payment": [BROKEN], "park_compensation": [BROKEN]},
        f"{WAITING} {DONE} ParkReturn ParkingFailed",
        error="ParkingFailed",
    ),
    Path(
        "parking-broken-while-goods-may-come",
        {"issue_label": [BROKEN], "park_compensation": [BROKEN]},
        "IssueLabel ParkAndWait ParkingFailed",
        error="ParkingFailed",
    ),
]


def test_together_the_paths_enter_every_state() -> None:
    entered = {state for path in PATHS for state in path.entered.split()}
    assert entered == set(states(rendered("return_order")))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.id)
def test_path(theatre: Theatre, path: Path) -> None:
    run = play(theatre, path.id, path.script)
    assert run.top_level == path.entered.split()
    assert (run.status, run.error) == ("FAILED" if path.error else "SUCCEEDED", path.error)


def test_a_return_that_comes_at_once_costs_four_transitions(theatre: Theatre) -> None:
    assert len(play(theatre, "budget", {}).top_level) == 4


def test_every_task_is_told_order_return_and_correlation(theatre: Theatre) -> None:
    play(theatre, "told", {"await_goods": [told("open", 1), told("exchange", 2)]})
    calls = theatre.director.asked("told")
    assert {call["correlation_id"] for call in calls} == {"cor_told"}
    assert {call["return_id"] for call in calls if call["task"] != "settle_payment"} == {"ret_told"}
    assert [call["seen"] for call in theatre.director.asked("told", "await_goods")] == [0, 1]


@pytest.mark.parametrize(
    ("state", "reason", "script"),
    [
        ("IssueLabel", "no_label", {"issue_label": [BROKEN]}),
        ("WaitForGoods", "wait_failed", {"await_goods": [REJECTED]}),
        ("SettlePayment", "refund_failed", {"settle_payment": [BROKEN]}),
        ("GoodsSettled", "unknown_outcome", {"await_goods": [told("perhaps")]}),
    ],
)
def test_what_is_parked_says_what_failed_and_why(
    theatre: Theatre, state: str, reason: str, script: Script, request: pytest.FixtureRequest
) -> None:
    order_id = request.node.name
    play(theatre, order_id, script)
    [parked] = theatre.director.asked(order_id, "park_compensation")
    assert (parked["state"], parked["reason"], parked["return_id"]) == (state, reason, f"ret_{order_id}")
    assert parked["error"]
