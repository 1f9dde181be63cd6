"""Notifications in the table.

| item | pk | sk | index |
|---|---|---|---|
| what was sent, 30 days | NOTIFICATION#<event id> | <channel>, push#<device> | gsi1 NOTIFIED#<customer> / <event id>#<sk> |
| the shop's own template | TEMPLATE#<event> | <channel>#<language> | gsi1 TEMPLATES / <event>#<channel>#<language> |
| device | DEVICES#<customer> | <device> | |
| whose device it is, a lock | DEVICE#<device> | LOCK | |

The templates that ship are in `templates/`, one file a language.
"""

from chalicelib.notifications.store.claims import (
    KEPT,
    AlreadyTold,
    BeingTold,
    Sent,
    claim,
    finish,
    release,
    sent_to,
    was_sent,
)
from chalicelib.notifications.store.devices import (
    Device,
    device_id,
    devices_of,
    put_device,
    remove_device,
    whose_device,
)
from chalicelib.notifications.store.templates import (
    custom_templates,
    put_template,
    shipped_languages,
    template_at,
    templates_for,
)

__all__ = [
    "KEPT",
    "AlreadyTold",
    "BeingTold",
    "Device",
    "Sent",
    "claim",
    "custom_templates",
    "device_id",
    "devices_of",
    "finish",
    "put_device",
    "put_template",
    "release",
    "remove_device",
    "sent_to",
    "shipped_languages",
    "template_at",
    "templates_for",
    "was_sent",
    "whose_device",
]
