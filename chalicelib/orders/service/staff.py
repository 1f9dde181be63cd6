"""What staff does to an order by hand. Every change is written to the order's audit, with how it was before and after."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from chalicelib.core import clock
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Contended, Forbidden, NotFound, RuleBroken, Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.ids import new_id
from chalicelib.core.table import Transaction
from chalicelib.fulfilment import service as fulfilment
from chalicelib.fulfilment.service import Fulfilment, FulfilmentLine, FulfilmentStatus, Parcel
from chalicelib.inventory import service as inventory
from chalicelib.inventory.service import Move
from chalicelib.orders import domain, events, store
from chalicelib.orders.domain import MAX_FULFILMENTS, Hold, Order
from chalicelib.orders.service.cancel_order import open_parts
from chalicelib.orders.service.notes import note_of
from chalicelib.orders.service.parcels import pickup_of
from chalicelib.orders.service.read_orders import read_order
from chalicelib.orders.service.record_return import find_order
from chalicelib.orders.service.run_workflow import run_again
from chalicelib.suppliers.service import is_supplier

_ATTEMPTS = 8
Answering = Callable[[Order], Answer]


class AlreadyThere(RuleBroken):
    code = "already_there"
    title = "This location has it already"


class NotOurLocation(RuleBroken):
    code = "not_our_location"
    title = "A supplier ships only what was agreed with it"


class PromisePast(RuleBroken):
    code = "promise_past"
    title = "What is past cannot be promised"


class AlreadyPromised(RuleBroken):
    code = "already_promised"
    title = "It is promised for this day already"


def require_staff(by: Principal) -> None:
    """Raise `Forbidden` for anyone but staff and machines that write orders."""
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="orders.write")


def _changed(
    order_id: str, once: Idempotency, change: Callable[[Transaction, Order], Order], answer: Answering
) -> Answer:
    for _ in range(_ATTEMPTS):
        order = find_order(order_id)
        tx = Transaction()
        after = change(tx, order)
        store.change(tx, after)
        final = answer(after)
        once.record(tx, final)
        try:
            tx.commit()
        except Stale:
            continue
        return final
    raise Contended(f"Order {order_id} kept changing.")


def _audit(tx: Transaction, order: Order, what: str, before: Any, after: Any, by: Principal) -> None:
    document = {
        "what": what,
        "at": clock.rfc3339(clock.now()),
        "actor": by.as_actor(),
        "before": before,
        "after": after,
    }
    store.add_audit(tx, order.id, document)


# ---- holds --------------------------------------------------------------------------------------------------------------


def hold_order(order_id: str, reason: str, *, by: Principal, once: Idempotency, answer: Answering) -> Answer:
    """Keep all that has not left from leaving, for a reason; warehouses are told. An order may have several holds.

    Raises `NothingOpen`.
    """
    require_staff(by)

    def change(tx: Transaction, order: Order) -> Order:
        after = domain.hold(order, Hold(new_id("hld"), reason, clock.rfc3339(clock.now())))
        _audit(tx, order, "hold", _reasons(order), _reasons(after), by)
        events.order_changed(tx, "OrderHeld", after, [part.id for part in _keep_back(tx, order, True)], by)
        return after

    return _changed(order_id, once, change, answer)


def release_order(order_id: str, hold_id: str, *, by: Principal, once: Idempotency, answer: Answering) -> Answer:
    """Take a hold off; with the last one, warehouses are asked to ship. Raises `NotFound` when it is off."""
    require_staff(by)

    def change(tx: Transaction, order: Order) -> Order:
        after = domain.release(order, hold_id)
        _audit(tx, order, "release", _reasons(order), _reasons(after), by)
        freed = [] if after.holds else _keep_back(tx, order, False)
        events.order_changed(tx, "OrderReleased", after, [part.id for part in freed], by)
        return after

    return _changed(order_id, once, change, answer)


def _keep_back(tx: Transaction, order: Order, held: bool) -> list[Fulfilment]:
    return [fulfilment.hold(tx, part, held) for part in open_parts(order) if part.held is not held]


def _reasons(order: Order) -> list[str]:
    return [hold.reason for hold in order.holds]


# ---- address ------------------------------------------------------------------------------------------------------------


def change_address(
    order_id: str,
    expected_version: int,
    address: Mapping[str, Any],
    contact: Mapping[str, Any] | None,
    *,
    by: Principal,
) -> Order:
    """Send what has not left elsewhere in the same country; warehouses are told. To where it goes already is no change.

    A shopper does so while nothing of theirs is packed. Raises `Stale`, `NothingOpen`, `AddressFixed`, `Forbidden`.
    """
    order = read_order(order_id, by, scope="orders.write")
    if order.version != expected_version:
        raise Stale(f"The order is at version {order.version}.")
    parts = open_parts(order)
    staff = by.may(Role.ASSOCIATE, Role.ADMIN, scope="orders.write")
    if not staff and any(part.status in fulfilment.PACKED_OR_READY for part in parts):
        raise Forbidden("A parcel is packed; ask the staff.")
    after = domain.readdress(order, address, contact or order.contact)
    if (after.shipping_address, after.contact) == (order.shipping_address, order.contact):
        return order
    tx = Transaction()
    goes_to = {"contact": dict(after.contact), **after.shipping_address}
    changed = [fulfilment.readdress(tx, part, goes_to) for part in parts]
    store.change(tx, after)
    before = {"contact": dict(order.contact), **order.shipping_address}
    _audit(tx, order, "address", before, goes_to, by)
    events.order_changed(tx, "OrderReaddressed", after, [part.id for part in changed], by)
    tx.commit()
    return after


# ---- another location ---------------------------------------------------------------------------------------------------


def reallocate_fulfilment(
    fulfilment_id: str, location_id: str, *, by: Principal, once: Idempotency, answer: Callable[[Fulfilment], Answer]
) -> Answer:
    """Let another of our locations ship what a fulfilment was to ship; the first, ours or a supplier, is told to leave it.

    Answers with the new fulfilment. Raises `NotOurLocation` for a supplier, with which nothing would be agreed, `OutOfTurn` when it
    has left, `StockTooLow` when the other has not enough.
    """
    require_staff(by)
    inventory.check_location(location_id, "/location_id")
    if is_supplier(location_id):
        raise NotOurLocation(f"{location_id} is a supplier, with which nothing was agreed about this.")
    order_id, _ = fulfilment.order_of(fulfilment_id)
    final: list[Answer] = []

    def change(tx: Transaction, order: Order) -> Order:
        old = next((part for part in open_parts(order) if part.id == fulfilment_id), None)
        if old is None:
            raise fulfilment.OutOfTurn("It has left, was cancelled, or there is no such fulfilment.")
        if old.location_id == location_id:
            raise AlreadyThere(f"{fulfilment_id} is at {location_id}.")
        if len(order.fulfilments) >= MAX_FULFILMENTS:
            raise RuleBroken(f"An order has at most {MAX_FULFILMENTS} fulfilments.", limit=MAX_FULFILMENTS)
        after, new = _move(tx, order, old, location_id, by)
        final[:] = [answer(new)]
        return after

    return _changed(order_id, once, change, lambda _: final[0])


def _move(tx: Transaction, order: Order, old: Fulfilment, location_id: str, by: Principal) -> tuple[Order, Fulfilment]:
    units = {line.line_id: line.wanted for line in old.lines}
    waited = old.status is FulfilmentStatus.WAITING
    lines = [FulfilmentLine(line.line_id, line.sku, line.wanted) for line in old.lines if line.wanted]
    left = fulfilment.withdraw(tx, old, units)
    [new] = fulfilment.create(
        tx,
        order.id,
        [Parcel(location_id, tuple(lines))],
        old.address,
        after=len(order.fulfilments),
        held=old.held,
        pickup=pickup_of(order),
    )
    moves = [Move(line.sku, old.location_id, location_id, line.quantity, waited) for line in lines]
    inventory.move_reserved(tx, moves, of=order.id)
    after = domain.move(order, note_of(left), note_of(new), units if waited else {})
    _audit(tx, order, "reallocate", {old.id: old.location_id}, {new.id: location_id}, by)
    # The location of one that waited was told nothing that it could be told to leave.
    events.order_reassigned(tx, after, [new.id], by, left=None if waited else old.id)
    return after, new


# ---- another day --------------------------------------------------------------------------------------------------------


def promise_fulfilment(
    fulfilment_id: str, promised_on: date, *, by: Principal, once: Idempotency, answer: Callable[[Fulfilment], Answer]
) -> Answer:
    """Promise what a fulfilment waits for, for another day (UTC), of which the customer is told.

    Raises `OutOfTurn` when it does not wait (any more), `PromisePast`, `AlreadyPromised` for the day that it has.
    """
    require_staff(by)
    if promised_on < clock.now().date():
        raise PromisePast(f"{promised_on} is past.")
    day = promised_on.isoformat()
    order_id, _ = fulfilment.order_of(fulfilment_id)
    final: list[Answer] = []

    def change(tx: Transaction, order: Order) -> Order:
        parts = [part for part in open_parts(order) if part.status is FulfilmentStatus.WAITING]
        old = next((part for part in parts if part.id == fulfilment_id), None)
        if old is None or old.promised_on is None:
            raise fulfilment.OutOfTurn("It does not wait for anything.")
        if old.promised_on == day:
            raise AlreadyPromised(f"It is promised for {day}.")
        new = fulfilment.promise(tx, old, day)
        after = domain.promise(order, _latest_days([new if part is old else part for part in parts], old))
        _audit(tx, order, "promise", {old.id: old.promised_on}, {old.id: day}, by)
        events.promise_changed(tx, after, old.id, old.promised_on, day, by)
        final[:] = [answer(new)]
        return after

    return _changed(order_id, once, change, lambda _: final[0])


def _latest_days(parts: Sequence[Fulfilment], changed: Fulfilment) -> dict[str, str]:
    """By id of each line in the changed one: the last day for which units of it are promised, at any location."""
    ids = {line.line_id for line in changed.lines}
    days: dict[str, str] = {}
    for part in parts:
        for line in part.lines:
            if line.line_id in ids and line.wanted:
                days[line.line_id] = max(days.get(line.line_id, ""), part.promised_on or "")
    return days


# ---- notes and audit ----------------------------------------------------------------------------------------------------


def write_note(
    order_id: str,
    text: str,
    shown: bool,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[dict[str, Any]], Answer],
) -> Answer:
    """Write a note about an order; its customer sees it when it is `shown`."""
    require_staff(by)
    order = find_order(order_id)
    tx = Transaction()
    document = {"text": text, "shown": shown, "at": clock.rfc3339(clock.now()), "actor": by.as_actor()}
    final = answer({"id": store.add_note(tx, order.id, document), **document})
    once.record(tx, final)
    tx.commit()
    return final


def read_notes(order_id: str, by: Principal) -> Sequence[dict[str, Any]]:
    """The notes of an order, oldest first: all for staff, those shown for its customer."""
    read_order(order_id, by)
    notes = store.notes_of(order_id)
    return notes if by.may(Role.ASSOCIATE, Role.ADMIN, scope="orders.read") else [one for one in notes if one["shown"]]


def read_audit(order_id: str, by: Principal) -> Sequence[dict[str, Any]]:
    """What was changed by hand of an order, oldest first. For staff."""
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="orders.read")
    return store.audit_of(find_order(order_id).id)


# ---- reviews ------------------------------------------------------------------------------------------------------------


def resolve_review(
    review_id: str,
    note: str,
    *,
    retry: bool,
    by: Principal,
    once: Idempotency,
    answer: Callable[[dict[str, Any]], Answer],
) -> Answer:
    """Close a review item with what was done about it; with `retry` its workflow is run again before.

    Every task finds what was done before, so running it again is safe. Raises `NotFound`, `ReviewResolved`, and with `retry`
    `WorkflowRunning`, and `NotRetryable` for what no workflow of orders left.
    """
    by.require(Role.ASSOCIATE, Role.ADMIN)
    review = store.get_review(review_id)
    if review is None:
        raise NotFound(f"There is no review {review_id}.")
    resolution = {"note": note, "at": clock.rfc3339(clock.now()), "actor": by.as_actor(), "retried": retry}
    tx = Transaction()
    store.resolve(tx, review, resolution)
    order = find_order(review["order_id"])
    _audit(
        tx, order, "review", {"state": review["state"], "review": review_id}, {"state": "resolved", "note": note}, by
    )
    final = answer({**review, "resolution": resolution})
    once.record(tx, final)
    if retry and once.earlier() is None:
        run_again(review)
    tx.commit()
    return final
