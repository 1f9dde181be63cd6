"""LocalStack instead of MiniStack, for those who run it: found at its endpoint, and checked for what Aisle needs."""

from __future__ import annotations

import json
import os
import urllib.request
from typing import Any

from infra.local.stack import LocalCloudError

ENDPOINT = "http://localhost:4566"

# What the infrastructure uses, by LocalStack's names. Its free edition lacks several of them.
NEEDED = (
    "apigateway",
    "cloudwatch",
    "cognito-idp",
    "dynamodb",
    "dynamodbstreams",
    "events",
    "iam",
    "kms",
    "lambda",
    "logs",
    "pipes",
    "scheduler",
    "sns",
    "sqs",
    "stepfunctions",
    "sts",
)
USABLE = ("available", "running")


def endpoint() -> str:
    """LOCALSTACK_ENDPOINT, else the usual port of this machine."""
    return (os.environ.get("LOCALSTACK_ENDPOINT") or ENDPOINT).rstrip("/")


def check(url: str) -> str:
    """Say which LocalStack answers at `url`; raise, naming them, when services that Aisle needs are missing."""
    health = _get(url, "/_localstack/health")
    if health is None:
        raise LocalCloudError(
            f"no LocalStack answers at {url}: start it with `docker compose -f infra/local/compose.yaml up -d`, "
            "or set LOCALSTACK_ENDPOINT"
        )
    info = _get(url, "/_localstack/info") or {}
    edition = str(info.get("edition") or health.get("edition") or "unknown")
    version = str(info.get("version") or health.get("version") or "unknown")
    services = health.get("services") or {}
    missing = [name for name in NEEDED if services.get(name) not in USABLE]
    if missing:
        raise LocalCloudError(
            f"LocalStack {version} ({edition} edition) at {url} has no {', '.join(missing)}. Aisle needs them: use an "
            "edition that has them, or run without EMULATOR=localstack"
        )
    return f"LocalStack {version}, {edition} edition"


def _get(url: str, path: str) -> dict[str, Any] | None:
    try:
        with urllib.request.urlopen(url + path, timeout=10) as answer:  # nosec B310 (the local cloud)
            parsed = json.loads(answer.read())
    except (OSError, ValueError):
        return None
    return parsed if isinstance(parsed, dict) else None
