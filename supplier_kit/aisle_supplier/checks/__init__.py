"""What is checked: one function per sentence of the protocol, in the order in which they run."""

from aisle_supplier.checks import (  # isort: skip
    transport,
    signatures,
    orders,
    repetition,
    status,
    cancellations,
    changes,
    stock,
    limits,
)
from aisle_supplier.checks.registry import CHECKS

__all__ = [
    "CHECKS",
    "cancellations",
    "changes",
    "limits",
    "orders",
    "repetition",
    "signatures",
    "status",
    "stock",
    "transport",
]
