"""Queue consumers, at least once and per record.

Chalice cannot report partial batch failures, so a consumer deletes what it finished and raises for the rest: those come
back, alone. A message that can never succeed (`Poison`), and one that failed for the last time, goes to the dead-letter
queue with its reason as message attributes, which the queue's own redrive would not give.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from chalicelib.core import observability
from chalicelib.core.auth import Principal, system
from chalicelib.core.aws import client
from chalicelib.core.errors import AisleError
from chalicelib.core.outbox import Event

if TYPE_CHECKING:
    from pydantic import BaseModel

MAX_RECEIVES = 5
"""The redrive count of every queue (infra/terraform/modules/queue); the last receive reports its reason itself."""


class Poison(Exception):
    """A message that will never be understood, with the reason for whoever opens the dead-letter queue."""


class BatchFailed(Exception):
    """Some records failed and will be delivered again."""


Handler = Callable[[Any, Principal], None]
_ModelT = TypeVar("_ModelT", bound="BaseModel")


def understood(model: type[_ModelT], body: Any) -> _ModelT:
    """The message as `model`. Raises `Poison` that names every fault: such a message will never be understood."""
    from pydantic import ValidationError  # late: most consumers read events and never load it

    try:
        return model.model_validate(body)
    except ValidationError as error:
        faults = [f"/{'/'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors()]
        raise Poison("; ".join(faults)) from error


def each_event(handler: Callable[[Event, Principal], None]) -> Callable[[Any], None]:
    """A consumer of bus events: the handler gets each envelope and the principal to act as.

    The body is what an EventBridge rule delivers; `detail` is the envelope.
    """

    def handle(body: Any, by: Principal) -> None:
        try:
            event = Event.from_dict(body["detail"])
        except (KeyError, TypeError) as error:
            raise Poison(f"not an event envelope: {error!r}") from error
        with observability.tracing(event.correlation_id, event.id):
            handler(event, by)

    return _consumer(handler.__name__, handle)


def each_message(handler: Handler, *, secret: bool = False) -> Callable[[Any], None]:
    """A consumer of messages from outside: the handler gets the parsed JSON body and raises `Poison` for a bad one."""

    def handle(body: Any, by: Principal) -> None:
        correlation = body.get("correlation_id") if isinstance(body, dict) else None
        with observability.tracing(str(correlation or "none")):
            handler(body, by)

    return _consumer(handler.__name__, handle, secret)


def each_secret(handler: Handler) -> Callable[[Any], None]:
    """As `each_message`, for bodies that hold a secret: it never gets into a dead-letter queue or a log, only why it failed."""
    return each_message(handler, secret=True)


def _consumer(name: str, handle: Handler, secret: bool = False) -> Callable[[Any], None]:
    by = system(name)

    @wraps(handle)
    def consume(batch: Any) -> None:
        records = batch.to_dict()["Records"]
        failed = [record for record in records if not _finished(record, handle, by, secret)]
        if not failed:
            return
        for record in records:
            if record not in failed:
                _delete(record)
        raise BatchFailed(f"{len(failed)} of {len(records)} records failed and will come again")

    consume.__name__ = name
    return consume


def _finished(record: dict[str, Any], handle: Handler, by: Principal, secret: bool) -> bool:
    try:
        try:
            body = json.loads(record["body"])
        except ValueError as error:
            raise Poison(f"not JSON: {error}") from error
        handle(body, by)
        return True
    except Poison as error:
        _bury(record, "Poison", "not shown" if secret else str(error), secret)
        return True
    except Exception as error:
        # A traceback may quote what was validated.
        log = observability.log.error if secret else observability.log.exception
        log("a record failed", message_id=record.get("messageId"), error=type(error).__name__)
        if int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)) < MAX_RECEIVES:
            return False
        reason = error.detail if isinstance(error, AisleError) else repr(error)
        _bury(record, type(error).__name__, "not shown" if secret else reason, secret)
        return True


def _bury(record: dict[str, Any], kind: str, reason: str, secret: bool) -> None:
    observability.log.error(
        "a record goes to the dead-letter queue", kind=kind, reason=reason, message_id=record.get("messageId")
    )
    client("sqs").send_message(
        QueueUrl=_queue_url(record, suffix="-dlq"),
        MessageBody='{"redacted": true}' if secret else record["body"],
        MessageAttributes={
            "kind": {"DataType": "String", "StringValue": kind},
            "reason": {"DataType": "String", "StringValue": reason[:1024] or "-"},
            "message_id": {"DataType": "String", "StringValue": record.get("messageId", "-")},
        },
    )


def _delete(record: dict[str, Any]) -> None:
    client("sqs").delete_message(QueueUrl=_queue_url(record), ReceiptHandle=record["receiptHandle"])


def _queue_url(record: dict[str, Any], suffix: str = "") -> str:
    """The URL of the queue a record came from. GetQueueUrl answers it for any endpoint, local or AWS."""
    _, _, _, _, account, name = record["eventSourceARN"].split(":", 5)
    url: str = client("sqs").get_queue_url(QueueName=name + suffix, QueueOwnerAWSAccountId=account)["QueueUrl"]
    return url
