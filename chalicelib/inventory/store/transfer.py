"""Goods between two locations."""

from dataclasses import asdict
from typing import Any, cast

from pynamodb.attributes import NumberAttribute

from chalicelib.core.errors import Conflict, Contended
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Transaction, find
from chalicelib.inventory.domain import (
    Transfer,
    TransferLine,
    TransferStatus,
)


class TransferItem(Item):
    """pk = TRANSFER#<id>, sk = TRANSFER. All of it is in `summary`, as it is listed."""

    version = NumberAttribute()


def _transfer_attributes(transfer: Transfer) -> dict[str, Any]:
    return {
        "version": transfer.version,
        "summary": asdict(transfer),
        "gsi1pk": key("TRANSFERS", transfer.status),
        "gsi1sk": transfer.id,
    }


def _transfer(item: TransferItem) -> Transfer:
    stored = dict(item.summary)
    lines = tuple(TransferLine(**line) for line in stored["lines"])
    return Transfer(**{**stored, "status": TransferStatus(stored["status"]), "lines": lines})


def add_transfer(tx: Transaction, transfer: Transfer) -> None:
    """Write a transfer whose units are on their way."""
    item = TransferItem(key("TRANSFER", transfer.id), "TRANSFER", **_transfer_attributes(transfer))
    tx.create(item, lambda _: Conflict(f"Transfer {transfer.id} exists."))


def change_transfer(tx: Transaction, transfer: Transfer) -> None:
    """Write the next version; `Contended` when another was quicker."""
    item = TransferItem(key("TRANSFER", transfer.id), "TRANSFER", **_transfer_attributes(transfer))
    as_read = TransferItem.version == transfer.version - 1
    tx.put(item, as_read, lambda _: Contended(f"Transfer {transfer.id} was changed at the same moment."))


def get_transfer(transfer_id: str) -> Transfer | None:
    """The transfer as it is now, or None."""
    item = find(TransferItem, key("TRANSFER", transfer_id), "TRANSFER", consistent=True)
    return _transfer(item) if item else None


def transfers_in(status: TransferStatus, after: str | None, count: int) -> list[Transfer]:
    """Transfers in a status, oldest first."""
    condition = TransferItem.gsi1sk > after if after else None
    rows = TransferItem.by_owner.query(key("TRANSFERS", status), condition, limit=count)
    return [_transfer(cast(TransferItem, row)) for row in rows]
