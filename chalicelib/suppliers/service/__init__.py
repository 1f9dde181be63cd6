"""What other contexts ask of suppliers: who sells, and who may act for whom.

Most functions ask no more than that, so nothing here may load what verifies suppliers. Suppliers' own routes take `use_cases`; what
a single context needs beside (`payout_accounts`, `reaching`, `sending_back`, `correct_profile`) it takes from the module.
"""

from chalicelib.suppliers.domain import Place, Seller, SupplierStatus, is_supplier
from chalicelib.suppliers.service.access import (
    OPERATOR_SCOPE,
    SUPPLIER_SCOPE,
    acting_supplier,
    is_operator,
    require_access,
    require_operator,
)
from chalicelib.suppliers.service.sellers import distance, find_seller, seller_from, seller_keys

__all__ = [
    "OPERATOR_SCOPE",
    "SUPPLIER_SCOPE",
    "Place",
    "Seller",
    "SupplierStatus",
    "acting_supplier",
    "distance",
    "find_seller",
    "is_operator",
    "is_supplier",
    "require_access",
    "require_operator",
    "seller_from",
    "seller_keys",
]
