"""Between botocore and the network: counts every round trip of every client, or answers in the network's place."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.httpsession import URLLib3Session

_network = URLLib3Session.send

_SERVICES = {
    "AWSStepFunctions": "stepfunctions",
    "AmazonSQS": "sqs",
    "DynamoDB_20120810": "dynamodb",
    "TrentService": "kms",
}
"""Services by what stands before the operation in `X-Amz-Target`."""


@dataclass(frozen=True)
class Call:
    """One round trip. Bytes are those of both bodies; headers are the network's affair."""

    service: str
    operation: str
    request: dict[str, Any]
    content: bytes
    sent: int
    received: int


@dataclass
class Tape:
    """The round trips of one stretch of work."""

    calls: list[Call] = field(default_factory=list)


Stub = Callable[[str, str], dict[str, Any] | None]
Look = Callable[[str, dict[str, Any]], Any]


def _named(request: Any) -> tuple[str, str]:
    """Service and operation, from `X-Amz-Target: DynamoDB_20120810.GetItem` or, for query services, from the body; messages to
    topics of AWS IoT have neither."""
    if urlsplit(request.url).path.startswith("/topics/"):
        return "iot", "Publish"
    target = _text(request.headers.get("X-Amz-Target", ""))
    if target:
        service, _, operation = target.partition(".")
        return _SERVICES.get(service, service), operation
    body = _text(request.body or b"")
    fields = dict(part.partition("=")[::2] for part in body.split("&"))
    return "sns", fields.get("Action", "")


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


class _Body:
    """The raw part of an answer as botocore reads it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._content


def answer_with(request: Any, content: bytes, headers: dict[str, str] | None = None) -> AWSResponse:
    """A 200 with this body, as it would have come from the network."""
    given: Any = HeadersDict(
        {"content-type": "application/x-amz-json-1.0", "x-amzn-RequestId": "bench", **(headers or {})}
    )
    return AWSResponse(request.url, 200, given, _Body(content))


@contextmanager
def recording(tape: Tape, stub: Stub, look: Look) -> Iterator[None]:
    """Put every round trip on `tape`. `stub(service, operation)` may answer instead of the cloud; `look(operation,
    request)` is called before each DynamoDB call, and what it returns is called with the answer after it."""

    def send(session: Any, request: Any) -> AWSResponse:
        service, operation = _named(request)
        body = request.body or b""
        asked = json.loads(body) if service == "dynamodb" else {}
        stubbed = stub(service, operation)
        done = look(operation, asked) if service == "dynamodb" else None
        answer = (
            answer_with(request, json.dumps(stubbed).encode()) if stubbed is not None else _network(session, request)
        )
        content = answer.content
        told = json.loads(content) if service == "dynamodb" else {}
        tape.calls.append(Call(service, operation, asked, content, len(body), len(content)))
        if done is not None and answer.status_code == 200:
            done(told)
        return answer

    with _sending_by(send):
        yield


@contextmanager
def replaying(tape: Tape) -> Iterator[None]:
    """Answer as `tape` was answered: each operation's answers in their order, over and over."""
    answers: dict[tuple[str, str], deque[bytes]] = defaultdict(deque)
    for call in tape.calls:
        answers[call.service, call.operation].append(call.content)

    def send(session: Any, request: Any) -> AWSResponse:
        waiting = answers[_named(request)]
        content = waiting[0]
        waiting.rotate(-1)
        return answer_with(request, content)

    with _sending_by(send):
        yield


@contextmanager
def unheard() -> Iterator[None]:
    """Calls of our own, which do not count."""
    with _sending_by(_network):
        yield


@contextmanager
def _sending_by(send: Callable[[Any, Any], AWSResponse]) -> Iterator[None]:
    sessions: Any = URLLib3Session
    before = sessions.send
    sessions.send = send
    try:
        yield
    finally:
        sessions.send = before
