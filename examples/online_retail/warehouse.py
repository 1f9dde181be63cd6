"""A warehouse system, simulated: it reads shipment requests from the queue and says what became of them.

It answers by queue, as a system of another company would, or by API. A request that comes twice is answered once, and
every answer's id follows from the request, so a warehouse that is restarted repeats itself without effect. A recall takes
units out of a parcel that has not left; an answer that comes too late for one is given again with what is left. `Faults`
make it behave as badly as real ones do.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from time import sleep
from types import TracebackType
from typing import Any, Literal, Protocol, Self

from examples.online_retail.api import Api, Problem, Unreachable

log = logging.getLogger(__name__)

REQUESTS, ANSWERS = "fulfilment-shipment-requests", "fulfilment-warehouse-answers"
CARRIER = "Sandbox Parcels"
AGAIN_SECONDS = 5
"""When a request is read again that could not be answered."""

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


STEPS_LEFT: Mapping[str, tuple[AnswerType, ...]] = {
    "requested": STEPS,
    "packed": ("shipped", "delivered"),
    "shipped": ("delivered",),
}
"""What is still to be said of a fulfilment in a state; in any other, nothing."""


def answers_to(
    request: Mapping[str, Any],
    steps: Sequence[AnswerType] = STEPS,
    missing: Mapping[str, int] = NO_FAULTS.missing,
    recalled: Mapping[str, int] = NO_FAULTS.missing,
) -> list[dict[str, Any]]:
    """What the warehouse says to a request, in order, without `missing` units by SKU and `recalled` ones by line id.

    With nothing found it says "shipped" with no lines; with everything recalled it says nothing.
    """
    fulfilment_id = request["fulfilment_id"]
    left = dict(missing)
    lines, wanted_units = [], 0
    for line in request["lines"]:
        wanted = max(0, line["quantity"] - recalled.get(line["line_id"], 0))
        wanted_units += wanted
        short = min(wanted, left.get(line["sku"], 0))
        left[line["sku"]] = left.get(line["sku"], 0) - short
        if wanted > short:
            lines.append({"line_id": line["line_id"], "quantity": wanted - short})
    if not wanted_units:
        return []
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


REFUSED_AS_STALE = frozenset({"more_than_requested", "fulfilment_out_of_turn", "idempotency_key_reused"})
"""Codes that say that the fulfilment is not as it was when it was asked for."""


class Warehouse:
    """Workers that poll the queue of requests until stopped; use it as a context manager.

    Orders for which `waits(order_id)` holds are passed over: who made them wait calls `ship` in the end. `on_done(order_id)` is
    called when a fulfilment got its last answer. A request that cannot be answered stays in the queue, is read again some
    seconds later and in the end put beside; `troubles` says why. `api` tells what is left of a fulfilment.
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
        api: Api | None = None,
        waits: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.troubles: dict[str, str] = {}
        self._api = api
        self._waits = waits
        self._recalls: dict[str, dict[str, Mapping[str, int]]] = {}
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
        """Answer one message and take it off the queue; one that fails is put back."""
        about = str(message.get("MessageId", "?"))
        try:
            request = json.loads(message["Body"])
            about = request["fulfilment_id"]
            if request.get("type", "shipment") != "shipment":
                self._note(request)
            elif not self._waits(request["order_id"]) and not self._ship(request):
                return
            self._forget(message)
            return
        except (Problem, Unreachable) as error:
            self.troubles[about] = str(error)
        except Exception as error:
            log.warning("a request was not understood: %r", error)
            self.troubles[about] = repr(error)
        self._put_back(message)

    def _note(self, request: Mapping[str, Any]) -> None:
        """Recalled units are left out. A parcel on hold is refused until its shipment is asked for again, and an address
        is of no concern to one that sends nothing."""
        if request["type"] == "recall":
            units = {line["line_id"]: line["quantity"] for line in request["lines"]}
            with self._lock:
                self._recalls.setdefault(request["fulfilment_id"], {})[request["recall_id"]] = units

    def ship(self, order_id: str) -> None:
        """Ship what the system says is left of an order that was waiting. Raises `Problem`, `Unreachable`."""
        if self._api is None:
            raise ValueError("without an API nothing can be asked")
        for note in self._api.get(f"/v1/orders/{order_id}")["fulfilments"]:
            if not self._done(note["id"]):
                self._answer_what_is_left(note["id"])
                with self._lock:
                    self._answered.add(note["id"])
        self._on_done(order_id)

    def _done(self, fulfilment_id: str) -> bool:
        with self._lock:
            return fulfilment_id in self._answered

    def _ship(self, request: Mapping[str, Any]) -> bool:
        """Answer a request; False while another worker does."""
        fulfilment_id = request["fulfilment_id"]
        if self._done(fulfilment_id):
            return True
        if not self._take(fulfilment_id):
            return False
        try:
            self._answer(request)
        finally:
            with self._lock:
                self._in_hand.discard(fulfilment_id)
        with self._lock:
            self._answered.add(fulfilment_id)
            self.troubles.pop(fulfilment_id, None)
        self._on_done(request["order_id"])
        return True

    def _take(self, fulfilment_id: str) -> bool:
        with self._lock:
            if fulfilment_id in self._in_hand:
                return False
            self._in_hand.add(fulfilment_id)
            return True

    def _forget(self, message: Mapping[str, Any]) -> None:
        self._sqs.delete_message(QueueUrl=self._requests_url, ReceiptHandle=message["ReceiptHandle"])

    def _put_back(self, message: Mapping[str, Any]) -> None:
        with suppress(Exception):  # else the queue does it by itself, after its own time
            self._sqs.change_message_visibility(
                QueueUrl=self._requests_url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=AGAIN_SECONDS
            )

    def _answer(self, request: Mapping[str, Any]) -> None:
        if self._faults.pause_seconds:
            sleep(self._faults.pause_seconds)
        with self._lock:
            recalls = list(self._recalls.get(request["fulfilment_id"], {}).values())
        recalled = Counter[str]()
        for units in recalls:
            recalled.update(units)
        answers = answers_to(request, self._steps, self._faults.missing, recalled)
        try:
            self._send(answers)
        except Problem as problem:
            if self._api is None or problem.code not in REFUSED_AS_STALE:
                raise
            self._answer_what_is_left(request["fulfilment_id"])

    def _answer_what_is_left(self, fulfilment_id: str) -> None:
        if self._api is None:
            raise ValueError("without an API nothing can be asked")
        now = self._api.get(f"/v1/fulfilments/{fulfilment_id}")
        left = [{**line, "quantity": line["quantity"] - line["cancelled"]} for line in now["lines"]]
        steps = [step for step in STEPS_LEFT.get(now["status"], ()) if step in self._steps]
        self._send(answers_to({"fulfilment_id": fulfilment_id, "lines": left}, steps, self._faults.missing))

    def _send(self, answers: list[dict[str, Any]]) -> None:
        if self._faults.reversed_order:
            answers.reverse()
        for position, answer in enumerate(answers):
            for _ in range(self._faults.copies):
                self._way.send(answer, position)
