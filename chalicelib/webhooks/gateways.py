"""Ways out of webhooks: the queue of attempts, the key that hides secrets, and signatures."""

from __future__ import annotations

import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Protocol

from chalicelib.core.aws import client
from chalicelib.core.settings import settings
from chalicelib.webhooks.domain.delivery import Delivery

LONGEST_DELAY = timedelta(minutes=15)
"""What SQS delays a message by at most."""
_ENTRIES = 10
"""Messages of one call of SQS."""


class NotQueued(Exception):
    """SQS did not take some messages."""


class Queue(Protocol):
    """Where attempts are asked for."""

    def send(self, deliveries: Iterable[Delivery], now: datetime) -> None:
        """Ask for an attempt of each at its `next_at`, or at once."""


class SqsQueue:
    """The queue webhooks-attempts."""

    def send(self, deliveries: Iterable[Delivery], now: datetime) -> None:
        """In calls of ten. Raises `NotQueued` when SQS refuses some; those before may be queued."""
        waiting = iter(deliveries)
        while entries := [_entry(number, one, now) for number, one in enumerate(islice(waiting, _ENTRIES))]:
            answer = client("sqs").send_message_batch(QueueUrl=settings().webhook_attempts_url, Entries=entries)
            if answer.get("Failed"):
                raise NotQueued(", ".join(sorted({str(failed["Code"]) for failed in answer["Failed"]})))


def _entry(number: int, delivery: Delivery, now: datetime) -> dict[str, object]:
    delay = max((delivery.next_at or now) - now, timedelta())
    body = {"delivery_id": delivery.id, "turn": delivery.turn, "correlation_id": delivery.correlation_id}
    return {"Id": str(number), "MessageBody": json.dumps(body), "DelaySeconds": int(delay.total_seconds())}


# ---- secrets ------------------------------------------------------------------------------------------------------------


def new_secret() -> str:
    """A signing secret: `whsec_` and 256 random bits in base64 (Standard Webhooks asks for 192 to 512)."""
    return "whsec_" + b64encode(secrets.token_bytes(32)).decode()


def seal(webhook_id: str, secret: str) -> str:
    """The secret as it may be stored: encrypted by KMS, for this webhook alone."""
    answer = client("kms").encrypt(
        KeyId=settings().token_key_id, Plaintext=secret.encode(), EncryptionContext=_context(webhook_id)
    )
    return b64encode(answer["CiphertextBlob"]).decode()


@lru_cache(maxsize=256)
def opened(webhook_id: str, sealed: str) -> str:
    """The secret that was sealed. Kept in memory while the function is warm: KMS is asked once, not for each request."""
    answer = client("kms").decrypt(CiphertextBlob=b64decode(sealed), EncryptionContext=_context(webhook_id))
    return str(answer["Plaintext"].decode())


def _context(webhook_id: str) -> dict[str, str]:
    return {"purpose": "webhook-secret", "webhook": webhook_id}


def signed(message_id: str, at: datetime, body: str, secrets: Sequence[str]) -> dict[str, str]:
    """The headers of Standard Webhooks: one signature for each secret, separated by spaces."""
    from standardwebhooks import Webhook

    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(message_id, at, body) for secret in secrets),
    }
