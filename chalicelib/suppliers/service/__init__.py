"""Use cases of suppliers, and what other contexts ask of them."""

from chalicelib.suppliers.domain import Seller, SupplierStatus, is_supplier
from chalicelib.suppliers.service.access import acting_supplier, require_access, require_operator
from chalicelib.suppliers.service.sellers import find_seller, seller_from, seller_keys

__all__ = [
    "Seller",
    "SupplierStatus",
    "acting_supplier",
    "find_seller",
    "is_supplier",
    "require_access",
    "require_operator",
    "seller_from",
    "seller_keys",
]
