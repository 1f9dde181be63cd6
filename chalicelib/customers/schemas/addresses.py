"""Addresses as callers send and get them."""

from typing import Annotated

from pydantic import StringConstraints

from chalicelib.core.schemas import Schema, View
from chalicelib.customers.domain import AddressBook
from chalicelib.customers.schemas.fields import Country, Text
from chalicelib.customers.service import AddressRequest


class PostalAddress(Schema):
    """Where it goes."""

    name: Text
    line1: Text
    line2: Text | None = None
    city: Text
    postal_code: Annotated[str, StringConstraints(min_length=1, max_length=20)] | None = None
    region: Text | None = None
    country: Country


class PutAddress(Schema):
    """An address, and what it is to be the default for. The first one is the default for everything."""

    address: PostalAddress
    default_shipping: bool = False
    default_billing: bool = False

    def as_request(self) -> AddressRequest:
        return AddressRequest(self.address.model_dump(), self.default_shipping, self.default_billing)


class KeptAddressView(View):
    id: str
    address: dict[str, str | None]
    default_shipping: bool
    default_billing: bool


class AddressBookView(View):
    """All addresses of a customer; they are changed under one version."""

    addresses: list[KeptAddressView]
    version: int

    @classmethod
    def of(cls, book: AddressBook) -> "AddressBookView":
        addresses = [
            KeptAddressView(
                id=kept.id,
                address=dict(kept.fields),
                default_shipping=kept.id == book.default_shipping,
                default_billing=kept.id == book.default_billing,
            )
            for kept in book.addresses
        ]
        return cls(addresses=addresses, version=book.version)
