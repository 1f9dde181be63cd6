"""Suppliers in the table: of these, what every function may need. All of them are in `items`; each module has its keys."""

from chalicelib.suppliers.store.sellers import (
    AlreadyMember,
    MemberItem,
    SupplierItem,
    add_member,
    as_stored,
    seller,
    seller_in,
    supplier_key,
    supplier_of,
)

__all__ = [
    "AlreadyMember",
    "MemberItem",
    "SupplierItem",
    "add_member",
    "as_stored",
    "seller",
    "seller_in",
    "supplier_key",
    "supplier_of",
]
