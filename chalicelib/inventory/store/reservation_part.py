"""The parts of a large reservation."""

from datetime import datetime

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core import clock
from chalicelib.core.errors import Conflict
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, Transaction
from chalicelib.inventory.domain import AlreadySettled, Part, StockLine
from chalicelib.inventory.store.reservation import SETTLED_KEPT, rows_of

_HELD, _RELEASED = "held", "released"


class ReservationPartItem(Item):
    """pk = RESERVATION#<id>, sk = PART#<nnn>."""

    state = UnicodeAttribute()
    lines = Json()


def _at(part: Part) -> ReservationPartItem:
    return ReservationPartItem(key("RESERVATION", part.reservation_id), key("PART", f"{part.number:03}"))


def add_part(tx: Transaction, part: Part) -> None:
    """Write a part, whose units the same transaction reserves."""
    item = _at(part)
    item.state = _HELD
    item.lines = rows_of(part.lines)
    tx.create(item, lambda _: Conflict(f"Part {part.number} of reservation {part.reservation_id} exists."))


def release_part(tx: Transaction, part: Part, now: datetime) -> None:
    """A part that is held holds nothing any more: `AlreadySettled` at commit for one that was given back before."""
    actions = [
        ReservationPartItem.state.set(_RELEASED),
        ReservationPartItem.ttl.set(clock.epoch_seconds(now + SETTLED_KEPT)),
    ]
    settled = AlreadySettled(f"Part {part.number} of reservation {part.reservation_id} was given back before.")
    tx.update(_at(part), actions, ReservationPartItem.state == _HELD, lambda _: settled)


def held_parts(reservation_id: str) -> list[Part]:
    """The parts that hold units, as they are now."""
    rows = ReservationPartItem.query(
        key("RESERVATION", reservation_id), ReservationPartItem.sk.startswith("PART#"), consistent_read=True
    )
    return [
        Part(reservation_id, int(row.sk.removeprefix("PART#")), tuple(StockLine(*line) for line in row.lines))
        for row in rows
        if row.state == _HELD
    ]
