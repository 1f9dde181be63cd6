"""Promised stock, and when the promise ends."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import AisleError, Conflict, Stale
from chalicelib.core.keys import key, shard
from chalicelib.core.table import Item, Json, OnConflict, RawItem, Transaction, find
from chalicelib.inventory.domain import (
    EXPIRING,
    HOLDING,
    AlreadySettled,
    Reservation,
    ReservationLost,
    ReservationState,
    StockLine,
)

SHARDS = 8
"""Index partitions of what falls due."""

SETTLED_KEPT = timedelta(days=30)
"""How long a reservation that holds nothing any more can still be read."""


class ReservationItem(Item):
    """pk = RESERVATION#<id>, sk = RESERVATION. The lines of one in parts are with its parts."""

    state = UnicodeAttribute()
    lines = Json()
    channel = UnicodeAttribute()
    owner = UnicodeAttribute()
    expires_at = UnicodeAttribute()
    made_by = Json()
    settled_by = Json(null=True)
    version = NumberAttribute()
    in_parts = BooleanAttribute(null=True)
    becomes = UnicodeAttribute(null=True)


def rows_of(lines: Iterable[StockLine]) -> list[list[Any]]:
    """The lines as they are kept: SKU, location, units, and how many of them wait if any do."""
    return [[line.sku, line.location_id, line.quantity, *([line.waiting] if line.waiting else ())] for line in lines]


def _due_pk(reservation_id: str) -> str:
    return key("DUE", "RESERVATION", shard(reservation_id, SHARDS))


def _reservation(item: ReservationItem) -> Reservation:
    return Reservation(
        id=item.pk.removeprefix("RESERVATION#"),
        state=ReservationState(item.state),
        lines=tuple(StockLine(*line) for line in item.lines),
        channel=item.channel,
        owner=item.owner,
        expires_at=datetime.fromisoformat(item.expires_at),
        version=int(item.version),
        in_parts=bool(item.in_parts),
        becomes=ReservationState(item.becomes) if item.becomes else None,
    )


def add_reservation(tx: Transaction, reservation: Reservation, by: Principal) -> None:
    """Write a new reservation, which falls due at its expiry."""
    expiry = clock.rfc3339(reservation.expires_at)
    item = ReservationItem(
        key("RESERVATION", reservation.id),
        "RESERVATION",
        state=str(reservation.state),
        lines=rows_of(reservation.lines),
        channel=reservation.channel,
        owner=reservation.owner,
        expires_at=expiry,
        made_by=by.as_actor(),
        version=reservation.version,
        in_parts=reservation.in_parts or None,
        gsi3pk=_due_pk(reservation.id),
        gsi3sk=key(expiry, reservation.id),
    )
    tx.create(item, lambda _: Conflict(f"Reservation {reservation.id} exists."))


def get_reservation(reservation_id: str) -> Reservation | None:
    """The reservation as it is now, or None."""
    item = find(ReservationItem, key("RESERVATION", reservation_id), "RESERVATION", consistent=True)
    return _reservation(item) if item else None


def check_building(tx: Transaction, reservation_id: str) -> None:
    """Commit only while its parts are being taken."""
    tx.check(_at(reservation_id), ReservationItem.state == str(ReservationState.BUILDING), _lost(reservation_id))


def open_reservation(tx: Transaction, reservation_id: str, now: datetime, by: Principal) -> None:
    """Building and not expired becomes open; it still falls due at its expiry."""
    actions = [
        ReservationItem.state.set(str(ReservationState.OPEN)),
        ReservationItem.settled_by.set(by.as_actor()),
        ReservationItem.version.add(1),
    ]
    tx.update(_at(reservation_id), actions, _in_time(ReservationState.BUILDING, now), _lost(reservation_id))


def commit_reservation(tx: Transaction, reservation_id: str, now: datetime, by: Principal) -> None:
    """Open and not expired becomes committed, and never falls due."""
    tx.update(
        _at(reservation_id),
        _to_state(ReservationState.COMMITTED, by),
        _in_time(ReservationState.OPEN, now),
        _lost(reservation_id),
    )


def release_reservation(tx: Transaction, reservation_id: str, now: datetime, by: Principal) -> None:
    """Open or committed becomes released."""
    holding = _in_state(ReservationState.OPEN, ReservationState.COMMITTED)
    _end(tx, reservation_id, ReservationState.RELEASED, holding, now, by, _settled_before(reservation_id))


def release_hold(tx: Transaction, reservation_id: str, version: int, now: datetime, by: Principal) -> None:
    """Open at this version becomes released; `Stale` when it is at another."""

    def refused(raw: RawItem | None) -> AisleError:
        if raw and _reservation(ReservationItem.from_raw_data(raw)).version != version:
            return Stale(f"Reservation {reservation_id} is not at version {version} any more.")
        return _settled_before(reservation_id)(raw)

    condition = _in_state(ReservationState.OPEN) & (ReservationItem.version == version)
    _end(tx, reservation_id, ReservationState.RELEASED, condition, now, by, refused)


def expire_reservation(tx: Transaction, reservation_id: str, now: datetime, by: Principal) -> None:
    """Open and past its expiry becomes expired."""
    overdue = _in_state(ReservationState.OPEN) & (ReservationItem.expires_at <= clock.rfc3339(now))
    _end(tx, reservation_id, ReservationState.EXPIRED, overdue, now, by, _settled_before(reservation_id))


def begin_release(tx: Transaction, reservation_id: str, now: datetime, by: Principal) -> None:
    """One in parts that holds stock is to give them back; that falls due at once."""
    _begin(tx, reservation_id, _in_state(*HOLDING), ReservationState.RELEASED, now, by)


def begin_expiry(tx: Transaction, reservation_id: str, now: datetime, by: Principal) -> None:
    """One in parts that is past its expiry, open or not even that, is to give them back; that falls due at once."""
    overdue = _in_state(*EXPIRING) & (ReservationItem.expires_at <= clock.rfc3339(now))
    _begin(tx, reservation_id, overdue, ReservationState.EXPIRED, now, by)


def _begin(
    tx: Transaction, reservation_id: str, condition: Condition, becomes: ReservationState, now: datetime, by: Principal
) -> None:
    actions = [
        ReservationItem.state.set(str(ReservationState.RELEASING)),
        ReservationItem.becomes.set(str(becomes)),
        ReservationItem.settled_by.set(by.as_actor()),
        ReservationItem.version.add(1),
        ReservationItem.gsi3pk.set(_due_pk(reservation_id)),
        ReservationItem.gsi3sk.set(key(clock.rfc3339(now), reservation_id)),
    ]
    tx.update(_at(reservation_id), actions, condition, _settled_before(reservation_id))


def end_release(tx: Transaction, reservation: Reservation, now: datetime, by: Principal) -> None:
    """All parts are given back: releasing becomes released, or expired."""
    ended = reservation.becomes or ReservationState.RELEASED
    releasing = _in_state(ReservationState.RELEASING)
    _end(tx, reservation.id, ended, releasing, now, by, _settled_before(reservation.id))


def _end(
    tx: Transaction,
    reservation_id: str,
    state: ReservationState,
    condition: Condition,
    now: datetime,
    by: Principal,
    on_conflict: OnConflict,
) -> None:
    kept_until = clock.epoch_seconds(now + SETTLED_KEPT)
    tx.update(_at(reservation_id), [*_to_state(state, by), ReservationItem.ttl.set(kept_until)], condition, on_conflict)


def _at(reservation_id: str) -> ReservationItem:
    return ReservationItem(key("RESERVATION", reservation_id), "RESERVATION")


def _in_state(*states: ReservationState) -> Condition:
    return ReservationItem.state.is_in(*map(str, states))


def _in_time(state: ReservationState, now: datetime) -> Condition:
    in_time: Condition = _in_state(state) & (ReservationItem.expires_at > clock.rfc3339(now))
    return in_time


def _lost(reservation_id: str) -> OnConflict:
    return lambda _: ReservationLost(f"Reservation {reservation_id} has expired or was given back.")


def _settled_before(reservation_id: str) -> OnConflict:
    return lambda _: AlreadySettled(f"Reservation {reservation_id} holds nothing any more.")


def _to_state(state: ReservationState, by: Principal) -> list[Action]:
    return [
        ReservationItem.state.set(str(state)),
        ReservationItem.settled_by.set(by.as_actor()),
        ReservationItem.version.add(1),
        ReservationItem.gsi3pk.remove(),
        ReservationItem.gsi3sk.remove(),
    ]


def due_reservations(at: datetime) -> Iterator[str]:
    """Ids of reservations whose expiry has passed or whose parts are to be given back, over all shards; may name some that
    were settled meanwhile."""
    # DEL sorts after every id, so what expires at this very moment is due.
    until = clock.rfc3339(at) + "\x7f"
    for number in range(SHARDS):
        rows = ReservationItem.by_due_time.query(
            key("DUE", "RESERVATION", str(number)), ReservationItem.gsi3sk <= until, page_size=100
        )
        for row in rows:
            yield str(row.gsi3sk).rpartition("#")[2]
