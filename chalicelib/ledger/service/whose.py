"""Whose books they are. Suppliers are asked about late: most functions only book, and have nothing to do with who may read it."""

from chalicelib.core.auth import Principal


def require_access(supplier_id: str, by: Principal) -> None:
    """As `suppliers.service.require_access`: let the supplier itself and the marketplace's operator pass."""
    from chalicelib.suppliers import service as suppliers

    suppliers.require_access(supplier_id, by)


def is_supplier(supplier_id: str) -> bool:
    """Whether there is such a supplier."""
    from chalicelib.suppliers import service as suppliers

    return suppliers.find_seller(supplier_id) is not None
