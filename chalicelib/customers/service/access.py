"""Whose profile it is, and who may act on it."""

from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Forbidden, NotFound
from chalicelib.customers import store
from chalicelib.customers.domain import Customer

READ = "customers.read"
WRITE = "customers.write"


def own_id(by: Principal) -> str:
    """The customer that a signed-in user is. Raises `Forbidden` for machines, which are nobody's customer."""
    by.require(Role.SHOPPER, Role.ASSOCIATE, Role.ADMIN)
    if by.kind != "user":
        raise Forbidden("Only a signed-in user has a profile of their own.")
    return by.id


def is_own(customer_id: str, by: Principal) -> bool:
    """Whether it is the profile of the user who asks."""
    return by.kind == "user" and by.id == customer_id


def check_concerned(customer_id: str, by: Principal, scope: str) -> None:
    """Raise `NotFound` unless it is their own profile or they are staff; `scope` is what a machine needs."""
    by.require(Role.SHOPPER, Role.ASSOCIATE, Role.ADMIN, scope=scope)
    if not is_own(customer_id, by) and not by.may(Role.ASSOCIATE, Role.ADMIN, scope=scope):
        raise NotFound(f"There is no customer {customer_id}.")


def must_find(customer_id: str) -> Customer:
    """The customer. Raises `NotFound`."""
    customer = store.get_customer(customer_id)
    if customer is None:
        raise NotFound(f"There is no customer {customer_id}.")
    return customer
