"""The deployed functions, in this process: each invocation is a process of the simulated world."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from chalice.app import Chalice, SQSEventConfig
from chalice.local import LambdaEventConverter, MatchResult, RouteMatcher

from chalicelib.core.auth import RESOURCE_SERVER, USER_SCOPE, Principal
from chalicelib.core.settings import settings
from tests.simulation.kernel import Future, Kernel


@dataclass(frozen=True, slots=True)
class Consumer:
    """A function that reads a queue."""

    name: str
    queue: str
    batch_size: int


@cache
def application() -> Chalice:
    """The application, imported when the environment stands."""
    from app import app

    return app


@cache
def consumers() -> tuple[Consumer, ...]:
    """Every function that reads a queue, as the application declares it."""
    sources = [each for each in application().event_sources if isinstance(each, SQSEventConfig)]
    return tuple(Consumer(one.name, str(one.queue), one.batch_size) for one in sources)


@cache
def _converter() -> LambdaEventConverter:
    app = application()
    return LambdaEventConverter(_Routes(list(app.routes)), app.api.binary_types)


class _Routes(RouteMatcher):
    """Chalice's, which tries one route after the other: only those with as many parts as the path has."""

    def __init__(self, route_urls: list[str]) -> None:
        super().__init__(route_urls)
        self._by_parts: dict[int, RouteMatcher] = {
            parts: RouteMatcher([url for url in route_urls if url.count("/") == parts])
            for parts in {url.count("/") for url in route_urls}
        }

    def match_route(self, url: str) -> MatchResult:
        return self._by_parts[urlsplit(url).path.count("/")].match_route(url)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the API answered."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.text)

    @property
    def code(self) -> str:
        """The code of a problem document, or the status."""
        return str(self.json.get("code", self.status)) if self.status >= 400 else str(self.status)


class _Context:
    """Of a Lambda invocation."""

    aws_request_id = "simulated"
    function_name = "simulated"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


class Functions:
    """Invokes functions by the names that Terraform gives them, without `aisle-<stage>-`."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._count = 0

    def invoke(self, name: str, event: Any) -> Future[Any]:
        """Run the function of that name; the future holds its answer, or what it raised."""
        handler = application().handler_map[name]
        return self._kernel.spawn(self._named(name), lambda: handler(event, _Context()))

    def request(
        self,
        method: str,
        path: str,
        by: Principal | None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        request_id: str = "simulated",
    ) -> Future[Reply]:
        """Send a request to the API function, as the gateway does once the caller is known."""
        event = _event(method, path, by, body, headers or {}, request_id)
        return self._kernel.spawn(self._named(f"{method} {path[:24]}"), lambda: answered(event))

    def _named(self, name: str) -> str:
        self._count += 1
        return f"{name} #{self._count}"


def answered(event: dict[str, Any]) -> Reply:
    """What the API answers to a gateway's event."""
    answer = application()(event, _Context())
    return Reply(
        answer["statusCode"], {name.lower(): value for name, value in answer["headers"].items()}, answer["body"]
    )


def _event(
    method: str, path: str, by: Principal | None, body: Any, headers: Mapping[str, str], request_id: str
) -> dict[str, Any]:
    sent = {"content-type": "application/json", **headers}
    raw = json.dumps(body).encode() if body is not None else b""
    event: dict[str, Any] = _converter().create_lambda_event(method=method, path=path, headers=sent, body=raw)
    event["requestContext"]["requestId"] = request_id
    if by is not None:
        event["requestContext"]["authorizer"] = {"claims": _claims(by)}
    return event


def _claims(by: Principal) -> dict[str, str]:
    if by.kind == "machine":
        scope = " ".join(f"{RESOURCE_SERVER}/{scope}" for scope in sorted(by.scopes))
        return {"sub": by.id, "client_id": by.id, "scope": scope}
    return {"sub": by.id, "username": by.id, "scope": USER_SCOPE, "cognito:groups": ",".join(sorted(by.roles))}


def full_name(name: str) -> str:
    """The name as deployed."""
    return f"aisle-{settings().stage}-{name}"
