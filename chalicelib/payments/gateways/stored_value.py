"""Gift cards and store credit as a payment gateway: what is held is taken off the balance until it is captured or given
back.

The books are ours, so an answer is only missing while the table does not answer.
"""

from chalicelib.core.money import Money
from chalicelib.payments.domain import EntryKind, parts_of
from chalicelib.payments.gateways.port import Answer, Approved, Call, Declined, NotFound, Unknown, Verb, answering
from chalicelib.payments.store import stored_value as books
from chalicelib.payments.store.stored_value import Entry, EntryKnown, Insufficient

_SEPARATOR = "|"


class StoredValueGateway:
    """`token` is an account id, a reference is the account and the key under which something was done with it."""

    @answering
    def authorise(self, key: str, amount: Money, token: str) -> Answer:
        """Take `amount` off the balance, if there is so much and the account is good."""
        entry = Entry(token, key, EntryKind.HOLD, taken=amount.amount)
        if parts_of(token)[1] != amount.currency:
            return _answer(books.settle_key(Entry(token, key, EntryKind.HOLD, declined="wrong_currency")))
        try:
            books.hold(entry)
        except EntryKnown as known:
            return _answer(known.before)
        except Insufficient as error:
            # The refusal is bound to the key: a top-up in between must not turn it into a hold that nobody knows of.
            return _answer(books.settle_key(Entry(token, key, EntryKind.HOLD, declined=error.reason)))
        return _answer(entry)

    @answering
    def capture(self, key: str, authorisation: str, amount: Money) -> Answer:
        """Take `amount` of what is held for good."""
        return _draw(EntryKind.CAPTURE, key, authorisation, amount)

    @answering
    def void(self, key: str, authorisation: str) -> Answer:
        """Give what is held and not captured back to the balance."""
        return _draw(EntryKind.RELEASE, key, authorisation, None)

    @answering
    def refund(self, key: str, capture: str, amount: Money) -> Answer:
        """Give `amount` of a capture back to the balance."""
        return _draw(EntryKind.REFUND, key, capture, amount)

    @answering
    def look_up(self, call: Call) -> Answer | NotFound:
        """What the entries say of this key."""
        seen = books.entry_at(_account_of(call), call.key)
        return NotFound() if seen is None or seen.barred else _answer(seen)

    @answering
    def forestall(self, call: Call) -> Answer | NotFound:
        """The same, and an entry that keeps the key from being used if they say nothing."""
        seen = books.settle_key(Entry(_account_of(call), call.key, None, barred=True))
        return NotFound() if seen.barred else _answer(seen)


def _draw(kind: EntryKind, key: str, reference: str, amount: Money | None) -> Answer:
    account, _, source_key = reference.partition(_SEPARATOR)
    source = books.entry_at(account, source_key)
    wanted = EntryKind.CAPTURE if kind is EntryKind.REFUND else EntryKind.HOLD
    if source is None or source.kind is not wanted or source.declined:
        return Declined("unknown_reference")
    entry = Entry(account, key, kind, taken=source.remaining if amount is None else amount.amount)
    try:
        books.draw(entry, source)
    except EntryKnown as known:
        same = amount is None or known.before.taken == amount.amount
        return _answer(known.before) if same else Declined("key_of_another_amount")
    except Insufficient as error:
        return Declined(error.reason) if amount is not None else Unknown("captured in between")
    return _answer(entry)


def _answer(entry: Entry) -> Answer:
    declined = "cancelled" if entry.barred else entry.declined
    return Declined(declined) if declined else Approved(f"{entry.account}{_SEPARATOR}{entry.key}")


def _account_of(call: Call) -> str:
    return call.on if call.verb is Verb.AUTHORISE else call.on.partition(_SEPARATOR)[0]
