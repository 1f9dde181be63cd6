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
from chalicelib.inventory.service.split_stock import is_split, read_split, to_give_up, to_promise, until_settled


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
    `stock_keys`); for lines of which some wait, less the backorder limit. A line that is split may take several actions. At commit
    `StockTooLow` says what each short SKU has left, `StockMoved` that a split line is to be read again; `Conflict` when the id is taken.
    """
    reservation = Reservation(reservation_id, ReservationState.OPEN, tuple(summed(lines)), channel, owner, expires_at)
    store.add_reservation(tx, reservation, by)
    promise(tx, reservation.lines, found=found, channel=channel, of=reservation_id)
    return reservation


def promise(
    tx: Transaction, lines: Sequence[StockLine], *, found: Mapping[tuple[str, str], Item], channel: str, of: str
) -> None:
    """Add to the transaction that available units of summed lines become reserved for `of`, beyond the channel's safety
    stock, and those that wait within the backorder limit as found."""
    for line in lines:
        for one in to_promise(found, line, channel, of):
            store.promise(tx, one.line, channel=channel, safety=one.safety, limit=one.limit, row=one.row)


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
        # Its parts are given back as they were taken; of split stock, of which none waits, without regard to who waited.
        for line in summed(served):
            if not is_split(line):
                store.wait_again(tx, line)
        store.begin_release(tx, reservation.id, clock.now(), by)
        return
    store.release_reservation(tx, reservation.id, clock.now(), by)
    now = [*reservation.lines, *(StockLine(one.sku, one.location_id, 0, -one.quantity) for one in served)]
    put_back(tx, now, of=reservation.id)


def put_back(tx: Transaction, lines: Sequence[StockLine], *, of: str) -> None:
    """Add to the transaction that units reserved for `of` are available again: an action per SKU and location.

    At commit `ReservedTooLow` when fewer are reserved; `StockMoved` when a split line is to be read again.
    """
    together = summed(lines)
    found = read_split(together)
    for line in together:
        for row, part in to_give_up(found, line, of):
            store.free(tx, part, row)


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

    def hold() -> Answer:
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

    return until_settled(hold)


def release_hold(reservation_id: str, expected_version: int, *, by: Principal) -> None:
    """Give a till's hold back. Raises `NotFound`, `Stale`, and `AlreadySettled` when it holds nothing any more."""
    reservation = read_hold(reservation_id, by)

    def release() -> None:
        tx = Transaction()
        store.release_hold(tx, reservation.id, expected_version, clock.now(), by)
        put_back(tx, reservation.lines, of=reservation.id)
        tx.commit()

    until_settled(release)


def read_hold(reservation_id: str, by: Principal) -> Reservation:
    """A till's hold, for who made it and for administrators. Raises `NotFound`."""
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="inventory.write")
    reservation = find_reservation(reservation_id)
    if reservation is None:
        raise NotFound(f"There is no reservation {reservation_id}.")
    check_own_hold(reservation, by)
    return reservation
