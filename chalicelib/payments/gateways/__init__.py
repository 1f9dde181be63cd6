"""Who holds the money: a port, and its adapters."""

from chalicelib.core.settings import settings
from chalicelib.payments.gateways.port import (
    Answer,
    Approved,
    Call,
    Declined,
    NotFound,
    PaymentGateway,
    Unknown,
    Verb,
    make,
)
from chalicelib.payments.gateways.sandbox import SandboxGateway
from chalicelib.payments.gateways.stored_value import StoredValueGateway
from chalicelib.payments.gateways.stripe import StripeGateway

__all__ = [
    "STORED_VALUE",
    "TELL_BY_REFERENCE",
    "Answer",
    "Approved",
    "Call",
    "Declined",
    "NotFound",
    "PaymentGateway",
    "SandboxGateway",
    "StoredValueGateway",
    "StripeGateway",
    "Unknown",
    "Verb",
    "gateway",
    "make",
]


TELL_BY_REFERENCE = frozenset({"stripe"})
"""Providers that tell of things later (a dispute) and name only what they call the payment."""
STORED_VALUE = "stored_value"
"""The gateway of gift cards and store credit."""


def gateway(name: str | None = None) -> PaymentGateway:
    """The provider of that name; without one, what this stage is set to."""
    adapters: dict[str, type[PaymentGateway]] = {
        "sandbox": SandboxGateway,
        "stripe": StripeGateway,
        STORED_VALUE: StoredValueGateway,
    }
    return adapters[name or settings().payment_gateway]()
