"""The deployed system for tests: a stack of its own, brought up once, shared by all test processes.

In a `conftest.py`: `from infra.local.testing import stack as stack`; then a test that takes `stack` gets a `TestStack`.
"""

from __future__ import annotations

import json
import os
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import pytest
import urllib3

from infra.local import users
from infra.local.clients import client
from infra.local.progress import Progress
from infra.local.stack import Options, Stack
from infra.local.up import up

NAME = "test"
STAGE = "test"
# A token that ends sooner than this is replaced before it is used.
TOKEN_MARGIN_SECONDS = 120


class Answer(NamedTuple):
    """An HTTP answer; `body` is the parsed JSON, or text when the answer is not JSON, or None when it is empty."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass
class TestStack:
    """A stack that is up, as a test sees it: its record, AWS clients, and its HTTP API."""

    __test__ = False  # not a test class, whatever its name

    record: dict[str, Any]
    _tokens: dict[str, str] = field(default_factory=dict)
    _http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(maxsize=16, retries=False))

    @property
    def api_url(self) -> str:
        return str(self.record["api_url"])

    @property
    def endpoint_url(self) -> str:
        return str(self.record["endpoint_url"])

    @property
    def region(self) -> str:
        return str(self.record["region"])

    @property
    def stage(self) -> str:
        return str(self.record["stage"])

    @property
    def table_name(self) -> str:
        return str(self.record["table_name"])

    @property
    def bus_name(self) -> str:
        return str(self.record["bus_name"])

    def queue_url(self, name: str) -> str:
        """The URL of a queue by its short name, e.g. `orders-placed`."""
        return str(self.record["queue_urls"][name])

    def topic_arn(self, name: str) -> str:
        return str(self.record["topic_arns"][name])

    def state_machine_arn(self, name: str) -> str:
        return str(self.record["state_machine_arns"][name])

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client of the local cloud; one per service unless it is given options."""
        return client(self.record, service, **options) if options else _shared_client(self, service)

    def token(self, role: str) -> str:
        """An access token for a role or `machine` that is valid for a while yet."""
        known = self._tokens.get(role) or self._recorded_token(role)
        if known is None or users.expires_at(known) - time.time() < TOKEN_MARGIN_SECONDS:
            known = users.token(self.record, role)
        self._tokens[role] = known
        return known

    def _recorded_token(self, role: str) -> str | None:
        of = self.record.get("machine", {}) if role == users.MACHINE else self.record["users"].get(role, {})
        token: str | None = of.get("token")
        return token

    def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        data: bytes | None = None,
        role: str | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        timeout: float = 35.0,
    ) -> Answer:
        """Call the API as a role, with a given token, or as nobody; nothing is retried."""
        sent = dict(headers or {})
        bearer = token if token is not None else (self.token(role) if role else None)
        if bearer is not None:
            sent.setdefault("Authorization", bearer)
        if json is not None:
            data = _encode(json)
            sent.setdefault("Content-Type", "application/json")
        url = self.api_url + path + (f"?{urllib.parse.urlencode(params)}" if params else "")
        answer = self._http.request(method, url, body=data, headers=sent, timeout=timeout, redirect=False)
        return Answer(answer.status, answer.headers, _decode(answer.data))

    def __hash__(self) -> int:
        return id(self)


@cache
def _shared_client(stack: TestStack, service: str) -> Any:
    return client(stack.record, service)


def _encode(value: Any) -> bytes:
    return json.dumps(value).encode()


def _decode(body: bytes) -> Any:
    if not body:
        return None
    text = body.decode("utf-8", errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        return text


def bring_up() -> TestStack:
    """Bring the test stack up to date with the sources, or find it so. Other processes wait meanwhile."""
    name = os.environ.get("AISLE_TEST_STACK", NAME)
    options = Options(stage=STAGE, iam=os.environ.get("IAM", "") in ("1", "true"))
    return TestStack(up(Stack(name), options, Progress(quiet="PYTEST_XDIST_WORKER" in os.environ)))


@pytest.fixture(scope="session")
def stack() -> TestStack:
    """The deployed system on the local cloud. It stays up after the tests, so that the next run starts at once."""
    return bring_up()


if __name__ == "__main__":
    bring_up()
