"""Reserve stock and give it back. Do and undo stand side by side; what others add to their transaction comes first.

What fits into one transaction is reserved in the caller's; larger reservations: `reserve_in_parts`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from chalicelib.core import clock
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import NotFound
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.ids import new_id
from chalicelib.core.table import Item, Transaction, find_many
from chalicelib.inventory import store
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
    `stock_keys`); for lines of which some wait, less the backorder limit. At commit `StockTooLow` says what each short SKU has left; `Conflict` when the id is taken.
    """
    reservation = Reservation(reservation_id, ReservationState.OPEN, tuple(summed(lines)), channel, owner, expires_at)
    store.add_reservation(tx, reservation, by)
    promise(tx, reservation.lines, found=found, channel=channel)
    return reservation


def promise(
    tx: Transaction, lines: Sequence[StockLine], *, found: Mapping[tuple[str, str], Item], channel: str
) -> None:
    """Add to the transaction that available units of summed lines become reserved, beyond the channel's safety stock, and
    those that wait within the backorder limit as found."""
    for line in lines:
        policy = store.in_batch(found, line.sku, line.location_id).policy
        store.promise(tx, line, channel=channel, safety=policy.safety.get(channel, 0), limit=policy.backorder_limit)


def commit_reservation(tx: Transaction, reservation_id: str, by: Principal) -> None:
    """Add to the transaction that the reservation is binding and expires no more.

    At commit `ReservationLost` unless it is open and in time, whether or not the schedule has come by.
    """
    store.commit_reservation(tx, reservation_id, clock.now(), by)


def release_reservation(
    tx: Transaction, reservation: Reservation, by: Principal, *, served: Sequence[StockLine] = ()
) -> None:
    """Add to the transaction that all units of the reservation are available again.

    Open or committed; of a committed one nothing may have been settled or moved since (those give back with `put_back`), and
    `served` are its units that waited and were there since. One in parts is only marked here: call `finish_release` after
    the commit, or leave it to the schedule, which comes by within a minute. At commit `AlreadySettled` when it holds nothing
    any more.
    """
    if reservation.in_parts:
        # Its parts are given back as they were taken.
        for line in summed(served):
            store.wait_again(tx, line)
        store.begin_release(tx, reservation.id, clock.now(), by)
        return
    store.release_reservation(tx, reservation.id, clock.now(), by)
    put_back(tx, [*reservation.lines, *(StockLine(one.sku, one.location_id, 0, -one.quantity) for one in served)])


def put_back(tx: Transaction, lines: Sequence[StockLine]) -> None:
    """Add to the transaction that reserved units are available again: an action per SKU and location.

    At commit `ReservedTooLow` when fewer are reserved.
    """
    for line in summed(lines):
        store.free(tx, line)


def ended(tx: Transaction) -> bool:
    """Commit what ends a reservation, or a part of one; False when it ended before."""
    try:
        tx.commit()
    except AlreadySettled:
        return False
    return True


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
