"""One simulated world: the kernel, the weather, the table, the cloud around it, and our application in the middle."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from chalicelib.core import http
from chalicelib.core.auth import Principal
from chalicelib.core.settings import settings
from tests.simulation.cloud.clients import Clients, queue_url
from tests.simulation.cloud.functions import Functions, Reply, full_name
from tests.simulation.cloud.machines import StateError, StepFunctions, machines
from tests.simulation.cloud.messages import Bus, Queues
from tests.simulation.dynamodb import Database
from tests.simulation.faults import Weather, clearing
from tests.simulation.kernel import Crash, Future, Kernel
from tests.simulation.patches import Stand, installed
from tests.simulation.record import Record
from tests.simulation.wire import DynamoClient, Wire, expected

_EPOCH = datetime(2026, 1, 1, 9, tzinfo=UTC)
_ARN = "arn:aws:states:eu-west-1:000000000000:stateMachine:"


class Violated(AssertionError):
    """Something that must always hold does not."""


class World:
    """Everything that one history plays in."""

    def __init__(self, seed: int, *, keep_record: bool = False) -> None:
        start = _EPOCH + timedelta(days=seed % 1_000, seconds=seed % 86_400)
        self.seed = seed
        self.kernel = Kernel(seed, start, registers=[(http, "_exchange")])
        self.kernel.tolerates = lambda error: isinstance(error, Crash | StateError) or expected(error)
        self.random: Random = self.kernel.random
        self.record = Record(self.kernel, keep=keep_record)
        self.wire = Wire(self.kernel, self.record)
        self.database = Database(settings().table, now=self.kernel.seconds, lag=self._lag)
        self.functions = Functions(self.kernel)
        self.queues = Queues(self.kernel, self.wire, self.functions, self.record)
        self.states = StepFunctions(self.kernel, self.wire, self.functions, self.record)
        self.clients = Clients(self.wire, self.queues, self.states)
        self.bus = Bus(self.kernel, self.queues)
        self.counts: Counter[str] = Counter()
        self._ids = Random(f"ids of {seed}")

    # ---- the weather

    @property
    def weather(self) -> Weather:
        """What goes wrong at present."""
        return self.wire.weather

    @weather.setter
    def weather(self, weather: Weather) -> None:
        self.wire.weather = weather
        self.record.add(f"weather: {weather}")

    def clear_up(self) -> None:
        """Calls go through from here on."""
        self.weather = clearing(self.weather)

    def _lag(self) -> float:
        if self.wire.weather.lag and self.random.random() < self.wire.weather.lag:
            return self.random.uniform(0.0, 3.0)
        return 0.0

    # ---- our application

    def request(
        self,
        method: str,
        path: str,
        by: Principal | None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        name: str = "simulated",
    ) -> Reply:
        """Call the API and wait for its answer. Within a process; raises `Crash` when the function crashed."""
        future: Future[Reply] = self.functions.request(method, path, by, body, headers, name)
        if self.random.random() < self.weather.zombie:
            self.kernel.after(self.random.uniform(0.01, 3.0), lambda: future.fail(Crash()))
        return future.result()

    def problem(self, what: str, cause: BaseException | None = None) -> None:
        """Something must not be: the history ends here."""
        violated = Violated(f"{what} (seed {self.seed}, at {self.kernel.seconds():.6f} s)")
        violated.__cause__ = cause
        self.kernel.fail(violated)

    def check(self, holds: bool, what: str) -> None:
        """A `problem` unless it holds."""
        if not holds:
            self.problem(what)

    @contextmanager
    def at_hand(self) -> Iterator[None]:
        """Our modules run in this world within the block."""
        stand = Stand(
            now=self.kernel.now,
            seconds=self.kernel.seconds,
            sleep=self.kernel.pause,
            random=self._ids,
            client=self.clients,
            dynamodb=DynamoClient(self.wire, self.database, self.kernel),
            log=_Log(self),
            count=self._count,
            settings={
                **{f"{machine}_arn": f"{_ARN}{full_name(name)}" for machine, name in machines().items()},
                "shipment_requests_url": queue_url(full_name("fulfilment-shipment-requests")),
                "notifications_topic_arn": "arn:aws:sns:eu-west-1:000000000000:simulated",
            },
        )
        with installed(stand):
            yield

    def _count(self, metric: str, value: int = 1) -> None:
        self.counts[metric] += value


class _Log:
    """Takes what our code logs into the record, and looks at the errors: one of no kind that is expected is a fault."""

    def __init__(self, world: World) -> None:
        self._world = world

    def append_keys(self, **_: Any) -> None:
        """As Powertools' logger."""

    def remove_keys(self, _: Any) -> None:
        """As Powertools' logger."""

    def info(self, message: str, **fields: Any) -> None:
        self._world.record.add(f"log: {message}", lambda: str(fields))

    warning = error = info

    def exception(self, message: str, **fields: Any) -> None:
        error = sys.exc_info()[1]
        self._world.record.add(f"log: {message}: {error!r}", lambda: str(fields))
        if not expected(error):
            self._world.problem(f"{message}: {error!r} {fields}", error)
