"""A client of the API as any integrator would write one: pooled, with idempotency keys, and patient."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

import urllib3
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from examples.online_retail.faults import Network, good_network

ATTEMPTS = 10
_WITHOUT_PROBLEM = frozenset({500, 502, 503, 504})
"""What a gateway answers on its own behalf, e.g. when the function is throttled; every call here is safe to repeat."""


class Tokens(Protocol):
    """Where access tokens come from."""

    def token(self, role: str) -> str: ...

    def renew(self, role: str, refused: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful answer."""

    status: int
    body: Any
    replayed: bool


class Problem(Exception):
    """The API refused. `document` is its problem document (RFC 9457)."""

    def __init__(self, call: str, status: int, document: Mapping[str, Any]) -> None:
        detail = document.get("detail") or document.get("message") or document
        super().__init__(f"{call}: {status} {document.get('code', '')} {detail}")
        self.status = status
        self.code = str(document.get("code", ""))
        self.document = document


class _TryAgain(Exception):
    """The call may succeed later: `after` seconds were asked for."""

    def __init__(self, final: Exception, after: float = 0.0) -> None:
        super().__init__(str(final))
        self.final = final
        self.after = after


class Unreachable(Exception):
    """No answer at all, several times over."""


class Api:
    """Calls to one deployment as one of its users. Safe to share between threads."""

    def __init__(
        self,
        url: str,
        tokens: Tokens,
        *,
        role: str = "admin",
        connections: int = 16,
        network: Network = good_network,
    ) -> None:
        self._url = url.rstrip("/")
        self._tokens = tokens
        self._role = role
        self._network = network
        self._pool = urllib3.PoolManager(maxsize=connections, block=False, timeout=urllib3.Timeout(connect=5, read=35))

    def get(self, path: str, **query: Any) -> Any:
        """The body of a GET. Raises `Problem` or `Unreachable`."""
        given = {name: value for name, value in query.items() if value is not None}
        return self.call("GET", path + (f"?{urlencode(given)}" if given else "")).body

    def listed(self, path: str, **query: Any) -> Iterator[Any]:
        """Every item of a list, page by page."""
        cursor = None
        while True:
            page = self.get(path, **query, limit=100, cursor=cursor)
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def post(self, path: str, body: Any, *, key: str) -> Reply:
        """POST a JSON body under an idempotency key. Raises `Problem` or `Unreachable`."""
        payload = json.dumps(body, separators=(",", ":"), sort_keys=True).encode()
        return self.call("POST", path, payload, {"Content-Type": "application/json", "Idempotency-Key": key})

    def call(
        self, method: str, path: str, payload: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """One call, repeated with full jitter, not before `Retry-After`, while the API says it may help."""
        try:
            for attempt in Retrying(
                retry=retry_if_exception_type(_TryAgain), stop=stop_after_attempt(ATTEMPTS), wait=_wait, reraise=True
            ):
                with attempt:
                    return self._once(method, path, payload, headers or {})
        except _TryAgain as last:
            raise last.final from None
        raise AssertionError("unreachable: Retrying either returns or raises")

    def _once(self, method: str, path: str, payload: bytes | None, headers: Mapping[str, str]) -> Reply:
        token = self._tokens.token(self._role)
        answer = self._send(method, path, payload, headers, token)
        if answer.status == 401:
            answer = self._send(method, path, payload, headers, self._tokens.renew(self._role, token))
        if answer.status < 300:
            body = json.loads(answer.data) if answer.data else None
            return Reply(answer.status, body, answer.headers.get("Idempotent-Replayed") == "true")
        raise _refusal(f"{method} {path}", answer)

    def _send(
        self, method: str, path: str, payload: bytes | None, headers: Mapping[str, str], token: str
    ) -> urllib3.BaseHTTPResponse:
        given = {"Accept": "application/json", "Authorization": f"Bearer {token}", **headers}
        try:
            return self._network(
                f"{method} {path}",
                lambda: self._pool.request(method, self._url + path, body=payload, headers=given, retries=False),
            )
        except urllib3.exceptions.HTTPError as error:
            raise _TryAgain(Unreachable(f"{method} {path}: {error}")) from error


def _refusal(call: str, answer: urllib3.BaseHTTPResponse) -> Exception:
    try:
        document = json.loads(answer.data)
    except ValueError:
        document = {"detail": answer.data[:200].decode(errors="replace")}
    if not isinstance(document, dict):
        document = {"detail": document}
    problem = Problem(call, answer.status, document)
    again = document["retryable"] if "retryable" in document else answer.status in _WITHOUT_PROBLEM | {429}
    if not again:
        return problem
    asked = answer.headers.get("Retry-After", "")
    return _TryAgain(problem, float(asked) if asked.isdigit() else 0.0)


_jitter = wait_random_exponential(multiplier=0.1, max=5)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return max(error.after if isinstance(error, _TryAgain) else 0.0, _jitter(state))
