"""Who a customer is, and which of their contacts are proven to be theirs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from chalicelib.core.errors import Conflict, RuleBroken


class CustomerState(StrEnum):
    """`erasing`: the profile is empty already, what others hold follows. `erased`: nothing is left that tells who it was."""

    ACTIVE = "active"
    ERASING = "erasing"
    ERASED = "erased"


class Means(StrEnum):
    """How a customer is reached, and what they can prove to be theirs."""

    EMAIL = "email"
    PHONE = "phone"


class CustomerGone(Conflict):
    """Erasure was asked for; nothing can be kept of this customer any more."""

    code = "customer_gone"
    title = "The customer asked to be forgotten"


class ContactTaken(Conflict):
    """Somebody else has proven before that it is theirs."""

    code = "contact_taken"
    title = "Another customer has this e-mail address or number"


class NotVerified(RuleBroken):
    code = "not_verified"
    title = "Prove first that the e-mail address is yours"


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer as they stand. Their id is the subject of their access token, or `cus_…` for those whom staff entered.

    `email` and `phone` (E.164) are in normal form, `language` is BCP 47; `verified` names the contacts that were proven.
    """

    id: str
    created_at: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    language: str = "en"
    verified: frozenset[Means] = frozenset()
    state: CustomerState = CustomerState.ACTIVE
    version: int = 1

    def contact(self, means: Means) -> str | None:
        """The address or number."""
        return self.email if means is Means.EMAIL else self.phone

    def proven(self, means: Means) -> str | None:
        """The address or number, if it is proven to be theirs."""
        return self.contact(means) if means in self.verified else None


def change(customer: Customer, fields: Mapping[str, str | None]) -> Customer:
    """The customer with other fields; a contact that differs from the proven one has to be proven anew.

    Raises `CustomerGone`.
    """
    check_active(customer)
    after = replace(customer, **fields, version=customer.version + 1)  # type: ignore[arg-type]
    kept = frozenset(means for means in customer.verified if customer.contact(means) == after.contact(means))
    return replace(after, verified=kept)


def verify(customer: Customer, means: Means) -> Customer:
    """The customer, whose contact is proven to be theirs."""
    return replace(customer, verified=customer.verified | {means}, version=customer.version + 1)


def emptied(customer: Customer) -> Customer:
    """What is left of a customer who asked to be forgotten: an id that leads to nobody. Raises `CustomerGone` the next time."""
    check_active(customer)
    return Customer(customer.id, customer.created_at, state=CustomerState.ERASING, version=customer.version + 1)


def erased(customer: Customer) -> Customer:
    """The end of `emptied`: others have forgotten them, too."""
    return replace(customer, state=CustomerState.ERASED, version=customer.version + 1)


def check_active(customer: Customer) -> None:
    """Raise `CustomerGone` once erasure was asked for."""
    if customer.state is not CustomerState.ACTIVE:
        raise CustomerGone("This customer asked to be forgotten; nothing new can be kept.")
