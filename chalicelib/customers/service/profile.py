"""Profiles: made at first use, or by staff; changed, read, and found by what a caller at the counter says."""

from collections.abc import Callable, Mapping

from chalicelib.core import clock
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Conflict, Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.ids import new_id
from chalicelib.core.paging import Page, page_of
from chalicelib.core.table import Transaction
from chalicelib.customers import events, store
from chalicelib.customers.domain import Customer, Means, profile
from chalicelib.customers.service.access import READ, WRITE, check_concerned, must_find, own_id

Fields = Mapping[str, str | None]
"""Of a profile: name, email and phone in normal form (core.contacts), language. None clears a field."""


def enter(by: Principal) -> Customer:
    """The profile of a signed-in user, made when there is none. Two at once make one."""
    customer_id = own_id(by)
    customer = store.get_customer(customer_id)
    if customer is not None:
        return customer
    customer = Customer(customer_id, clock.rfc3339(clock.now()))
    tx = Transaction()
    store.add_customer(tx, customer)
    events.customer_created(tx, customer, by)
    try:
        tx.commit()
    except Conflict:
        return must_find(customer_id)
    return customer


def create_customer(
    fields: Fields, *, by: Principal, once: Idempotency, answer: Callable[[Customer], Answer]
) -> Answer:
    """Enter somebody who has no account, e.g. who orders by phone. Their contacts are not proven, so others may have the same."""
    by.require(Role.ASSOCIATE, Role.ADMIN, scope=WRITE)
    customer = Customer(new_id("cus"), clock.rfc3339(clock.now()), **fields)  # type: ignore[arg-type]
    tx = Transaction()
    store.add_customer(tx, customer)
    events.customer_created(tx, customer, by)
    final = answer(customer)
    once.record(tx, final)
    tx.commit()
    return final


def change_profile(customer_id: str, fields: Fields, *, expected_version: int, by: Principal) -> Customer:
    """Change some fields. A contact that was proven and is another now is free for others and has to be proven anew.

    Raises `NotFound`, `CustomerGone`, and `Stale` unless the profile is at `expected_version`.
    """
    check_concerned(customer_id, by, WRITE)
    before = must_find(customer_id)
    if before.version != expected_version:
        raise Stale(f"The profile is at version {before.version}.", version=before.version)
    after = profile.change(before, fields)
    tx = Transaction()
    store.change_customer(tx, after)
    for means in before.verified - after.verified:
        release(tx, before, means)
    events.customer_changed(tx, after, fields, by)
    tx.commit()
    return after


def release(tx: Transaction, customer: Customer, means: Means) -> None:
    """Let others prove that this contact is theirs."""
    contact = customer.proven(means)
    if contact is not None:
        store.release_contact(tx, means, contact, customer.id)


def read_customer(customer_id: str, by: Principal) -> Customer:
    """A customer, for themself and for staff. Raises `NotFound`."""
    check_concerned(customer_id, by, READ)
    return must_find(customer_id)


def find_customers(means: Means, contact: str, limit: int, cursor: str | None, by: Principal) -> Page[Customer]:
    """Who gave this address or number (in normal form), proven or not, for staff."""
    by.require(Role.ASSOCIATE, Role.ADMIN, scope=READ)
    ids = page_of(
        f"customers by {means} {contact}",
        limit,
        cursor,
        lambda after, count: store.find_by_contact(means, contact, after, count),
        str,
    )
    # The index may be behind: who has another contact by now is left out.
    found = [customer for customer in map(store.get_customer, ids.items) if customer is not None]
    wanted = store.contact_hash(means, contact)
    return Page([one for one in found if store.contact_hash(means, one.contact(means)) == wanted], ids.next_cursor)
