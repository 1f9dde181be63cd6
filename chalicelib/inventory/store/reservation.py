"""Promised stock, and when the promise ends."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import AisleError, Conflict, Stale
from chalicelib.core.keys import key, shard
from chalicelib.core.table import Item, Json, OnConflict, RawItem, Transaction, find
from chalicelib.inventory.domain import (
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
    """pk = RESERVATION#<id>, sk = RESERVATION."""

    state = UnicodeAttribute()
    lines = Json()
    channel = UnicodeAttribute()
    owner = UnicodeAttribute()
    expires_at = UnicodeAttribute()
    made_by = Json()
    settled_by = Json(null=True)
    version = NumberAttribute()


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
    )


def add_reservation(tx: Transaction, reservation: Reservation, by: Principal) -> None:
    """Write a new, open reservation, which falls due at its expiry."""
    expiry = clock.rfc3339(reservation.expires_at)
    item = ReservationItem(
        key("RESERVATION", reservation.id),
        "RESERVATION",
        state=str(reservation.state),
        lines=[[line.sku, line.location_id, line.quantity] for line in reservation.lines],
        channel=reservation.channel,
        owner=reservation.owner,
        expires_at=expiry,
        made_by=by.as_actor(),
        version=reservation.version,
        gsi3pk=_due_pk(reservation.id),
        gsi3sk=key(expiry, reservation.id),
    )
    tx.create(item, lambda _: Conflict(f"Reservation {reservation.id} exists."))


def get_reservation(reservation_id: str) -> Reservation | None:
    """The reservation as it is now, or None."""
    item = find(ReservationItem, key("RESERVATION", reservation_id), "RESERVATION", consistent=True)
    return _reservation(item) if item else None


def commit_reservation(tx: Transaction, reservation_id: str, now: datetime, by: Principal) -> None:
    """Open and not expired becomes committed, and never falls due."""
    condition = (ReservationItem.state == str(ReservationState.OPEN)) & (
        ReservationItem.expires_at > clock.rfc3339(now)
    )
    tx.update(
        ReservationItem(key("RESERVATION", reservation_id), "RESERVATION"),
        _to_state(ReservationState.COMMITTED, by),
        condition,
        lambda _: ReservationLost(f"Reservation {reservation_id} has expired or was given back."),
    )


def release_reservation(tx: Transaction, reservation_id: str, now: datetime, by: Principal) -> None:
    """Open or committed becomes released."""
    holding = ReservationItem.state.is_in(str(ReservationState.OPEN), str(ReservationState.COMMITTED))
    _end(tx, reservation_id, ReservationState.RELEASED, holding, now, by, _settled_before(reservation_id))


def release_hold(tx: Transaction, reservation_id: str, version: int, now: datetime, by: Principal) -> None:
    """Open at this version becomes released; `Stale` when it is at another."""

    def refused(raw: RawItem | None) -> AisleError:
        if raw and _reservation(ReservationItem.from_raw_data(raw)).version != version:
            return Stale(f"Reservation {reservation_id} is not at version {version} any more.")
        return _settled_before(reservation_id)(raw)

    condition = (ReservationItem.state == str(ReservationState.OPEN)) & (ReservationItem.version == version)
    _end(tx, reservation_id, ReservationState.RELEASED, condition, now, by, refused)


def expire_reservation(tx: Transaction, reservation_id: str, now: datetime, by: Principal) -> None:
    """Open and past its expiry becomes expired."""
    overdue = (ReservationItem.state == str(ReservationState.OPEN)) & (ReservationItem.expires_at <= clock.rfc3339(now))
    _end(tx, reservation_id, ReservationState.EXPIRED, overdue, now, by, _settled_before(reservation_id))


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
    tx.update(
        ReservationItem(key("RESERVATION", reservation_id), "RESERVATION"),
        [*_to_state(state, by), ReservationItem.ttl.set(kept_until)],
        condition,
        on_conflict,
    )


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
    """Ids of open reservations whose expiry has passed, over all shards; may name some that were settled meanwhile."""
    # DEL sorts after every id, so what expires at this very moment is due.
    until = clock.rfc3339(at) + "\x7f"
    for number in range(SHARDS):
        rows = ReservationItem.by_due_time.query(
            key("DUE", "RESERVATION", str(number)), ReservationItem.gsi3sk <= until, page_size=100
        )
        for row in rows:
            yield str(row.gsi3sk).rpartition("#")[2]
