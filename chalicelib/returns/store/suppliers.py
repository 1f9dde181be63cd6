"""Returns by supplier: one item for each whose units a return holds, written with the return and never changed."""

from chalicelib.core.errors import Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Transaction, find_many
from chalicelib.returns.domain.model import Return, order_of
from chalicelib.returns.store.returns import in_batch, order_pk, return_key


class SupplierReturnItem(Item):
    """pk = ORDER#<order id>, sk = SUPPLIERRETURN#<n>#<supplier id>."""


def list_for_suppliers(tx: Transaction, value: Return) -> None:
    """Have a new return stand in the list of each supplier whose units it holds. `Stale` at commit when it does."""
    order_id, number = order_of(value.id)
    for supplier_id in value.suppliers:
        item = SupplierReturnItem(
            order_pk(order_id),
            key("SUPPLIERRETURN", number, supplier_id),
            gsi1pk=key("RETURNS", supplier_id),
            gsi1sk=_position(value.announced_at, value.id),
        )
        tx.create(item, lambda _: Stale("There is such a return."))


def returns_of_supplier(supplier_id: str, after: tuple[str, str] | None, count: int) -> list[Return]:
    """Up to `count` returns that hold units of a supplier, newest first; `after` is when the last one seen was announced, and its id."""
    condition = SupplierReturnItem.gsi1sk < _position(*after) if after else None
    rows = SupplierReturnItem.by_owner.query(
        key("RETURNS", supplier_id), condition, scan_index_forward=False, limit=count
    )
    ids = [str(row.gsi1sk).partition("#")[2] for row in rows]
    found = find_many([return_key(one) for one in ids], consistent=True)
    return [value for one in ids if (value := in_batch(found, one)) is not None]


def _position(announced_at: str, return_id: str) -> str:
    return f"{announced_at}#{return_id}"
