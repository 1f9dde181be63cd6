"""A return: what was announced, what came, and what became of it. Its status follows from the counters of its lines.

Units go back to who shipped them: a supplier (`seller` is its id), or, where that is None, the retailer itself.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from chalicelib.core.errors import NotFound
from chalicelib.returns.domain.policy import Condition, Reason
from chalicelib.returns.domain.refunds import Refund

MAX_LINES = 20
"""Order lines of one return. Inspecting all of them that one seller shipped writes a counter and two movements for each, beside the
return, the order, its payment and their records, some twelve. Of an order with goods of suppliers and paid back as store credit the books
and the account take five more, each parcel that they left in one, and each capture that is paid back one: of 100 actions in a transaction 23
are left for these. Who came by more of them inspects fewer lines at once."""


_ID = re.compile(r"ret_([0-9A-Z]{1,26})_([1-9][0-9]{0,5})")


class ReturnStatus(StrEnum):
    """How far a return has come; derived, never set. `settled`: of every unit it is known what became of it."""

    AUTHORISED = "authorised"
    RECEIVING = "receiving"
    SETTLED = "settled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Remedy(StrEnum):
    """What the customer wants for the goods."""

    REFUND = "refund"
    STORE_CREDIT = "store_credit"
    EXCHANGE = "exchange"


class Disposition(StrEnum):
    """What becomes of inspected units. `refuse`: they go back to the customer and nothing is refunded."""

    RESTOCK = "restock"
    WRITE_OFF = "write_off"
    REFUSE = "refuse"


class ExchangeState(StrEnum):
    """`awaited` until the goods are inspected, then `placed`; `fell_back`: a refund took its place."""

    AWAITED = "awaited"
    PLACED = "placed"
    FELL_BACK = "fell_back"


@dataclass(frozen=True, slots=True)
class Replacement:
    """So many units of a SKU for units of a line of the return."""

    line_id: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the goods are exchanged for. `credit` (minor units) pays for the order `order_id`; the `difference` is refunded, which
    may be still to be asked for (`owes_difference`)."""

    wanted: tuple[Replacement, ...]
    state: ExchangeState = ExchangeState.AWAITED
    order_id: str | None = None
    credit: int = 0
    difference: int = 0
    owes_difference: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """The carrier's reference for the parcel; a prepaid one costs the customer nothing."""

    carrier: str
    reference: str
    prepaid: bool


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the customer sends the units of a `seller`, and the label for it, once there is one. `address` is None where nobody has
    said one."""

    seller: str | None
    name: str
    address: Mapping[str, Any] | None
    label: Label | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was agreed when a line was announced: it holds, whatever becomes of the policy."""

    policy_id: str
    policy_version: int
    prepaid: bool
    fee_bps: int
    shares_postage: bool
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """Units of an order line that come back to one `seller`: of a line that several have shipped there are several. A supplier calls
    the goods `supplier_sku`.

    Of the `quantity` announced, units wait for inspection (`waiting`, by location), were `restocked`, `written_off` or `refused`,
    or will not come any more (`given_up`); the others are on their way. `extra` units came beyond those announced: they are
    noted, and belong to no return. `charged` is what the accepted ones had cost.
    """

    line_id: str
    sku: str
    quantity: int
    reason: Reason
    agreement: Agreement
    condition: Condition | None = None
    note: str | None = None
    waiting: Mapping[str, int] = field(default_factory=dict)
    restocked: int = 0
    written_off: int = 0
    refused: int = 0
    given_up: int = 0
    extra: int = 0
    charged: int = 0
    seller: str | None = None
    supplier_sku: str | None = None

    @property
    def accepted(self) -> int:
        """Units that came back for good."""
        return self.restocked + self.written_off

    @property
    def received(self) -> int:
        """Units that came, without extra ones."""
        return sum(self.waiting.values()) + self.accepted + self.refused

    @property
    def expected(self) -> int:
        """Units still on their way."""
        return self.quantity - self.received - self.given_up

    @property
    def is_settled(self) -> bool:
        """Whether nothing is on its way or to be inspected."""
        return not self.expected and not any(self.waiting.values())


@dataclass(frozen=True, slots=True)
class InspectedLine:
    """What an inspection found of a line."""

    line_id: str
    restocked: int
    written_off: int
    refused: int
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Inspection:
    """One inspection of what a `seller` had shipped, and what it pays back; `to` is where: original, credit:<account> or exchange."""

    at: str
    location_id: str
    lines: tuple[InspectedLine, ...]
    refund: Refund
    to: str
    seller: str | None = None


@dataclass(frozen=True, slots=True)
class Return:
    """A return of an order. Everything but its counters, its labels, its inspections and its exchange is frozen. There is one
    destination in `send_to` for each seller of its lines.

    Goods have until `send_by` (RFC 3339) to arrive. `dropped_at`: when a parcel of it was last put into a locker. `waived` names the rules that the staff waived by line id, for `waived_for`.
    """

    id: str
    order_id: str
    customer_id: str | None
    currency: str
    channel: str
    announced_at: str
    send_by: str
    remedy: Remedy
    lines: tuple[ReturnLine, ...]
    exchange: Exchange | None = None
    waived: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    waived_for: str | None = None
    send_to: tuple[Destination, ...] = ()
    inspections: tuple[Inspection, ...] = ()
    cancelled: bool = False
    dropped_at: str | None = None
    version: int = 1

    @property
    def status(self) -> ReturnStatus:
        """What the counters say."""
        if self.cancelled:
            return ReturnStatus.CANCELLED
        came = any(line.received or line.extra for line in self.lines)
        if not self.is_closed:
            return ReturnStatus.RECEIVING if came else ReturnStatus.AUTHORISED
        return ReturnStatus.SETTLED if came else ReturnStatus.EXPIRED

    @property
    def is_closed(self) -> bool:
        """Whether nothing more will come or be inspected."""
        return all(line.is_settled for line in self.lines)

    @property
    def refund(self) -> Refund:
        """What all inspections together pay back."""
        return sum((one.refund for one in self.inspections), Refund())

    @property
    def prepaid(self) -> bool:
        """Whether the shop pays for the way back: for the whole parcel, when it does for any of it."""
        return any(line.agreement.prepaid for line in self.lines)

    @property
    def suppliers(self) -> tuple[str, ...]:
        """The suppliers that shipped any of it."""
        return tuple(dict.fromkeys(line.seller for line in self.lines if line.seller is not None))

    @property
    def label(self) -> Label | None:
        """The label of a return that is one parcel; of several each has its own."""
        return self.send_to[0].label if len(self.send_to) == 1 else None

    def of_seller(self, seller: str | None) -> "Return":
        """The return as far as it concerns a seller: of what the others shipped it says nothing."""
        return replace(
            self,
            lines=tuple(line for line in self.lines if line.seller == seller),
            send_to=tuple(one for one in self.send_to if one.seller == seller),
            inspections=tuple(one for one in self.inspections if one.seller == seller),
        )


def return_id(order_id: str, number: int) -> str:
    """`ret_<the order's ULID>_<n>`: sortable, and tells its order without an index."""
    return f"ret_{order_id.removeprefix('ord_')}_{number}"


def order_of(return_id: str) -> tuple[str, str]:
    """The order id and number in a return id. Raises `NotFound` for an id of another shape."""
    found = _ID.fullmatch(return_id)
    if found is None:
        raise NotFound(f"There is no return {return_id[:64]}.")
    return f"ord_{found[1]}", found[2]
