"""Ways out of routing: the supplier's own API, the workflow route-order, and the queue of what suppliers are to be told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, Protocol

from chalicelib.core import clock, outside, workflow
from chalicelib.core.aws import client
from chalicelib.core.observability import trace
from chalicelib.core.outside import CallFailed, Reply
from chalicelib.core.settings import settings

SHOWN = 500
"""Bytes of an answer that the log keeps."""


class Endpoint(Protocol):
    """Where a supplier takes orders: the base URL, the secrets to sign with (newest first), and a token if it wants one."""

    @property
    def url(self) -> str: ...

    @property
    def secrets(self) -> tuple[str, ...]: ...

    @property
    def bearer_token(self) -> str | None: ...


EndpointOf = Callable[[str], "Endpoint | None"]


class Send(Protocol):
    """As `core.outside.call`."""

    def __call__(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], *, seconds: float | None = None
    ) -> Reply: ...


@dataclass(frozen=True, slots=True)
class Question:
    """One call: `message_id` names what is asked, not the attempt."""

    method: str
    path: str
    message_id: str
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """What came of a call: a reply, or why there was none."""

    at: datetime
    duration_ms: int
    reply: Reply | None
    failure: str | None


def ask(endpoint: Endpoint, question: Question, seconds: float, send: Send | None = None) -> Exchange:
    """Call a supplier's endpoint, signed as Standard Webhooks has it; never raises for what the other side does."""
    at, began = clock.now(), monotonic()
    body = "" if question.body is None else json.dumps(question.body, separators=(",", ":"), ensure_ascii=False)
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "User-Agent": "Aisle-Orders/1",
        "X-Correlation-Id": trace().correlation_id,
        **signed(question.message_id, at, body, endpoint.secrets),
        **({"Authorization": f"Bearer {endpoint.bearer_token}"} if endpoint.bearer_token else {}),
    }
    url = endpoint.url.rstrip("/") + question.path
    sent = None if question.body is None else body.encode()
    reply, failure = None, None
    try:
        reply = (send or outside.call)(question.method, url, sent, headers, seconds=seconds)
    except CallFailed as error:
        failure = str(error.kind)
    return Exchange(at, round((monotonic() - began) * 1_000), reply, failure)


def signed(message_id: str, at: datetime, body: str, secrets: Sequence[str]) -> dict[str, str]:
    """The headers of Standard Webhooks: one signature for each secret, separated by spaces."""
    from standardwebhooks import Webhook

    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(message_id, at, body) for secret in secrets),
    }


def start_route_order(allocation_id: str, order_id: str, execution: str) -> None:
    """Start route-order for an allocation under a name of its own; a second start under that name is harmless."""
    given = {"allocation_id": allocation_id, "order_id": order_id, "correlation_id": trace().correlation_id}
    workflow.start(settings().route_order_arn, execution, given)


def execution_status(execution: str) -> str | None:
    """Of the execution of route-order with this name: RUNNING or how it ended; None when there is none (any more)."""
    return workflow.status_of(settings().route_order_arn, execution)


def request_retry(allocation_id: str) -> None:
    """Have the supplier called again, by the queue of what suppliers are to be told."""
    message = {"type": "retry", "fulfilment_id": allocation_id, "correlation_id": trace().correlation_id}
    client("sqs").send_message(QueueUrl=settings().supplier_requests_url, MessageBody=json.dumps(message))


def excerpt(body: bytes, private: Sequence[str]) -> str:
    """The beginning of an answer as text; nothing of one that quotes any of `private`, such as an address that was sent to it."""
    text = body[:SHOWN].decode("utf-8", errors="replace")
    whole = body.decode("utf-8", errors="replace").casefold()
    with suppress(ValueError, RecursionError):
        whole += json.dumps(json.loads(body), ensure_ascii=False).casefold()
    return "" if any(len(value) > 2 and value.casefold() in whole for value in private) else text
