"""Large reservations: taken part by part under one id, opened and committed as one, given back part by part.

A reservation of 2,000 lines fits into no transaction. Its head is one item that everything is decided on; each part is an
item of its own that is written together with the stock that it holds. What makes that safe after any crash and in any race:

- a part is taken only while the head is `building`, in the transaction that takes it;
- giving back begins by moving the head to `releasing`, after which no part can be taken and it can be neither opened nor
  committed; each part then ends in the transaction that frees its units, under the condition that it is held;
- whatever is left half done stands in the due index, and the minute schedule finishes it.
"""

from collections.abc import Sequence
from datetime import datetime

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import AisleError
from chalicelib.core.table import CommandTooLarge, Transaction, find_many
from chalicelib.inventory import events, store
from chalicelib.inventory.domain import (
    Part,
    Reservation,
    ReservationState,
    StockLine,
    StockTooLow,
    summed,
)
from chalicelib.inventory.service.reserve_stock import ended, find_reservation, promise, put_back, release_reservation
from chalicelib.inventory.service.split_stock import line_keys, until_settled

PART_LINES = 80
"""Lines of a part: their counters, the part and the check of its head, with room for lines that need several counters."""


def reserve_in_parts(
    reservation_id: str,
    lines: Sequence[StockLine],
    *,
    channel: str,
    expires_at: datetime,
    owner: str,
    by: Principal,
) -> Reservation:
    """Hold `lines`, any number, for `owner` until `expires_at`: a read and a transaction per `PART_LINES` lines.

    What comes back is `building`: bind it with `open_reservation`; what is not opened in time is given back. Each part holds
    back the safety stock of the channel, like `reserve`. When units are missing everything taken is given back, and
    `StockTooLow` names every short SKU of all parts with what is left. An id is used once, also one that was given back:
    `Conflict`. After any other error, and after a crash, the schedule gives back what was taken.
    """
    reservation = Reservation(reservation_id, ReservationState.BUILDING, (), channel, owner, expires_at, in_parts=True)
    tx = Transaction()
    store.add_reservation(tx, reservation, by)
    tx.commit()
    try:
        _take(reservation, summed(lines))
    except AisleError:
        _abandon(reservation, by)
        raise
    return reservation


def _take(reservation: Reservation, lines: Sequence[StockLine]) -> None:
    waiting = [lines[start : start + PART_LINES] for start in range(0, len(lines), PART_LINES)]
    number = 0
    while waiting:
        chunk = waiting.pop(0)
        try:
            part = Part(reservation.id, number, tuple(chunk))
            until_settled(lambda part=part: _take_part(part, reservation.channel))  # type: ignore[misc]
        except CommandTooLarge:
            half = len(chunk) // 2
            waiting = [chunk[:half], chunk[half:], *waiting]
            continue
        except StockTooLow as short:
            untried = [line for part in waiting for line in part]
            raise StockTooLow.of([*short.members["shortages"], *_shortages(untried, reservation.channel)]) from short
        number += 1


def _take_part(part: Part, channel: str) -> None:
    found = find_many(line_keys(part.lines))
    tx = Transaction()
    store.check_building(tx, part.reservation_id)
    store.add_part(tx, part)
    promise(tx, part.lines, found=found, channel=channel, of=part.reservation_id)
    tx.commit()


def _shortages(lines: Sequence[StockLine], channel: str) -> list[dict[str, str | int]]:
    found = find_many(line_keys(lines), consistent=True)
    stock = [store.in_batch(found, line.sku, line.location_id) for line in lines]
    left = [
        now.sellable(channel) + (now.backorderable(channel) if line.waiting else 0)
        for now, line in zip(stock, lines, strict=True)
    ]
    return [
        {"sku": line.sku, "location_id": line.location_id, "wanted": line.quantity, "left": units}
        for line, units in zip(lines, left, strict=True)
        if units < line.quantity
    ]


def _abandon(reservation: Reservation, by: Principal) -> None:
    """Give back what was taken; if that fails, too, the schedule does it."""
    try:
        tx = Transaction()
        release_reservation(tx, reservation, by)
        ended(tx)
        finish_release(reservation.id, by)
    except Exception:
        observability.log.exception("a reservation was not given back yet", reservation_id=reservation.id)


def open_reservation(tx: Transaction, reservation: Reservation, by: Principal) -> None:
    """Add to the transaction that a reservation taken in parts is complete and can be committed.

    At commit `ReservationLost` unless it is building and in time, whether or not the schedule has come by.
    """
    store.open_reservation(tx, reservation.id, clock.now(), by)


def finish_release(reservation_id: str, by: Principal) -> bool:
    """Give back the parts of a reservation that is releasing, each in a transaction of its own; whether this call ended it.

    Safe to run twice and at once: a part is given back once, by the condition on its state. Of any other reservation, and
    of one that ended before, nothing is changed.
    """
    reservation = find_reservation(reservation_id)
    if reservation is None or reservation.state is not ReservationState.RELEASING:
        return False
    for part in store.held_parts(reservation_id):
        until_settled(lambda part=part: _give_back(part))  # type: ignore[misc]
    tx = Transaction()
    store.end_release(tx, reservation, clock.now(), by)
    if reservation.becomes is ReservationState.EXPIRED:
        events.reservation_expired(tx, reservation, by)
    return ended(tx)


def _give_back(part: Part) -> None:
    tx = Transaction()
    store.release_part(tx, part, clock.now())
    put_back(tx, part.lines, of=part.reservation_id)
    ended(tx)
