"""Receive, adjust and count stock, and keep some of it back: each command one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from chalicelib.core import clock
from chalicelib.core.auth import Principal, Role
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.ids import new_id, new_ulid
from chalicelib.core.table import Transaction
from chalicelib.inventory import events, store
from chalicelib.inventory.domain import (
    AdjustmentReason,
    Count,
    Movement,
    MovementKind,
    NothingToDo,
    StockLine,
    check_direction,
    summed,
)
from chalicelib.inventory.service.manage_locations import check_location
from chalicelib.inventory.service.split_stock import change_count, read_split, to_take_out, until_settled


@dataclass(frozen=True, slots=True)
class Booked:
    """What a stock command booked: its id, and one movement per SKU."""

    id: str
    location_id: str
    movements: tuple[Movement, ...]


Render = Callable[[Booked], Answer]


def receive_stock(
    location_id: str,
    units: Sequence[tuple[str, int]],
    *,
    reference: str | None,
    by: Principal,
    once: Idempotency,
    answer: Render,
) -> Answer:
    """Book goods that came in: `units` by SKU, at most `MAX_LINES` lines.

    Raises `LocationUnknown`, and `TooManyUnits` when the location would hold more than `MAX_UNITS` of a SKU.
    """
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="inventory.write")
    check_location(location_id, "/location_id")
    lines = summed(StockLine(sku, location_id, quantity) for sku, quantity in units)
    tx = Transaction()
    receipt = new_id("rcp")
    for line in lines:
        store.bring_in(tx, line)
    movements = [
        record_movement(tx, line, MovementKind.RECEIVED, cause=receipt, reference=reference, by=by) for line in lines
    ]
    return _finish(tx, Booked(receipt, location_id, tuple(movements)), "StockReceived", by, once, answer)


def adjust_stock(
    location_id: str,
    units: Sequence[tuple[str, int]],
    reason: AdjustmentReason,
    *,
    reference: str | None,
    by: Principal,
    once: Idempotency,
    answer: Render,
) -> Answer:
    """Write units up or down, with the reason. Only units that are not reserved can be written down.

    Raises `LocationUnknown`, `WrongDirection` (a loss that adds, a find that takes), `NothingToDo` when the lines cancel
    out, `StockTooLow`, `TooManyUnits`.
    """
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="inventory.write")
    check_direction(reason, [quantity for _, quantity in units])
    check_location(location_id, "/location_id")
    lines = summed(StockLine(sku, location_id, quantity) for sku, quantity in units)
    if not lines:
        raise NothingToDo("The lines cancel out.")
    adjustment = new_id("adj")

    def adjust() -> Answer:
        tx = Transaction()
        for line in lines:
            if line.quantity > 0:
                store.bring_in(tx, line)
        take_from_sale(tx, [replace(line, quantity=-line.quantity) for line in lines if line.quantity < 0])
        movements = [
            record_movement(
                tx, line, MovementKind.ADJUSTED, reason=reason, cause=adjustment, reference=reference, by=by
            )
            for line in lines
        ]
        return _finish(tx, Booked(adjustment, location_id, tuple(movements)), "StockAdjusted", by, once, answer)

    return until_settled(adjust)


def take_from_sale(tx: Transaction, lines: Sequence[StockLine]) -> None:
    """Add to the transaction that available units are gone: an action per SKU and location, more for one that is split."""
    found = read_split(lines)
    for line in lines:
        for row, part in to_take_out(found, line):
            store.take_out(tx, part, row)


def count_stock(
    location_id: str,
    counts: Sequence[Count],
    *,
    reference: str | None,
    by: Principal,
    once: Idempotency,
    answer: Render,
) -> Answer:
    """Set the units on hand to what was counted, if they are still what the counter believed; each SKU once.

    Raises `LocationUnknown`, `CountOutdated` with what it is now, `CountBelowReserved` when more is promised than there is.
    """
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="inventory.write")
    check_location(location_id, "/location_id")
    count_id = new_id("cnt")

    def book() -> Answer:
        tx = Transaction()
        found = read_split(StockLine(count.sku, location_id, 0) for count in counts)
        movements = []
        for count in counts:
            change_count(tx, location_id, count, found)
            line = StockLine(count.sku, location_id, count.counted - count.expected_on_hand)
            movements.append(
                record_movement(tx, line, MovementKind.COUNTED, cause=count_id, reference=reference, by=by)
            )
        return _finish(tx, Booked(count_id, location_id, tuple(movements)), "StockCounted", by, once, answer)

    return until_settled(book)


def set_safety_stock(
    location_id: str,
    safety: Mapping[str, Mapping[str, int]],
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[], Answer],
) -> Answer:
    """Keep units of a SKU back from channels: `safety` holds units by channel by SKU, in place of what was set before.

    It bounds what is sold from now on and moves nothing. Raises `LocationUnknown`.
    """
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="inventory.write")
    check_location(location_id, "/location_id")
    tx = Transaction()
    for sku, by_channel in safety.items():
        store.set_safety(tx, sku, location_id, by_channel)
    final = answer()
    once.record(tx, final)
    tx.commit()
    return final


def _finish(tx: Transaction, booked: Booked, event: str, by: Principal, once: Idempotency, answer: Render) -> Answer:
    events.stock_changed(tx, event, booked.id, booked.movements, by)
    final = answer(booked)
    once.record(tx, final)
    tx.commit()
    return final


def record_movement(
    tx: Transaction,
    line: StockLine,
    kind: MovementKind,
    *,
    cause: str,
    by: Principal,
    reason: str | None = None,
    reference: str | None = None,
) -> Movement:
    """Add the ledger entry of a change of `line.quantity` units on hand to the transaction."""
    movement = Movement(
        id=new_ulid(),
        sku=line.sku,
        location_id=line.location_id,
        kind=kind,
        quantity=line.quantity,
        reason=str(reason) if reason else None,
        cause=cause,
        reference=reference,
        actor=by.as_actor(),
        at=clock.rfc3339(clock.now()),
    )
    store.record(tx, movement)
    return movement
