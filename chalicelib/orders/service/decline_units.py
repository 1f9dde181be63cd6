"""Units that whoever was asked for them will not ship."""

from collections.abc import Callable, Mapping

from chalicelib.core import observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended, Stale
from chalicelib.core.idempotency import Idempotency, Replay, no_answer
from chalicelib.core.table import Transaction
from chalicelib.fulfilment import service as fulfilment
from chalicelib.inventory import service as inventory
from chalicelib.orders import domain, events, store
from chalicelib.orders.service.notes import note_of
from chalicelib.orders.service.record_answer import read_parts
from chalicelib.orders.service.shippers import check_theirs, require_shipper

_ATTEMPTS = 8


def decline_units(
    fulfilment_id: str,
    units: Mapping[str, int],
    reason: str,
    *,
    by: Principal,
    once: Idempotency,
    alongside: Callable[[Transaction], None] = lambda _: None,
) -> None:
    """Take units, by line id, off a fulfilment that is still to be shipped: they are not there. The order's event has them sought
    elsewhere, and given up where nobody has any; `alongside` adds to the transaction.

    Safe to repeat under `once`. Raises `OutOfTurn` when it has left or was called off, `MoreThanRequested` for units that it does
    not hold.
    """
    supplier_id = require_shipper(by)
    if once.earlier() is not None:
        return
    for _ in range(_ATTEMPTS):
        part, order, _payment = read_parts(fulfilment_id)
        check_theirs(part, supplier_id)
        tx = Transaction()
        declined = fulfilment.decline(tx, part, units, by)
        lines = {line.line_id: line.sku for line in part.lines}
        inventory.settle(
            tx,
            [inventory.Settlement(lines[line_id], part.location_id, 0, count) for line_id, count in units.items()],
            reference=part.id,
            by=by,
        )
        after = domain.ship(order, note_of(declined), {}, units)
        store.change(tx, after)
        events.units_missing(tx, after, part.id, by, reason=reason)
        alongside(tx)
        once.record(tx, no_answer())
        try:
            tx.commit()
        except Replay:
            return
        except Stale:
            continue
        observability.count("UnitsDeclined")
        return
    raise Contended(f"Order {order.id} kept changing.")
