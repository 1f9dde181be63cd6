"""Which events are told, what for, and what their words may speak of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Channel(StrEnum):
    """`topic`: whoever subscribes, e.g. a CRM system. The others reach the customer."""

    TOPIC = "topic"
    SMS = "sms"
    EMAIL = "email"
    PUSH = "push"


class State(StrEnum):
    """`sending`: a worker claimed it. `undeliverable`: refused for good, e.g. a number that does not exist."""

    SENDING = "sending"
    SENT = "sent"
    UNDELIVERABLE = "undeliverable"


class Purpose(StrEnum):
    """What a message is for. `account` concerns the account itself and was asked for: nobody opts out of it. `selling` is for
    suppliers, who have no profile as customers."""

    ACCOUNT = "account"
    ORDER_UPDATES = "order_updates"
    MARKETING = "marketing"
    SELLING = "selling"


PLACEHOLDERS: Mapping[str, str] = {
    "allocation": "ful_01K0000000000000000000000F_1",
    "amount": "12.34 GBP",
    "cart": "crt_01K0000000000000000000000C",
    "code": "123456",
    "findings": "\n\ntax_id/value: The form or the check digits are wrong.",
    "greeting": "Hello Ada,",
    "invitation": "inv_0123456789abcdef0123456789abcdef01234567",
    "label": "DHL RET-1",
    "link": "https://shop.example/v1/pickups/pck_01K0000000000000000000000A_1/page#12345678",
    "lines": "2 × Blue mug\n1 × Tea pot",
    "minutes": "15",
    "name": "Ada",
    "order": "ord_01K0000000000000000000000A",
    "promised": "2026-02-03",
    "reason": "the card has expired",
    "refusal": "nobody could look at it in time",
    "return_id": "ret_01K0000000000000000000000R",
    "site": "Mall of America",
    "supplier": "Red Mugs",
    "total": "56.78 GBP",
    "tracking": " (DHL 42)",
    "until": "2026-02-03, 21:30",
    "why": "Two parcels did not arrive",
}
"""What templates may speak of, with a sample for previews. `tracking` begins with a space, or is empty; `findings` begins with an
empty line, or is empty."""


@dataclass(frozen=True, slots=True)
class Kind:
    """An event that is told: what for, and the placeholders that its words may use."""

    purpose: Purpose
    placeholders: frozenset[str]


def _kind(placeholders: str, purpose: Purpose = Purpose.ORDER_UPDATES) -> Kind:
    return Kind(purpose, frozenset(placeholders.split()))


KINDS: Mapping[str, Kind] = {
    "OrderConfirmed": _kind("name order total"),
    "OrderRefused": _kind("name order total reason"),
    "OrderCancelled": _kind("name order lines"),
    "BackorderDelayed": _kind("name order promised"),
    "PromiseChanged": _kind("name order promised"),
    "FulfilmentShipped": _kind("name order lines tracking"),
    "FulfilmentDelivered": _kind("name order lines"),
    "OrderReadyForPickup": _kind("name order site code link until"),
    "PickupReminder": _kind("name order site until"),
    "PickupExpired": _kind("name order site"),
    "ReturnAuthorised": _kind("name order return_id lines"),
    "ReturnLabelIssued": _kind("name order return_id label"),
    "ReturnReceived": _kind("name order return_id"),
    "PaymentRefunded": _kind("name order amount"),
    "CartAbandoned": _kind("greeting name cart", Purpose.MARKETING),
    "VerificationRequested": _kind("greeting name code minutes", Purpose.ACCOUNT),
    "CustomerErased": _kind("greeting name", Purpose.ACCOUNT),
    "SupplierInvited": _kind("invitation until", Purpose.SELLING),
    "SupplierApproved": _kind("greeting name supplier", Purpose.SELLING),
    "SupplierRejected": _kind("greeting name supplier refusal findings", Purpose.SELLING),
    "SupplierSuspended": _kind("greeting name supplier why", Purpose.SELLING),
    "SupplierReinstated": _kind("greeting name supplier", Purpose.SELLING),
    "SupplierOffboarded": _kind("greeting name supplier why", Purpose.SELLING),
    "OrderOfferedToSupplier": _kind("greeting name supplier allocation until", Purpose.SELLING),
}
"""By event type (docs/events.md)."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be told: the event, what it is about, and its data. `names` are of goods, by SKU."""

    event: str
    data: Mapping[str, Any] = field(default_factory=dict)
    order_id: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom to tell, in which language (BCP 47), and on which channels they may be told.

    `unsubscribe` is the token of the link by which they can have no more of it; only marketing has one.
    """

    name: str | None
    language: str
    email: str | None = None
    phone: str | None = None
    customer_id: str | None = None
    channels: frozenset[Channel] = frozenset(Channel)
    unsubscribe: str | None = None
