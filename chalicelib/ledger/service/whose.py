"""Whose books they are."""

from chalicelib.core.auth import Principal
from chalicelib.suppliers import service as suppliers


def require_access(supplier_id: str, by: Principal) -> None:
    """As `suppliers.service.require_access`: let the supplier itself and the marketplace's operator pass."""
    suppliers.require_access(supplier_id, by)


def is_supplier(supplier_id: str) -> bool:
    """Whether there is such a supplier."""
    return suppliers.find_seller(supplier_id) is not None
