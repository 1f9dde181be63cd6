"""Guest orders become a customer's once the address is proven."""

from typing import Any

import pytest

from chalicelib.core.auth import Principal
from chalicelib.core.contacts import email_hash
from chalicelib.core.errors import Conflict, Forbidden, Unavailable
from chalicelib.core.idempotency import Idempotency, Replay, no_answer
from chalicelib.customers import service
from chalicelib.customers.domain import CustomerGone, NotVerified
from chalicelib.customers.service import Claimed
from tests.conftest import a_machine
from tests.unit.customers.builders import a_key, a_shopper, has_profile, has_proven

pytestmark = pytest.mark.usefixtures("table")
ADA = a_shopper()


class FakeOrders:
    """Guest orders by the hash of their address."""

    def __init__(self) -> None:
        self.guests: dict[str, list[str]] = {}
        self.owners: dict[str, str] = {}
        self.fails: set[str] = set()

    def guest_orders(self, hashed: str, count: int) -> list[str]:
        return [id for id in self.guests.get(hashed, []) if id not in self.owners][:count]

    def claim_order(self, order_id: str, customer_id: str, by: Principal) -> None:
        if order_id in self.fails:
            raise Unavailable("The data store did not answer.")
        if order_id == "ord_late":
            raise Conflict("It has a customer.")
        self.owners[order_id] = customer_id


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch) -> FakeOrders:
    fake = FakeOrders()
    for name in ("guest_orders", "claim_order"):
        monkeypatch.setattr(f"chalicelib.orders.service.{name}", getattr(fake, name), raising=False)
    return fake


def claim(by: Principal = ADA, once: Idempotency | None = None) -> Claimed:
    made: list[Claimed] = []

    def answer(claimed: Claimed) -> Any:
        made.append(claimed)
        return no_answer()

    service.claim_orders(by=by, once=once or a_key(), answer=answer)
    return made[0]


def the_hash(email: str) -> str:
    hashed = email_hash(email)
    assert hashed is not None
    return hashed


def test_orders_with_the_proven_address_are_claimed(orders: FakeOrders) -> None:
    orders.guests = {the_hash("ADA@example.com"): ["ord_1", "ord_2"], the_hash("eve@example.com"): ["ord_3"]}
    has_proven()
    assert claim() == Claimed(("ord_1", "ord_2"), more=False)
    assert orders.owners == {"ord_1": "usr_ada", "ord_2": "usr_ada"}
    assert claim() == Claimed((), more=False)


def test_an_address_that_is_not_proven_claims_nothing(orders: FakeOrders) -> None:
    orders.guests = {the_hash("ada@example.com"): ["ord_1"]}
    has_profile(email="ada@example.com")
    with pytest.raises(NotVerified):
        claim()
    assert orders.owners == {}


def test_one_that_another_has_by_now_is_left_out(orders: FakeOrders) -> None:
    orders.guests = {the_hash("ada@example.com"): ["ord_late", "ord_2"]}
    has_proven()
    assert claim() == Claimed(("ord_2",), more=False)


def test_twenty_five_at_a_time(orders: FakeOrders) -> None:
    orders.guests = {the_hash("ada@example.com"): [f"ord_{number}" for number in range(26)]}
    has_proven()
    first = claim()
    assert (len(first.order_ids), first.more) == (25, True)
    assert claim() == Claimed(("ord_25",), more=False)


def test_a_claim_that_was_cut_short_goes_on_and_is_answered_once(orders: FakeOrders) -> None:
    orders.guests = {the_hash("ada@example.com"): ["ord_1", "ord_2"]}
    has_proven()
    once = a_key()
    orders.fails = {"ord_2"}
    with pytest.raises(Unavailable):
        claim(once=once)
    orders.fails = set()
    assert claim(once=once) == Claimed(("ord_2",), more=False)
    with pytest.raises(Replay):
        claim(once=once)
    assert orders.owners == {"ord_1": "usr_ada", "ord_2": "usr_ada"}


def test_only_a_customer_claims(orders: FakeOrders) -> None:
    with pytest.raises(Forbidden):
        claim(a_machine("customers.write"))
    ada = has_proven()
    service.request_erasure("usr_ada", expected_version=ada.version, by=ADA)
    with pytest.raises(CustomerGone):
        claim()
