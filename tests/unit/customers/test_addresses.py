"""Addresses: bounded, under one version, at most one default of a kind."""

from threading import Thread

import pytest

from chalicelib.core.errors import NotFound, Stale
from chalicelib.core.idempotency import Answer, Replay, no_answer
from chalicelib.customers import service
from chalicelib.customers.domain import MAX_ADDRESSES, AddressBook, CustomerGone, TooManyAddresses
from chalicelib.customers.service import AddressRequest
from tests.conftest import ASSOCIATE
from tests.unit.customers.builders import ADDRESS, a_key, a_shopper, has_profile, told

pytestmark = pytest.mark.usefixtures("table")
ADA = a_shopper()


def an_address(city: str = "London", *, shipping: bool = False, billing: bool = False) -> AddressRequest:
    return AddressRequest({**ADDRESS, "city": city}, shipping, billing)


def add(request: AddressRequest, id: str = "usr_ada") -> str:
    """The id of the new address."""
    ids: list[str] = []

    def answer(book: AddressBook, address: object) -> Answer:
        ids.append(book.addresses[-1].id)
        return no_answer()

    service.add_address(id, request, by=a_shopper(id), once=a_key(), answer=answer)
    return ids[-1]


def book() -> AddressBook:
    return service.read_addresses("usr_ada", ADA)


def defaults() -> tuple[str | None, str | None]:
    return book().default_shipping, book().default_billing


def test_the_first_address_is_the_default_for_everything() -> None:
    has_profile()
    assert book() == AddressBook("usr_ada")
    first = add(an_address())
    assert [(one.id, one.fields) for one in book().addresses] == [(first, ADDRESS)]
    assert (defaults(), book().version) == ((first, first), 1)
    assert told()[1:] == [("CustomerChanged", {"fields": ["addresses"]})]


def test_a_default_moves_to_who_asks_for_it() -> None:
    has_profile()
    first = add(an_address())
    second = add(an_address("Leeds", shipping=True))
    assert defaults() == (second, first)
    service.replace_address("usr_ada", second, an_address("York", billing=True), expected_version=2, by=ADA)
    assert defaults() == (None, second)
    assert [one.fields["city"] for one in book().addresses] == ["London", "York"]


def test_a_default_that_is_removed_leaves_none() -> None:
    has_profile()
    first, second = add(an_address()), add(an_address("Leeds", billing=True))
    service.remove_address("usr_ada", second, expected_version=2, by=ADA)
    assert (defaults(), [one.id for one in book().addresses]) == ((first, None), [first])


def test_there_are_twenty_at_most() -> None:
    has_profile()
    ids = [add(an_address(str(number))) for number in range(MAX_ADDRESSES)]
    with pytest.raises(TooManyAddresses):
        add(an_address("one more"))
    service.replace_address("usr_ada", ids[0], an_address("still"), expected_version=MAX_ADDRESSES, by=ADA)
    assert len(book().addresses) == MAX_ADDRESSES


def test_an_address_is_added_once_per_key() -> None:
    has_profile()
    once = a_key()
    for attempt in range(2):
        try:
            service.add_address("usr_ada", an_address(), by=ADA, once=once, answer=lambda *_: no_answer())
            assert attempt == 0
        except Replay:
            assert attempt == 1
    assert len(book().addresses) == 1


def test_addresses_added_at_once_are_all_kept() -> None:
    has_profile()
    threads = [Thread(target=add, args=(an_address(str(number)),)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(str(one.fields["city"]) for one in book().addresses) == ["0", "1", "2"]
    assert book().version == 3


def test_changes_name_the_version_and_the_address() -> None:
    has_profile()
    first = add(an_address())
    with pytest.raises(Stale):
        service.replace_address("usr_ada", first, an_address("Leeds"), expected_version=0, by=ADA)
    with pytest.raises(Stale):
        service.remove_address("usr_ada", first, expected_version=2, by=ADA)
    with pytest.raises(NotFound):
        service.replace_address("usr_ada", "adr_none", an_address(), expected_version=1, by=ADA)
    with pytest.raises(NotFound):
        service.remove_address("usr_ada", "adr_none", expected_version=1, by=ADA)
    assert (book().version, book().addresses[0].fields["city"]) == (1, "London")


def test_addresses_are_for_their_customer_and_for_staff() -> None:
    has_profile()
    add(an_address())
    assert service.read_addresses("usr_ada", ASSOCIATE).version == 1
    eve = a_shopper("usr_eve")
    with pytest.raises(NotFound):
        service.read_addresses("usr_ada", eve)
    with pytest.raises(NotFound):
        service.remove_address("usr_ada", book().addresses[0].id, expected_version=1, by=eve)
    with pytest.raises(NotFound):
        service.add_address("usr_ada", an_address(), by=eve, once=a_key(), answer=lambda *_: no_answer())
    with pytest.raises(NotFound):
        service.read_addresses("usr_nobody", ASSOCIATE)


def test_nothing_is_kept_of_one_who_asked_to_be_forgotten() -> None:
    has_profile()
    first = add(an_address())
    service.request_erasure("usr_ada", expected_version=1, by=ADA)
    assert book() == AddressBook("usr_ada")
    with pytest.raises(CustomerGone):
        add(an_address())
    with pytest.raises((NotFound, Stale)):
        service.replace_address("usr_ada", first, an_address(), expected_version=1, by=ADA)
