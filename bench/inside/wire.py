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
    "AmazonSSM": "ssm",
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
    status: int
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
    topics of AWS IoT, mail and objects of S3 have a path instead."""
    path = urlsplit(request.url).path
    if path.startswith("/topics/"):
        return "iot", "Publish"
    if path == "/v2/email/outbound-emails":
        return "ses", "SendEmail"
    if path.strip("/"):
        return "s3", request.method
    target = _text(request.headers.get("X-Amz-Target", ""))
    if target:
        service, _, operation = target.partition(".")
        return _SERVICES.get(service, service), operation
    body = _text(request.body or b"")
    fields = dict(part.partition("=")[::2] for part in body.split("&"))
    return "sns", fields.get("Action", "")


def _size(request: Any) -> int:
    """Bytes of the body. Files that are sent to S3 have no length, but a header that says it: one when they go in chunks, as
    they do over TLS, another when they go in one piece."""
    if isinstance(request.body, str | bytes | bytearray | None):
        return len(request.body or b"")
    headers = request.headers
    return int(_text(headers.get("X-Amz-Decoded-Content-Length") or headers["Content-Length"]))


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


class _Body:
    """The raw part of an answer as botocore reads it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()

    def read(self, amount: int | None = None) -> bytes:
        """As files of S3 are read, piece by piece."""
        size = len(self._content) if amount is None else amount
        piece, self._content = self._content[:size], self._content[size:]
        return piece

    def close(self) -> None:
        """There is nothing to close."""


def answer_with(request: Any, content: bytes, status: int = 200) -> AWSResponse:
    """An answer with this body, as it would have come from the network."""
    given: Any = HeadersDict({"content-type": "application/x-amz-json-1.0", "x-amzn-RequestId": "bench"})
    return AWSResponse(request.url, status, given, _Body(content))


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
        content, status = answer.content, answer.status_code
        told = json.loads(content) if service == "dynamodb" else {}
        tape.calls.append(Call(service, operation, asked, content, status, _size(request), len(content)))
        if done is not None and status == 200:
            done(told)
        # A file of S3 is read from the network, where there is nothing left of it.
        return answer_with(request, content, status) if service == "s3" else answer

    with _sending_by(send):
        yield


@contextmanager
def replaying(tape: Tape) -> Iterator[None]:
    """Answer as `tape` was answered: each operation's answers in their order, over and over."""
    answers: dict[tuple[str, str], deque[Call]] = defaultdict(deque)
    for call in tape.calls:
        answers[call.service, call.operation].append(call)

    def send(session: Any, request: Any) -> AWSResponse:
        waiting = answers[_named(request)]
        call = waiting[0]
        waiting.rotate(-1)
        return answer_with(request, call.content, call.status)

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
