"""Signed calls to the four operations, and a record of every one."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Any

from aisle_supplier import VERSION, signing
from aisle_supplier.protocol import TEST_HEADER
from aisle_supplier.wire import Answer, Endpoint, Failure, NoAnswer

PATIENCE = 5
"""Seconds of `Retry-After` that are waited."""
REPEATS = 2
"""How often a call is made again that was put off."""
MAX_IN_VAIN = 3
"""Calls for which that did not help. After them no other is waited for."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A call that was made, and what became of it: a status, or a failure."""

    what: str
    seconds: float
    status: int = 0
    failure: Failure | None = None
    too_long: bool = False
    content_type: str = ""
    has_body: bool = False
    retry_after: str | None = None
    location: str = ""

    @property
    def put_off(self) -> bool:
        return self.status in (429, 503)


class Client:
    """Calls of one run. Safe for threads."""

    def __init__(self, endpoint: Endpoint, secret: str) -> None:
        self.endpoint = endpoint
        self.secret = secret
        self._exchanges: list[Exchange] = []
        self._in_vain = 0
        self._lock = Lock()

    @property
    def exchanges(self) -> list[Exchange]:
        """All calls so far."""
        with self._lock:
            return list(self._exchanges)

    def order(self, order: Mapping[str, Any]) -> Answer:
        """`POST /orders`. Raises `NoAnswer`."""
        return self.post("/orders", order, order["allocation_id"])

    def status(self, allocation_id: str) -> Answer:
        """`GET /orders/{allocation_id}`. Raises `NoAnswer`."""
        return self.send("GET", f"/orders/{allocation_id}", b"", self.signed(f"{allocation_id}.status", b""))

    def cancel(self, allocation_id: str, cancellation: Mapping[str, Any]) -> Answer:
        """`POST …/cancellations`. Raises `NoAnswer`."""
        return self.post(f"/orders/{allocation_id}/cancellations", cancellation, cancellation["cancellation_id"])

    def change(self, allocation_id: str, change: Mapping[str, Any]) -> Answer:
        """`POST …/changes`. Raises `NoAnswer`."""
        return self.post(f"/orders/{allocation_id}/changes", change, change["change_id"])

    def post(self, path: str, content: Mapping[str, Any] | bytes, webhook_id: str) -> Answer:
        """Post JSON, or what is to look like it. Raises `NoAnswer`."""
        body = content if isinstance(content, bytes) else encoded(content)
        return self.send("POST", path, body, self.signed(webhook_id, body))

    def signed(self, webhook_id: str, body: bytes, at: datetime | None = None, secret: str = "") -> dict[str, str]:
        """The headers of a signed call."""
        return signing.headers(secret or self.secret, webhook_id, body, at)

    def send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """One call with these headers and the usual ones; again, if it is put off with a `Retry-After`. Raises `NoAnswer`."""
        answer = self._once(method, path, body, headers)
        for _ in range(REPEATS if self._in_vain < MAX_IN_VAIN else 0):
            wait = answer.headers.get("retry-after", "")
            if answer.status not in (429, 503) or not wait.isdecimal() or int(wait) > PATIENCE:
                return answer
            time.sleep(int(wait))
            answer = self._once(method, path, body, headers)
        if answer.status in (429, 503):
            self._in_vain += 1
        return answer

    def abandon(self, order: Mapping[str, Any], *, whole: bool) -> None:
        """Post an order, all of it or half, and go away. Raises `NoAnswer`."""
        body = encoded(order)
        headers = {**_usual("POST"), **self.signed(order["allocation_id"], body)}
        self.endpoint.abandon("/orders", body, headers, whole=whole)

    def _once(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        what = f"{method} {path}"
        began = time.monotonic()
        try:
            answer = self.endpoint.call(method, path, body or None, {**_usual(method), **headers})
        except NoAnswer as error:
            self._record(Exchange(what, time.monotonic() - began, failure=error.kind))
            raise
        self._record(_exchange(what, answer))
        return replace(answer, body=self._without_secret(answer.body))

    def _without_secret(self, body: bytes) -> bytes:
        """An error page may show the settings of the server, and findings quote answers."""
        return body.replace(self.secret.removeprefix("whsec_").encode(), b"***")

    def _record(self, exchange: Exchange) -> None:
        with self._lock:
            self._exchanges.append(exchange)


def encoded(content: Mapping[str, Any]) -> bytes:
    """The body, as Aisle writes it."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _usual(method: str) -> dict[str, str]:
    usual = {"Accept": "application/json", "User-Agent": f"aisle-supplier-check/{VERSION}", TEST_HEADER: "true"}
    return usual | ({"Content-Type": "application/json"} if method == "POST" else {})


def _exchange(what: str, answer: Answer) -> Exchange:
    return Exchange(
        what,
        answer.seconds,
        status=answer.status,
        too_long=answer.too_long,
        content_type=answer.content_type,
        has_body=bool(answer.body),
        retry_after=answer.headers.get("retry-after"),
        location=answer.headers.get("location", ""),
    )
