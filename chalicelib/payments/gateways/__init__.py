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

__all__ = [
    "STORED_VALUE",
    "Answer",
    "Approved",
    "Call",
    "Declined",
    "NotFound",
    "PaymentGateway",
    "SandboxGateway",
    "StoredValueGateway",
    "Unknown",
    "Verb",
    "gateway",
    "make",
]


STORED_VALUE = "stored_value"
"""The gateway of gift cards and store credit."""


def gateway(name: str | None = None) -> PaymentGateway:
    """The provider of that name; without one, what this stage is set to."""
    adapters: dict[str, type[PaymentGateway]] = {"sandbox": SandboxGateway, STORED_VALUE: StoredValueGateway}
    return adapters[name or settings().payment_gateway]()
