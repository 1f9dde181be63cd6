"""What becomes of an order that nobody collected, once it is out of the locker; or that never got into one."""

from chalicelib.core import observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended, NotFound, Stale
from chalicelib.core.table import Transaction, find_many
from chalicelib.core.tasks import Outcome
from chalicelib.fulfilment import service as fulfilment
from chalicelib.fulfilment.service import Fulfilment, FulfilmentStatus
from chalicelib.inventory import service as inventory
from chalicelib.orders import domain, events, store
from chalicelib.orders.domain import CancellationPlan, Order
from chalicelib.orders.service.cancel_order import add_cancellation
from chalicelib.orders.service.notes import note_of

NOT_COLLECTED = "not_collected"
TOO_LARGE = "too_large_for_locker"
_ATTEMPTS = 8


def give_up_uncollected(fulfilment_id: str, *, redeliver: bool, by: Principal) -> Outcome:
    """Put what was not collected back into stock and give its money back; or, with `redeliver` and an address to send it to, have
    it sent there. Safe to repeat.

    Outcomes: `given_up`, `redelivered`, `settled` when somebody was quicker.
    """
    for _ in range(_ATTEMPTS):
        part, order = _read(fulfilment_id)
        if part.pickup is None or part.status not in fulfilment.PACKED_OR_READY or part.handing_over:
            return {"outcome": "settled"}
        home = (order.pickup or {}).get("home_address") if redeliver else None
        tx = Transaction()
        if home is not None:
            _send(tx, part, order, home, by)
        else:
            units = {line.line_id: line.wanted for line in part.lines}
            plan = CancellationPlan(units, {part.id: units})
            reason = NOT_COLLECTED if part.status is FulfilmentStatus.READY else TOO_LARGE
            add_cancellation(tx, order, [part], plan, reason, by)
        try:
            tx.commit()
        except (Stale, inventory.AlreadySettled):
            continue
        observability.count("OrdersRedelivered" if home is not None else "OrdersNotCollected")
        return {"outcome": "redelivered" if home is not None else "given_up"}
    raise Contended(f"Order {order.id} kept changing.")


def _read(fulfilment_id: str) -> tuple[Fulfilment, Order]:
    order_id, _ = fulfilment.order_of(fulfilment_id)
    found = find_many([fulfilment.key_of(fulfilment_id), store.order_key(order_id)], consistent=True)
    part, order = fulfilment.in_batch(found, fulfilment_id), store.in_batch(found, order_id)
    if part is None or order is None:
        raise NotFound(f"There is no fulfilment {fulfilment_id}.")
    return part, order


def _send(tx: Transaction, part: Fulfilment, order: Order, home: dict[str, str], by: Principal) -> None:
    address = {"contact": dict(order.contact), **home}
    sent = fulfilment.redeliver(tx, part, address)
    after = domain.note_fulfilment(order, note_of(sent))
    store.change(tx, after)
    events.order_changed(tx, "OrderRedelivered", after, [sent.id], by)
