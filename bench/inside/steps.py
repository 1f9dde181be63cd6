"""A step in the life of something: run once against the local cloud and counted, then again and again for its CPU."""

from __future__ import annotations

import io
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from time import process_time
from typing import Any, cast

from bench.inside.handlers import SHOPPER, Handlers, request
from bench.inside.ledger import Ledger
from bench.inside.wire import Tape, recording, replaying

REPETITIONS, WARM_UP = 60, 6
TOKEN = "t" * 600
"""A task token, about as long as those of AWS."""

STUBBED: dict[tuple[str, str], dict[str, Any]] = {
    ("stepfunctions", "StartExecution"): {"executionArn": "arn:aws:states:::execution:bench", "startDate": 0},
    ("stepfunctions", "SendTaskSuccess"): {},
    ("iot", "Publish"): {},
    ("sqs", "SendMessage"): {"MessageId": "bench"},
    ("sqs", "SendMessageBatch"): {"Successful": [], "Failed": []},
}

Run = Callable[[], Any]


class Heard(io.StringIO):
    """Standard output, of which only the number of bytes matters, and the last of it where a step fails."""

    bytes = 0

    def __init__(self) -> None:
        super().__init__()
        self.last: deque[str] = deque(maxlen=20)

    def write(self, text: str) -> int:
        self.bytes += len(text.encode())
        self.last.append(text)
        return len(text)


@dataclass
class Life:
    """The steps so far, and what each cost."""

    ledger: Ledger
    heard: Heard
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    part_of: str = "order"
    outside: list[str] = field(default_factory=list)
    """What the step at hand has asked of others than AWS, noted by whoever plays them."""

    def step(self, name: str, function: str, run: Run) -> Any:
        """Run once against the cloud and count; then repeat against its answers and take the median of the CPU."""
        tape = Tape()
        ledger, logged = self.ledger, self.heard.bytes
        ledger.reset()
        self.outside.clear()
        with recording(tape, _stubbed, ledger.look):
            result = run()
        calls = [call for call in tape.calls if call.service == "dynamodb"]
        self.steps[name] = {
            "function": function,
            "part_of": self.part_of,
            "round_trips": len(calls),
            "write_units": ledger.writes,
            "index_write_units": ledger.index_writes,
            "read_units": ledger.reads,
            "items": ledger.items,
            "sent": sum(call.sent for call in calls),
            "received": sum(call.received for call in calls),
            "others": [
                *(f"{call.service}:{call.operation}" for call in tape.calls if call.service != "dynamodb"),
                *self.outside,
            ],
            "log_bytes": self.heard.bytes - logged,
            "answer_bytes": len(json.dumps(result)),
        }
        with replaying(tape):
            self.steps[name]["cpu_ms"] = _cpu_ms(run)
        return result


@dataclass(frozen=True)
class Steps:
    """Steps of one order, or of something else that has events of its own; `of` is its id."""

    life: Life
    handlers: Handlers
    of: str
    kind: str = "ORDER"

    def asks(self, name: str, path: str, body: Any, expect: int, claims: dict[str, str] = SHOPPER, **parts: str) -> Any:
        """Somebody calls the API."""
        event = request("POST", path, body, parts=parts, claims=claims)
        return self.life.step(name, "api", lambda: self.handlers.api(event, expect))

    def message(self, name: str, function: str, body: Any) -> None:
        """A message of a function's queue."""
        self.life.step(name, function, lambda: self.handlers.message(function, body))

    def told(self, function: str, name: str, type: str) -> None:
        """An event of it, by the function's queue."""
        self.message(name, function, {"detail": event_of(self.life, f"{self.kind}#{self.of}", type)})

    def task(self, name: str, function: str, **payload: Any) -> Any:
        """A step of a workflow."""
        return self.life.step(name, function, lambda: self.handlers.task(function, order_id=self.of, **payload))


def _stubbed(service: str, operation: str) -> dict[str, Any] | None:
    return STUBBED.get((service, operation))


def _cpu_ms(run: Run) -> float:
    taken = []
    for _ in range(WARM_UP + REPETITIONS):
        began = process_time()
        run()
        taken.append(process_time() - began)
    return median(taken[WARM_UP:]) * 1000


def event_of(life: Life, pk: str, type: str) -> dict[str, Any]:
    """The envelope that a step wrote, as the bus delivers it."""
    items = life.ledger.dynamodb.query(
        TableName=life.ledger.table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :event)",
        ExpressionAttributeValues={":pk": {"S": pk}, ":event": {"S": "EVENT#"}},
        ConsistentRead=True,
    )["Items"]
    envelopes = [json.loads(item["event"]["S"]) for item in items]
    return cast(dict[str, Any], next(one for one in envelopes if one["type"] == type))
