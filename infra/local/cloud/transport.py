"""Gap: with `IAM=1` the plain HTTP of this machine counts as insecure, so a policy that insists on TLS refuses everybody.

Nothing leaves the loopback interface, so `aws:SecureTransport` is true here; that such policies exist is tested on the
Terraform plan.
"""

from __future__ import annotations

from typing import Any


def install() -> None:
    from ministack.core import iam_evaluator

    resolve = iam_evaluator._resolve_condition_key

    def resolve_as_if_encrypted(key: str, context: Any) -> Any:
        return "true" if key.lower() == "aws:securetransport" else resolve(key, context)

    iam_evaluator._resolve_condition_key = resolve_as_if_encrypted
