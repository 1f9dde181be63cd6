"""Transfers between locations, in two phases: dispatched, then received or called back."""

from collections.abc import Callable, Mapping, Sequence

from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import NotFound
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.ids import new_id
from chalicelib.core.paging import Page, page_of
from chalicelib.core.table import Transaction
from chalicelib.inventory import events, store
from chalicelib.inventory.domain import (
    MovementKind,
    SameLocation,
    StockLine,
    Transfer,
    TransferLine,
    TransferStatus,
    arrive,
    call_back,
    is_name,
    summed,
)
from chalicelib.inventory.service.change_stock import record_movement, take_from_sale
from chalicelib.inventory.service.manage_locations import check_location
from chalicelib.inventory.service.split_stock import until_settled

Render = Callable[[Transfer], Answer]


def dispatch_transfer(
    from_location: str,
    to_location: str,
    units: Sequence[tuple[str, int]],
    *,
    reference: str | None,
    by: Principal,
    once: Idempotency,
    answer: Render,
) -> Answer:
    """Send `units` by SKU (at most `MAX_TRANSFER_LINES` lines) on their way; they are at neither location until received.

    Raises `SameLocation`, `LocationUnknown`, `StockTooLow`.
    """
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="inventory.write")
    if from_location == to_location:
        raise SameLocation(f"{from_location} cannot send to itself.")
    check_location(from_location, "/from_location")
    check_location(to_location, "/to_location")
    lines = summed(StockLine(sku, from_location, quantity) for sku, quantity in units)
    transfer = Transfer(
        id=new_id("trf"),
        from_location=from_location,
        to_location=to_location,
        status=TransferStatus.IN_TRANSIT,
        lines=tuple(TransferLine(line.sku, line.quantity) for line in lines),
        reference=reference,
    )

    def dispatch() -> Answer:
        tx = Transaction()
        store.add_transfer(tx, transfer)
        take_from_sale(tx, lines)
        for line in lines:
            out = StockLine(line.sku, from_location, -line.quantity)
            record_movement(tx, out, MovementKind.TRANSFER_OUT, cause=transfer.id, by=by)
        events.transfer_dispatched(tx, transfer, by)
        return _finish(tx, transfer, once, answer)

    return until_settled(dispatch)


def receive_transfer(
    transfer_id: str,
    units: Mapping[str, int],
    *,
    complete: bool,
    by: Principal,
    once: Idempotency,
    answer: Render,
) -> Answer:
    """Book what arrived, by SKU; with `complete`, what did not arrive is booked as a discrepancy at the destination.

    So the movements of a transfer add up to what was lost or found on the way. Raises `NotFound`, `TransferSettled`,
    `NotInTransfer`, `NothingToDo`, `TooManyUnits`, `Contended` (try again).
    """
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="inventory.write")
    transfer, arrivals = arrive(_must_find(transfer_id), units, complete=complete)
    tx = Transaction()
    store.change_transfer(tx, transfer)
    for one in arrivals:
        if one.came:
            store.bring_in(tx, StockLine(one.sku, transfer.to_location, one.came))
        booked = ((MovementKind.TRANSFER_IN, one.landed), (MovementKind.TRANSFER_DISCREPANCY, one.discrepancy))
        for kind, quantity in booked:
            if quantity:
                line = StockLine(one.sku, transfer.to_location, quantity)
                record_movement(tx, line, kind, cause=transfer.id, by=by)
    events.transfer_received(tx, transfer, arrivals, by)
    return _finish(tx, transfer, once, answer)


def cancel_transfer(transfer_id: str, *, by: Principal, once: Idempotency, answer: Render) -> Answer:
    """Call back what is under way: it is available again where it came from.

    Raises `NotFound`, `TransferSettled`, `TooManyUnits`, `Contended` (try again).
    """
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="inventory.write")
    transfer, back = call_back(_must_find(transfer_id))
    tx = Transaction()
    store.change_transfer(tx, transfer)
    for line in back:
        store.bring_in(tx, line)
        record_movement(tx, line, MovementKind.TRANSFER_CANCELLED, cause=transfer.id, by=by)
    events.transfer_cancelled(tx, transfer, back, by)
    return _finish(tx, transfer, once, answer)


def read_transfer(transfer_id: str, by: Principal) -> Transfer:
    """A transfer, for staff. Raises `NotFound`."""
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="inventory.write")
    return _must_find(transfer_id)


def list_transfers(status: TransferStatus, limit: int, cursor: str | None, by: Principal) -> Page[Transfer]:
    """Transfers in a status, oldest first, for staff."""
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="inventory.write")
    return page_of(
        f"transfers {status}",
        limit,
        cursor,
        lambda after, count: store.transfers_in(status, after, count),
        lambda transfer: transfer.id,
    )


def _finish(tx: Transaction, transfer: Transfer, once: Idempotency, answer: Render) -> Answer:
    final = answer(transfer)
    once.record(tx, final)
    tx.commit()
    return final


def _must_find(transfer_id: str) -> Transfer:
    transfer = store.get_transfer(transfer_id) if is_name(transfer_id) else None
    if transfer is None:
        raise NotFound(f"There is no transfer {transfer_id}.")
    return transfer
