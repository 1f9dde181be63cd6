"""Use cases of webhooks: first what persons ask for, then what consumers and the schedule do."""

from chalicelib.webhooks.service.access import SCOPE, SUPPLIER_SCOPE
from chalicelib.webhooks.service.deliver import attempt_delivery
from chalicelib.webhooks.service.fan_out import forget_webhooks, hand_out
from chalicelib.webhooks.service.manage_webhooks import (
    change_webhook,
    create_webhook,
    delete_webhook,
    event_types,
    list_webhooks,
    pause_webhook,
    read_webhook,
    resume_webhook,
    rotate_secret,
)
from chalicelib.webhooks.service.repeat import (
    Log,
    Repeated,
    list_deliveries,
    read_delivery,
    redeliver,
    redeliver_failed,
    send_test,
)
from chalicelib.webhooks.service.schedule import send_due

__all__ = [
    "SCOPE",
    "SUPPLIER_SCOPE",
    "Log",
    "Repeated",
    "attempt_delivery",
    "change_webhook",
    "create_webhook",
    "delete_webhook",
    "event_types",
    "forget_webhooks",
    "hand_out",
    "list_deliveries",
    "list_webhooks",
    "pause_webhook",
    "read_delivery",
    "read_webhook",
    "redeliver",
    "redeliver_failed",
    "resume_webhook",
    "rotate_secret",
    "send_due",
    "send_test",
]
