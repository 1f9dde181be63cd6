"""What customers agreed to hear."""

from collections.abc import Sequence
from hmac import compare_digest

from chalicelib.core import clock, contacts
from chalicelib.core.auth import Principal, system
from chalicelib.core.errors import NotFound, Stale
from chalicelib.core.ids import new_ulid
from chalicelib.core.paging import Page, page_of
from chalicelib.core.table import Transaction
from chalicelib.customers import events, store
from chalicelib.customers.domain import (
    Consent,
    ConsentChange,
    ConsentChannel,
    Consents,
    CustomerState,
    Purpose,
    consents,
)
from chalicelib.customers.service.access import READ, WRITE, check_concerned, must_find

_ATTEMPTS = 4
_UNSUBSCRIBE = "unsubscribe"


def may_tell(customer_id: str | None, purpose: Purpose, channel: ConsentChannel) -> bool:
    """Whether a customer, None for a guest, may be told something on a channel. For those who act for the system.

    Order updates may be told unless they opted out; everything else needs a yes. Who asked to be forgotten is told nothing.
    """
    return channel in channels_for(customer_id, purpose)


def channels_for(customer_id: str | None, purpose: Purpose) -> frozenset[ConsentChannel]:
    """All channels on which `may_tell` says yes."""
    if customer_id is None:
        return frozenset(ConsentChannel) if purpose is Purpose.ORDER_UPDATES else frozenset()
    customer, said = store.get_standing(customer_id)
    if customer is not None and customer.state is not CustomerState.ACTIVE:
        return frozenset()
    return frozenset(channel for channel in ConsentChannel if said.allows(purpose, channel))


def read_consents(customer_id: str, by: Principal) -> Consents:
    """The last words, for the customer and for staff. Raises `NotFound`."""
    check_concerned(customer_id, by, READ)
    must_find(customer_id)
    return store.get_consents(customer_id)


def consent_history(customer_id: str, limit: int, cursor: str | None, by: Principal) -> Page[Consent]:
    """Everything that was said, oldest first, for the customer and for staff. Raises `NotFound`."""
    check_concerned(customer_id, by, READ)
    must_find(customer_id)
    return page_of(
        f"consents of {customer_id}",
        limit,
        cursor,
        lambda after, count: store.consent_entries(customer_id, after, count),
        lambda entry: entry.id,
    )


def change_consents(
    customer_id: str,
    changes: Sequence[ConsentChange],
    *,
    source: str,
    wording: str | None,
    expected_version: int,
    by: Principal,
) -> Consents:
    """Record what a customer says: `source` is where they said it, `wording` the version of the words they said it to.

    Raises `NotFound`, `CustomerGone`, `Stale` unless the consents are at `expected_version`.
    """
    check_concerned(customer_id, by, WRITE)
    before = store.get_consents(customer_id)
    if before.version != expected_version:
        raise Stale(f"The consents are at version {before.version}.", version=before.version)
    return _record(before, changes, source, wording, by)


def _record(
    before: Consents, changes: Sequence[ConsentChange], source: str, wording: str | None, by: Principal
) -> Consents:
    at = clock.rfc3339(clock.now())
    entries = [
        Consent(new_ulid(), change.purpose, change.channel, change.granted, at, source, wording) for change in changes
    ]
    after = consents.record(before, entries)
    tx = Transaction()
    store.check_is_active(tx, before.customer_id)
    store.change_consents(tx, after)
    store.add_consents(tx, before.customer_id, entries)
    events.consent_changed(tx, after, entries, by)
    tx.commit()
    return after


# ---- the link in a message ----------------------------------------------------------------------------------------------


def unsubscribe_token(customer_id: str, purpose: Purpose, channel: ConsentChannel) -> str:
    """What the link in a message holds: whom it was sent to and for what, and a MAC. It is good for one thing, for ever."""
    says = f"{purpose}.{channel}.{customer_id}"
    return f"{contacts.mac(_UNSUBSCRIBE, says)}.{says}"


def unsubscribe(token: str) -> None:
    """Withdraw the consent that a link names; again, nothing. Raises `NotFound` for a token that is not ours, `Stale` when the
    consents kept changing."""
    mac, _, says = token.partition(".")
    if not compare_digest(mac.encode(), contacts.mac(_UNSUBSCRIBE, says).encode()):
        raise NotFound("This link is not one of ours.")
    purpose, channel, customer_id = says.split(".", 2)
    change = ConsentChange(Purpose(purpose), ConsentChannel(channel), granted=False)
    for _ in range(_ATTEMPTS):
        before = store.get_consents(customer_id)
        if not before.allows(change.purpose, change.channel):
            return
        try:
            _record(before, [change], "unsubscribe-link", None, system(_UNSUBSCRIBE))
        except Stale:
            continue
        return
    raise Stale("The consents kept changing.")
