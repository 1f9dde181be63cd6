"""A supplier's invoices of an allocation, and whether they ask for no more than it is worth."""

from dataclasses import dataclass
from enum import StrEnum

from chalicelib.routing.domain.allocation import Allocation, AllocationState


class InvoiceState(StrEnum):
    """`disputed`: it asks for more than is still owed, or in another currency."""

    MATCHED = "matched"
    DISPUTED = "disputed"


@dataclass(frozen=True, slots=True)
class Invoice:
    """What a supplier asks for, in minor units, `tax` within the total; `expected` is what was owed for the allocation when it came."""

    supplier_id: str
    number: str
    allocation_id: str
    order_id: str
    issued_on: str
    currency: str
    total: int
    tax: int
    expected: int
    state: InvoiceState
    received_at: str

    @property
    def difference(self) -> int:
        """What it asks for beyond what is expected; below zero for a part of that."""
        return self.total - self.expected


def worth(allocation: Allocation) -> int:
    """What the supplier's offer asked for the units that it shipped, or is to ship; before any commission."""
    shipped = allocation.state is AllocationState.SHIPPED
    return sum(line.unit_price * (line.shipped if shipped else line.held) for line in allocation.lines)


def owed(allocation: Allocation) -> int:
    """What the allocation is worth, less what matched invoices asked for."""
    return max(0, worth(allocation) - allocation.invoiced)


def compare(allocation: Allocation, currency: str, total: int) -> InvoiceState:
    """Whether the invoice asks for that, or for a part of it."""
    matches = currency == allocation.currency and total <= owed(allocation)
    return InvoiceState.MATCHED if matches else InvoiceState.DISPUTED
