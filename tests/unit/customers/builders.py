"""What customers' tests are made of."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from chalicelib.core.auth import Principal, Role
from chalicelib.core.contacts import mac
from chalicelib.core.idempotency import Idempotency, no_answer
from chalicelib.core.outbox import Event, timeline
from chalicelib.customers import service, store
from chalicelib.customers.domain import Customer, Means, verification
from chalicelib.customers.store import customer_pk

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "12 St James's Square",
    "line2": None,
    "city": "London",
    "postal_code": "SW1Y 4JH",
    "region": None,
    "country": "GB",
}

_keys = count()


def a_shopper(id: str = "usr_ada") -> Principal:
    return Principal("user", id, roles=frozenset({Role.SHOPPER}))


def a_key(payload: bytes = b"") -> Idempotency:
    """A new idempotency key."""
    return Idempotency.of("test", f"key-{next(_keys)}", payload)


def has_profile(id: str = "usr_ada", **fields: str | None) -> Customer:
    """A stored customer with some fields."""
    customer = service.enter(a_shopper(id))
    if not fields:
        return customer
    return service.change_profile(id, fields, expected_version=customer.version, by=a_shopper(id))


def code_for(id: str, means: Means = Means.EMAIL) -> str:
    """The code that was sent last."""
    begun = store.get_verification(id, means)
    assert begun is not None
    return verification.code_from(mac("verification code", begun.id))


def ask_for_code(id: str = "usr_ada", means: Means = Means.EMAIL) -> None:
    service.request_verification(means, by=a_shopper(id), once=a_key(), answer=lambda _: no_answer())


def send_back(code: str, id: str = "usr_ada", means: Means = Means.EMAIL) -> None:
    service.confirm_verification(means, code, by=a_shopper(id), once=a_key(), answer=lambda _: no_answer())


def has_proven(id: str = "usr_ada", email: str = "ada@example.com") -> Customer:
    """A stored customer whose address is proven to be theirs."""
    has_profile(id, name="Ada", email=email)
    ask_for_code(id)
    send_back(code_for(id), id)
    return the_customer(id)


def the_customer(id: str = "usr_ada") -> Customer:
    found = store.get_customer(id)
    assert found is not None
    return found


def events_of(id: str = "usr_ada") -> list[Event]:
    return list(timeline(customer_pk(id)))


def told(id: str = "usr_ada") -> list[tuple[str, dict[str, Any]]]:
    """Type and data of each event, oldest first."""
    return [(event.type, event.data) for event in events_of(id)]
