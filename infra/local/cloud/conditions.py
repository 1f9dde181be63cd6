"""Gaps in the conditions of policies, which count with `IAM=1`.

- The plain HTTP of this machine counts as insecure, so a policy that insists on TLS refuses everybody. Nothing leaves the
  loopback interface, so `aws:SecureTransport` is true here; that such policies exist is tested on the Terraform plan.
- `kms:EncryptionContext:<key>` has no value, so a role that may encrypt for one purpose only may not encrypt at all.
"""

from __future__ import annotations

import json
from typing import Any

SECURE_TRANSPORT = "aws:securetransport"
ENCRYPTION_CONTEXT = "kms:encryptioncontext"


def encryption_context(service: str, body: bytes) -> dict[str, Any]:
    """The condition keys, in lower case, of the encryption context in a request to KMS."""
    if service != "kms":
        return {}
    try:
        context = json.loads(body or b"{}").get("EncryptionContext") or {}
    except (ValueError, AttributeError):
        return {}
    values = {f"{ENCRYPTION_CONTEXT}:{key}".lower(): value for key, value in context.items()}
    return {**values, f"{ENCRYPTION_CONTEXT}keys": list(context)} if values else {}


def install() -> None:
    from ministack.core import iam_actions, iam_evaluator

    resolve, request_context = iam_evaluator._resolve_condition_key, iam_actions.request_tag_context

    def resolve_as_if_encrypted(key: str, context: Any) -> Any:
        return "true" if key.lower() == SECURE_TRANSPORT else resolve(key, context)

    def with_encryption_context(service: str, iam_action: str, body: bytes, params: dict[str, Any]) -> Any:
        return {**request_context(service, iam_action, body, params), **encryption_context(service, body)}

    iam_evaluator._resolve_condition_key = resolve_as_if_encrypted
    iam_actions.request_tag_context = with_encryption_context
