"""Who may see and change what is a supplier's. Every route of every context that shows a supplier's things asks here."""

from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import NotFound
from chalicelib.suppliers import store

OPERATOR_SCOPE = "suppliers.write"
SUPPLIER_SCOPE = "suppliers.self"


def require_operator(by: Principal) -> None:
    """Raise `Forbidden` for whoever does not run the marketplace: administrators, and machines with scope `suppliers.write`."""
    by.require(Role.ADMIN, scope=OPERATOR_SCOPE)


def is_operator(by: Principal) -> bool:
    """Whether the caller runs the marketplace: what is screened for is shown to no supplier."""
    return by.may(Role.ADMIN, scope=OPERATOR_SCOPE)


def acting_supplier(by: Principal) -> str | None:
    """The supplier that the caller acts for, or None. Users have the role `supplier`, machines the scope `suppliers.self`."""
    if by.kind == "system" or not by.may(Role.SUPPLIER, scope=SUPPLIER_SCOPE):
        return None
    return store.supplier_of(f"{by.kind}:{by.id}")


def require_access(supplier_id: str, by: Principal) -> None:
    """Let the supplier itself and the marketplace's operator pass.

    Raises `NotFound` for another supplier, who is not even told that this one exists, and `Forbidden` for whoever has neither
    role nor scope.
    """
    by.require(Role.ADMIN, Role.SUPPLIER, scope=OPERATOR_SCOPE if OPERATOR_SCOPE in by.scopes else SUPPLIER_SCOPE)
    if by.may(Role.ADMIN, scope=OPERATOR_SCOPE):
        return
    if acting_supplier(by) != supplier_id:
        raise NotFound(f"There is no supplier {supplier_id}.")
