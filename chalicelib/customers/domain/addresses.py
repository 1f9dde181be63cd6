"""Where a customer has things sent, and where bills go."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chalicelib.core.errors import NotFound, RuleBroken

MAX_ADDRESSES = 20
"""Addresses of one customer: they are one item of the table, some 6 KB."""


class TooManyAddresses(RuleBroken):
    code = "too_many_addresses"
    title = f"A customer keeps at most {MAX_ADDRESSES} addresses"


@dataclass(frozen=True, slots=True)
class KeptAddress:
    """An address under an id; `fields` are name, line1, line2, city, postal_code, region and country (ISO 3166-1)."""

    id: str
    fields: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class AddressBook:
    """All addresses of a customer. At most one is the default for shipping, and one for billing."""

    customer_id: str
    addresses: tuple[KeptAddress, ...] = ()
    default_shipping: str | None = None
    default_billing: str | None = None
    version: int = 0

    def find(self, address_id: str) -> KeptAddress:
        """The address. Raises `NotFound`."""
        for address in self.addresses:
            if address.id == address_id:
                return address
        raise NotFound(f"There is no address {address_id}.")


def put(book: AddressBook, address: KeptAddress, *, shipping: bool, billing: bool) -> AddressBook:
    """The book with a new address, or another one under a known id. The first is the default for everything.

    `shipping` and `billing` make it a default; without them one that was a default is none any more. Raises
    `TooManyAddresses`.
    """
    known = [one.id for one in book.addresses]
    if address.id not in known and len(known) >= MAX_ADDRESSES:
        raise TooManyAddresses(f"There are {len(known)} addresses; remove one first.", limit=MAX_ADDRESSES)
    if address.id in known:
        addresses = tuple(address if one.id == address.id else one for one in book.addresses)
    else:
        addresses = (*book.addresses, address)
    first = not known
    return replace(
        book,
        addresses=addresses,
        default_shipping=_default(book.default_shipping, address.id, shipping or first),
        default_billing=_default(book.default_billing, address.id, billing or first),
        version=book.version + 1,
    )


def remove(book: AddressBook, address_id: str) -> AddressBook:
    """The book without an address; if it was a default there is none then. Raises `NotFound`."""
    book.find(address_id)
    return replace(
        book,
        addresses=tuple(one for one in book.addresses if one.id != address_id),
        default_shipping=_default(book.default_shipping, address_id, False),
        default_billing=_default(book.default_billing, address_id, False),
        version=book.version + 1,
    )


def _default(before: str | None, address_id: str, is_default: bool) -> str | None:
    if is_default:
        return address_id
    return None if before == address_id else before
