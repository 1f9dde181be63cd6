"""What is held past its time is given back, each minute."""

from time import monotonic

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal
from chalicelib.core.table import Transaction
from chalicelib.inventory import events, store
from chalicelib.inventory.domain import Reservation, ReservationState
from chalicelib.inventory.service.large_reservations import finish_release
from chalicelib.inventory.service.reserve_stock import ended, find_reservation, put_back
from chalicelib.inventory.service.split_stock import until_settled


def release_expired(by: Principal, *, within: float) -> dict[str, int]:
    """Give back what is held past its time and what is left of reservations that end, for at most `within` seconds.

    Each reservation ends in a transaction of its own, one in parts in one for each part. Safe to run twice and at once: a
    reservation ends once, by the condition on its state. Returns how many were `released`, were `settled` by others
    meanwhile, `failed` (and are tried again next time), and are `left` for want of time (1 stands for some).
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
    return _expire_in_parts(reservation, by) if reservation.in_parts else _expire_at_once(reservation, by)


def _expire_in_parts(reservation: Reservation, by: Principal) -> bool:
    if reservation.state is not ReservationState.RELEASING:
        tx = Transaction()
        store.begin_expiry(tx, reservation.id, clock.now(), by)
        if not ended(tx):
            return False
    return finish_release(reservation.id, by)


def _expire_at_once(reservation: Reservation, by: Principal) -> bool:
    def expire() -> bool:
        tx = Transaction()
        store.expire_reservation(tx, reservation.id, clock.now(), by)
        put_back(tx, reservation.lines, of=reservation.id)
        events.reservation_expired(tx, reservation, by)
        return ended(tx)

    return until_settled(expire)
