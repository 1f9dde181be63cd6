"""Suppliers as other contexts see them, and the life of one."""

from chalicelib.suppliers.domain.supplier import Seller, SupplierStatus, is_supplier

__all__ = ["Seller", "SupplierStatus", "is_supplier"]
