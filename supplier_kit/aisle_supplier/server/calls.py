"""A call that came in, and what is answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(slots=True)
class Call:
    """What Aisle sent. `status` is what it was answered with; 0: nothing."""

    operation: str
    method: str
    path: str
    allocation_id: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    content: dict[str, Any] = field(default_factory=dict)
    signed: bool = False
    mode: str = "correct"
    status: int = 0

    @property
    def webhook_id(self) -> str:
        return self.headers.get("webhook-id", "")

    def as_json(self) -> dict[str, Any]:
        """For those who look in from outside; without the signature."""
        return {
            "operation": self.operation,
            "method": self.method,
            "path": self.path,
            "allocation_id": self.allocation_id,
            "webhook_id": self.webhook_id,
            "correlation_id": self.headers.get("x-correlation-id"),
            "test": self.headers.get("x-aisle-test") == "true",
            "at": self.at.isoformat(),
            "body": self.content or None,
            "signed": self.signed,
            "mode": self.mode,
            "status": self.status,
        }


@dataclass(slots=True)
class Reply:
    """A status with a body; `raw` is sent instead of `content` where the body is to be no JSON."""

    status: int
    content: object = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None

    def body(self) -> bytes:
        if self.raw is not None:
            return self.raw
        return b"" if self.content is None else json.dumps(self.content).encode()

    @property
    def content_type(self) -> str:
        return "application/problem+json" if self.status >= 400 else "application/json"


def problem(status: int, title: str, **headers: str) -> Reply:
    """A problem document (RFC 9457)."""
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return Reply(status, {"status": status, "title": title}, named)
