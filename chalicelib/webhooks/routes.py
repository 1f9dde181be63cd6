"""Routes for administrators and integrators, who manage all webhooks, and for suppliers, who manage their own."""

from datetime import timedelta

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import NotFound, Stale
from chalicelib.core.http import Routes
from chalicelib.core.idempotency import Answer
from chalicelib.core.outside import UrlNotAllowed
from chalicelib.core.paging import Page
from chalicelib.webhooks import service
from chalicelib.webhooks.domain.delivery import Delivery, Superseded
from chalicelib.webhooks.domain.webhook import NotInThisStatus, TooManyWebhooks, UnknownEventType, Webhook
from chalicelib.webhooks.schemas import (
    ChangeWebhook,
    CreateWebhook,
    DeliveriesQuery,
    DeliveryDetail,
    DeliveryView,
    EventTypeView,
    RedeliverFailed,
    RepeatedView,
    ResumeWebhook,
    RotateSecret,
    WebhookDetail,
    WebhooksQuery,
    WebhookView,
    WebhookWithSecret,
)

routes = Routes(__name__, "webhooks")
_SCOPES = [service.SCOPE, service.SUPPLIER_SCOPE]


# ---- subscriptions ------------------------------------------------------------------------------------------------------


@routes.endpoint(
    "POST",
    "/v1/webhooks",
    summary="Subscribe to events",
    body=CreateWebhook,
    answers={201: WebhookWithSecret},
    scopes=_SCOPES,
    idempotent=True,
    raises=[UrlNotAllowed, UnknownEventType, TooManyWebhooks],
)
def create_webhook() -> Response:
    """Events that happen from now on are sent to the URL, signed as of standardwebhooks.com. The secret is shown this once.

    A webhook that a supplier makes is the supplier's: it hears of what names that supplier. A supplier has ten at most.
    """
    terms = http.body(CreateWebhook).as_terms()
    return http.once(
        lambda once: service.create_webhook(
            terms,
            by=http.caller(),
            once=once,
            answer=lambda made, secret: http.answer(
                201,
                WebhookWithSecret.showing(made, secret),
                version=made.version,
                location=f"/v1/webhooks/{made.id}",
            ),
        )
    )


@routes.endpoint(
    "GET",
    "/v1/webhooks",
    summary="List webhooks",
    query=WebhooksQuery,
    answers={200: http.list_of(WebhookView)},
    scopes=_SCOPES,
    raises=[NotFound],
)
def list_webhooks() -> Response:
    """The operator's, or those of a supplier, the oldest first, without secrets. A supplier sees its own."""
    wanted = http.query(WebhooksQuery)
    page = service.list_webhooks(wanted.supplier_id, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, WebhookView.of)


@routes.endpoint(
    "GET",
    "/v1/webhook-event-types",
    summary="List the types of events",
    answers={200: http.list_of(EventTypeView)},
    scopes=_SCOPES,
)
def list_event_types() -> Response:
    """What the caller can subscribe to. docs/events.md says what data each type has."""
    return http.listed(
        Page(list(service.event_types(http.caller())), None), lambda one: EventTypeView(type=one[0], description=one[1])
    )


@routes.endpoint(
    "GET",
    "/v1/webhooks/{webhook_id}",
    summary="Read a webhook",
    answers={200: WebhookDetail},
    scopes=_SCOPES,
    raises=[NotFound],
)
def read_webhook(webhook_id: str) -> Response:
    """One webhook, and how its endpoint fares."""
    webhook, health = service.read_webhook(webhook_id, http.caller())
    return http.ok(WebhookDetail.faring(webhook, health), version=webhook.version)


@routes.endpoint(
    "PUT",
    "/v1/webhooks/{webhook_id}",
    summary="Change a webhook",
    body=ChangeWebhook,
    answers={200: WebhookView},
    scopes=_SCOPES,
    versioned=True,
    raises=[NotFound, Stale, UrlNotAllowed, UnknownEventType],
)
def change_webhook(webhook_id: str) -> Response:
    """Replaces all but secret and status. Deliveries that are under way go to the new URL."""
    terms = http.body(ChangeWebhook).as_terms()
    webhook = service.change_webhook(webhook_id, http.expected_version(), terms, by=http.caller())
    return http.ok(WebhookView.of(webhook), version=webhook.version)


@routes.endpoint(
    "DELETE",
    "/v1/webhooks/{webhook_id}",
    summary="Unsubscribe",
    answers={204: None},
    scopes=_SCOPES,
    versioned=True,
    raises=[NotFound, Stale],
)
def delete_webhook(webhook_id: str) -> Response:
    """Nothing is sent any more, not even what is under way."""
    service.delete_webhook(webhook_id, http.expected_version(), by=http.caller())
    return http.send(http.answer(204))


@routes.endpoint(
    "POST",
    "/v1/webhooks/{webhook_id}/secret-rotations",
    summary="Rotate the secret",
    body=RotateSecret,
    answers={200: WebhookWithSecret},
    scopes=_SCOPES,
    idempotent=True,
)
def rotate_webhook_secret(webhook_id: str) -> Response:
    """The new secret is shown this once. For a while requests carry a signature of each, so receivers change at leisure."""
    old_valid = timedelta(hours=http.body(RotateSecret).old_valid_hours)
    return http.once(
        lambda once: service.rotate_secret(
            webhook_id,
            old_valid,
            by=http.caller(),
            once=once,
            answer=lambda rotated, secret: http.answer(
                200, WebhookWithSecret.showing(rotated, secret), version=rotated.version
            ),
        )
    )


@routes.endpoint(
    "POST",
    "/v1/webhooks/{webhook_id}/pause",
    summary="Pause a webhook",
    answers={200: WebhookView},
    scopes=_SCOPES,
    idempotent=True,
    raises=[NotInThisStatus],
)
def pause_webhook(webhook_id: str) -> Response:
    """Nothing is sent until it is resumed; what happens meanwhile is held, up to 30 days."""
    return http.once(
        lambda once: service.pause_webhook(webhook_id, by=http.caller(), once=once, answer=_webhook_answer)
    )


@routes.endpoint(
    "POST",
    "/v1/webhooks/{webhook_id}/resume",
    summary="Resume a webhook",
    body=ResumeWebhook,
    answers={200: WebhookView},
    scopes=_SCOPES,
    idempotent=True,
    raises=[NotInThisStatus],
)
def resume_webhook(webhook_id: str) -> Response:
    """Of a paused or disabled webhook. What was held is delivered within minutes, or not at all, as you say."""
    deliver_missed = http.body(ResumeWebhook).deliver_missed
    return http.once(
        lambda once: service.resume_webhook(
            webhook_id, deliver_missed=deliver_missed, by=http.caller(), once=once, answer=_webhook_answer
        )
    )


def _webhook_answer(webhook: Webhook) -> Answer:
    return http.answer(200, WebhookView.of(webhook), version=webhook.version)


# ---- deliveries ---------------------------------------------------------------------------------------------------------


@routes.endpoint(
    "POST",
    "/v1/webhooks/{webhook_id}/tests",
    summary="Send a test event",
    answers={202: DeliveryView},
    scopes=_SCOPES,
    idempotent=True,
)
def test_webhook(webhook_id: str) -> Response:
    """An event `webhook.test` is sent once, even to a webhook that is paused or disabled; its delivery tells how it went."""
    return http.once(lambda once: service.send_test(webhook_id, by=http.caller(), once=once, answer=_accepted_delivery))


@routes.endpoint(
    "GET",
    "/v1/webhooks/{webhook_id}/deliveries",
    summary="List deliveries",
    query=DeliveriesQuery,
    answers={200: http.list_of(DeliveryView)},
    scopes=_SCOPES,
)
def list_webhook_deliveries(webhook_id: str) -> Response:
    """Of the last 30 days, the newest event first; in one state or in all."""
    wanted = http.query(DeliveriesQuery)
    page = service.list_deliveries(webhook_id, wanted.state, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, DeliveryView.of)


@routes.endpoint(
    "GET",
    "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}",
    summary="Read a delivery",
    answers={200: DeliveryDetail},
    scopes=_SCOPES,
)
def read_webhook_delivery(webhook_id: str, delivery_id: str) -> Response:
    """What is sent, and every attempt with what was answered."""
    return http.ok(DeliveryDetail.with_log(service.read_delivery(webhook_id, delivery_id, http.caller())))


@routes.endpoint(
    "POST",
    "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redelivery",
    summary="Deliver again",
    answers={202: DeliveryView},
    scopes=_SCOPES,
    idempotent=True,
    raises=[NotInThisStatus, Superseded],
)
def redeliver_webhook(webhook_id: str, delivery_id: str) -> Response:
    """At once, whatever became of it before, with retries as if it were new. Receivers see the same `webhook-id`."""
    return http.once(
        lambda once: service.redeliver(webhook_id, delivery_id, by=http.caller(), once=once, answer=_accepted_delivery)
    )


@routes.endpoint(
    "POST",
    "/v1/webhooks/{webhook_id}/redeliveries",
    summary="Deliver what failed again",
    body=RedeliverFailed,
    answers={202: RepeatedView},
    scopes=_SCOPES,
    idempotent=True,
    raises=[NotInThisStatus, Superseded],
)
def redeliver_failed_webhooks(webhook_id: str) -> Response:
    """Up to 50 failed deliveries of events since a time, oldest first. While there are `more`, ask again with a new key."""
    since = http.body(RedeliverFailed).since
    return http.once(
        lambda once: service.redeliver_failed(
            webhook_id,
            since,
            by=http.caller(),
            once=once,
            answer=lambda done: http.answer(
                202, RepeatedView.of(done), location=f"/v1/webhooks/{webhook_id}/deliveries"
            ),
        )
    )


def _accepted_delivery(delivery: Delivery) -> Answer:
    location = f"/v1/webhooks/{delivery.webhook_id}/deliveries/{delivery.id}"
    return http.answer(202, DeliveryView.of(delivery), location=location)
