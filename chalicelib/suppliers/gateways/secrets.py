"""What calls of a supplier's endpoint are signed with: one secret of AWS Secrets Manager for each supplier.

Two changes at once: the id of a version follows from that of the version before, and Secrets Manager refuses another value under an id
that there is (ClientRequestToken, https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html). So the
second is made again, of what the first one kept.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_bytes
from time import sleep
from typing import Any

from chalicelib.core import clock
from chalicelib.core.aws import client
from chalicelib.core.errors import Contended
from chalicelib.core.retry import full_jitter
from chalicelib.core.settings import settings

OLD_VALID = timedelta(hours=24)
"""How long calls are signed with a secret as well after it was replaced."""

MOST_EARLIER = 5
"""Of those that were replaced so many are kept; each is a signature more in every call."""

KEPT_FOR = timedelta(minutes=1)
"""How long a warm function goes by what it has read."""

_ATTEMPTS = 6

_kept: dict[str, tuple[datetime, Credentials | None]] = {}


@dataclass(frozen=True, slots=True)
class Credentials:
    """The secrets that a supplier's endpoint knows, and the token that it wants to see, if any. `earlier` are those that were
    replaced, the newest first, each with the moment (RFC 3339) until which it holds. `read_as` is the version of the secret in
    Secrets Manager that they are, or were made of; None before there is one."""

    current: str | None = field(default=None, repr=False)
    earlier: Sequence[Sequence[str]] = field(default=(), repr=False)
    bearer_token: str | None = field(default=None, repr=False)
    read_as: str | None = None

    def valid(self, now: datetime) -> tuple[str, ...]:
        """Secrets to sign with, the newest first."""
        return (*([self.current] if self.current else []), *(secret for secret, _ in self._holding(now)))

    def rotated(self, secret: str, now: datetime) -> Credentials:
        """With a new secret; the one before holds for another day, as do those that were replaced within the last one."""
        replaced = [(self.current, clock.rfc3339(now + OLD_VALID))] if self.current else []
        return replace(self, current=secret, earlier=[*replaced, *self._holding(now)][:MOST_EARLIER])

    def _holding(self, now: datetime) -> list[Sequence[str]]:
        return [one for one in self.earlier if datetime.fromisoformat(one[1]) > now]


_KEPT = tuple(name for name in Credentials.__slots__ if name != "read_as")


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


def change(supplier_id: str, step: Callable[[Credentials], Credentials]) -> None:
    """Keep what `step` makes of what is kept now. Raises `Contended` when others were quicker, several times over."""
    for attempt in range(_ATTEMPTS):
        if attempt:
            # What was just kept may take a moment to be read.
            sleep(full_jitter(attempt))
        if _write(supplier_id, step(read(supplier_id, fresh=True) or Credentials())):
            _kept.pop(supplier_id, None)
            return
    raise Contended(f"What is kept of the endpoint of {supplier_id} kept changing.")


def _write(supplier_id: str, credentials: Credentials) -> bool:
    """Whether it was kept, in place of what it was made of."""
    before, text = credentials.read_as, json.dumps({name: getattr(credentials, name) for name in _KEPT})
    made = {"SecretString": text, "ClientRequestToken": sha256(f"{supplier_id} {before}".encode()).hexdigest()}
    manager = client("secretsmanager")
    try:
        if before is None:
            key: dict[str, Any] = {"KmsKeyId": settings().token_key_id} if settings().token_key_id else {}
            manager.create_secret(Name=_name(supplier_id), **made, **key)
        else:
            manager.put_secret_value(SecretId=_name(supplier_id), **made)
    except manager.exceptions.ResourceExistsException:
        return False
    return True


def forget() -> None:
    """Read all anew next time; between tests."""
    _kept.clear()


def _read(supplier_id: str) -> Credentials | None:
    manager = client("secretsmanager")
    try:
        found = manager.get_secret_value(SecretId=_name(supplier_id))
    except manager.exceptions.ResourceNotFoundException:
        return None
    return Credentials(**json.loads(found["SecretString"]), read_as=found["VersionId"])


def _name(supplier_id: str) -> str:
    return f"aisle-{settings().stage}/suppliers/{supplier_id}/endpoint"
