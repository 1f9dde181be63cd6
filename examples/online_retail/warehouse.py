"""A warehouse system, simulated: it reads shipment requests from the queue and says what became of them.

It answers by queue, as a system of another company would, or by API. A request that comes twice is answered once, and
every answer's id follows from the request, so a warehouse that is restarted repeats itself without effect. `Faults` make
it behave as badly as real ones do.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from time import sleep
from types import TracebackType
from typing import Any, Literal, Protocol, Self

from examples.online_retail.api import Api, Problem, Unreachable

log = logging.getLogger(__name__)

REQUESTS, ANSWERS = "fulfilment-shipment-requests", "fulfilment-warehouse-answers"
CARRIER = "Sandbox Parcels"

AnswerType = Literal["packed", "shipped", "delivered"]
STEPS: tuple[AnswerType, ...] = ("packed", "shipped", "delivered")


@dataclass(frozen=True, slots=True)
class Faults:
    """How it misbehaves. `missing` are units per SKU that cannot be found, in every request that names the SKU."""

    missing: Mapping[str, int] = field(default_factory=dict)
    copies: int = 1
    reversed_order: bool = False
    pause_seconds: float = 0.0


NO_FAULTS = Faults()


class Way(Protocol):
    """How answers travel."""

    def send(self, answer: dict[str, Any], position: int) -> None: ...


@dataclass(slots=True)
class ByQueue:
    """Answers through the queue. Queues do not keep order, so each step waits `gap_seconds` longer than the last."""

    sqs: Any
    url: str
    gap_seconds: int = 5

    def send(self, answer: dict[str, Any], position: int) -> None:
        self.sqs.send_message(
            QueueUrl=self.url, MessageBody=json.dumps(answer), DelaySeconds=min(900, position * self.gap_seconds)
        )


@dataclass(slots=True)
class ByApi:
    """Answers through POST /v1/fulfilments/{id}/answers; each is recorded before the next is sent."""

    api: Api

    def send(self, answer: dict[str, Any], position: int) -> None:
        body = {name: answer[name] for name in ("type", "lines", "tracking") if name in answer}
        self.api.post(f"/v1/fulfilments/{answer['fulfilment_id']}/answers", body, key=answer["message_id"])


def answers_to(
    request: Mapping[str, Any], steps: Sequence[AnswerType] = STEPS, missing: Mapping[str, int] = NO_FAULTS.missing
) -> list[dict[str, Any]]:
    """What the warehouse says to a request, in order. With nothing left to ship it says "shipped" with no lines."""
    fulfilment_id = request["fulfilment_id"]
    left = dict(missing)
    lines = []
    for line in request["lines"]:
        short = min(line["quantity"], left.get(line["sku"], 0))
        left[line["sku"]] = left.get(line["sku"], 0) - short
        if line["quantity"] > short:
            lines.append({"line_id": line["line_id"], "quantity": line["quantity"] - short})
    told = [step for step in steps if lines or step == "shipped"]
    return [_answer(fulfilment_id, step, lines, request.get("correlation_id")) for step in told]


def _answer(fulfilment_id: str, step: AnswerType, lines: list[Any], correlation_id: str | None) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "message_id": f"{fulfilment_id}-{step}",
        "fulfilment_id": fulfilment_id,
        "type": step,
        "lines": lines,
    }
    if step == "shipped":
        answer["tracking"] = {"carrier": CARRIER, "number": f"SP{fulfilment_id.removeprefix('ful_')}"}
    return answer | ({"correlation_id": correlation_id} if correlation_id else {})


class Warehouse:
    """Workers that poll the queue of requests until stopped; use it as a context manager.

    `on_done(order_id)` is called when a fulfilment got its last answer. A request that cannot be answered stays in the
    queue, which tries it again and in the end puts it beside; `troubles` says why.
    """

    def __init__(
        self,
        sqs: Any,
        requests_url: str,
        way: Way,
        *,
        workers: int = 2,
        steps: Sequence[AnswerType] = STEPS,
        faults: Faults = NO_FAULTS,
        on_done: Callable[[str], None] = lambda _: None,
        poll_seconds: int = 1,
    ) -> None:
        self.troubles: dict[str, str] = {}
        self._sqs = sqs
        self._requests_url = requests_url
        self._way = way
        self._steps = tuple(steps)
        self._faults = faults
        self._on_done = on_done
        self._poll_seconds = poll_seconds
        self._answered: set[str] = set()
        self._in_hand: set[str] = set()
        self._lock = Lock()
        self._stop = Event()
        self._threads = [Thread(target=self._work, name=f"warehouse-{n}", daemon=True) for n in range(workers)]

    @property
    def answered(self) -> int:
        """Fulfilments that got all their answers."""
        return len(self._answered)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=30)

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                batch = self._sqs.receive_message(
                    QueueUrl=self._requests_url, MaxNumberOfMessages=10, WaitTimeSeconds=self._poll_seconds
                ).get("Messages", [])
            except Exception as error:
                log.warning("the queue of requests did not answer: %s", error)
                self._stop.wait(1)
                continue
            for message in batch:
                if self._stop.is_set():
                    return
                self.handle(message)

    def handle(self, message: Mapping[str, Any]) -> None:
        """Answer one message and take it off the queue; one that fails stays there."""
        try:
            request = json.loads(message["Body"])
            fulfilment_id, order_id = request["fulfilment_id"], request["order_id"]
            # Recalls, holds and other addresses change what is asked for, and the ledger's orders have none of them.
            if fulfilment_id in self._answered or request.get("type", "shipment") != "shipment":
                self._forget(message)
                return
            if not self._take(fulfilment_id):
                return
            try:
                self._answer(request)
            finally:
                with self._lock:
                    self._in_hand.discard(fulfilment_id)
            with self._lock:
                self._answered.add(fulfilment_id)
                self.troubles.pop(fulfilment_id, None)
            self._forget(message)
            self._on_done(order_id)
        except (Problem, Unreachable) as error:
            self.troubles[fulfilment_id] = str(error)
        except Exception as error:
            log.warning("a request was not understood: %r", error)
            self.troubles[str(message.get("MessageId", "?"))] = repr(error)

    def _take(self, fulfilment_id: str) -> bool:
        with self._lock:
            if fulfilment_id in self._in_hand:
                return False
            self._in_hand.add(fulfilment_id)
            return True

    def _forget(self, message: Mapping[str, Any]) -> None:
        self._sqs.delete_message(QueueUrl=self._requests_url, ReceiptHandle=message["ReceiptHandle"])

    def _answer(self, request: Mapping[str, Any]) -> None:
        if self._faults.pause_seconds:
            sleep(self._faults.pause_seconds)
        answers = answers_to(request, self._steps, self._faults.missing)
        if self._faults.reversed_order:
            answers.reverse()
        for position, answer in enumerate(answers):
            for _ in range(self._faults.copies):
                self._way.send(answer, position)
