"""refund_payment: every path through it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.workflows.conftest import Cloud
from tests.workflows.definitions import Json, rendered, states
from tests.workflows.test_place_order_paths import BROKEN, FUNCTION, Director, Theatre, _zipped, outcome

pytestmark = pytest.mark.workflow

ARN = "arn:aws:lambda:eu-west-1:000000000000:function:aisle-refunds-{}-tasks"
AS_HOPED: dict[str, list[Json]] = {"settle_payment": [outcome("settled")], "park_compensation": [outcome("parked")]}

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
        for context in ("orders", "payments"):
            cloud.client("lambda").create_function(
                FunctionName=f"aisle-refunds-{context}-tasks",
                Runtime="python3.11",
                Role="arn:aws:iam::000000000000:role/aisle-paths",
                Handler="told.handler",
                Code={"ZipFile": _zipped(FUNCTION)},
                Timeout=20,
                Environment={"Variables": {"DIRECTOR": f"http://127.0.0.1:{server.server_port}"}},
            )
        definition = rendered(
            "refund_payment", orders_tasks_arn=ARN.format("orders"), payments_tasks_arn=ARN.format("payments")
        )
        yield Theatre(cloud, cloud.machine("aisle-refunds-refund-payment", definition), director)
        server.shutdown()


def test_together_the_paths_enter_every_state() -> None:
    entered = {state for _, _, path, _ in PATHS for state in path.split()}
    assert entered == set(states(rendered("refund_payment")))


@pytest.mark.parametrize(("id", "script", "entered", "error"), PATHS, ids=[path[0] for path in PATHS])
def test_path(theatre: Theatre, id: str, script: Json, entered: str, error: str | None) -> None:
    run = theatre.play(id, {**AS_HOPED, **script})
    assert run.top_level == entered.split()
    assert (run.status, run.error) == ("FAILED" if error else "SUCCEEDED", error)


def test_a_refund_costs_one_transition(theatre: Theatre) -> None:
    assert len(theatre.play("budget", AS_HOPED).top_level) == 1


def test_every_task_is_told_order_and_correlation_and_the_person_the_reason(theatre: Theatre) -> None:
    theatre.play("told", {**AS_HOPED, "settle_payment": [BROKEN]})
    calls = theatre.director.asked("told")
    assert {call["correlation_id"] for call in calls} == {"cor_told"}
    assert calls[0].keys() == {"task", "order_id", "correlation_id"}
    assert (calls[-1]["reason"], calls[-1]["state"]) == ("refund_failed", "SettlePayment")
