"""Drop-offs in the table."""

from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core.errors import AisleError, Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, RawItem, Transaction, fields_of, find
from chalicelib.lockers.domain.cabinets import Size
from chalicelib.lockers.domain.drop_offs import DropOff, DropOffStatus, return_of


class DropOffItem(Item):
    """pk = DROPOFFS#<return>, sk = DROPOFF#<id>."""

    version = NumberAttribute()
    status = UnicodeAttribute()
    document = Json()


def _pk(return_id: str) -> str:
    return key("DROPOFFS", return_id)


def _item(drop_off: DropOff) -> DropOffItem:
    document = fields_of(drop_off)
    for kept_apart in ("id", "return_id", "status", "version"):
        del document[kept_apart]
    return DropOffItem(
        _pk(drop_off.return_id),
        key("DROPOFF", drop_off.id),
        version=drop_off.version,
        status=str(drop_off.status),
        document=document,
        gsi1pk=key("DROPOFFS", drop_off.site_id, drop_off.status),
        gsi1sk=drop_off.id,
        summary={"compartment": drop_off.label, "moment": drop_off.moment, "reason": drop_off.reason},
    )


def _drop_off(item: DropOffItem) -> DropOff:
    stored: dict[str, Any] = item.document
    return DropOff(
        **{**stored, "size": Size(stored["size"])},
        id=str(item.sk).partition("#")[2],
        return_id=str(item.pk).partition("#")[2],
        status=DropOffStatus(item.status),
        version=int(item.version),
    )


def add_drop_off(tx: Transaction, drop_off: DropOff) -> None:
    """Write a new drop-off; `Stale` at commit when another of its return was quicker."""
    tx.create(_item(drop_off), lambda _: Stale(f"There is a drop-off {drop_off.id}."))


def change_drop_off(tx: Transaction, drop_off: DropOff) -> None:
    """Write the next version of a drop-off; `Stale` at commit when it is at another."""

    def stale(raw: RawItem | None) -> AisleError:
        return Stale(f"The drop-off is not at version {drop_off.version - 1} any more.")

    tx.put(_item(drop_off), DropOffItem.version == drop_off.version - 1, stale)


def get_drop_off(drop_off_id: str) -> DropOff | None:
    """The drop-off, or None."""
    item = find(DropOffItem, _pk(return_of(drop_off_id)), key("DROPOFF", drop_off_id), consistent=True)
    return _drop_off(item) if item else None


def drop_offs_of(return_id: str) -> list[DropOff]:
    """All of a return, in their order."""
    rows = DropOffItem.query(_pk(return_id), DropOffItem.sk.startswith("DROPOFF#"), consistent_read=True)
    return [_drop_off(row) for row in rows]


def drop_offs_at(site_id: str, status: str, after: str | None, count: int) -> list[dict[str, Any]]:
    """Summaries of a site's drop-offs in a status, oldest first."""
    condition = DropOffItem.gsi1sk > after if after else None
    rows = DropOffItem.by_owner.query(key("DROPOFFS", site_id, status), condition, limit=count)
    return [{"id": row.gsi1sk, "site_id": site_id, "status": status, **row.summary} for row in rows]
