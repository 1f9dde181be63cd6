"""Webhooks: what happened in Aisle, told to whoever subscribed, over HTTPS and signed.

Decides who hears of an event, when a failed delivery is tried again and when an endpoint is given up. Owns the events
WebhookCreated, WebhookChanged, WebhookPaused, WebhookResumed, WebhookDisabled, WebhookSecretRotated and WebhookDeleted.
"""
