"""Prove that an address or number is one's own, by a code that is sent to it."""

from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest

from chalicelib.core import clock, contacts
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended, Stale
from chalicelib.core.idempotency import Answer, Idempotency, Replay
from chalicelib.core.ids import new_ulid
from chalicelib.core.table import Transaction
from chalicelib.customers import events, store
from chalicelib.customers.domain import (
    Customer,
    CustomerState,
    Means,
    NothingToVerify,
    Verification,
    profile,
    verification,
)
from chalicelib.customers.service.access import must_find, own_id

_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class Code:
    """A code, and where to send it."""

    digits: str
    means: Means
    to: str
    name: str | None
    language: str


def request_verification(
    means: Means, *, by: Principal, once: Idempotency, answer: Callable[[Verification], Answer]
) -> Answer:
    """Have a code sent to the address or number of one's own profile; earlier codes are of no use then.

    Whether somebody else has proven the same to be theirs makes no difference here. Raises `NothingToVerify` when the profile
    has none or it is proven, `TooManyRequests`, `CustomerGone`.
    """
    customer = must_find(own_id(by))
    profile.check_active(customer)
    target = store.contact_hash(means, customer.contact(means))
    if target is None or customer.proven(means):
        raise NothingToVerify(f"The {means} is missing, or was proven before.")
    before = store.get_verification(customer.id, means)
    begun = verification.begin(before, customer.id, means, new_ulid(), target, clock.now())
    final = answer(begun)
    tx = Transaction()
    store.check_is_active(tx, customer.id)
    store.put_verification(tx, begun)
    events.verification_requested(tx, begun, by)
    once.record(tx, final)
    tx.commit()
    return final


def code_of(customer_id: str, verification_id: str, means: Means) -> Code | None:
    """The code to send, for whoever sends it; always the same for one verification. None when it is of no use any more: another
    was asked for, it has expired, or the contact was changed."""
    customer = store.get_customer(customer_id)
    begun = store.get_verification(customer_id, means)
    if customer is None or customer.state is not CustomerState.ACTIVE or begun is None:
        return None
    to = customer.contact(means)
    usable = begun.id == verification_id and begun.is_open(clock.now())
    if not usable or to is None or store.contact_hash(means, to) != begun.target:
        return None
    return Code(_digits(begun), means, to, customer.name, customer.language)


def confirm_verification(
    means: Means, digits: str, *, by: Principal, once: Idempotency, answer: Callable[[Customer], Answer]
) -> Answer:
    """Send a code back. The contact is proven then, and nobody else's.

    A try counts whatever comes of it, so it is a write of its own before the code is looked at. Raises `CodeRefused` for each
    code that does not do, `ContactTaken` when somebody else has proven before that it is theirs, `CustomerGone`.
    """
    earlier = once.earlier()
    if earlier is not None:
        raise Replay(earlier)
    customer_id = own_id(by)
    tried = _count_attempt(customer_id, means)
    if not compare_digest(digits.encode(), _digits(tried).encode()):
        raise verification.refused()
    before = must_find(customer_id)
    profile.check_active(before)
    contact = before.contact(means)
    if contact is None or store.contact_hash(means, contact) != tried.target:
        raise verification.refused()
    after = profile.verify(before, means)
    final = answer(after)
    tx = Transaction()
    store.change_customer(tx, after)
    store.take_contact(tx, means, contact, customer_id)
    store.put_verification(tx, verification.used_up(tried))
    events.customer_changed(tx, after, ["verified"], by)
    once.record(tx, final)
    try:
        tx.commit()
    except Stale as error:
        raise Contended("The profile was changed at the same moment; try again.") from error
    return final


def _count_attempt(customer_id: str, means: Means) -> Verification:
    for _ in range(_ATTEMPTS):
        begun = store.get_verification(customer_id, means)
        if begun is None:
            raise verification.refused()
        tried = verification.attempt(begun, clock.now())
        tx = Transaction()
        store.put_verification(tx, tried)
        try:
            tx.commit()
        except Contended:
            continue
        return tried
    raise Contended("Several codes were tried at the same moment.")


def _digits(begun: Verification) -> str:
    return verification.code_from(contacts.mac("verification code", begun.id))
