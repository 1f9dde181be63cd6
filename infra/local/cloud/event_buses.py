"""Gap: `PutPermission` ignores a whole policy and stores a statement that allows everybody, so Terraform sees a change."""

from __future__ import annotations

import json
from typing import Any


def install() -> None:
    from ministack.services import eventbridge

    put_permission = eventbridge._put_permission

    def put_policy_or_permission(data: dict[str, Any]) -> Any:
        if not data.get("Policy"):
            return put_permission(data)
        eventbridge._event_bus_policies[data.get("EventBusName", "default")] = json.loads(data["Policy"])
        return eventbridge.json_response({})

    eventbridge._put_permission = put_policy_or_permission
