"""A payment: pure transitions whose amounts never cross. 0 ≤ captured + due + voided ≤ authorised ≤ amount."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from chalicelib.core.errors import Conflict


class PaymentStatus(StrEnum):
    """What was decided on the authorisation.

    `unknown`: the provider was asked and its answer is missing. `void`: given back whole, or never to be authorised.
    """

    PENDING = "pending"
    NOT_REQUIRED = "not_required"
    AUTHORISED = "authorised"
    DECLINED = "declined"
    UNKNOWN = "unknown"
    VOID = "void"


UNDECIDED = frozenset({PaymentStatus.PENDING, PaymentStatus.UNKNOWN})


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
    """What was taken for one due, and the provider's name for it."""

    amount: int
    reference: str


@dataclass(frozen=True, slots=True)
class Payment:
    """The payment of an order. Amounts are minor units of `currency`.

    `authorisation` is the provider's name for what it holds. `dues` is what is to be captured, by the fulfilment that made
    it due; `captures` what was. When `final`, nothing more is authorised or falls due, and what is left is given back.
    """

    order_id: str
    currency: str
    amount: int
    gateway: str
    status: PaymentStatus
    authorised: int = 0
    captured: int = 0
    voided: int = 0
    authorisation: str | None = None
    reason: str | None = None
    dues: Mapping[str, int] = field(default_factory=dict)
    captures: Mapping[str, Capture] = field(default_factory=dict)
    final: bool = False
    version: int = 1

    @property
    def remainder(self) -> int:
        """What is authorised and neither captured, nor due, nor given back."""
        return self.authorised - self.captured - self.voided - sum(self.dues.values())

    @property
    def decided(self) -> bool:
        """Whether the provider's answer to the authorisation is known."""
        return self.status not in UNDECIDED

    @property
    def closing(self) -> bool:
        """Whether it is being, or was, given back whole."""
        return self.final and self.reason is not None

    @property
    def state(self) -> PaymentState:
        """How far it has come."""
        if not self.captured:
            return PaymentState(self.status)
        whole = self.captured + self.voided == self.authorised
        return PaymentState.CAPTURED if whole else PaymentState.PARTIALLY_CAPTURED


def authorise(payment: Payment, authorisation: str) -> Payment:
    """The provider holds the whole amount. Raises `PaymentOutOfTurn` when it was decided otherwise before."""
    _undecided(payment)
    return _next(payment, status=PaymentStatus.AUTHORISED, authorised=payment.amount, authorisation=authorisation)


def decline(payment: Payment, reason: str) -> Payment:
    """The provider refused."""
    _undecided(payment)
    return _next(payment, status=PaymentStatus.DECLINED, reason=reason)


def leave_unknown(payment: Payment) -> Payment:
    """The provider was asked; whether it acted is not known."""
    _undecided(payment)
    return _next(payment, status=PaymentStatus.UNKNOWN)


def add_due(payment: Payment, key: str, amount: int, *, final: bool) -> Payment:
    """So much more is to be captured, under a key of its own.

    Raises `PaymentOutOfTurn` when nothing may fall due (any more), ValueError beyond what is authorised.
    """
    if payment.status not in (PaymentStatus.AUTHORISED, PaymentStatus.NOT_REQUIRED) or payment.final:
        raise PaymentOutOfTurn(f"The payment is {payment.state}{' and final' * payment.final}; nothing can fall due.")
    if key in payment.dues or key in payment.captures or not 0 <= amount <= payment.remainder:
        raise ValueError(f"due {key} of {amount} does not fit: {payment.remainder} remain")
    dues = {**payment.dues, key: amount} if amount else payment.dues
    return _next(payment, dues=dues, final=final)


def capture(payment: Payment, key: str, reference: str) -> Payment:
    """The due under `key` was captured. Captured before is no change."""
    if key not in payment.dues:
        return payment
    dues = {name: amount for name, amount in payment.dues.items() if name != key}
    amount = payment.dues[key]
    captures = {**payment.captures, key: Capture(amount, reference)}
    return _next(payment, dues=dues, captured=payment.captured + amount, captures=captures)


def close(payment: Payment, reason: str) -> Payment:
    """It is to be given back whole: from here on nothing is authorised and nothing falls due.

    Recorded before the provider is asked, so that neither a late authorisation nor a shipment can slip in between.
    Raises `PaymentOutOfTurn` when goods have left: what they cost is owed.
    """
    if payment.dues or payment.captures:
        raise PaymentOutOfTurn("Part of the payment is due or captured; it cannot be given back whole.")
    return _next(payment, final=True, reason=reason)


def void(payment: Payment) -> Payment:
    """What is left was given back; a payment not yet decided can never be authorised. Raises `PaymentOutOfTurn` before
    it is known that nothing more falls due."""
    if not payment.final or payment.dues:
        raise PaymentOutOfTurn("More may be captured of this payment.")
    status = payment.status if payment.captured else PaymentStatus.VOID
    return _next(payment, status=status, voided=payment.voided + payment.remainder)


def _undecided(payment: Payment) -> None:
    if payment.decided:
        raise PaymentOutOfTurn(f"The payment is {payment.status}.")


def _next(payment: Payment, **changes: object) -> Payment:
    return replace(payment, **changes, version=payment.version + 1)  # type: ignore[arg-type]
