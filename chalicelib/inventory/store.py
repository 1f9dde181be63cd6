"""Inventory in the table.

| item | pk | sk | index |
|---|---|---|---|
| location | LOCATION#<id> | LOCATION | gsi1 LOCATIONS / <id> |
| stock | STOCK#<sku> | LOCATION#<id> | gsi1 STOCK_AT#<location> / <sku>, never rewritten |
| movement | STOCK#<sku> | MOVEMENT#<ulid> | |
| reservation | RESERVATION#<id> | RESERVATION | gsi3 DUE#RESERVATION#<shard> / <expiry>#<id>, while open |
| transfer | TRANSFER#<id> | TRANSFER | gsi1 TRANSFERS#<state> / <id> |
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import AisleError, Conflict, Contended, Stale
from chalicelib.core.keys import key, shard
from chalicelib.core.table import Item, Json, OnConflict, RawItem, Transaction, find, find_many
from chalicelib.inventory.domain import (
    MAX_UNITS,
    AlreadySettled,
    Count,
    CountBelowReserved,
    CountOutdated,
    Location,
    LocationStatus,
    LocationType,
    Movement,
    MovementKind,
    Reservation,
    ReservationLost,
    ReservationState,
    ReservedTooLow,
    Settlement,
    Stock,
    StockLine,
    StockTooLow,
    TooManyUnits,
    Transfer,
    TransferLine,
    TransferStatus,
)

SHARDS = 8
"""Index partitions of what falls due."""

SETTLED_KEPT = timedelta(days=30)
"""How long a reservation that holds nothing any more can still be read."""


class LocationItem(Item):
    """pk = LOCATION#<id>, sk = LOCATION."""

    version = NumberAttribute()


class StockItem(Item):
    """pk = STOCK#<sku>, sk = LOCATION#<location>. The counters are in no index, so changing them writes none."""

    on_hand = NumberAttribute(default=0)
    available = NumberAttribute(default=0)
    reserved = NumberAttribute(default=0)
    safety = Json(null=True)
    version = NumberAttribute(default=0)


class MovementItem(Item):
    """pk = STOCK#<sku>, sk = MOVEMENT#<ulid>. Written once, never changed."""

    location_id = UnicodeAttribute()
    kind = UnicodeAttribute()
    quantity = NumberAttribute()
    reason = UnicodeAttribute(null=True)
    cause = UnicodeAttribute()
    reference = UnicodeAttribute(null=True)
    actor = Json()
    at = UnicodeAttribute()


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


class TransferItem(Item):
    """pk = TRANSFER#<id>, sk = TRANSFER. All of it is in `summary`, as it is listed."""

    version = NumberAttribute()


# ---- locations ----------------------------------------------------------------------------------------------------------


def _location_item(location: Location) -> LocationItem:
    summary = {
        "name": location.name,
        "type": location.type,
        "priority": location.priority,
        "channels": list(location.channels),
        "address": dict(location.address),
        "status": location.status,
        "cutoff": location.cutoff,
        "version": location.version,
    }
    return LocationItem(
        key("LOCATION", location.id),
        "LOCATION",
        version=location.version,
        summary=summary,
        gsi1pk="LOCATIONS",
        gsi1sk=location.id,
    )


def _location(id: str, summary: Mapping[str, Any]) -> Location:
    return Location(
        id=id,
        name=summary["name"],
        type=LocationType(summary["type"]),
        priority=summary["priority"],
        channels=tuple(summary["channels"]),
        address=summary["address"],
        status=LocationStatus(summary["status"]),
        cutoff=summary["cutoff"],
        version=summary["version"],
    )


def add_location(tx: Transaction, location: Location) -> None:
    """Write a new location."""
    tx.create(_location_item(location), lambda _: Conflict(f"Location {location.id} exists."))


def change_location(tx: Transaction, location: Location) -> None:
    """Write the next version of a location."""

    def stale(raw: RawItem | None) -> AisleError:
        return Stale(f"The location is not at version {location.version - 1} any more.")

    tx.put(_location_item(location), LocationItem.version == location.version - 1, stale)


def get_location(location_id: str) -> Location | None:
    """The location, or None."""
    item = find(LocationItem, key("LOCATION", location_id), "LOCATION", consistent=True)
    return _location(location_id, item.summary) if item else None


def locations(after: str | None = None, count: int | None = None) -> list[Location]:
    """Locations by id."""
    condition = LocationItem.gsi1sk > after if after else None
    rows = LocationItem.by_owner.query("LOCATIONS", condition, limit=count)
    return [_location(str(row.gsi1sk), row.summary) for row in rows]


# ---- stock --------------------------------------------------------------------------------------------------------------


def stock_key(sku: str, location_id: str) -> tuple[type[Item], str, str]:
    """Where the counters are, for a batch read."""
    return StockItem, key("STOCK", sku), key("LOCATION", location_id)


def _at(sku: str, location_id: str) -> StockItem:
    return StockItem(key("STOCK", sku), key("LOCATION", location_id))


def _stock(item: StockItem) -> Stock:
    return Stock(
        sku=item.pk.removeprefix("STOCK#"),
        location_id=item.sk.removeprefix("LOCATION#"),
        on_hand=int(item.on_hand),
        available=int(item.available),
        reserved=int(item.reserved),
        safety=item.safety or {},
        version=int(item.version),
    )


def _stock_in(raw: RawItem | None, line: StockLine) -> Stock:
    return _stock(StockItem.from_raw_data(raw)) if raw else Stock(line.sku, line.location_id)


def in_batch(found: Mapping[tuple[str, str], Item], sku: str, location_id: str) -> Stock:
    """The stock out of a batch read with `stock_key`; all zero where there never was any."""
    _, pk, sk = stock_key(sku, location_id)
    item = found.get((pk, sk))
    return _stock(cast(StockItem, item)) if item else Stock(sku, location_id)


def stock_of(sku: str) -> list[Stock]:
    """The SKU's stock everywhere, as it is now."""
    rows = StockItem.query(key("STOCK", sku), StockItem.sk.startswith("LOCATION#"), consistent_read=True)
    return [_stock(item) for item in rows]


def stock_at(location_id: str, after: str | None, count: int) -> list[Stock]:
    """What a location has or had, by SKU, with the counters as they are now."""
    condition = StockItem.gsi1sk > after if after else None
    rows = StockItem.by_owner.query(key("STOCK_AT", location_id), condition, limit=count)
    skus = [str(row.gsi1sk) for row in rows]
    found = find_many([stock_key(sku, location_id) for sku in skus], consistent=True)
    return [in_batch(found, sku, location_id) for sku in skus]


def _moving(on_hand: int, available: int, reserved: int) -> list[Action]:
    """Counters of a row that is there, as every condition on a counter requires."""
    moved = ((StockItem.on_hand, on_hand), (StockItem.available, available), (StockItem.reserved, reserved))
    return [*(counter.add(units) for counter, units in moved if units), StockItem.version.add(1)]


def _counting(on_hand: int, available: int, reserved: int) -> list[Action]:
    """Counters of a row that may be new: adding zero makes one."""
    return [
        StockItem.on_hand.add(on_hand),
        StockItem.available.add(available),
        StockItem.reserved.add(reserved),
        StockItem.version.add(1),
    ]


def _listing(sku: str, location_id: str) -> list[Action]:
    # Only the first write of a row sets its index keys, and nothing else is in the index: no change of a counter writes it.
    return [
        StockItem.gsi1pk.set(StockItem.gsi1pk | key("STOCK_AT", location_id)),
        StockItem.gsi1sk.set(StockItem.gsi1sk | sku),
    ]


def bring_in(tx: Transaction, line: StockLine) -> None:
    """More on hand and to sell, up to `MAX_UNITS`; makes the row when there is none."""
    actions = [*_counting(line.quantity, line.quantity, 0), *_listing(line.sku, line.location_id)]
    fits = StockItem.pk.does_not_exist() | (StockItem.on_hand <= MAX_UNITS - line.quantity)

    def full(raw: RawItem | None) -> AisleError:
        now = _stock_in(raw, line)
        return TooManyUnits(f"{line.sku}: {now.on_hand} on hand, {line.quantity} more do not fit.")

    tx.update(_at(line.sku, line.location_id), actions, fits, full)


def take_out(tx: Transaction, line: StockLine) -> None:
    """Fewer on hand and to sell, if so many are not promised to anyone."""
    actions = _moving(-line.quantity, -line.quantity, 0)
    tx.update(_at(line.sku, line.location_id), actions, StockItem.available >= line.quantity, too_low(line))


def set_count(tx: Transaction, location_id: str, count: Count) -> None:
    """On hand becomes what was counted, if it still is what the counter was told, and what is reserved is there."""
    delta = count.counted - count.expected_on_hand
    actions = [*_counting(delta, delta, 0), *_listing(count.sku, location_id)]
    as_told = (StockItem.on_hand == count.expected_on_hand) & (StockItem.available >= -delta)
    condition = as_told | StockItem.pk.does_not_exist() if count.expected_on_hand == 0 else as_told

    def outdated(raw: RawItem | None) -> AisleError:
        now = _stock_in(raw, StockLine(count.sku, location_id, 0))
        kind = CountBelowReserved if now.on_hand == count.expected_on_hand else CountOutdated
        return kind.of(
            [
                {
                    "sku": count.sku,
                    "location_id": location_id,
                    "expected_on_hand": count.expected_on_hand,
                    "on_hand": now.on_hand,
                    "reserved": now.reserved,
                }
            ]
        )

    tx.update(_at(count.sku, location_id), actions, condition, outdated)


def set_safety(tx: Transaction, sku: str, location_id: str, safety: Mapping[str, int]) -> None:
    """Units to keep back, by channel, in place of those before; makes the row when there is none."""
    actions = [StockItem.safety.set(dict(safety)), *_counting(0, 0, 0), *_listing(sku, location_id)]
    # Always true: what is kept back depends on nothing, and every update states its condition.
    anything = StockItem.pk.does_not_exist() | StockItem.pk.exists()
    tx.update(_at(sku, location_id), actions, anything, lambda _: Contended("The stock row changed."))


def promise(tx: Transaction, line: StockLine, *, channel: str | None, safety: int) -> None:
    """Available units become reserved, if `safety` units stay; the error tells what the channel has left to sell."""
    actions = _moving(0, -line.quantity, line.quantity)
    condition = StockItem.available >= line.quantity + safety
    tx.update(_at(line.sku, line.location_id), actions, condition, too_low(line, channel))


def free(tx: Transaction, line: StockLine) -> None:
    """Reserved units can be sold again."""
    actions = _moving(0, line.quantity, -line.quantity)
    tx.update(_at(line.sku, line.location_id), actions, StockItem.reserved >= line.quantity, _not_reserved(line))


def settle(tx: Transaction, settlement: Settlement) -> None:
    """Reserved units left, or are not there."""
    line = StockLine(settlement.sku, settlement.location_id, settlement.shipped + settlement.short)
    actions = _moving(-line.quantity, 0, -line.quantity)
    tx.update(_at(line.sku, line.location_id), actions, StockItem.reserved >= line.quantity, _not_reserved(line))


def too_low(line: StockLine, channel: str | None = None) -> OnConflict:
    """The error of a row that has not enough, with what it has available, or what the channel has left to sell."""

    def error(raw: RawItem | None) -> AisleError:
        now = _stock_in(raw, line)
        left = now.available if channel is None else now.sellable(channel)
        return StockTooLow.of(
            [{"sku": line.sku, "location_id": line.location_id, "wanted": line.quantity, "left": left}]
        )

    return error


def _not_reserved(line: StockLine) -> OnConflict:
    def error(raw: RawItem | None) -> AisleError:
        reserved = _stock_in(raw, line).reserved
        return ReservedTooLow(f"{line.sku} at {line.location_id} has {reserved} reserved, not {line.quantity}.")

    return error


# ---- movements ----------------------------------------------------------------------------------------------------------


def record(tx: Transaction, movement: Movement) -> None:
    """Add a movement."""
    item = MovementItem(
        key("STOCK", movement.sku),
        key("MOVEMENT", movement.id),
        location_id=movement.location_id,
        kind=str(movement.kind),
        quantity=movement.quantity,
        reason=movement.reason,
        cause=movement.cause,
        reference=movement.reference,
        actor=dict(movement.actor),
        at=movement.at,
    )
    tx.create(item, lambda _: Conflict("This movement was written before."))


def movements(sku: str, after: str | None, count: int) -> list[Movement]:
    """Movements of a SKU, oldest first."""
    start = key("MOVEMENT", after) if after else "MOVEMENT#"
    condition = MovementItem.sk.between(start + "\x00", "MOVEMENT#\x7f")
    return [
        Movement(
            id=item.sk.removeprefix("MOVEMENT#"),
            sku=sku,
            location_id=item.location_id,
            kind=MovementKind(item.kind),
            quantity=int(item.quantity),
            reason=item.reason,
            cause=item.cause,
            reference=item.reference,
            actor=item.actor,
            at=item.at,
        )
        for item in MovementItem.query(key("STOCK", sku), condition, limit=count)
    ]


# ---- reservations -------------------------------------------------------------------------------------------------------


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


# ---- transfers ----------------------------------------------------------------------------------------------------------


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
