"""What a warehouse did, as one transaction over fulfilment, order, stock and payment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.core import observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended, NotFound, Stale
from chalicelib.core.idempotency import Answer, Idempotency, no_answer
from chalicelib.core.table import Transaction, find_many
from chalicelib.fulfilment import service as fulfilment
from chalicelib.fulfilment.service import Fulfilment, TrackingEvent
from chalicelib.inventory import service as inventory
from chalicelib.ledger import service as ledger
from chalicelib.orders import domain, events, store
from chalicelib.orders.domain import Order
from chalicelib.orders.service.booking import sale_of
from chalicelib.orders.service.notes import note_of
from chalicelib.orders.service.shippers import check_theirs, require_shipper
from chalicelib.payments import service as payments
from chalicelib.payments.service import Payment

_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class WarehouseAnswer:
    """`type` is packed, shipped or delivered; `quantities` are units by line id; tracking holds carrier and number. `packages` are
    those of one that is collected; `waiting` tells where it lies once it is `ready`, and `collected` that its customer has it."""

    type: str
    quantities: Mapping[str, int] = field(default_factory=dict)
    tracking: Mapping[str, str] | None = None
    packages: Sequence[Mapping[str, Any]] = ()
    waiting: Mapping[str, Any] | None = None


def record_answer(
    fulfilment_id: str,
    given: WarehouseAnswer,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Fulfilment], Answer] = lambda _: no_answer(),
    alongside: Callable[[Transaction], None] = lambda _: None,
) -> Answer:
    """Record a warehouse's answer: counters of the order, stock, and what falls due, all at once; `alongside` adds to it.

    Raises `OutOfTurn` when the fulfilment is not in a state for it, `MoreThanRequested`, `Replay` for a repetition.
    """
    supplier_id = require_shipper(by, "lockers.write" if given.type == "ready" else "fulfilment.write")
    for _ in range(_ATTEMPTS):
        part, order, payment = read_parts(fulfilment_id)
        check_theirs(part, supplier_id)
        tx = Transaction()
        try:
            changed = _record(tx, given, part, order, payment, by)
            alongside(tx)
            final = answer(changed)
            once.record(tx, final)
            tx.commit()
        except Stale:
            continue
        if given.type in ("shipped", "collected") and any(line.shipped for line in changed.lines):
            observability.count("FulfilmentsShipped")
        return final
    raise Contended(f"Order {order.id} kept changing.")


def read_parts(fulfilment_id: str) -> tuple[Fulfilment, Order, Payment]:
    """A fulfilment, its order and the order's payment, as the last finished writes left them. Raises `NotFound`."""
    order_id, _ = fulfilment.order_of(fulfilment_id)
    found = find_many(
        [fulfilment.key_of(fulfilment_id), store.order_key(order_id), *payments.payment_keys(order_id)], consistent=True
    )
    part, order = fulfilment.in_batch(found, fulfilment_id), store.in_batch(found, order_id)
    if part is None or order is None:
        raise NotFound(f"There is no fulfilment {fulfilment_id}.")
    return part, order, payments.payment_from(found, order_id)


def _record(
    tx: Transaction, given: WarehouseAnswer, part: Fulfilment, order: Order, payment: Payment, by: Principal
) -> Fulfilment:
    if given.type == "packed":
        packed = fulfilment.pack(tx, part, by, given.packages)
        store.change(tx, domain.note_fulfilment(order, note_of(packed)))
        return packed
    if given.type == "ready":
        ready = fulfilment.make_ready(tx, part, given.waiting or {}, by)
        store.change(tx, domain.note_fulfilment(order, note_of(ready)))
        return ready
    if given.type == "delivered":
        delivered = fulfilment.deliver(tx, part, by)
        units = {line.line_id: line.shipped for line in delivered.lines}
        store.change(tx, domain.deliver(order, note_of(delivered), units))
        return delivered
    if given.type == "collected":
        return _left(tx, fulfilment.collect(tx, part, by), order, payment, by)
    return _left(tx, fulfilment.ship(tx, part, given.quantities, given.tracking, by), order, payment, by)


def _left(tx: Transaction, shipped: Fulfilment, order: Order, payment: Payment, by: Principal) -> Fulfilment:
    """Stock, order and payment after what was in the parcel has left, or is with its customer already."""
    units = {line.line_id: line.shipped for line in shipped.lines}
    short = {line.line_id: line.short for line in shipped.lines}
    after = domain.ship(order, note_of(shipped), units, short)
    if shipped.status is fulfilment.FulfilmentStatus.DELIVERED:
        after = replace(domain.deliver(after, note_of(shipped), units), version=after.version)
    store.change(tx, after)
    inventory.settle(
        tx,
        [inventory.Settlement(line.sku, shipped.location_id, line.shipped, line.short) for line in shipped.lines],
        reference=shipped.id,
        by=by,
    )
    due = domain.due_on_shipment(order, units)
    payments.owe(tx, payment, due=(shipped.id, due), final=domain.is_settled(after), by=by)
    if payment.booked:
        ledger.book_sale(tx, sale_of(order, shipped))
    if any(short.values()):
        events.units_missing(tx, after, shipped.id, by)
    return shipped


def record_tracking(
    fulfilment_id: str,
    word: TrackingEvent,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Fulfilment], Answer] = lambda _: no_answer(),
) -> Answer:
    """Record what the carrier says of a parcel; `delivered` delivers it. An older word than the latest is kept in its place.

    Raises `OutOfTurn` for a parcel that has not left, `AlreadyTracked` for a word that came before.
    """
    supplier_id = require_shipper(by)
    for _ in range(_ATTEMPTS):
        part, order, _payment = read_parts(fulfilment_id)
        check_theirs(part, supplier_id)
        tx = Transaction()
        tracked = fulfilment.track(tx, part, word, by)
        if tracked.status is not part.status:
            units = {line.line_id: line.shipped for line in tracked.lines}
            store.change(tx, domain.deliver(order, note_of(tracked), units))
        final = answer(tracked)
        once.record(tx, final)
        try:
            tx.commit()
        except Stale:
            continue
        return final
    raise Contended(f"Order {order.id} kept changing.")
