"""The sandbox: a provider that lives elsewhere, with books of its own."""

from chalicelib.core.money import Money
from chalicelib.payments import store
from chalicelib.payments.gateways.port import (
    Answer,
    Approved,
    Call,
    Declined,
    NotFound,
    Unknown,
    Verb,
    answering,
)
from chalicelib.payments.store import Operation


class SandboxGateway:
    """A provider with books of its own and tokens that behave (docs/payments.md).

    It holds Aisle to the rules as a real one would: a key acts once, no more is taken than is held, nothing after a void.
    """

    @answering
    def authorise(self, key: str, amount: Money, token: str) -> Answer:
        """Hold `amount`, or do what the token says."""
        if token == "tok_timeout_lost" and store.sandbox_calls(key) == 1:
            return Unknown("the request was lost")
        declined = None if token in _APPROVED else _DECLINED.get(token, "invalid_token")
        asked = Operation(key, Verb.AUTHORISE, amount.amount, amount.currency, token, declined)
        seen = store.sandbox_act(asked)
        if seen is not None:
            return Unknown("duplicate request") if token == _DUPLICATE and not seen.barred else _answer(seen)
        return Unknown("the answer was lost") if token in _ANSWER_LOST else _verdict(key, declined)

    @answering
    def capture(self, key: str, authorisation: str, amount: Money) -> Answer:
        """Take `amount`; more than is left is declined."""
        return _draw(Verb.CAPTURE, key, authorisation, amount)

    @answering
    def void(self, key: str, authorisation: str) -> Answer:
        """Give back what is left."""
        return _draw(Verb.VOID, key, authorisation, None)

    @answering
    def refund(self, key: str, capture: str, amount: Money) -> Answer:
        """Give back `amount` of a capture; more than was taken is declined."""
        return _draw(Verb.REFUND, key, capture, amount)

    @answering
    def look_up(self, call: Call) -> Answer | NotFound:
        """What the books say of this key."""
        return _found(call.key, store.sandbox_find(call.key))

    @answering
    def forestall(self, call: Call) -> Answer | NotFound:
        """The same, and a closed door if they say nothing."""
        return _found(call.key, store.sandbox_bar(call.key))


def _draw(verb: Verb, key: str, source: str, amount: Money | None) -> Answer:
    """Take `amount` (None: all) from what the operation behind the reference `source` has left.

    Captures and voids draw on an authorisation, refunds on a capture, each in its own currency.
    """
    held = store.sandbox_find(source.removeprefix(_REFERENCE))
    if held is None or held.declined or held.kind != (Verb.CAPTURE if verb is Verb.REFUND else Verb.AUTHORISE):
        return Declined("unknown_reference")
    if amount is not None and amount.currency != held.currency:
        return Declined("wrong_currency")
    if held.token == f"tok_{verb}_fails":
        return Declined("refused_by_provider")
    taken = held.remaining if amount is None else amount.amount
    try:
        seen = store.sandbox_act(Operation(key, verb, taken, held.currency, held.token), drawn_from=held)
    except store.TooLittleLeft:
        return Declined("exceeds_what_is_left") if amount is not None else Unknown("captured in between")
    if seen is not None:
        return (
            _answer(seen) if amount in (None, Money(seen.amount, seen.currency)) else Declined("key_of_another_amount")
        )
    return Unknown("the answer was lost") if held.token == f"tok_{verb}_timeout" else Approved(_REFERENCE + key)


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
