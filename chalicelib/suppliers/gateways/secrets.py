"""What calls of a supplier's endpoint are signed with: one secret of AWS Secrets Manager for each supplier."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from secrets import token_bytes
from typing import Any

from chalicelib.core import clock
from chalicelib.core.aws import client
from chalicelib.core.settings import settings

OLD_VALID = timedelta(hours=24)
"""How long calls are signed with the secret before as well."""

KEPT_FOR = timedelta(minutes=1)
"""How long a warm function goes by what it has read."""

_kept: dict[str, tuple[datetime, Credentials | None]] = {}


@dataclass(frozen=True, slots=True)
class Credentials:
    """The secrets that a supplier's endpoint knows, and the token that it wants to see, if any."""

    current: str | None = field(default=None, repr=False)
    previous: str | None = field(default=None, repr=False)
    previous_until: str | None = None
    bearer_token: str | None = field(default=None, repr=False)

    def valid(self, now: datetime) -> tuple[str, ...]:
        """Secrets to sign with, the newest first."""
        old = self.previous if self.previous_until and datetime.fromisoformat(self.previous_until) > now else None
        return tuple(secret for secret in (self.current, old) if secret)

    def rotated(self, secret: str, now: datetime) -> Credentials:
        """With a new secret; the one before holds for another day."""
        until = clock.rfc3339(now + OLD_VALID) if self.current else None
        return replace(self, current=secret, previous=self.current, previous_until=until)


def new_secret() -> str:
    """A signing secret: `whsec_` and 256 random bits in base64 (Standard Webhooks asks for 192 to 512)."""
    return "whsec_" + b64encode(token_bytes(32)).decode()


def read(supplier_id: str, *, fresh: bool = False) -> Credentials | None:
    """What is kept for a supplier, None for nothing; up to a minute old unless `fresh`."""
    now = clock.now()
    kept = _kept.get(supplier_id)
    if fresh or kept is None or not timedelta() <= now - kept[0] < KEPT_FOR:
        kept = _kept[supplier_id] = (now, _read(supplier_id))
    return kept[1]


def write(supplier_id: str, credentials: Credentials) -> None:
    """Keep it, in place of what was kept."""
    text = json.dumps({name: getattr(credentials, name) for name in Credentials.__slots__})
    manager = client("secretsmanager")
    try:
        manager.put_secret_value(SecretId=_name(supplier_id), SecretString=text)
    except manager.exceptions.ResourceNotFoundException:
        key: dict[str, Any] = {"KmsKeyId": settings().token_key_id} if settings().token_key_id else {}
        manager.create_secret(Name=_name(supplier_id), SecretString=text, **key)
    _kept.pop(supplier_id, None)


def forget() -> None:
    """Read all anew next time; between tests."""
    _kept.clear()


def _read(supplier_id: str) -> Credentials | None:
    manager = client("secretsmanager")
    try:
        text = manager.get_secret_value(SecretId=_name(supplier_id))["SecretString"]
    except manager.exceptions.ResourceNotFoundException:
        return None
    return Credentials(**json.loads(text))


def _name(supplier_id: str) -> str:
    return f"aisle-{settings().stage}/suppliers/{supplier_id}/endpoint"
