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

__all__ = [
    "Answer",
    "Approved",
    "Call",
    "Declined",
    "NotFound",
    "PaymentGateway",
    "SandboxGateway",
    "Unknown",
    "Verb",
    "gateway",
    "make",
]


def gateway(name: str | None = None) -> PaymentGateway:
    """The provider of that name; without one, what this stage is set to."""
    adapters: dict[str, type[PaymentGateway]] = {"sandbox": SandboxGateway}
    return adapters[name or settings().payment_gateway]()
