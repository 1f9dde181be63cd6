"""A payment: pure transitions whose amounts never cross. 0 ≤ captured + voided ≤ authorised ≤ amount."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from chalicelib.core.errors import Conflict


class PaymentStatus(StrEnum):
    """`unknown`: the provider was asked and its answer is missing. `void`: nothing may be authorised any more."""

    PENDING = "pending"
    NOT_REQUIRED = "not_required"
    AUTHORISED = "authorised"
    DECLINED = "declined"
    UNKNOWN = "unknown"
    VOID = "void"


class PaymentOutOfTurn(Conflict):
    code = "payment_out_of_turn"
    title = "The payment is not in a state for this"


@dataclass(frozen=True, slots=True)
class Payment:
    """The payment of an order. Amounts are minor units of `currency`.

    `dues` is what is to be captured, by the fulfilment that made it due; `captures` what was. When `final`, nothing more
    falls due, and what is left of the authorisation can be given back.
    """

    order_id: str
    currency: str
    amount: int
    status: PaymentStatus
    authorised: int = 0
    captured: int = 0
    voided: int = 0
    reference: str | None = None
    reason: str | None = None
    dues: Mapping[str, int] = field(default_factory=dict)
    captures: Mapping[str, int] = field(default_factory=dict)
    final: bool = False
    version: int = 1

    @property
    def remainder(self) -> int:
        """What is authorised and neither captured, nor due, nor given back."""
        return self.authorised - self.captured - self.voided - sum(self.dues.values())


def authorise(payment: Payment, reference: str) -> Payment:
    """The provider holds the whole amount. Raises `PaymentOutOfTurn` when it was decided otherwise before."""
    _undecided(payment)
    return _next(payment, status=PaymentStatus.AUTHORISED, authorised=payment.amount, reference=reference, reason=None)


def decline(payment: Payment, reason: str) -> Payment:
    """The provider refused."""
    _undecided(payment)
    return _next(payment, status=PaymentStatus.DECLINED, reason=reason)


def leave_unknown(payment: Payment) -> Payment:
    """The provider was asked; whether it acted is not known."""
    _undecided(payment)
    return _next(payment, status=PaymentStatus.UNKNOWN)


def add_due(payment: Payment, key: str, amount: int, *, final: bool) -> Payment:
    """So much more is to be captured, under a key of its own. Raises ValueError beyond what is authorised."""
    if payment.status not in (PaymentStatus.AUTHORISED, PaymentStatus.NOT_REQUIRED):
        raise PaymentOutOfTurn(f"The payment is {payment.status}; nothing can fall due.")
    if key in payment.dues or key in payment.captures or not 0 <= amount <= payment.remainder:
        raise ValueError(f"due {key} of {amount} does not fit: {payment.remainder} remain")
    dues = {**payment.dues, key: amount} if amount else payment.dues
    return _next(payment, dues=dues, final=payment.final or final)


def capture(payment: Payment, key: str) -> Payment:
    """The due under `key` was captured. Captured before is no change."""
    if key not in payment.dues:
        return payment
    dues = {name: amount for name, amount in payment.dues.items() if name != key}
    amount = payment.dues[key]
    return _next(payment, dues=dues, captured=payment.captured + amount, captures={**payment.captures, key: amount})


def void(payment: Payment, reason: str) -> Payment:
    """What was authorised and is not captured or due is given back; a payment not yet decided can never be authorised."""
    status = payment.status
    if status in (PaymentStatus.PENDING, PaymentStatus.UNKNOWN) or not payment.captured + sum(payment.dues.values()):
        status = PaymentStatus.VOID
    return _next(payment, status=status, voided=payment.voided + payment.remainder, reason=reason)


def _undecided(payment: Payment) -> None:
    if payment.status not in (PaymentStatus.PENDING, PaymentStatus.UNKNOWN):
        raise PaymentOutOfTurn(f"The payment is {payment.status}.")


def _next(payment: Payment, **changes: object) -> Payment:
    return replace(payment, **changes, version=payment.version + 1)  # type: ignore[arg-type]
