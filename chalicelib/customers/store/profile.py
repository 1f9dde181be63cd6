"""Profiles, and the locks that keep a proven contact to one customer."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core.contacts import email_hash, phone_hash
from chalicelib.core.errors import AisleError, Conflict, NotFound, Stale
from chalicelib.core.keys import SEPARATOR, key
from chalicelib.core.table import Item, RawItem, Transaction, fields_of, find
from chalicelib.customers.domain import ContactTaken, Customer, CustomerGone, CustomerState, Means


class CustomerItem(Item):
    """pk = CUSTOMER#<id>, sk = PROFILE. All but id, version and state is in `summary`, as staff find it by contact."""

    version = NumberAttribute()
    state = UnicodeAttribute()


class ContactItem(Item):
    """pk = EMAIL#<hash> or PHONE#<hash>, sk = LOCK. Whose it is; there is one while it is proven."""

    customer_id = UnicodeAttribute()


def customer_pk(customer_id: str) -> str:
    return key("CUSTOMER", customer_id)


def _item(customer: Customer) -> CustomerItem:
    summary = fields_of(customer)
    for name in ("id", "version", "state"):
        del summary[name]
    item = CustomerItem(
        customer_pk(customer.id),
        "PROFILE",
        version=customer.version,
        state=str(customer.state),
        summary={**summary, "verified": sorted(customer.verified)},
    )
    for means in Means:
        hashed = contact_hash(means, customer.contact(means))
        if hashed is not None:
            number = _INDEX[means]
            setattr(item, f"gsi{number}pk", key(f"CUSTOMER_{means.name}", hashed))
            setattr(item, f"gsi{number}sk", customer.id)
    return item


_INDEX = {Means.EMAIL: 1, Means.PHONE: 2}


def contact_hash(means: Means, contact: str | None) -> str | None:
    """What an address or number is found by; None for none, and for what is no address."""
    if contact is None:
        return None
    return email_hash(contact) if means is Means.EMAIL else phone_hash(contact)


def customer_from(item: CustomerItem) -> Customer:
    """The customer of their item."""
    customer_id = str(item.pk).partition(SEPARATOR)[2]
    verified = frozenset(Means(means) for means in item.summary["verified"])
    fields = {**item.summary, "verified": verified}
    return Customer(id=customer_id, **fields, state=CustomerState(item.state), version=int(item.version))


def add_customer(tx: Transaction, customer: Customer) -> None:
    """Write a new customer. Raises `Conflict` at commit when there is one."""
    tx.create(_item(customer), lambda _: Conflict(f"Customer {customer.id} exists."))


def change_customer(tx: Transaction, customer: Customer) -> None:
    """Write the next version. Raises `Stale` at commit when another was quicker."""

    def stale(raw: RawItem | None) -> AisleError:
        return Stale(f"The profile is not at version {customer.version - 1} any more.")

    tx.put(_item(customer), CustomerItem.version == customer.version - 1, stale)


def check_is_active(tx: Transaction, customer_id: str) -> None:
    """Commit only while the customer has not asked to be forgotten: what is written beside the profile would stay."""

    def gone(raw: RawItem | None) -> AisleError:
        if raw is None:
            return NotFound(f"There is no customer {customer_id}.")
        return CustomerGone("This customer asked to be forgotten; nothing new can be kept.")

    item = CustomerItem(customer_pk(customer_id), "PROFILE")
    tx.check(item, CustomerItem.state == str(CustomerState.ACTIVE), gone)


def get_customer(customer_id: str) -> Customer | None:
    """The customer, or None."""
    item = find(CustomerItem, customer_pk(customer_id), "PROFILE", consistent=True)
    return customer_from(item) if item else None


def find_by_contact(means: Means, contact: str, after: str | None, count: int) -> list[str]:
    """Ids of the customers who gave this address or number, proven or not; an instant behind what was written."""
    hashed = contact_hash(means, contact)
    if hashed is None:
        return []
    index, range_key = (
        (CustomerItem.by_owner, CustomerItem.gsi1sk)
        if means is Means.EMAIL
        else (CustomerItem.by_state, CustomerItem.gsi2sk)
    )
    rows = index.query(key(f"CUSTOMER_{means.name}", hashed), range_key > after if after else None, limit=count)
    return [str(row.gsi1sk if means is Means.EMAIL else row.gsi2sk) for row in rows]


def take_contact(tx: Transaction, means: Means, contact: str, customer_id: str) -> None:
    """It is proven to be this customer's. Raises `ContactTaken` at commit when another has proven so before."""
    item = _lock(means, contact, customer_id)
    free = ContactItem.pk.does_not_exist() | (ContactItem.customer_id == customer_id)
    tx.put(item, free, lambda _: ContactTaken("Another customer has proven that this is theirs."))


def release_contact(tx: Transaction, means: Means, contact: str, customer_id: str) -> None:
    """Undo of `take_contact`."""
    theirs = ContactItem.pk.does_not_exist() | (ContactItem.customer_id == customer_id)
    tx.delete(_lock(means, contact, customer_id), theirs, lambda _: Stale("The contact is another's by now."))


def _lock(means: Means, contact: str, customer_id: str) -> ContactItem:
    hashed = contact_hash(means, contact)
    assert hashed is not None, "a profile holds normal forms"  # noqa: S101
    return ContactItem(key(means.name, hashed), "LOCK", customer_id=customer_id)
