"""Reading suppliers."""

from dataclasses import replace
from typing import Any

from chalicelib.core import outbox
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import NotFound
from chalicelib.core.outbox import Event
from chalicelib.core.paging import Page, page_of
from chalicelib.suppliers.domain import SupplierStatus
from chalicelib.suppliers.domain.record import Supplier
from chalicelib.suppliers.service.access import (
    SUPPLIER_SCOPE,
    acting_supplier,
    is_operator,
    require_access,
    require_operator,
)
from chalicelib.suppliers.service.finding import must_find
from chalicelib.suppliers.store import items as store


def read_supplier(supplier_id: str, by: Principal) -> Supplier:
    """The supplier, for itself and for the operator."""
    require_access(supplier_id, by)
    return must_find(supplier_id)


def read_own(by: Principal) -> Supplier:
    """The supplier that the caller acts for. Raises `NotFound` for whoever acts for none."""
    by.require(Role.SUPPLIER, scope=SUPPLIER_SCOPE)
    supplier_id = acting_supplier(by)
    if supplier_id is None:
        raise NotFound("This account acts for no supplier.")
    return must_find(supplier_id)


def list_suppliers(status: SupplierStatus, limit: int, cursor: str | None, by: Principal) -> Page[dict[str, Any]]:
    """Suppliers in a status, those that applied last first, for the operator."""
    require_operator(by)

    def fetch(after: str | None, count: int) -> list[dict[str, Any]]:
        return store.by_status(status, after, count)

    return page_of(f"suppliers:{status}", limit, cursor, fetch, lambda row: row["position"])


def read_timeline(supplier_id: str, by: Principal) -> list[Event]:
    """What happened to a supplier, oldest first. Why a person looks at it, and in which case, only the operator sees."""
    require_access(supplier_id, by)
    must_find(supplier_id)
    happened = outbox.timeline(store.supplier_pk(supplier_id))
    return [one if is_operator(by) else _as_told(one) for one in happened]


def _as_told(one: Event) -> Event:
    hidden = ("rules", "review_id")  # of SupplierSentToReview: rules of the screening are among them
    return replace(one, data={name: value for name, value in one.data.items() if name not in hidden})
