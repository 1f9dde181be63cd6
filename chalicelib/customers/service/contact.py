"""How to reach a customer."""

from dataclasses import dataclass

from chalicelib.customers import store
from chalicelib.customers.domain import CustomerState, Means


@dataclass(frozen=True, slots=True)
class Contact:
    """Where and in which language (BCP 47) a customer is told things; `proven` are the means that they proved to be theirs."""

    name: str | None
    email: str | None
    phone: str | None
    language: str
    proven: frozenset[Means]


def contact_of(customer_id: str) -> Contact | None:
    """How to reach a customer, for notifications, which act for the system; None for one who is unknown or forgotten.

    Who asked to be forgotten is reached for about an hour more, to be told that it was done.
    """
    customer = store.get_customer(customer_id)
    if customer is None:
        return None
    if customer.state is CustomerState.ACTIVE:
        return Contact(customer.name, customer.email, customer.phone, customer.language, customer.verified)
    erasure = store.get_erasure(customer_id)
    farewell = erasure.farewell if erasure else None
    if farewell is None:
        return None
    return Contact(
        farewell["name"], farewell["email"], farewell["phone"], farewell["language"] or "en", proven=frozenset()
    )
