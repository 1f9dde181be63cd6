"""Cancel an order or some of it: decided at once, in one transaction; what follows outside is the workflow cancel-order.

Cancelling and shipping write the same order and fulfilment under their versions, so of a race exactly one wins: either the
units are out of the parcel before it leaves, or they have left and can be returned.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Contended, NotFound, Stale
from chalicelib.core.idempotency import Answer, Idempotency, no_answer
from chalicelib.core.ids import new_id
from chalicelib.core.table import MAX_ACTIONS, Transaction, find_many
from chalicelib.core.tasks import Outcome
from chalicelib.fulfilment import service as fulfilment
from chalicelib.fulfilment.service import Fulfilment
from chalicelib.inventory import service as inventory
from chalicelib.inventory.service import StockLine
from chalicelib.orders import domain, events, store
from chalicelib.orders.domain import (
    INLINE_LINES,
    Cancellation,
    CancellationPlan,
    Decision,
    Line,
    OpenPart,
    Order,
    Refusal,
    Status,
)
from chalicelib.orders.service.notes import note_of
from chalicelib.orders.service.read_orders import read_order
from chalicelib.payments import service as payments
from chalicelib.promotions import service as promotions

_ATTEMPTS = 8
_BESIDES_STOCK = 1
"""Room that is left for the idempotency record when stock is added to the transaction."""


def cancel_order(
    order_id: str,
    wanted: Mapping[str, int] | None,
    reason: str,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Order, Cancellation], Answer] = lambda *_: no_answer(),
) -> Answer:
    """Cancel units by line id, or, for None, all that was not sent yet.

    A shopper cancels what of theirs is not packed, staff what has not left. The units can be sold again, and are not charged.
    Raises `NotCancellable` with the rule that decided on each line, `NotFound` for another's order.
    """
    by.require(Role.SHOPPER, Role.ASSOCIATE, Role.ADMIN, scope="orders.write")
    staff = by.may(Role.ASSOCIATE, Role.ADMIN, scope="orders.write")
    for _ in range(_ATTEMPTS):
        order = _concerning(order_id, staff, by)
        parts = open_parts(order)
        plan = domain.plan_cancellation(order, [_open_part(part) for part in parts], wanted, staff=staff)
        tx = Transaction()
        after, cancellation = add_cancellation(tx, order, parts, plan, reason, by)
        final = answer(after, cancellation)
        once.record(tx, final)
        try:
            tx.commit()
        except (Stale, inventory.AlreadySettled):
            continue
        if order.decision is Decision.PENDING and len(order.lines) > INLINE_LINES:
            inventory.finish_release(order_id, by)
        observability.count("OrdersCancelled")
        return final
    raise Contended(f"Order {order_id} kept changing.")


def _concerning(order_id: str, staff: bool, by: Principal) -> Order:
    order = store.get(order_id, consistent=True)
    if order is None or not (staff or order.customer_id == by.id):
        raise NotFound(f"There is no order {order_id}.")
    return order


def open_parts(order: Order) -> list[Fulfilment]:
    """The order's fulfilments that have not left, as they are now."""
    found = find_many([fulfilment.key_of(note.id) for note in order.fulfilments], consistent=True)
    parts = [fulfilment.in_batch(found, note.id) for note in order.fulfilments]
    return [part for part in parts if part is not None and part.status in fulfilment.OPEN and not part.handing_over]


def _open_part(part: Fulfilment) -> OpenPart:
    packed = part.status in fulfilment.PACKED_OR_READY
    return OpenPart(part.id, packed, {line.line_id: line.wanted for line in part.lines})


def add_cancellation(
    tx: Transaction,
    order: Order,
    parts: Sequence[Fulfilment],
    plan: CancellationPlan,
    reason: str,
    by: Principal,
    *,
    missing_of: str | None = None,
) -> tuple[Order, Cancellation]:
    """Add to the transaction that the plan's units are off: order, fulfilments, payment, stock, and the event. `missing_of`: the
    fulfilment that came short of them."""
    changed = [fulfilment.withdraw(tx, part, plan.by_part[part.id]) for part in parts if part.id in plan.by_part]
    waited = {part.id for part in parts if part.status is fulfilment.FulfilmentStatus.WAITING}
    fewer_waiting = _by_line([plan.by_part[part.id] for part in changed if part.id in waited])
    after = domain.cancel(order, plan.units, [note_of(part) for part in changed], fewer_waiting, missing_of)
    _give_back_what_is_held(tx, after, by)
    freed = _freed(tx, order, changed, plan, waited, by)
    room = MAX_ACTIONS - len(tx) - _BESIDES_STOCK - 3
    fits = len(freed) <= room
    cancellation = Cancellation(
        id=new_id("can"),
        order_id=order.id,
        reason=reason,
        actor=by.as_actor(),
        at=clock.rfc3339(clock.now()),
        amount=domain.worth_of(order, plan.units),
        lines=[(line.id, line.sku, units) for line in order.lines if (units := plan.units.get(line.id, 0))],
        # The location of one that waits was told nothing that it could be told to leave.
        recalled={part_id: units for part_id, units in plan.by_part.items() if part_id not in waited},
        to_release=() if fits else tuple(_row(line) for line in freed),
    )
    if fits:
        inventory.put_back(tx, freed, of=order.id)
    if order.coupons and after.status is Status.CANCELLED:
        promotions.give_back(tx, order.id, by)
    store.change(tx, after)
    store.add_cancellation(tx, cancellation)
    events.order_cancelled(tx, after, cancellation, by)
    return after, cancellation


def _give_back_what_is_held(tx: Transaction, after: Order, by: Principal) -> None:
    """Nothing more falls due of a payment when nothing more will be sent. One that was not decided is closed: place-order
    may not have asked for it yet, and will not start any more."""
    if after.decision is Decision.CANCELLED:
        payments.close_payment(tx, _payment_of(after.id), "order_cancelled")
    elif domain.is_settled(after) and not (payment := _payment_of(after.id)).final:
        payments.owe(tx, payment, final=True, by=by)


def _payment_of(order_id: str) -> payments.Payment:
    return payments.payment_from(find_many(payments.payment_keys(order_id), consistent=True), order_id)


def _row(line: StockLine) -> tuple[Any, ...]:
    row = (line.sku, line.location_id, line.quantity)
    return (*row, line.waiting) if line.waiting else row


def _by_line(units: Iterable[Mapping[str, int]]) -> dict[str, int]:
    summed: dict[str, int] = {}
    for by_line in units:
        for line_id, quantity in by_line.items():
            summed[line_id] = summed.get(line_id, 0) + quantity
    return summed


def _freed(
    tx: Transaction,
    order: Order,
    changed: Sequence[Fulfilment],
    plan: CancellationPlan,
    waited: Collection[str],
    by: Principal,
) -> list[StockLine]:
    """Stock that the plan's units leave behind. Before the confirmation it is all held by the reservation."""
    if order.decision is Decision.PENDING:
        reservation = inventory.find_reservation(order.id)
        if reservation is not None and reservation.holds_stock:
            inventory.release_reservation(tx, reservation, by)
        return []
    return inventory.summed(
        StockLine(line.sku, part.location_id, units, units if part.id in waited else 0)
        for part in changed
        for line in part.lines
        if (units := plan.by_part[part.id].get(line.line_id, 0))
    )


# ---- steps of the workflow ----------------------------------------------------------------------------------------------


def finish_cancellation(order_id: str, cancellation_id: str, by: Principal) -> Outcome:
    """Give back the stock that the command left reserved. Repeating gives back nothing twice.

    Outcome `finished`, with the units that each fulfilment is to be told to leave out.
    """
    while (cancellation := _must_find(order_id, cancellation_id)).to_release:
        now, later = cancellation.to_release[:_STOCK_AT_ONCE], cancellation.to_release[_STOCK_AT_ONCE:]
        tx = Transaction()
        inventory.put_back(tx, [StockLine(*row) for row in now], of=order_id)
        store.released(tx, cancellation, later)
        try:
            tx.commit()
        except Stale:
            continue
    recalls = [{"fulfilment_id": one, "lines": dict(units)} for one, units in cancellation.recalled.items()]
    return {"outcome": "finished", "recalls": recalls}


_STOCK_AT_ONCE = MAX_ACTIONS - 1


def _must_find(order_id: str, cancellation_id: str) -> Cancellation:
    cancellation = store.get_cancellation(order_id, cancellation_id)
    if cancellation is None:
        raise NotFound(f"There is no cancellation {cancellation_id}.")
    return cancellation


# ---- reading ------------------------------------------------------------------------------------------------------------


def list_cancellations(order_id: str, by: Principal) -> tuple[Order, list[Cancellation]]:
    """The order and what was cancelled of it, oldest first, for its customer and for staff."""
    return read_order(order_id, by), store.cancellations_of(order_id)


def read_options(order_id: str, by: Principal) -> list[tuple[Line, int, Refusal | None]]:
    """Of each line of an order: how many units the caller could cancel now, and what keeps the rest."""
    order = read_order(order_id, by)
    staff = by.may(Role.ASSOCIATE, Role.ADMIN, scope="orders.write")
    return domain.options(order, [_open_part(part) for part in open_parts(order)], staff=staff)
