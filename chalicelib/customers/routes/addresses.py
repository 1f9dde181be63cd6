"""Addresses."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import Stale
from chalicelib.core.idempotency import Answer
from chalicelib.customers import service
from chalicelib.customers.domain import AddressBook, CustomerGone, KeptAddress, TooManyAddresses
from chalicelib.customers.routes.common import READ, me, routes
from chalicelib.customers.schemas import AddressBookView, PutAddress


@routes.endpoint("GET", "/v1/me/addresses", summary="Read your addresses", answers={200: AddressBookView})
def read_my_addresses() -> Response:
    """All of them, twenty at most, with the version that changes need."""
    return _addresses(service.read_addresses(me(), http.caller()))


@routes.endpoint(
    "POST",
    "/v1/me/addresses",
    summary="Add an address",
    body=PutAddress,
    answers={201: AddressBookView},
    idempotent=True,
    raises=[TooManyAddresses, CustomerGone, Stale],
)
def add_my_address() -> Response:
    """The first one is the default for shipping and billing. `Location` names the new one."""
    request = http.body(PutAddress).as_request()

    def created(book: AddressBook, address: KeptAddress) -> Answer:
        location = f"/v1/me/addresses/{address.id}"
        return http.answer(201, AddressBookView.of(book), version=book.version, location=location)

    return http.once(lambda once: service.add_address(me(), request, by=http.caller(), once=once, answer=created))


@routes.endpoint(
    "PUT",
    "/v1/me/addresses/{address_id}",
    summary="Replace an address",
    body=PutAddress,
    answers={200: AddressBookView},
    versioned=True,
    raises=[Stale, CustomerGone],
)
def replace_my_address(address_id: str) -> Response:
    """If-Match holds the version of all addresses."""
    request = http.body(PutAddress).as_request()
    book = service.replace_address(
        me(), address_id, request, expected_version=http.expected_version(), by=http.caller()
    )
    return _addresses(book)


@routes.endpoint(
    "DELETE",
    "/v1/me/addresses/{address_id}",
    summary="Remove an address",
    answers={200: AddressBookView},
    versioned=True,
    raises=[Stale, CustomerGone],
)
def remove_my_address(address_id: str) -> Response:
    """If-Match holds the version of all addresses. If it was a default there is none then."""
    return _addresses(
        service.remove_address(me(), address_id, expected_version=http.expected_version(), by=http.caller())
    )


@routes.endpoint(
    "GET",
    "/v1/customers/{customer_id}/addresses",
    summary="Read a customer's addresses",
    answers={200: AddressBookView},
    scopes=READ,
)
def read_addresses(customer_id: str) -> Response:
    """For staff."""
    return _addresses(service.read_addresses(customer_id, http.caller()))


def _addresses(book: AddressBook) -> Response:
    return http.ok(AddressBookView.of(book), version=book.version)
