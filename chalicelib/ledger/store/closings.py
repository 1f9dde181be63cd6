"""What a supplier's month came to."""

from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, find
from chalicelib.ledger.domain import Closing
from chalicelib.ledger.store.entries import ledger_pk


class ClosingItem(Item):
    """pk = LEDGER#<supplier>#<currency>, sk = CLOSING#<month>. Worked out of the entries when first asked for."""

    document = Json()


def add_closing(supplier_id: str, currency: str, closing: Closing) -> None:
    """Keep what a month came to; it follows from its entries, so whoever writes it writes the same."""
    document = [closing.balance, dict(closing.by_kind), closing.entries]
    ClosingItem(ledger_pk(supplier_id, currency), key("CLOSING", closing.month), document=document).save()


def closing(supplier_id: str, currency: str, month: str) -> Closing | None:
    """What a month came to, if it was worked out before."""
    item = find(ClosingItem, ledger_pk(supplier_id, currency), key("CLOSING", month), consistent=True)
    return _closing(item) if item else None


def closing_before(supplier_id: str, currency: str, month: str) -> Closing | None:
    """The latest closing before a month, or None."""
    condition = ClosingItem.sk.between("CLOSING#", key("CLOSING", month))
    rows = ClosingItem.query(
        ledger_pk(supplier_id, currency), condition, scan_index_forward=False, limit=2, consistent_read=True
    )
    return next((_closing(item) for item in rows if item.sk < key("CLOSING", month)), None)


def _closing(item: ClosingItem) -> Closing:
    balance, by_kind, entries = item.document
    return Closing(item.sk.partition("#")[2], balance, by_kind, entries)
