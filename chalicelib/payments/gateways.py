"""The port to payment providers, and the sandbox.

Every call carries an idempotency key, and every answer is explicit: `Approved`, `Declined`, or `Unknown`, which is resolved by
asking (`look_up`), never by trying under another key.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, Protocol, TypeVar

from chalicelib.core.errors import Contended, Unavailable
from chalicelib.core.money import Money
from chalicelib.core.settings import settings
from chalicelib.payments import store
from chalicelib.payments.store import Operation


@dataclass(frozen=True, slots=True)
class Approved:
    """The provider acted; `reference` is its name for it."""

    reference: str


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

    def look_up(self, key: str) -> Answer | NotFound:
        """What became of the call with this key."""

    def forestall(self, key: str) -> Answer | NotFound:
        """What became of the call with this key; if it was not seen (`NotFound`), it is refused should it still arrive."""


def gateway(name: str | None = None) -> PaymentGateway:
    """The provider of that name; without one, what this stage is set to."""
    adapters: dict[str, type[PaymentGateway]] = {"sandbox": SandboxGateway}
    return adapters[name or settings().payment_gateway]()


_P = ParamSpec("_P")
_R = TypeVar("_R")


def _answering(call: Callable[_P, _R]) -> Callable[_P, _R | Unknown]:
    """A provider that cannot be reached may have acted: that is an answer too."""

    @wraps(call)
    def answered(*args: _P.args, **kwargs: _P.kwargs) -> _R | Unknown:
        try:
            return call(*args, **kwargs)
        except (Unavailable, Contended) as error:
            return Unknown(error.detail)

    return answered


class SandboxGateway:
    """A provider with books of its own and tokens that behave (docs/payments.md).

    It holds Aisle to the rules as a real one would: a key acts once, no more is taken than is held, nothing after a void.
    """

    @_answering
    def authorise(self, key: str, amount: Money, token: str) -> Answer:
        """Hold `amount`, or do what the token says."""
        if token == "tok_timeout_lost" and store.sandbox_calls(key) == 1:
            return Unknown("the request was lost")
        declined = None if token in _APPROVED else _DECLINED.get(token, "invalid_token")
        seen = store.sandbox_act(Operation(key, amount.amount, amount.currency, token, declined))
        if seen is not None:
            return Unknown("duplicate request") if token == _DUPLICATE and not seen.barred else _answer(seen)
        return Unknown("the answer was lost") if token in _ANSWER_LOST else _verdict(key, declined)

    @_answering
    def capture(self, key: str, authorisation: str, amount: Money) -> Answer:
        """Take `amount`; more than is left is declined."""
        return _draw(key, authorisation, amount.amount, refused_by="tok_capture_fails", lost_by="tok_capture_timeout")

    @_answering
    def void(self, key: str, authorisation: str) -> Answer:
        """Give back what is left."""
        return _draw(key, authorisation, None, refused_by="tok_void_fails", lost_by="tok_void_timeout")

    @_answering
    def refund(self, key: str, capture: str, amount: Money) -> Answer:
        """Give back `amount` of a capture; more than was taken is declined."""
        return _draw(key, capture, amount.amount, refused_by="tok_refund_fails", lost_by="tok_refund_timeout")

    @_answering
    def look_up(self, key: str) -> Answer | NotFound:
        """What the books say of this key."""
        return _found(key, store.sandbox_find(key))

    @_answering
    def forestall(self, key: str) -> Answer | NotFound:
        """The same, and a closed door if they say nothing."""
        return _found(key, store.sandbox_bar(key))


def _draw(key: str, source: str, amount: int | None, *, refused_by: str, lost_by: str) -> Answer:
    """Take `amount` (None: all) from what the operation behind the reference `source` has left."""
    held = store.sandbox_find(source.removeprefix(_REFERENCE))
    if held is None or held.declined:
        return Declined("unknown_reference")
    if held.token == refused_by:
        return Declined("refused_by_provider")
    taken = held.remaining if amount is None else amount
    try:
        seen = store.sandbox_act(Operation(key, taken, held.currency, held.token), drawn_from=held)
    except store.TooLittleLeft:
        return Declined("exceeds_what_is_left") if amount is not None else Unknown("captured in between")
    if seen is not None:
        return _answer(seen)
    return Unknown("the answer was lost") if held.token == lost_by else Approved(_REFERENCE + key)


def _found(key: str, seen: Operation | None) -> Answer | NotFound:
    if seen is None or seen.barred:
        return NotFound()
    if seen.token == _LATE and store.sandbox_look_ups(key) < LATE_LOOK_UPS:
        return Unknown("not settled yet")
    return _answer(seen)


def _answer(seen: Operation) -> Answer:
    return _verdict(seen.key, "cancelled" if seen.barred else seen.declined)


def _verdict(key: str, declined: str | None) -> Answer:
    return Declined(declined) if declined else Approved(_REFERENCE + key)


LATE_LOOK_UPS = 2
"""The look-up that first finds what `tok_late` authorised."""
_REFERENCE = "sbx:"
_DUPLICATE = "tok_duplicate"
_LATE = "tok_late"
_ANSWER_LOST = {"tok_timeout", "tok_timeout_declined", _LATE, _DUPLICATE}
_APPROVED = {
    "tok_approve",
    "tok_timeout",
    "tok_timeout_lost",
    _LATE,
    _DUPLICATE,
    "tok_capture_fails",
    "tok_capture_timeout",
    "tok_void_fails",
    "tok_void_timeout",
    "tok_refund_fails",
    "tok_refund_timeout",
}
_DECLINED = {
    "tok_decline_insufficient_funds": "insufficient_funds",
    "tok_decline_stolen_card": "stolen_card",
    "tok_decline_expired_card": "expired_card",
    "tok_timeout_declined": "do_not_honour",
}
