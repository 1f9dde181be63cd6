"""State machines on a stage: their functions do as they are told, and a record is kept of what was asked."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.workflows.conftest import ROLE, Cloud, Run
from tests.workflows.definitions import Json, rendered

Script = dict[str, list[Json]]
"""What each task is told, step by step; the last step repeats."""

BROKEN = {"raise": "broken"}

# Asks the director what to do.
FUNCTION = """
import json, os, urllib.request

def handler(event, context):
    request = urllib.request.Request(os.environ["DIRECTOR"], json.dumps(event).encode())
    with urllib.request.urlopen(request) as answer:
        told = json.loads(answer.read())
    if "raise" in told:
        raise RuntimeError(told["raise"])
    return told["return"]
"""


def outcome(name: str, **more: Any) -> Json:
    """A function answers so."""
    return {"return": {"outcome": name, **more}}


_SUBJECTS = ("order_id", "listing_id", "feed_id", "run_id", "supplier_id")


def subject_of(asked: Json) -> str:
    """What a task is about: an order, or whatever else its workflow is for."""
    return str(next(asked[name] for name in _SUBJECTS if asked.get(name)))


class Director:
    """Tells each task of each order what to answer."""

    def __init__(self, cloud: Cloud) -> None:
        self.scripts: dict[str, Script] = {}
        self.calls: list[Json] = []
        self._states = cloud.client("stepfunctions")
        self._lock = threading.Lock()

    def told(self, asked: Json) -> Json:
        task, order_id = asked["task"], subject_of(asked)
        script = self.scripts[order_id]
        # One fulfilment among several may be told otherwise: "dispatch_fulfilment ful_2".
        steps = script.get(f"{task} {asked.get('fulfilment_id')}") or script[task]
        with self._lock:
            earlier = self.asked(order_id, task, asked.get("fulfilment_id"))
            self.calls.append(asked)
        step = steps[min(len(earlier), len(steps) - 1)]
        if "complete" in step:
            self._states.send_task_success(taskToken=asked["task_token"], output=json.dumps(step["complete"]))
        if "fail" in step:
            self._states.send_task_failure(taskToken=asked["task_token"], error=step["fail"], cause="…")
        return step

    def asked(self, order_id: str, task: str | None = None, fulfilment_id: str | None = None) -> list[Json]:
        return [
            call
            for call in self.calls
            if subject_of(call) == order_id
            and task in (None, call["task"])
            and fulfilment_id in (None, call.get("fulfilment_id"))
        ]


@dataclass(frozen=True)
class Theatre:
    """A machine, its functions and their director."""

    cloud: Cloud
    machine: str
    director: Director
    as_hoped: Script

    def play(self, order_id: str, script: Script, **given: Any) -> Run:
        """Run the machine for an order, in all but `script` as hoped; `given` is more of its input."""
        self.director.scripts[order_id] = {**self.as_hoped, **script}
        return self.cloud.run(self.machine, {"order_id": order_id, "correlation_id": f"cor_{order_id}", **given})


@contextmanager
def staged(cloud: Cloud, name: str, contexts: tuple[str, ...], as_hoped: Script) -> Iterator[Theatre]:
    """The state machine `name` with a function for the tasks of each of `contexts`."""
    director = Director(cloud)
    stage = f"aisle-{name.replace('_', '-')}"
    with ThreadingHTTPServer(("127.0.0.1", 0), _answering(director)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        arns = {}
        for context in contexts:
            made = cloud.client("lambda").create_function(
                FunctionName=f"{stage}-{context}-tasks",
                Runtime="python3.11",
                Role=ROLE,
                Handler="told.handler",
                Code={"ZipFile": _zipped(FUNCTION)},
                Timeout=20,
                Environment={"Variables": {"DIRECTOR": f"http://127.0.0.1:{server.server_port}"}},
            )
            arns[f"{context}_tasks_arn"] = made["FunctionArn"]
        yield Theatre(cloud, cloud.machine(f"{stage}-paths", rendered(name, **arns)), director, as_hoped)
        server.shutdown()


def _answering(director: Director) -> type[BaseHTTPRequestHandler]:
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

    return Answers


def _zipped(code: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("told.py", code)
    return held.getvalue()
