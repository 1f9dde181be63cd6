"""A reference supplier: keeps to the Order Acceptance API, unless it is told which rule to break.

`ReferenceSupplier` runs in the process at hand, `python -m aisle_supplier.server` in one of its own.
"""

from aisle_supplier.server.supplier import ReferenceSupplier

__all__ = ["ReferenceSupplier"]
