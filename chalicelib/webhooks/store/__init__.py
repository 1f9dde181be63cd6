"""Webhooks in the table.

| item | pk | sk | index |
|---|---|---|---|
| webhook | WEBHOOK#<id> | WEBHOOK | gsi1 WEBHOOKS / <id>, a supplier's: WEBHOOKS#<supplier> / <id> |
| count | WEBHOOKCOUNT#<supplier> | WEBHOOKCOUNT | |
| health | WEBHOOK#<id> | HEALTH | gsi3 DUE#WEBHOOK#<shard> / <time>#<id>, while held deliveries are let go |
| message | WEBHOOKMESSAGE#<event> | <payload version> | |
| delivery | WEBHOOKDELIVERY#<id> | DELIVERY | gsi1 WEBHOOKDELIVERIES#<webhook>#<state> / <id>; gsi3 DUE#WEBHOOK#<shard> / <time>#<id> |
| attempt | WEBHOOKDELIVERY#<id> | ATTEMPT#<nn> | |

Deliveries and health are written by many workers at once and never in the webhook's own item, whose version is a person's.
Writes that stand alone are single conditional writes, which cost half of a transaction of one.
"""

from chalicelib.webhooks.store.attempt import needed_for
from chalicelib.webhooks.store.delivery import (
    add_attempt,
    add_delivery,
    attempts_of,
    change_delivery,
    create_delivery,
    create_message,
    deliveries_in,
    get_deliveries,
    get_delivery,
    get_message,
    put_message,
    save_delivery,
)
from chalicelib.webhooks.store.due import Due, due
from chalicelib.webhooks.store.health import (
    check_failing,
    claim_probe,
    end_release,
    get_health,
    note_failure,
    note_success,
    take_slot,
)
from chalicelib.webhooks.store.webhook import (
    add_webhook,
    change_webhook,
    get_webhook,
    remove_webhook,
    reset_health,
    webhook_pk,
    webhooks,
)

__all__ = [
    "Due",
    "add_attempt",
    "add_delivery",
    "add_webhook",
    "attempts_of",
    "change_delivery",
    "change_webhook",
    "check_failing",
    "claim_probe",
    "create_delivery",
    "create_message",
    "deliveries_in",
    "due",
    "end_release",
    "get_deliveries",
    "get_delivery",
    "get_health",
    "get_message",
    "get_webhook",
    "needed_for",
    "note_failure",
    "note_success",
    "put_message",
    "remove_webhook",
    "reset_health",
    "save_delivery",
    "take_slot",
    "webhook_pk",
    "webhooks",
]
