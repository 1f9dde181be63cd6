"""Who acts for a supplier: users, and machine clients that members or the operator add."""

from chalicelib.core.auth import Principal
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.paging import Page, page_of
from chalicelib.core.table import Transaction
from chalicelib.suppliers.service.access import require_access
from chalicelib.suppliers.service.finding import at_version, must_find
from chalicelib.suppliers.store import items as store


def add_client(supplier_id: str, client_id: str, *, by: Principal, once: Idempotency, answer: Answer) -> Answer:
    """Let a machine client act for the supplier. Raises `AlreadyMember` when it acts for one."""
    require_access(supplier_id, by)
    must_find(supplier_id)
    tx = Transaction()
    store.add_member(tx, supplier_id, f"machine:{client_id}")
    once.record(tx, answer)
    tx.commit()
    return answer


def remove_member(supplier_id: str, expected_version: int, member: str, *, by: Principal) -> None:
    """Undo of `add_client`, and for users. Raises `NotFound` for who does not act for this supplier, and `Stale` unless the supplier
    is at `expected_version`."""
    require_access(supplier_id, by)
    at_version(supplier_id, expected_version)
    tx = Transaction()
    store.check_version(tx, supplier_id, expected_version)
    store.remove_member(tx, supplier_id, member)
    tx.commit()


def list_members(supplier_id: str, limit: int, cursor: str | None, by: Principal) -> Page[str]:
    """Members (`user:<id>`, `machine:<client id>`) by name."""
    require_access(supplier_id, by)
    must_find(supplier_id)

    def fetch(after: str | None, count: int) -> list[str]:
        return store.members_of(supplier_id, after, count)

    return page_of(f"supplier-members:{supplier_id}", limit, cursor, fetch, lambda member: member)
