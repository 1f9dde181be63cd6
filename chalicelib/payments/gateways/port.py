"""The port to whoever holds money: a payment provider, or our own stored value.

Every call carries an idempotency key, and every answer is explicit: `Approved`, `Declined`, or `Unknown`, which is resolved by
asking (`look_up`), never by trying under another key.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import ParamSpec, Protocol, TypeVar

from chalicelib.core.errors import Contended, Unavailable
from chalicelib.core.money import Money


@dataclass(frozen=True, slots=True)
class Approved:
    """The provider acted; `reference` is its name for it. `once`: of this authorisation it captures a single time, and
    gives back the rest with that."""

    reference: str
    once: bool = False


@dataclass(frozen=True, slots=True)
class Declined:
    """The provider refused."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer, or not yet."""

    why: str


@dataclass(frozen=True, slots=True)
class NotFound:
    """The provider did nothing under this key, so asking now under the same key is safe."""


Answer = Approved | Declined | Unknown


class Verb(StrEnum):
    """What is asked of a provider."""

    AUTHORISE = "authorise"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Call:
    """A call to a provider. The same key stands for the same intent, whoever makes the call and however often.

    `on` is the token of the means of payment to authorise, the authorisation to capture or void, the capture to refund.
    `amount` of a void is what is left to give back.
    """

    verb: Verb
    key: str
    amount: Money
    on: str


class PaymentGateway(Protocol):
    """What Aisle needs of a payment provider. Amounts are minor units; the same key acts at most once."""

    def authorise(self, key: str, amount: Money, token: str) -> Answer:
        """Hold `amount` on the payment method."""

    def capture(self, key: str, authorisation: str, amount: Money) -> Answer:
        """Take part of what is held."""

    def void(self, key: str, authorisation: str) -> Answer:
        """Give back all that is held and not taken."""

    def refund(self, key: str, capture: str, amount: Money) -> Answer:
        """Give back part of what was taken."""

    def look_up(self, call: Call) -> Answer | NotFound:
        """What became of this call."""

    def forestall(self, call: Call) -> Answer | NotFound:
        """What became of this authorisation; if it was not seen (`NotFound`), it is refused should it still arrive."""


def make(call: Call, gateway: PaymentGateway) -> Answer:
    """Make the call. Made again, it does nothing more."""
    if call.verb is Verb.AUTHORISE:
        return gateway.authorise(call.key, call.amount, call.on)
    if call.verb is Verb.CAPTURE:
        return gateway.capture(call.key, call.on, call.amount)
    if call.verb is Verb.VOID:
        return gateway.void(call.key, call.on)
    return gateway.refund(call.key, call.on, call.amount)


_P = ParamSpec("_P")
_R = TypeVar("_R")


def answering(call: Callable[_P, _R]) -> Callable[_P, _R | Unknown]:
    """A provider that cannot be reached may have acted: that is an answer too."""

    @wraps(call)
    def answered(*args: _P.args, **kwargs: _P.kwargs) -> _R | Unknown:
        try:
            return call(*args, **kwargs)
        except (Unavailable, Contended) as error:
            return Unknown(error.detail)

    return answered
