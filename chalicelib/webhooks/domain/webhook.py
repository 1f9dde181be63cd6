"""Who hears of what, signed with which secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from chalicelib.core.errors import Conflict, RuleBroken

TEST_TYPE = "webhook.test"
MOST_OF_SUPPLIER = 10
"""Webhooks that one supplier may have."""
PAYLOAD_VERSION = 1
"""The shape of what is sent (docs/webhooks.md). A later version goes to those who choose it."""


class WebhookStatus(StrEnum):
    """`paused` by a person: what happens meanwhile is kept for it. `disabled` by its endpoint's own doing: it is not."""

    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"


class DisabledBecause(StrEnum):
    """`gone`: the endpoint answered 410. `failing`: it has failed for days."""

    GONE = "gone"
    FAILING = "failing"


class NotInThisStatus(Conflict):
    """`webhook_status` tells what it is."""

    code = "webhook_status"
    title = "The webhook's status does not allow this"


class TooManyWebhooks(RuleBroken):
    """Of one supplier; `limit` tells how many it may have."""

    code = "too_many_webhooks"
    title = "A supplier has no more webhooks than this"


class UnknownEventType(RuleBroken):
    """GET /v1/webhook-event-types lists what there is."""

    code = "unknown_event_type"
    title = "No event has this type"


@dataclass(frozen=True, slots=True)
class Secret:
    """A signing secret as it is stored (`sealed`: KMS's ciphertext, base64), and until when it serves beside a newer one."""

    sealed: str
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where to send which events. `filter` names fields of an event's data and the values that each may have.

    A webhook of a supplier (`supplier_id`) hears of what concerns that supplier alone; the operator's hears of everybody.
    """

    id: str
    url: str
    event_types: tuple[str, ...]
    filter: Mapping[str, Sequence[str]]
    description: str
    payload_version: int
    rate_per_minute: int | None
    created_at: datetime
    status: WebhookStatus = WebhookStatus.ACTIVE
    disabled_because: DisabledBecause | None = None
    secrets: tuple[Secret, ...] = ()
    version: int = 1
    supplier_id: str | None = None

    def may_hear(self, named: str | None) -> bool:
        """Whether its owner may be told of an event that names this supplier (None: it names none)."""
        return self.supplier_id is None or self.supplier_id == named

    def wants(self, type: str, data: Mapping[str, Any]) -> bool:
        """Whether an event of this type with this data is sent. One without a field that is filtered by is not."""
        return any(matches(pattern, type) for pattern in self.event_types) and all(
            name in data and str(data[name]) in values for name, values in self.filter.items()
        )

    def secrets_at(self, now: datetime) -> tuple[Secret, ...]:
        """What a request is signed with, the newest first."""
        return tuple(secret for secret in self.secrets if secret.valid_until is None or secret.valid_until > now)

    def with_new_secret(self, sealed: str, now: datetime, old_valid: timedelta) -> Webhook:
        """Rotated: the secret so far serves for `old_valid` longer; one from before it ends now."""
        old = (replace(self.secrets[0], valid_until=now + old_valid),) if old_valid else ()
        return replace(self, secrets=(Secret(sealed), *old), version=self.version + 1)

    def to(self, status: WebhookStatus, because: DisabledBecause | None = None) -> Webhook:
        """The next version, in this status."""
        return replace(self, status=status, disabled_because=because, version=self.version + 1)

    def require(self, *statuses: WebhookStatus) -> None:
        """Raise `NotInThisStatus` unless it is in one of them."""
        if self.status not in statuses:
            raise NotInThisStatus(f"Webhook {self.id} is {self.status}.", webhook_status=self.status)


def matches(pattern: str, type: str) -> bool:
    """`aisle.orders.OrderPlaced` matches itself, `aisle.orders.*` all types that begin so."""
    return pattern == type or (pattern.endswith(".*") and type.startswith(pattern[:-1]))


def supplier_named(aggregate_type: str, aggregate_id: str, data: Mapping[str, Any]) -> str | None:
    """The supplier whom an event concerns: the one in its data, else the one that it is about; None when it is nobody's."""
    named = data.get("supplier_id")
    if isinstance(named, str) and named:
        return named
    return aggregate_id if aggregate_type == "supplier" else None


def payload(type: str, occurred_at: str, data: Mapping[str, Any]) -> str:
    """The body that is sent: type, timestamp and data (standard-webhooks, "Payload structure")."""
    return json.dumps({"type": type, "timestamp": occurred_at, "data": data}, separators=(",", ":"), ensure_ascii=False)
