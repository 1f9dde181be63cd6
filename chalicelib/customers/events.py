"""The events that customers publish: ids and names of fields, never what stands in them. Contract: docs/events.md."""

from collections.abc import Iterable, Sequence
from typing import Any

from chalicelib.core.auth import Principal
from chalicelib.core.outbox import Aggregate, publish
from chalicelib.core.table import Transaction
from chalicelib.customers.domain import AddressBook, Consent, Consents, Customer, Verification
from chalicelib.customers.store import customer_pk


def customer_created(tx: Transaction, customer: Customer, by: Principal) -> None:
    """There is a profile."""
    _publish(tx, "CustomerCreated", _profile(customer), {}, by)


def customer_changed(tx: Transaction, customer: Customer, fields: Iterable[str], by: Principal) -> None:
    """Some fields of the profile changed; `verified` among them when a contact was proven."""
    _publish(tx, "CustomerChanged", _profile(customer), {"fields": sorted(fields)}, by)


def addresses_changed(tx: Transaction, book: AddressBook, by: Principal) -> None:
    """An address was added, replaced or removed."""
    about = Aggregate("customer_addresses", book.customer_id, book.version)
    _publish(tx, "CustomerChanged", about, {"fields": ["addresses"]}, by)


def consent_changed(tx: Transaction, consents: Consents, entries: Sequence[Consent], by: Principal) -> None:
    """They said yes or no."""
    about = Aggregate("customer_consents", consents.customer_id, consents.version)
    changes = [[str(entry.purpose), str(entry.channel), entry.granted] for entry in entries]
    _publish(tx, "ConsentChanged", about, {"changes": changes}, by)


def verification_requested(tx: Transaction, verification: Verification, by: Principal) -> None:
    """A code is to be sent; who sends it asks for it then, as no event holds one."""
    about = Aggregate("customer_verification", verification.customer_id, verification.version)
    data = {"verification_id": verification.id, "means": str(verification.means)}
    _publish(tx, "VerificationRequested", about, data, by)


def customer_erased(tx: Transaction, customer: Customer, by: Principal) -> None:
    """They asked to be forgotten and their profile is empty. Whoever holds something of theirs lets go of it."""
    _publish(tx, "CustomerErased", _profile(customer), {}, by)


def _profile(customer: Customer) -> Aggregate:
    return Aggregate("customer", customer.id, customer.version)


def _publish(tx: Transaction, type: str, about: Aggregate, data: dict[str, Any], by: Principal) -> None:
    publish(tx, pk=customer_pk(about.id), source="customers", type=type, aggregate=about, by=by, data=data)
