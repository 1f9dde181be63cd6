"""A bad network, made on purpose: calls are throttled, reset on their way there, or reset on their way back.

The last is the worst: the system has done what was asked, and the client does not know. It asks again under the same key.
"""

import re
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from random import Random
from threading import Lock

import urllib3

Send = Callable[[], urllib3.BaseHTTPResponse]
Network = Callable[[str, Send], urllib3.BaseHTTPResponse]
"""Carries a call, named as "POST /v1/orders", or fails as networks do."""

DEFAULT_RATE = 0.05
MAX_RATE = 0.3
"""Of ten attempts all fail six times in a million calls at this rate."""


class Fault(StrEnum):
    """What happens to a call."""

    THROTTLED = "throttled"
    RESET = "reset before it was sent"
    LOST = "answer lost"


def kind_of(path: str) -> str:
    """The path with `{id}` in place of whatever it names, without its query."""
    return "/v1" + re.sub(r"/[^/]*\d[^/]*", "/{id}", path.partition("?")[0].removeprefix("/v1"))


class BadNetwork:
    """Sends calls, of which a share of `rate` fails, each fault as often as the others. Safe to share between threads.

    `lost` are the kinds of call that were carried out and whose answer never came.
    """

    def __init__(self, rate: float, seed: int = 1) -> None:
        self.faults: Counter[Fault] = Counter()
        self.lost: Counter[str] = Counter()
        self._rate = rate
        self._random = Random(seed)  # noqa: S311 (no secret)
        self._lock = Lock()

    def __call__(self, call: str, send: Send) -> urllib3.BaseHTTPResponse:
        """The answer, or what a client sees instead of it."""
        fault = self._draw(call)
        if fault is Fault.THROTTLED:
            body = b'{"code":"throttled","retryable":true,"detail":"injected"}'
            return urllib3.HTTPResponse(body, status=429, headers={"Content-Type": "application/problem+json"})
        if fault is Fault.RESET:
            raise urllib3.exceptions.ProtocolError("injected: connection reset before the call")
        answer = send()
        if fault is Fault.LOST:
            raise urllib3.exceptions.ProtocolError("injected: connection reset before the answer")
        return answer

    def _draw(self, call: str) -> Fault | None:
        with self._lock:
            if self._random.random() >= self._rate:
                return None
            fault = self._random.choice(list(Fault))
            self.faults[fault] += 1
            if fault is Fault.LOST:
                method, _, path = call.partition(" ")
                self.lost[f"{method} {kind_of(path)}"] += 1
            return fault


def good_network(_: str, send: Send) -> urllib3.BaseHTTPResponse:
    """Sends calls as they are."""
    return send()
