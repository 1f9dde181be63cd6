"""Reserve stock and give it back. Do and undo stand side by side; what others add to their transaction comes first."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from time import monotonic

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import NotFound
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.ids import new_id
from chalicelib.core.table import Item, Transaction, find_many
from chalicelib.inventory import events, store
from chalicelib.inventory.domain import (
    AlreadySettled,
    Reservation,
    ReservationState,
    StockLine,
    check_own_hold,
    hold_owner,
    is_name,
    summed,
)
from chalicelib.inventory.service.manage_locations import check_location
from chalicelib.inventory.service.read_stock import stock_keys


def reserve(
    tx: Transaction,
    reservation_id: str,
    lines: Sequence[StockLine],
    *,
    found: Mapping[tuple[str, str], Item],
    channel: str,
    expires_at: datetime,
    owner: str,
    by: Principal,
) -> Reservation:
    """Add to the transaction that `lines` are held for `owner` until `expires_at`: an action per SKU and location, and one.

    The condition is `available >= quantity + safety stock of the channel`, the latter as in `found` (a batch read with
    `stock_keys`). At commit `StockTooLow` says what each short SKU has left; `Conflict` when the id is taken.
    """
    reservation = Reservation(reservation_id, ReservationState.OPEN, tuple(summed(lines)), channel, owner, expires_at)
    store.add_reservation(tx, reservation, by)
    for line in reservation.lines:
        safety = store.in_batch(found, line.sku, line.location_id).safety.get(channel, 0)
        store.promise(tx, line, channel=channel, safety=safety)
    return reservation


def commit_reservation(tx: Transaction, reservation_id: str, by: Principal) -> None:
    """Add to the transaction that the reservation is binding and expires no more.

    At commit `ReservationLost` unless it is open and in time, whether or not the schedule has come by.
    """
    store.commit_reservation(tx, reservation_id, clock.now(), by)


def release_reservation(tx: Transaction, reservation: Reservation, by: Principal) -> None:
    """Add to the transaction that all units of the reservation are available again.

    Open or committed; of a committed one nothing may have been settled or moved since (those give back with `put_back`).
    At commit `AlreadySettled` when it holds nothing any more.
    """
    store.release_reservation(tx, reservation.id, clock.now(), by)
    put_back(tx, reservation.lines)


def put_back(tx: Transaction, lines: Sequence[StockLine]) -> None:
    """Add to the transaction that reserved units are available again: an action per SKU and location.

    At commit `ReservedTooLow` when fewer are reserved.
    """
    for line in summed(lines):
        store.free(tx, line)


def find_reservation(reservation_id: str) -> Reservation | None:
    """The reservation as it is now, or None."""
    return store.get_reservation(reservation_id) if is_name(reservation_id) else None


# ---- holds of tills -----------------------------------------------------------------------------------------------------


def hold_stock(
    lines: Sequence[StockLine],
    *,
    channel: str,
    seconds: int,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Reservation], Answer],
) -> Answer:
    """Hold units at named locations for `seconds`, for a till.

    Raises `LocationUnknown` and `StockTooLow`.
    """
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="inventory.write")
    for location_id in dict.fromkeys(line.location_id for line in lines):
        check_location(location_id, "/lines")
    skus = dict.fromkeys(line.sku for line in lines)
    found = find_many(stock_keys(skus, dict.fromkeys(line.location_id for line in lines)), consistent=True)
    tx = Transaction()
    reservation = reserve(
        tx,
        new_id("rsv"),
        lines,
        found=found,
        channel=channel,
        expires_at=clock.now() + timedelta(seconds=seconds),
        owner=hold_owner(by),
        by=by,
    )
    final = answer(reservation)
    once.record(tx, final)
    tx.commit()
    return final


def release_hold(reservation_id: str, expected_version: int, *, by: Principal) -> None:
    """Give a till's hold back. Raises `NotFound`, `Stale`, and `AlreadySettled` when it holds nothing any more."""
    reservation = read_hold(reservation_id, by)
    tx = Transaction()
    store.release_hold(tx, reservation.id, expected_version, clock.now(), by)
    put_back(tx, reservation.lines)
    tx.commit()


def read_hold(reservation_id: str, by: Principal) -> Reservation:
    """A till's hold, for who made it and for administrators. Raises `NotFound`."""
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="inventory.write")
    reservation = find_reservation(reservation_id)
    if reservation is None:
        raise NotFound(f"There is no reservation {reservation_id}.")
    check_own_hold(reservation, by)
    return reservation


# ---- expiry -------------------------------------------------------------------------------------------------------------


def release_expired(by: Principal, *, within: float) -> dict[str, int]:
    """Give back what is held past its time, each reservation in a transaction of its own, for at most `within` seconds.

    Safe to run twice and at once: a reservation ends once, by the condition on its state. Returns how many were
    `released`, were `settled` by others meanwhile, `failed` (and are tried again next time), and are `left` for want of
    time (1 stands for some).
    """
    until = monotonic() + within
    outcome = {"released": 0, "settled": 0, "failed": 0, "left": 0}
    for reservation_id in store.due_reservations(clock.now()):
        if monotonic() >= until:
            outcome["left"] = 1
            break
        try:
            outcome["released" if _expire(reservation_id, by) else "settled"] += 1
        except Exception:
            # One that cannot be released must not keep the others from it.
            observability.log.exception("a reservation could not be released", reservation_id=reservation_id)
            outcome["failed"] += 1
    if outcome["released"]:
        observability.count("ReservationsExpired", outcome["released"])
    return outcome


def _expire(reservation_id: str, by: Principal) -> bool:
    reservation = find_reservation(reservation_id)
    if reservation is None:
        return False
    tx = Transaction()
    store.expire_reservation(tx, reservation.id, clock.now(), by)
    put_back(tx, reservation.lines)
    events.reservation_expired(tx, reservation, by)
    try:
        tx.commit()
    except AlreadySettled:
        return False
    return True
