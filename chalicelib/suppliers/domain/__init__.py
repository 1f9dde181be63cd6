"""Suppliers as other contexts see them, and the life of one."""

from chalicelib.suppliers.domain.supplier import Place, Seller, SupplierStatus, is_supplier

__all__ = ["Place", "Seller", "SupplierStatus", "is_supplier"]
