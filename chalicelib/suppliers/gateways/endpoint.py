"""A supplier's Order Acceptance API (docs/supplier-api.md), as far as it is tried out."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.core import clock, outside

NEVER_ISSUED = "ful_00000000000000000000000000_0"
"""An allocation that no supplier can know."""

SECONDS = 8.0


def ask_for_nothing(base: str, secrets: Sequence[str], bearer_token: str | None = None) -> int:
    """The status that it answers when asked for an allocation that never was; signed with `secrets`, or not at all.

    Raises `outside.CallFailed` when there is no answer.
    """
    headers = {"Accept": "application/json"}
    if secrets:
        headers |= _signed(f"{NEVER_ISSUED}.status", secrets)
        if bearer_token:
            headers["Authorization"] = f"Bearer {bearer_token}"
    return outside.call("GET", f"{base.rstrip('/')}/orders/{NEVER_ISSUED}", None, headers, seconds=SECONDS).status


def _signed(message_id: str, secrets: Sequence[str]) -> dict[str, str]:
    from standardwebhooks import Webhook

    now = clock.now()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(message_id, now, "") for secret in secrets),
    }
