"""Gap: with IAM enforced, AttachPolicy and DetachPolicy of AWS IoT are checked on everything (`*`), where AWS checks them on the
certificate or thing group that they name, so a role that may do it to certificates only is refused."""

from __future__ import annotations

import json
from typing import Any

PATH = "/target-policies/"


def install() -> None:
    from ministack.core import iam_actions

    extract = iam_actions.extract_resource_arn

    def extract_resource_arn(service: str, method: str, path: str, headers: Any, body: Any, *more: Any) -> Any:
        if service == "iot" and path.startswith(PATH):
            target = target_of(body)
            if target is not None:
                return target
        return extract(service, method, path, headers, body, *more)

    iam_actions.extract_resource_arn = extract_resource_arn


def target_of(body: bytes | str | None) -> str | None:
    """The ARN that a call names as its target, if it names one."""
    try:
        target = json.loads(body or b"{}").get("target")
    except (ValueError, AttributeError):
        return None
    return target if isinstance(target, str) and target else None
