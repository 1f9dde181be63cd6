"""The types of events that can be subscribed to. docs/events.md describes their data; a test holds the two together."""

from chalicelib.webhooks.domain.webhook import matches

EVENT_TYPES = {
    "aisle.catalog.ProductChanged": "A product was changed",
    "aisle.catalog.ProductCreated": "A product was created",
    "aisle.catalog.VariantChanged": "A variant was created or changed",
    "aisle.fulfilment.FulfilmentDelivered": "A parcel arrived",
    "aisle.fulfilment.FulfilmentPacked": "A parcel is packed",
    "aisle.fulfilment.FulfilmentShipped": "A parcel left",
    "aisle.fulfilment.FulfilmentShort": "Nothing of a fulfilment was found",
    "aisle.inventory.ReservationExpired": "Held units can be sold again",
    "aisle.inventory.StockAdjusted": "Stock was written up or down",
    "aisle.inventory.StockCounted": "Stock was counted",
    "aisle.inventory.StockReceived": "Stock came in",
    "aisle.inventory.TransferCancelled": "A transfer was called back",
    "aisle.inventory.TransferDispatched": "A transfer left",
    "aisle.inventory.TransferReceived": "A transfer arrived, or part of it",
    "aisle.orders.OrderConfirmed": "An order is paid and allocated",
    "aisle.orders.OrderPlaced": "An order is placed; its stock is reserved",
    "aisle.orders.OrderRefused": "An order was declined or could not be carried out",
    "aisle.payments.PaymentAuthorised": "A payment is held",
    "aisle.payments.PaymentCaptured": "A payment was taken, or part of it",
    "aisle.payments.PaymentDeclined": "A payment was declined",
    "aisle.payments.PaymentVoided": "A payment was given back before it was taken",
    "aisle.webhooks.WebhookChanged": "A webhook was changed",
    "aisle.webhooks.WebhookCreated": "A webhook was created",
    "aisle.webhooks.WebhookDeleted": "A webhook was deleted",
    "aisle.webhooks.WebhookDisabled": "A webhook is given up: its endpoint is gone, or has failed for days",
    "aisle.webhooks.WebhookPaused": "A webhook was paused",
    "aisle.webhooks.WebhookResumed": "A webhook was resumed",
    "aisle.webhooks.WebhookSecretRotated": "A webhook has a new secret",
}


def is_known(pattern: str) -> bool:
    """Whether any type matches; a pattern that none matches is a slip."""
    return any(matches(pattern, type) for type in EVENT_TYPES)
