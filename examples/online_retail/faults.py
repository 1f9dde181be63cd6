"""A bad network, made on purpose: calls are throttled, reset on their way there, or reset on their way back.

The last is the worst: the system has done what was asked, and the client does not know. It asks again under the same key.
"""

from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from random import Random
from threading import Lock

import urllib3

Send = Callable[[], urllib3.BaseHTTPResponse]

MAX_RATE = 0.3
"""Of ten attempts all fail six times in a million calls at this rate."""


class Fault(StrEnum):
    """What happens to a call."""

    THROTTLED = "throttled"
    RESET = "reset before it was sent"
    LOST = "answer lost"


class BadNetwork:
    """Sends calls, of which a share of `rate` fails, each fault as often as the others. Safe to share between threads."""

    def __init__(self, rate: float, seed: int = 1) -> None:
        self.faults: Counter[Fault] = Counter()
        self._rate = rate
        self._random = Random(seed)  # noqa: S311 (no secret)
        self._lock = Lock()

    def __call__(self, send: Send) -> urllib3.BaseHTTPResponse:
        """The answer, or what a client sees instead of it."""
        fault = self._draw()
        if fault is Fault.THROTTLED:
            body = b'{"code":"throttled","retryable":true,"detail":"injected"}'
            return urllib3.HTTPResponse(body, status=429, headers={"Content-Type": "application/problem+json"})
        if fault is Fault.RESET:
            raise urllib3.exceptions.ProtocolError("injected: connection reset before the call")
        answer = send()
        if fault is Fault.LOST:
            raise urllib3.exceptions.ProtocolError("injected: connection reset before the answer")
        return answer

    def _draw(self) -> Fault | None:
        with self._lock:
            if self._random.random() >= self._rate:
                return None
            fault = self._random.choice(list(Fault))
            self.faults[fault] += 1
            return fault


def good_network(send: Send) -> urllib3.BaseHTTPResponse:
    """Sends calls as they are."""
    return send()
