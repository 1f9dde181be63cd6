"""Invoking the handlers of the package with what API Gateway, SQS and Step Functions send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from typing import Any
from uuid import uuid4


class _Context:
    aws_request_id = "bench"
    function_name = "aisle"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:::function:aisle"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


SHOPPER = {
    "sub": "usr_bench",
    "username": "usr_bench",
    "scope": "aws.cognito.signin.user.admin",
    "cognito:groups": "shopper",
}
ADMIN = {**SHOPPER, "sub": "usr_admin", "username": "usr_admin", "cognito:groups": "admin"}
SUPPLIER = {**SHOPPER, "sub": "usr_supplier", "username": "usr_supplier", "cognito:groups": "supplier"}


def request(
    method: str,
    resource: str,
    body: Any = None,
    *,
    claims: dict[str, str] | None = SHOPPER,
    identity: dict[str, str] | None = None,
    parts: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> str:
    """An API Gateway proxy event, as the text that the Lambda runtime gets. A body that is a text is sent as it is."""
    sent = {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "Idempotency-Key": uuid4().hex,
        "User-Agent": "bench",
        "X-Forwarded-For": "192.0.2.1",
        **(headers or {}),
    }
    path = resource
    for name, part in (parts or {}).items():
        path = path.replace(f"{{{name}}}", part)
    return json.dumps(
        {
            "resource": resource,
            "path": path,
            "httpMethod": method,
            "headers": sent,
            "multiValueHeaders": {name: [value] for name, value in sent.items()},
            "queryStringParameters": query,
            "multiValueQueryStringParameters": {name: [value] for name, value in (query or {}).items()} or None,
            "pathParameters": parts,
            "stageVariables": None,
            "requestContext": {
                "resourcePath": resource,
                "httpMethod": method,
                "path": path,
                "stage": "bench",
                "requestId": uuid4().hex,
                "identity": {"sourceIp": "192.0.2.1", **(identity or {})},
                "authorizer": {"claims": claims} if claims else None,
            },
            "body": body if body is None or isinstance(body, str) else json.dumps(body),
            "isBase64Encoded": False,
        }
    )


class Handlers:
    """The deployed functions by name, called as the Lambda runtime calls them: JSON text in, JSON text out."""

    def __init__(self, handlers: Mapping[str, str]) -> None:
        self._handlers = handlers

    def api(self, event: str, expect: int) -> Any:
        """Call the API function; its answer's status must be `expect`."""
        answer = self._call("api", event)
        if answer["statusCode"] != expect:
            raise RuntimeError(f"{answer['statusCode']}: {answer['body']}")
        return json.loads(answer["body"] or "null")

    def task(self, function: str, **payload: Any) -> Any:
        """Call a function as Step Functions does."""
        return self._call(function, json.dumps(payload))

    def message(self, function: str, body: Any) -> Any:
        """Call a function with one message of its queue."""
        record = {
            "messageId": uuid4().hex,
            "receiptHandle": "bench",
            "body": json.dumps(body),
            "attributes": {"ApproximateReceiveCount": "1"},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:bench",
            "awsRegion": "eu-west-1",
        }
        return self._call(function, json.dumps({"Records": [record]}))

    def _call(self, function: str, event: str) -> Any:
        module, _, name = self._handlers[function].rpartition(".")
        handler = getattr(import_module(module), name)
        return json.loads(json.dumps(handler(json.loads(event), _Context())))
