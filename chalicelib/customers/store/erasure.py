"""Erasures under way, and the proof of those that are done."""

from datetime import datetime

from pynamodb.attributes import NumberAttribute

from chalicelib.core import clock
from chalicelib.core.errors import Conflict, Contended
from chalicelib.core.keys import SEPARATOR, key
from chalicelib.core.table import Item, Json, Transaction, fields_of, find
from chalicelib.customers.domain import Erasure, ErasureStep
from chalicelib.customers.store.profile import customer_pk

_DUE = key("DUE", "ERASURE")


class ErasureItem(Item):
    """pk = CUSTOMER#<id>, sk = ERASURE. In gsi3 by the time it is to be gone on with, until it is done."""

    version = NumberAttribute()
    document = Json()


def _item(erasure: Erasure) -> ErasureItem:
    document = fields_of(erasure)
    del document["version"], document["customer_id"]
    due = clock.rfc3339(erasure.due) if erasure.due else None
    item = ErasureItem(
        customer_pk(erasure.customer_id), "ERASURE", version=erasure.version, document={**document, "due": due}
    )
    if due is not None:
        item.gsi3pk, item.gsi3sk = _DUE, due + SEPARATOR + erasure.customer_id
    return item


def add_erasure(tx: Transaction, erasure: Erasure) -> None:
    """Write a new one."""
    tx.create(_item(erasure), lambda _: Conflict("The erasure was asked for before."))


def change_erasure(tx: Transaction, erasure: Erasure) -> None:
    """Write the next version; `Contended` at commit when another run was quicker."""
    as_read = ErasureItem.version == erasure.version - 1
    tx.put(_item(erasure), as_read, lambda _: Contended("Another run was quicker."))


def get_erasure(customer_id: str) -> Erasure | None:
    """The erasure of a customer, or None when none was asked for."""
    item = find(ErasureItem, customer_pk(customer_id), "ERASURE", consistent=True)
    if item is None:
        return None
    stored = item.document
    due = datetime.fromisoformat(stored["due"]) if stored["due"] else None
    return Erasure(
        customer_id, **{**stored, "step": ErasureStep(stored["step"]), "due": due}, version=int(item.version)
    )


def due_erasures(now: datetime, count: int) -> list[str]:
    """Customers whose erasure is to be gone on with, the longest due first; an instant behind what was written."""
    # DEL sorts after every id, so what falls due at this very moment is due.
    until = ErasureItem.gsi3sk <= clock.rfc3339(now) + "\x7f"
    rows = ErasureItem.by_due_time.query(_DUE, until, limit=count)
    return [str(row.gsi3sk).partition(SEPARATOR)[2] for row in rows]
