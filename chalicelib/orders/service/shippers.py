"""Who may say what became of a parcel: staff and machines of the warehouses, and of a supplier's parcels the supplier."""

from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import NotFound
from chalicelib.fulfilment.service import Fulfilment
from chalicelib.suppliers import service as suppliers


def require_shipper(by: Principal, scope: str = "fulfilment.write") -> str | None:
    """The supplier that the caller acts for, whose parcels alone it may speak of; None for who may speak of all. Raises `Forbidden`
    for anybody else."""
    if by.may(Role.ASSOCIATE, Role.ADMIN, scope=scope):
        return None
    supplier_id = suppliers.acting_supplier(by)
    if supplier_id is None:
        by.require(Role.ASSOCIATE, Role.ADMIN, scope=scope)
    return supplier_id


def check_theirs(part: Fulfilment, supplier_id: str | None) -> None:
    """Raise `NotFound` for a parcel of another than the supplier; None is everybody's."""
    if supplier_id is not None and part.location_id != supplier_id:
        raise NotFound(f"There is no fulfilment {part.id}.")
