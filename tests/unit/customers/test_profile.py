"""Profiles: made once, changed under their version, found by contact."""

from threading import Thread

import pytest

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Forbidden, NotFound, Stale, Unauthenticated
from chalicelib.core.idempotency import Replay, no_answer
from chalicelib.customers import service
from chalicelib.customers.domain import CodeRefused, Customer, Means
from tests.conftest import ADMIN, ASSOCIATE, SUPPLIER, a_machine
from tests.unit.customers.builders import (
    NOON,
    a_key,
    a_shopper,
    ask_for_code,
    code_for,
    has_profile,
    has_proven,
    send_back,
    the_customer,
    told,
)

pytestmark = pytest.mark.usefixtures("table")
ADA = a_shopper()


def found(means: Means, contact: str, by: Principal = ASSOCIATE) -> list[str]:
    return [one.id for one in service.find_customers(means, contact, 20, None, by).items]


def test_a_profile_is_made_at_first_use_and_once() -> None:
    with clock.at(NOON):
        made = service.enter(ADA)
    assert made == Customer("usr_ada", "2026-01-01T12:00:00.000000Z")
    assert service.enter(ADA) == made
    assert told() == [("CustomerCreated", {})]


def test_two_first_uses_at_once_make_one_profile() -> None:
    made: list[Customer] = []
    threads = [Thread(target=lambda: made.append(service.enter(ADA))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [the_customer()] * 6
    assert told() == [("CustomerCreated", {})]


def test_a_change_says_which_fields_and_not_what_is_in_them() -> None:
    changed = has_profile(name="Ada", email="ada@example.com", phone="+447700900123", language="de-AT")
    assert (changed.name, changed.email, changed.phone, changed.language, changed.version) == (
        "Ada",
        "ada@example.com",
        "+447700900123",
        "de-AT",
        2,
    )
    assert told()[1:] == [("CustomerChanged", {"fields": ["email", "language", "name", "phone"]})]


def test_an_old_version_is_not_changed() -> None:
    has_profile(name="Ada")
    with pytest.raises(Stale):
        service.change_profile("usr_ada", {"name": "Eve"}, expected_version=1, by=ADA)
    assert the_customer().name == "Ada"


def test_of_two_changes_at_once_one_is_stale() -> None:
    has_profile()
    outcomes: list[str] = []

    def change(name: str) -> None:
        try:
            service.change_profile("usr_ada", {"name": name}, expected_version=1, by=ADA)
            outcomes.append("changed")
        except Stale:
            outcomes.append("stale")

    threads = [Thread(target=change, args=(name,)) for name in ("A", "B", "C")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["changed", "stale", "stale"]
    assert the_customer().version == 2


def test_staff_find_customers_by_what_they_gave_in_any_spelling() -> None:
    has_profile("usr_ada", email="Ada@Example.com", phone="+447700900123")
    has_profile("usr_eve", email="ada@example.com")
    assert found(Means.EMAIL, "ADA@example.com") == ["usr_ada", "usr_eve"]
    assert found(Means.PHONE, "+447700900123") == ["usr_ada"]
    service.change_profile("usr_ada", {"email": None, "phone": None}, expected_version=2, by=ADA)
    assert found(Means.EMAIL, "ada@example.com") == ["usr_eve"]
    assert found(Means.PHONE, "+447700900123") == []


def test_what_staff_find_comes_in_pages() -> None:
    for name in "abc":
        has_profile(f"usr_{name}", email="ada@example.com")
    first = service.find_customers(Means.EMAIL, "ada@example.com", 2, None, ADMIN)
    rest = service.find_customers(Means.EMAIL, "ada@example.com", 2, first.next_cursor, ADMIN)
    assert [one.id for one in (*first.items, *rest.items)] == ["usr_a", "usr_b", "usr_c"]
    assert rest.next_cursor is None


def test_a_proven_contact_that_changes_is_proven_no_more_and_free_for_others() -> None:
    ada = has_proven("usr_ada", "ada@example.com")
    changed = service.change_profile("usr_ada", {"email": "new@example.com"}, expected_version=ada.version, by=ADA)
    assert changed.verified == frozenset()
    assert has_proven("usr_eve", "ada@example.com").verified == {Means.EMAIL}


def test_a_proven_contact_stays_proven_while_other_fields_change() -> None:
    ada = has_proven()
    changed = service.change_profile(
        "usr_ada", {"name": "A.", "phone": "+447700900123"}, expected_version=ada.version, by=ADA
    )
    assert changed.verified == {Means.EMAIL}


def test_staff_enter_customers_once_per_key() -> None:
    once = a_key()
    fields = {"name": "Grace", "email": None, "phone": "+447700900123", "language": "en"}
    made: list[Customer] = []

    def answer(customer: Customer):
        made.append(customer)
        return no_answer()

    service.create_customer(fields, by=a_machine("customers.write"), once=once, answer=answer)
    with pytest.raises(Replay):
        service.create_customer(fields, by=a_machine("customers.write"), once=once, answer=answer)
    assert made[0].id.startswith("cus_")
    assert found(Means.PHONE, "+447700900123") == [made[0].id]


def test_the_id_of_a_customer_that_staff_entered_has_no_owner_and_its_contacts_are_not_proven() -> None:
    service.create_customer(
        {"name": "Grace", "email": "ada@example.com", "phone": None, "language": "en"},
        by=ASSOCIATE,
        once=a_key(),
        answer=lambda _: no_answer(),
    )
    assert has_proven("usr_ada", "ada@example.com").verified == {Means.EMAIL}


def test_a_profile_is_for_its_customer_and_for_staff() -> None:
    has_profile(name="Ada")
    assert service.read_customer("usr_ada", ADA).name == "Ada"
    assert service.read_customer("usr_ada", ASSOCIATE).name == "Ada"
    assert service.read_customer("usr_ada", a_machine("customers.read")).name == "Ada"
    eve = a_shopper("usr_eve")
    for attempt in (
        lambda: service.read_customer("usr_ada", eve),
        lambda: service.change_profile("usr_ada", {"name": "E"}, expected_version=2, by=eve),
        lambda: service.change_profile("usr_nobody", {"name": "E"}, expected_version=1, by=ASSOCIATE),
    ):
        with pytest.raises(NotFound):
            attempt()
    for attempt in (
        lambda: service.read_customer("usr_ada", SUPPLIER),
        lambda: service.read_customer("usr_ada", a_machine("customers.write")),
        lambda: service.change_profile("usr_ada", {}, expected_version=2, by=a_machine("customers.read")),
        lambda: service.find_customers(Means.EMAIL, "ada@example.com", 20, None, ADA),
        lambda: service.create_customer({}, by=ADA, once=a_key(), answer=lambda _: no_answer()),
        lambda: service.enter(a_machine("customers.write")),
        lambda: service.enter(SUPPLIER),
        lambda: service.enter(Principal("system", "x")),
    ):
        with pytest.raises(Forbidden):
            attempt()
    with pytest.raises(Unauthenticated):
        service.enter(Principal("nobody", "-"))


def test_a_machine_cannot_pass_for_a_customer_of_its_id() -> None:
    has_profile("usr_ada")
    with pytest.raises(NotFound):
        service.read_customer("usr_ada", Principal("machine", "usr_ada", roles=ADA.roles))


def test_a_code_under_way_is_of_no_use_for_another_address() -> None:
    has_profile(email="eve@example.com")
    ask_for_code()
    code = code_for("usr_ada")
    service.change_profile("usr_ada", {"email": "ada@example.com"}, expected_version=2, by=ADA)
    with pytest.raises(CodeRefused):
        send_back(code)
