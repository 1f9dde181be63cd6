"""return_order: every path through it, with functions that do as they are told and keep a record of what was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.workflows.conftest import Cloud, Run
from tests.workflows.definitions import Json, rendered, states
from tests.workflows.test_place_order_paths import BROKEN, FUNCTION, _zipped

pytestmark = pytest.mark.workflow

CONTEXTS = ("orders", "payments", "returns")
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

AS_HOPED: dict[str, list[Json]] = {
    "issue_label": [does("open")],
    "await_goods": [told("settled")],
    "settle_payment": [{"return": {"outcome": "settled"}}],
    "place_exchange": [{"return": {"outcome": "placed"}}],
    "expire_return": [does("nothing")],
    "park_compensation": [{"return": {"outcome": "parked"}}],
}


class Director:
    """Tells each task of each return what to answer, step by step; the last step repeats."""

    def __init__(self, cloud: Cloud) -> None:
        self.scripts: dict[str, dict[str, list[Json]]] = {}
        self.calls: list[Json] = []
        self._states = cloud.client("stepfunctions")
        self._lock = threading.Lock()

    def told(self, asked: Json) -> Json:
        steps = self.scripts[asked["order_id"]][asked["task"]]
        with self._lock:
            earlier = self.asked(asked["order_id"], asked["task"])
            self.calls.append(asked)
        step = steps[min(len(earlier), len(steps) - 1)]
        if "complete" in step:
            self._states.send_task_success(taskToken=asked["task_token"], output=json.dumps(step["complete"]))
        if "fail" in step:
            self._states.send_task_failure(taskToken=asked["task_token"], error=step["fail"], cause="…")
        return step

    def asked(self, order_id: str, task: str | None = None) -> list[Json]:
        return [call for call in self.calls if call["order_id"] == order_id and task in (None, call["task"])]


@dataclass(frozen=True)
class Theatre:
    """The machine, its functions and their director."""

    cloud: Cloud
    machine: str
    director: Director

    def play(self, order_id: str, script: dict[str, list[Json]]) -> Run:
        self.director.scripts[order_id] = {**AS_HOPED, **script}
        given = {"order_id": order_id, "return_id": f"ret_{order_id}", "correlation_id": f"cor_{order_id}"}
        return self.cloud.run(self.machine, given)


@pytest.fixture(scope="module")
def theatre(cloud: Cloud) -> Iterator[Theatre]:
    director = Director(cloud)

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(director.told(asked)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        functions = cloud.client("lambda")
        arns = {}
        for context in CONTEXTS:
            made = functions.create_function(
                FunctionName=f"aisle-return-paths-{context}-tasks",
                Runtime="python3.11",
                Role="arn:aws:iam::000000000000:role/aisle-paths",
                Handler="told.handler",
                Code={"ZipFile": _zipped(FUNCTION)},
                Timeout=20,
                Environment={"Variables": {"DIRECTOR": f"http://127.0.0.1:{server.server_port}"}},
            )
            arns[f"{context}_tasks_arn"] = made["FunctionArn"]
        machine = cloud.machine("aisle-paths-return-order", rendered("return_order", **arns))
        yield Theatre(cloud, machine, director)
        server.shutdown()


@dataclass(frozen=True)
class Path:
    """A path: what the functions are told, and which states are entered."""

    id: str
    script: dict[str, list[Json]]
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
    run = theatre.play(path.id, path.script)
    assert run.top_level == path.entered.split()
    assert (run.status, run.error) == ("FAILED" if path.error else "SUCCEEDED", path.error)


def test_a_return_that_comes_at_once_costs_four_transitions(theatre: Theatre) -> None:
    assert len(theatre.play("budget", {}).top_level) == 4


def test_every_task_is_told_order_return_and_correlation(theatre: Theatre) -> None:
    theatre.play("told", {"await_goods": [told("open", 1), told("exchange", 2)]})
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
    theatre: Theatre, state: str, reason: str, script: dict[str, list[Json]], request: pytest.FixtureRequest
) -> None:
    order_id = request.node.name
    theatre.play(order_id, script)
    [parked] = theatre.director.asked(order_id, "park_compensation")
    assert (parked["state"], parked["reason"], parked["return_id"]) == (state, reason, f"ret_{order_id}")
    assert parked["error"]
