"""A supplier's invoice, and whether it asks for what the allocation is worth."""

from dataclasses import dataclass
from enum import StrEnum

from chalicelib.routing.domain.allocation import Allocation, AllocationState


class InvoiceState(StrEnum):
    """`disputed`: it asks for another amount, or in another currency."""

    MATCHED = "matched"
    DISPUTED = "disputed"


@dataclass(frozen=True, slots=True)
class Invoice:
    """What a supplier asks for, in minor units; `expected` is what the allocation is worth to it, `tax` is within the total."""

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
        """What it asks for beyond what is expected."""
        return self.total - self.expected


def worth(allocation: Allocation) -> int:
    """What the supplier's offer asked for the units that it shipped, or is to ship; before any commission."""
    shipped = allocation.state is AllocationState.SHIPPED
    return sum(line.unit_price * (line.shipped if shipped else line.held) for line in allocation.lines)


def compare(allocation: Allocation, currency: str, total: int) -> InvoiceState:
    """Whether the invoice asks for exactly that."""
    same = currency == allocation.currency and total == worth(allocation)
    return InvoiceState.MATCHED if same else InvoiceState.DISPUTED
