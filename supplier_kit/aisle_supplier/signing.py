"""Signatures as Standard Webhooks has them: made as Aisle makes them, verified as a supplier should.

github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook, WebhookVerificationError


class SecretUnreadable(ValueError):
    """A secret is `whsec_` and base64."""


class NotSigned(Exception):
    """The call is not from whoever holds one of our secrets, or not from now."""


def new_secret() -> str:
    """A secret that nobody has."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def checked_secret(secret: str) -> str:
    """The `secret`, if it can sign. Raises `SecretUnreadable`, which does not quote it."""
    try:
        if not secret.startswith("whsec_"):
            raise ValueError
        Webhook(secret).sign("msg", datetime.now(UTC), "")
    except (ValueError, RuntimeError, EmptyWebhookSecretError):
        raise SecretUnreadable("The secret has to be whsec_ and base64, as it was issued.") from None
    return secret


def signature(secret: str, webhook_id: str, body: bytes, at: datetime) -> str:
    """`v1,<base64>` over `<webhook_id>.<seconds>.<body>`; the body is text in UTF-8."""
    return Webhook(secret).sign(webhook_id, at.astimezone(UTC), body.decode())


def headers(secret: str, webhook_id: str, body: bytes, at: datetime | None = None) -> dict[str, str]:
    """The three headers of a call that is signed with `secret`, now or `at`."""
    moment = at or datetime.now(UTC)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": signature(secret, webhook_id, body, moment),
    }


def verify(secrets_known: Iterable[str], body: bytes, received: Mapping[str, str]) -> None:
    """Return if the call is signed with one of our secrets, and not more than five minutes from now.

    Two secrets are known while one is being replaced. Raises `NotSigned`, whatever the headers hold.
    """
    reason = "There is no secret to verify it with."
    for secret in secrets_known:
        try:
            Webhook(secret).verify(body, dict(received), json_parse=False)
            return
        except WebhookVerificationError as error:
            reason = str(error)
        except ValueError:  # a signature without a comma, or in no base64; a body that is no text
            reason = "The headers cannot be read."
    raise NotSigned(reason)
