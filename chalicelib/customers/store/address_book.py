"""The addresses of a customer: one item, as they are few and read together."""

from pynamodb.attributes import NumberAttribute

from chalicelib.core.errors import AisleError, Stale
from chalicelib.core.table import Item, Json, RawItem, Transaction, find
from chalicelib.customers.domain import AddressBook, KeptAddress
from chalicelib.customers.store.profile import customer_pk


class AddressBookItem(Item):
    """pk = CUSTOMER#<id>, sk = ADDRESSES. There is none before the first address."""

    version = NumberAttribute()
    document = Json()


def get_book(customer_id: str) -> AddressBook:
    """The addresses of a customer, at version 0 when there never was one."""
    item = find(AddressBookItem, customer_pk(customer_id), "ADDRESSES", consistent=True)
    if item is None:
        return AddressBook(customer_id)
    addresses = tuple(KeptAddress(id, fields) for id, fields in item.document["addresses"])
    rest = {name: value for name, value in item.document.items() if name != "addresses"}
    return AddressBook(customer_id, addresses, **rest, version=int(item.version))


def change_book(tx: Transaction, book: AddressBook) -> None:
    """Write the next version. Raises `Stale` at commit when another was quicker."""

    def stale(raw: RawItem | None) -> AisleError:
        return Stale(f"The addresses are not at version {book.version - 1} any more.")

    document = {
        "addresses": [[address.id, address.fields] for address in book.addresses],
        "default_shipping": book.default_shipping,
        "default_billing": book.default_billing,
    }
    item = AddressBookItem(customer_pk(book.customer_id), "ADDRESSES", version=book.version, document=document)
    as_read = AddressBookItem.version == book.version - 1 if book.version > 1 else AddressBookItem.pk.does_not_exist()
    tx.put(item, as_read, stale)


def remove_book(tx: Transaction, customer_id: str) -> None:
    """Forget all addresses, whatever they are by now."""
    anything = AddressBookItem.pk.exists() | AddressBookItem.pk.does_not_exist()
    item = AddressBookItem(customer_pk(customer_id), "ADDRESSES")
    tx.delete(item, anything, lambda _: Stale("The addresses changed."))
