"""The port to payment providers, and the sandbox.

Every call carries an idempotency key, and every answer is explicit: `Approved`, `Declined`, or `Unknown`, which is resolved by
asking (`look_up`), never by trying under another key.
"""

from dataclasses import dataclass
from typing import Protocol

from chalicelib.core.money import Money
from chalicelib.core.settings import settings
from chalicelib.payments import store


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
    """The provider knows nothing of this key: it was never asked, so asking now under the same key is safe."""


Answer = Approved | Declined | Unknown


class PaymentGateway(Protocol):
    """What Aisle needs of a payment provider. Amounts are minor units."""

    def authorise(self, key: str, amount: Money, token: str | None) -> Answer:
        """Hold `amount` on the payment method."""

    def capture(self, key: str, reference: str, amount: Money) -> Answer:
        """Take part of what is held."""

    def void(self, key: str, reference: str, amount: Money) -> Answer:
        """Give back what is held and not taken."""

    def refund(self, key: str, reference: str, amount: Money) -> Answer:
        """Give back part of what was taken."""

    def look_up(self, key: str) -> Answer | NotFound:
        """What became of the call with this key."""


def gateway() -> PaymentGateway:
    """The provider that this stage is set to."""
    adapters: dict[str, type[PaymentGateway]] = {"sandbox": SandboxGateway}
    return adapters[settings().payment_gateway]()


class SandboxGateway:
    """A provider with books of its own and tokens that behave (docs/payments.md).

    A key acts once however often it is sent. The token travels in the authorisation's reference, so later calls know how
    to behave.
    """

    def authorise(self, key: str, amount: Money, token: str | None) -> Answer:
        token = token or "none"
        if token == "tok_timeout_lost" and store.sandbox_look_up(f"{key}:attempts") == 1:
            return Unknown("the request was lost")
        known = store.sandbox_find(key)
        if known is not None:
            return _answer(known) if token != "tok_duplicate" else Unknown("duplicate request")
        verdict = _verdict(token)
        document: dict[str, object] = {"amount": amount.amount, "currency": amount.currency, "token": token, **verdict}
        if "reference" in verdict:
            document["reference"] = f"sbx:{token}:{key}"
        recorded = store.sandbox_record(key, document)
        if token in ("tok_timeout", "tok_timeout_declined", "tok_late", "tok_duplicate"):
            return Unknown("the answer was lost")
        return _answer(recorded)

    def capture(self, key: str, reference: str, amount: Money) -> Answer:
        return self._once(key, reference, amount, refused_by="tok_capture_fails")

    def void(self, key: str, reference: str, amount: Money) -> Answer:
        return self._once(key, reference, amount, refused_by="tok_void_fails")

    def refund(self, key: str, reference: str, amount: Money) -> Answer:
        return self._once(key, reference, amount, refused_by="tok_refund_fails")

    def look_up(self, key: str) -> Answer | NotFound:
        known = store.sandbox_find(key)
        if known is None:
            return NotFound()
        if known["token"] == "tok_late" and store.sandbox_look_up(f"{key}:look-ups") < _LATE_LOOK_UPS:
            return Unknown("not settled yet")
        return _answer(known)

    def _once(self, key: str, reference: str, amount: Money, *, refused_by: str) -> Answer:
        token = reference.split(":")[1]
        verdict = {"declined": "sandbox_refuses"} if token == refused_by else {"reference": f"sbx:{token}:{key}"}
        document = {"amount": amount.amount, "currency": amount.currency, "token": token, **verdict}
        return _answer(store.sandbox_record(key, document))


_LATE_LOOK_UPS = 2
_APPROVED = {
    "tok_approve",
    "tok_timeout",
    "tok_timeout_lost",
    "tok_late",
    "tok_duplicate",
    "tok_capture_fails",
    "tok_void_fails",
    "tok_refund_fails",
}
_DECLINED = {
    "tok_decline_insufficient_funds": "insufficient_funds",
    "tok_decline_stolen_card": "stolen_card",
    "tok_decline_expired_card": "expired_card",
    "tok_timeout_declined": "do_not_honour",
}


def _verdict(token: str) -> dict[str, str]:
    if token in _APPROVED:
        return {"reference": token}
    return {"declined": _DECLINED.get(token, "invalid_token")}


def _answer(recorded: dict[str, object]) -> Answer:
    if "declined" in recorded:
        return Declined(str(recorded["declined"]))
    return Approved(str(recorded["reference"]))
