"""What staff wrote about an order, and what they changed: notes and the audit, oldest first."""

from typing import Any

from chalicelib.core.errors import Conflict
from chalicelib.core.ids import new_ulid
from chalicelib.core.table import Item, Json, Transaction
from chalicelib.orders.store.order import order_pk


class NoteItem(Item):
    """pk = ORDER#<order id>, sk = NOTE#<ulid>."""

    document = Json()


class AuditItem(Item):
    """pk = ORDER#<order id>, sk = AUDIT#<ulid>. Never changed, but for the names of customers who are forgotten."""

    document = Json()


def add_note(tx: Transaction, order_id: str, document: dict[str, Any]) -> str:
    """Write a note; its id."""
    note_id = new_ulid()
    item = NoteItem(order_pk(order_id), f"NOTE#{note_id}", document=document)
    tx.create(item, lambda _: Conflict("This note exists."))
    return note_id


def notes_of(order_id: str) -> list[dict[str, Any]]:
    """The notes of an order."""
    rows = NoteItem.query(order_pk(order_id), NoteItem.sk.startswith("NOTE#"))
    return [{"id": row.sk.removeprefix("NOTE#"), **row.document} for row in rows]


def add_audit(tx: Transaction, order_id: str, document: dict[str, Any]) -> None:
    """Write what somebody changed, with how it was before and after."""
    item = AuditItem(order_pk(order_id), f"AUDIT#{new_ulid()}", document=document)
    tx.create(item, lambda _: Conflict("This entry exists."))


def audit_of(order_id: str) -> list[dict[str, Any]]:
    """What was changed by hand of an order."""
    rows = AuditItem.query(order_pk(order_id), AuditItem.sk.startswith("AUDIT#"))
    return [{"id": row.sk.removeprefix("AUDIT#"), **row.document} for row in rows]


def forget_what_was_written(order_id: str) -> None:
    """Remove the notes of an order, and what stood there before and after each change; that there was one stays."""
    for note in NoteItem.query(order_pk(order_id), NoteItem.sk.startswith("NOTE#")):
        note.delete()
    for entry in AuditItem.query(order_pk(order_id), AuditItem.sk.startswith("AUDIT#")):
        entry.update([AuditItem.document.set({**entry.document, "before": None, "after": None})])
