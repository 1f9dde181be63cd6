"""Use cases of notifications."""

from chalicelib.notifications.domain import Audience, Channel, Notice, Purpose
from chalicelib.notifications.service.manage_devices import (
    PushUnavailable,
    TokenRefused,
    TooManyDevices,
    devices_of,
    forget_customer,
    list_devices,
    register_device,
    remove_device,
)
from chalicelib.notifications.service.manage_templates import (
    Listed,
    change_template,
    list_templates,
    preview_template,
    read_template,
    reset_template,
)
from chalicelib.notifications.service.tell_customer import NotAllTold, sent_to, tell, was_told

__all__ = [
    "Audience",
    "Channel",
    "Listed",
    "NotAllTold",
    "Notice",
    "Purpose",
    "PushUnavailable",
    "TokenRefused",
    "TooManyDevices",
    "change_template",
    "devices_of",
    "forget_customer",
    "list_devices",
    "list_templates",
    "preview_template",
    "read_template",
    "register_device",
    "remove_device",
    "reset_template",
    "sent_to",
    "tell",
    "was_told",
]
