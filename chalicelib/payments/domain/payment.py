"""A payment and its tenders: values, and what follows from them.

Per tender 0 ≤ captured + due + voided ≤ authorised ≤ amount and 0 ≤ refunded + refunds due ≤ captured; the payment's sums
follow. Every change is in the modules beside this one and makes the next version.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from chalicelib.core.errors import Conflict

CREDIT = "credit:"
"""What `Refund.to` begins with when it goes to a stored value account, whose id follows, and not to the tenders."""


class TenderType(StrEnum):
    """What is paid with, in the order in which it is authorised and captured: stored value first, the card last."""

    GIFT_CARD = "gift_card"
    STORE_CREDIT = "store_credit"
    CARD = "card"


class TenderStatus(StrEnum):
    """What was decided on the authorisation of a tender.

    `unknown`: the provider was asked and its answer is missing. `void`: given back whole, or never to be authorised.
    """

    PENDING = "pending"
    AUTHORISED = "authorised"
    DECLINED = "declined"
    UNKNOWN = "unknown"
    VOID = "void"


class PaymentStatus(StrEnum):
    """What was decided on all tenders together: declined if one was, authorised if none is missing."""

    PENDING = "pending"
    NOT_REQUIRED = "not_required"
    AUTHORISED = "authorised"
    DECLINED = "declined"
    UNKNOWN = "unknown"
    VOID = "void"


class PaymentState(StrEnum):
    """How far a payment has come: its status, and how much of what is held was taken."""

    PENDING = "pending"
    NOT_REQUIRED = "not_required"
    AUTHORISED = "authorised"
    PARTIALLY_CAPTURED = "partially_captured"
    CAPTURED = "captured"
    DECLINED = "declined"
    UNKNOWN = "unknown"
    VOID = "void"


class PaymentOutOfTurn(Conflict):
    code = "payment_out_of_turn"
    title = "The payment is not in a state for this"


@dataclass(frozen=True, slots=True)
class Capture:
    """What was taken of a tender for one due, and the provider's name for it."""

    amount: int
    reference: str


@dataclass(frozen=True, slots=True)
class RefundPart:
    """A piece of a refund: of which tender; once the money is there, of which capture (its due); once given back, the
    provider's name for it."""

    tender: str
    amount: int
    capture: str | None = None
    reference: str | None = None

    @property
    def waits(self) -> bool:
        """Whether the capture that it is to come from is not done yet."""
        return self.capture is None

    @property
    def due(self) -> bool:
        """Whether it can be given back, and is not yet."""
        return self.capture is not None and self.reference is None

    @property
    def done(self) -> bool:
        """Whether it was given back."""
        return self.reference is not None


class RefundStatus(StrEnum):
    """How far a refund has come; `waiting` for a capture."""

    WAITING = "waiting"
    DUE = "due"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Refund:
    """Money asked back: to the tenders (`original`) or to a stored value account (`credit:<account id>`)."""

    key: str
    amount: int
    reason: str
    to: str
    parts: tuple[RefundPart, ...]

    @property
    def refunded(self) -> int:
        """What was given back of it."""
        return sum(part.amount for part in self.parts if part.done)

    @property
    def status(self) -> RefundStatus:
        """How far it has come."""
        if self.refunded == self.amount:
            return RefundStatus.DONE
        return RefundStatus.WAITING if any(part.waits for part in self.parts) else RefundStatus.DUE


@dataclass(frozen=True, slots=True)
class Dispute:
    """A customer's bank takes money back: how much, and the provider's word for how it stands."""

    amount: int
    status: str


@dataclass(frozen=True, slots=True)
class Tender:
    """One means of payment and its share of the amount.

    `authorisation` is the provider's name for what it holds. `dues` is what is to be captured of it, by the fulfilment that
    made it due; `captures` what was. `once`: the provider captures a single time, so dues wait until none can follow.
    """

    id: str
    type: TenderType
    gateway: str
    amount: int
    status: TenderStatus = TenderStatus.PENDING
    authorisation: str | None = None
    voided: int = 0
    dues: Mapping[str, int] = field(default_factory=dict)
    captures: Mapping[str, Capture] = field(default_factory=dict)
    once: bool = False

    @property
    def authorised(self) -> int:
        """What the provider held: all of it or nothing."""
        return self.amount if self.authorisation is not None else 0

    @property
    def due(self) -> int:
        """What is to be captured."""
        return sum(self.dues.values())

    @property
    def captured(self) -> int:
        """What was taken."""
        return sum(capture.amount for capture in self.captures.values())

    @property
    def remainder(self) -> int:
        """What is authorised and neither captured, nor due, nor given back."""
        return self.authorised - self.captured - self.voided - self.due

    @property
    def decided(self) -> bool:
        """Whether the provider's answer to the authorisation is known."""
        return self.status not in (TenderStatus.PENDING, TenderStatus.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Payment:
    """The payment of an order. Amounts are minor units of `currency`; an order that costs nothing has no tenders.

    When `final`, nothing more is authorised or falls due, and what is left is given back. `reason` says why it was
    declined or is given back whole. `booked`: what moves is entered in the marketplace's books, because goods of
    suppliers are among what is paid.
    """

    order_id: str
    currency: str
    amount: int
    tenders: tuple[Tender, ...] = ()
    final: bool = False
    reason: str | None = None
    refunds: tuple[Refund, ...] = ()
    disputes: Mapping[str, Dispute] = field(default_factory=dict)
    booked: bool = False
    version: int = 1

    @property
    def status(self) -> PaymentStatus:
        """What was decided."""
        if not self.tenders:
            return PaymentStatus.NOT_REQUIRED
        statuses = {str(tender.status) for tender in self.tenders}
        # The gravest counts: one declined tender declines the payment, one missing answer leaves it open.
        return next(status for status in _GRAVEST_FIRST if status in statuses)

    @property
    def state(self) -> PaymentState:
        """How far it has come."""
        if not self.captured:
            return PaymentState(self.status)
        whole = self.captured + self.voided == self.authorised
        return PaymentState.CAPTURED if whole else PaymentState.PARTIALLY_CAPTURED

    @property
    def decided(self) -> bool:
        """Whether the answers to all authorisations are known."""
        return all(tender.decided for tender in self.tenders)

    @property
    def closing(self) -> bool:
        """Whether it is being, or was, given back whole."""
        return self.final and self.reason is not None

    @property
    def authorised(self) -> int:
        """What the providers held."""
        return sum(tender.authorised for tender in self.tenders)

    @property
    def was_authorised(self) -> bool:
        """Whether the whole amount was held at some time, so that the world was told."""
        return bool(self.tenders) and self.authorised == self.amount

    @property
    def captured(self) -> int:
        """What was taken."""
        return sum(tender.captured for tender in self.tenders)

    @property
    def voided(self) -> int:
        """What was given back before it was taken."""
        return sum(tender.voided for tender in self.tenders)

    @property
    def remainder(self) -> int:
        """What is held and neither captured, nor due, nor given back."""
        return sum(tender.remainder for tender in self.tenders)

    @property
    def dues(self) -> dict[str, int]:
        """What is to be captured, by due."""
        return _summed((key, due) for tender in self.tenders for key, due in tender.dues.items())

    @property
    def captures(self) -> dict[str, int]:
        """What was captured, by due."""
        return _summed((key, one.amount) for tender in self.tenders for key, one in tender.captures.items())

    @property
    def untouched(self) -> bool:
        """Whether nothing fell due, was taken, or was asked back yet."""
        return not (self.dues or self.captures or self.refunds)

    @property
    def refunded(self) -> int:
        """What was given back after it was taken."""
        return sum(refund.refunded for refund in self.refunds)

    @property
    def refundable(self) -> int:
        """What can still be asked back: captured or due, and not asked back before."""
        return self.captured + sum(self.dues.values()) - sum(refund.amount for refund in self.refunds)

    def tender(self, id: str) -> Tender:
        """The tender of that id."""
        return next(tender for tender in self.tenders if tender.id == id)

    def refunded_of(self, tender_id: str) -> int:
        """What was given back of one tender's captures."""
        return sum(part.amount for part in self._parts_of(tender_id) if part.done)

    def refunds_due_of(self, tender_id: str) -> int:
        """What is to be given back of one tender's captures."""
        return sum(part.amount for part in self._parts_of(tender_id) if part.due)

    def asked_back_of(self, tender_id: str) -> int:
        """What was asked back of one tender, given back or not."""
        return sum(part.amount for part in self._parts_of(tender_id))

    def _parts_of(self, tender_id: str) -> Iterator[RefundPart]:
        return (part for refund in self.refunds for part in refund.parts if part.tender == tender_id)


_GRAVEST_FIRST = (
    PaymentStatus.DECLINED,
    PaymentStatus.UNKNOWN,
    PaymentStatus.PENDING,
    PaymentStatus.AUTHORISED,
    PaymentStatus.VOID,
)


def with_tender(payment: Payment, tender: Tender, **changes: Any) -> Payment:
    """The next version, with this state of one tender and further changes."""
    tenders = tuple(tender if known.id == tender.id else known for known in payment.tenders)
    return next_version(payment, tenders=tenders, **changes)


def next_version(payment: Payment, **changes: Any) -> Payment:
    """The payment, changed, as its next version."""
    return replace(payment, **changes, version=payment.version + 1)


def _summed(amounts: Iterator[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for key, amount in amounts:
        sums[key] = sums.get(key, 0) + amount
    return sums
