"""The outbox's way to the consumers: bus, rules and queues. At least once, late, twice and in any order."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.simulation.cloud.functions import Functions, consumers, full_name
from tests.simulation.dynamodb import Change
from tests.simulation.kernel import Future, Kernel
from tests.simulation.record import Record
from tests.simulation.wire import Wire

MAX_RECEIVES = 5
VISIBILITY_SECONDS = 180.0
"""As infra/terraform/queues.tf has it: six times the consumers' timeout."""
DEAD = "-dlq"

_BUS = Path(__file__).resolve().parents[3] / "infra/terraform/bus.tf"


@dataclass(frozen=True, slots=True)
class Rule:
    """Which events a queue gets: (source, type) pairs, and values that their data must hold."""

    types: frozenset[tuple[str, str]]
    data: Mapping[str, bool]

    def wants(self, envelope: Mapping[str, Any]) -> bool:
        """Whether an event is one of them."""
        typed = (envelope["source"], envelope["type"]) in self.types
        return typed and all(envelope["data"].get(name) is value for name, value in self.data.items())


@cache
def rules() -> Mapping[str, Rule]:
    """The rule of each queue, by its name after `aisle-<stage>-`: what infra/terraform/bus.tf says."""
    text = re.sub(r"#.*", "", _BUS.read_text())
    block = text[text.index("rules = {") :]
    block = block[: block.index("\n  }\n")]
    found: dict[str, Rule] = {}
    for rule in re.finditer(r"^    ([a-z-]+)\s*=\s*\{(.*?)^    \}", block, re.DOTALL | re.MULTILINE):
        pairs = re.findall(r'"(aisle\.[a-z]+)"\s*=\s*\[([^\]]*)\]', rule[2])
        types = frozenset((source, type) for source, types in pairs for type in re.findall(r'"(\w+)"', types))
        data = re.findall(r"data\s*=\s*\{\s*(\w+)\s*=\s*\[(true|false)\]\s*\}", rule[2])
        assert bool(data) == ("detail" in rule[2]), f"rule {rule[1]} filters in a way that is not simulated"
        found[rule[1]] = Rule(types, {name: value == "true" for name, value in data})
    return found


@dataclass(slots=True)
class Message:
    """A message in a queue."""

    id: str
    body: str
    receives: int = 0
    hidden: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Queue:
    """What waits in a queue, by message id."""

    name: str
    messages: dict[str, Message] = field(default_factory=dict)
    read_by: Callable[[str], None] | None = None
    """Whoever outside reads it; gets each message's body, perhaps twice."""


class Queues:
    """All queues, and the pollers that bring their messages to our functions."""

    def __init__(self, kernel: Kernel, wire: Wire, functions: Functions, record: Record) -> None:
        self._kernel = kernel
        self._wire = wire
        self._functions = functions
        self._record = record
        self._queues: dict[str, Queue] = {}
        self._consumers = {consumer.queue: consumer for consumer in consumers()}
        self._redriven: Counter[str] = Counter()
        self._count = 0

    def named(self, name: str) -> Queue:
        """The queue of that full name."""
        return self._queues.setdefault(name, Queue(name))

    def all(self) -> Mapping[str, Queue]:
        """Every queue that was ever used, by name."""
        return self._queues

    def dead(self) -> list[tuple[str, Message]]:
        """Every message that was given up, with its queue."""
        return [
            (name.removesuffix(DEAD), message)
            for name, queue in self._queues.items()
            if name.endswith(DEAD)
            for message in queue.messages.values()
        ]

    def redrive(self, worth: Callable[[str, str], bool]) -> None:
        """What an operator does with dead letters that are `worth` it, by queue and body: put them back into their queues, all
        copies of one at once, twice at most."""
        dead = [(name, message) for name, message in self.dead() if worth(name, message.body)]
        self._redriven.update({message.body for _, message in dead})
        for name, message in dead:
            if self._redriven[message.body] <= 2:
                del self.named(name + DEAD).messages[message.id]
                self._record.add("redriven", name)
                self.send(name, message.body)

    def send(self, name: str, body: str, attributes: Mapping[str, str] | None = None) -> None:
        """Put a message into a queue; it may come twice, and late."""
        random = self._kernel.random
        twice = not name.endswith(DEAD) and random.random() < self._wire.weather.duplicated
        for _ in range(2 if twice else 1):
            self._count += 1
            message = Message(f"msg-{self._count}", body, attributes=attributes or {})
            late = random.random() < self._wire.weather.late
            delay = random.choice([10, 60, 300, 3_000]) * random.random() if late else random.uniform(0.005, 0.4)
            self._kernel.after(delay, lambda message=message: self._arrive(name, message))  # type: ignore[misc]

    def _arrive(self, name: str, message: Message) -> None:
        queue = self.named(name)
        if queue.read_by is not None:
            queue.read_by(message.body)
            return
        queue.messages[message.id] = message
        if name in self._consumers:
            self._kernel.after(self._kernel.random.uniform(0, 0.1), lambda: self._poll(name))

    def _poll(self, name: str) -> None:
        queue, consumer = self.named(name), self._consumers[name]
        visible = [message for message in queue.messages.values() if not message.hidden]
        if not visible:
            return
        self._kernel.random.shuffle(visible)
        batch = visible[: self._kernel.random.randint(1, consumer.batch_size)]
        for message in batch:
            message.hidden = True
            message.receives += 1
            self._kernel.after(VISIBILITY_SECONDS, lambda message=message: self._reappear(name, message))  # type: ignore[misc]
        if len(batch) < len(visible):
            self._kernel.after(0.01, lambda: self._poll(name))
        records = [
            {
                "messageId": message.id,
                "receiptHandle": message.id,
                "body": message.body,
                "attributes": {"ApproximateReceiveCount": str(message.receives)},
                "eventSourceARN": f"arn:aws:sqs:eu-west-1:000000000000:{name}",
            }
            for message in batch
        ]
        running = self._functions.invoke(consumer.name, {"Records": records})
        running.on_done(lambda: self._finished(name, batch, running))

    def _finished(self, name: str, batch: list[Message], running: Future[Any]) -> None:
        if running.error is not None:
            return
        for message in batch:
            # The poller deletes what the function finished, unless it dies just then.
            if self._kernel.random.random() >= self._wire.weather.crash:
                self.delete(name, message.id)

    def _reappear(self, name: str, message: Message) -> None:
        queue = self.named(name)
        if message.id not in queue.messages:
            return
        message.hidden = False
        if message.receives >= MAX_RECEIVES:
            del queue.messages[message.id]
            self.named(name + DEAD).messages[message.id] = message
            self._record.add("given up by its queue", name)
        else:
            self._poll(name)

    def delete(self, name: str, handle: str) -> None:
        """Take a message out."""
        self.named(name).messages.pop(handle, None)


class Bus:
    """Carries every event that a transaction wrote to the queues whose rules want it."""

    def __init__(self, kernel: Kernel, queues: Queues) -> None:
        self._kernel = kernel
        self._queues = queues

    def see(self, changes: list[Change]) -> None:
        """What the table's stream shows: inserts of `EVENT#` items go out, the others are of no interest."""
        for change in changes:
            if change.before is None and change.after is not None and change.key[1].startswith("EVENT#"):
                event = change.after["event"]["S"]
                self._kernel.after(self._kernel.random.uniform(0.05, 1.5), lambda event=event: self.publish(event))  # type: ignore[misc]

    def publish(self, event: str) -> None:
        """Hand an envelope to the queues."""
        envelope = json.loads(event)
        entry = {
            "version": "0",
            "id": envelope["id"],
            "detail-type": envelope["type"],
            "source": envelope["source"],
            "detail": envelope,
        }
        for name, rule in rules().items():
            if rule.wants(envelope):
                self._queues.send(full_name(name), json.dumps(entry))
