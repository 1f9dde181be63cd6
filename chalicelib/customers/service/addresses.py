"""A customer's addresses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chalicelib.core.auth import Principal
from chalicelib.core.errors import Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.ids import new_id
from chalicelib.core.table import Transaction
from chalicelib.customers import events, store
from chalicelib.customers.domain import AddressBook, KeptAddress, addresses
from chalicelib.customers.service.access import READ, WRITE, check_concerned, must_find

_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class AddressRequest:
    """An address as asked for: its fields by name, and what it is to be the default for."""

    fields: Mapping[str, str | None]
    default_shipping: bool
    default_billing: bool


def read_addresses(customer_id: str, by: Principal) -> AddressBook:
    """All addresses, for the customer and for staff. Raises `NotFound`."""
    check_concerned(customer_id, by, READ)
    must_find(customer_id)
    return store.get_book(customer_id)


def add_address(
    customer_id: str,
    request: AddressRequest,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[AddressBook, KeptAddress], Answer],
) -> Answer:
    """Keep one more address. Raises `TooManyAddresses`, `CustomerGone`, `Stale` when others kept changing them."""
    check_concerned(customer_id, by, WRITE)
    address = KeptAddress(new_id("adr"), request.fields)
    for _ in range(_ATTEMPTS):
        book = addresses.put(
            store.get_book(customer_id), address, shipping=request.default_shipping, billing=request.default_billing
        )
        final = answer(book, address)
        tx = _changing(book, by)
        once.record(tx, final)
        try:
            tx.commit()
        except Stale:
            continue
        return final
    raise Stale("The addresses kept changing.")


def replace_address(
    customer_id: str, address_id: str, request: AddressRequest, *, expected_version: int, by: Principal
) -> AddressBook:
    """Put another address under a known id. Raises `NotFound`, `CustomerGone`, `Stale` unless the addresses are at
    `expected_version`."""
    check_concerned(customer_id, by, WRITE)
    before = _at(customer_id, expected_version)
    before.find(address_id)
    address = KeptAddress(address_id, request.fields)
    after = addresses.put(before, address, shipping=request.default_shipping, billing=request.default_billing)
    _changing(after, by).commit()
    return after


def remove_address(customer_id: str, address_id: str, *, expected_version: int, by: Principal) -> AddressBook:
    """Forget an address. Raises `NotFound`, `CustomerGone`, `Stale` unless the addresses are at `expected_version`."""
    check_concerned(customer_id, by, WRITE)
    after = addresses.remove(_at(customer_id, expected_version), address_id)
    _changing(after, by).commit()
    return after


def _at(customer_id: str, expected_version: int) -> AddressBook:
    book = store.get_book(customer_id)
    if book.version != expected_version:
        raise Stale(f"The addresses are at version {book.version}.", version=book.version)
    return book


def _changing(book: AddressBook, by: Principal) -> Transaction:
    tx = Transaction()
    store.check_is_active(tx, book.customer_id)
    store.change_book(tx, book)
    events.addresses_changed(tx, book, by)
    return tx
