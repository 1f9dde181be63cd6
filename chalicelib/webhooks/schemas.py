"""What callers send and get of webhooks."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, Field, StringConstraints

from chalicelib.core import clock
from chalicelib.core.outside import MAX_URL
from chalicelib.core.schemas import PageQuery, Schema, View
from chalicelib.webhooks.domain.delivery import Attempt, Delivery, DeliveryState
from chalicelib.webhooks.domain.health import Health
from chalicelib.webhooks.domain.webhook import DisabledBecause, Webhook, WebhookStatus
from chalicelib.webhooks.service import Log

EventType = Annotated[str, StringConstraints(pattern=r"^aisle\.([A-Za-z0-9]+\.)*([A-Za-z0-9]+|\*)$", max_length=100)]
FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
FieldValue = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class ChangeWebhook(Schema):
    """All that a caller sets of a webhook. `event_types` are names or such as `aisle.orders.*`; `aisle.*` is everything that
    it may hear of.

    `filter` narrows them by fields of the event's data, e.g. `{"channel": ["web"]}`: events without the field are not sent.
    """

    url: Annotated[str, StringConstraints(min_length=1, max_length=MAX_URL)]
    event_types: list[EventType] = Field(min_length=1, max_length=50)
    filter: dict[FieldName, Annotated[list[FieldValue], Field(min_length=1, max_length=50)]] = Field(
        default_factory=dict, max_length=5
    )
    description: Annotated[str, StringConstraints(max_length=200)] = ""
    payload_version: Literal[1] = 1
    rate_per_minute: Annotated[int, Field(ge=1, le=60_000)] | None = None

    def as_terms(self) -> dict[str, Any]:
        """The fields of a `Webhook` that this sets."""
        return {
            "url": self.url,
            "event_types": tuple(dict.fromkeys(self.event_types)),
            "filter": {name: tuple(dict.fromkeys(values)) for name, values in self.filter.items()},
            "description": self.description,
            "payload_version": self.payload_version,
            "rate_per_minute": self.rate_per_minute,
        }


class CreateWebhook(ChangeWebhook):
    """A new webhook."""


class RotateSecret(Schema):
    """For `old_valid_hours` requests are signed with both secrets; 0 ends the old one at once."""

    old_valid_hours: int = Field(default=24, ge=0, le=168)


class ResumeWebhook(Schema):
    """Whether what was held while the webhook was paused is delivered now. What is not stays held, up to its 30 days."""

    deliver_missed: bool = True


class RedeliverFailed(Schema):
    """From which time on: the events' time, not that of the attempts."""

    since: AwareDatetime


class DeliveriesQuery(PageQuery):
    """Which deliveries to list."""

    state: DeliveryState | None = None


class WebhooksQuery(PageQuery):
    """Whose webhooks to list: by default the operator's, or for who acts for a supplier that supplier's."""

    supplier_id: Annotated[str, StringConstraints(min_length=1, max_length=60)] | None = None


class WebhookView(View):
    """Where which events are sent. `disabled_because`: `gone` (the endpoint answered 410) or `failing` (for days).

    `supplier_id`: the supplier that it belongs to, null for the operator's own.
    """

    id: str
    url: str
    event_types: list[str]
    filter: dict[str, list[str]]
    description: str
    payload_version: int
    rate_per_minute: int | None
    status: WebhookStatus
    disabled_because: DisabledBecause | None
    supplier_id: str | None
    created_at: str
    version: int

    @classmethod
    def of(cls, webhook: Webhook, /) -> Self:
        """The view of a webhook."""
        return cls.model_validate(_shown(webhook))


class WebhookWithSecret(WebhookView):
    """With its signing secret (`whsec_…`). It is shown once: null where the answer is a repetition."""

    secret: str | None

    @classmethod
    def showing(cls, webhook: Webhook, secret: str | None) -> Self:
        """The view of a webhook whose secret is new."""
        return cls.model_validate({**_shown(webhook), "secret": secret})


class HealthView(View):
    """Failed attempts since the last success. Until `resting_until` nothing is sent."""

    failures: int
    failing_since: str | None
    resting_until: str | None


class WebhookDetail(WebhookView):
    """With how its endpoint fares. Until `old_secret_until` requests are signed with two secrets."""

    old_secret_until: str | None
    health: HealthView

    @classmethod
    def faring(cls, webhook: Webhook, health: Health) -> Self:
        """The view of a webhook and its endpoint's health."""
        until = [secret.valid_until for secret in webhook.secrets_at(clock.now()) if secret.valid_until]
        fares = HealthView(
            failures=health.failures,
            failing_since=_time(health.failing_since),
            resting_until=_time(health.resting_until),
        )
        return cls.model_validate(
            {**_shown(webhook), "old_secret_until": _time(until[0]) if until else None, "health": fares}
        )


def _shown(webhook: Webhook) -> dict[str, Any]:
    fields = {name: getattr(webhook, name) for name in WebhookView.model_fields}
    return {**fields, "event_types": list(webhook.event_types), "created_at": _time(webhook.created_at)}


class EventTypeView(View):
    """A type of events, for `event_types`."""

    type: str
    description: str


class DeliveryView(View):
    """An event for a webhook. `last_outcome`: an HTTP status, a kind of error, or why no attempt was made."""

    id: str
    webhook_id: str
    event_id: str
    event_type: str
    state: DeliveryState
    attempts: int
    last_outcome: str | None
    created_at: str
    next_attempt_at: str | None

    @classmethod
    def of(cls, delivery: Delivery, /) -> Self:
        """The view of a delivery."""
        return cls.model_validate(_delivered(delivery))


class AttemptView(View):
    """A request. `status` and the beginning of the body that was answered, or the kind of `error` and what is known of it."""

    number: int
    at: str
    duration_ms: int
    status: int | None
    error: str | None
    body: str

    @classmethod
    def of(cls, attempt: Attempt, /) -> Self:
        """The view of an attempt."""
        fields = {name: getattr(attempt, name) for name in cls.model_fields}
        return cls.model_validate({**fields, "at": _time(attempt.at)})


class DeliveryDetail(DeliveryView):
    """With the body that is sent, and every attempt."""

    body: str | None
    log: list[AttemptView]

    @classmethod
    def with_log(cls, log: Log) -> Self:
        """The view of all that is known of a delivery."""
        attempts = [AttemptView.of(attempt) for attempt in log.attempts]
        return cls.model_validate({**_delivered(log.delivery), "body": log.body, "log": attempts})


def _delivered(delivery: Delivery) -> dict[str, Any]:
    names = ("id", "webhook_id", "event_id", "event_type", "state", "attempts", "last_outcome")
    fields = {name: getattr(delivery, name) for name in names}
    return {**fields, "created_at": _time(delivery.created_at), "next_attempt_at": _time(delivery.next_at)}


class RepeatedView(View):
    """How many are delivered again. When there are `more`, ask again with a new idempotency key."""

    deliveries: int
    more: bool


def _time(at: datetime | None) -> str | None:
    return clock.rfc3339(at) if at else None
