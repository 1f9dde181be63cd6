"""Units that a location could not find: another one ships them, or they are called off and not charged."""

from collections.abc import Mapping, Sequence

from chalicelib.core import observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Stale
from chalicelib.core.table import Transaction, find_many
from chalicelib.fulfilment import service as fulfilment
from chalicelib.inventory import service as inventory
from chalicelib.orders import domain, events, store
from chalicelib.orders.domain import MAX_FULFILMENTS, Allocation, CancellationPlan, Order
from chalicelib.orders.service.cancel_order import add_cancellation
from chalicelib.orders.service.notes import note_of
from chalicelib.orders.service.parcels import parcels, pickup_of
from chalicelib.orders.service.record_return import find_order

OUT_OF_STOCK = "out_of_stock"
_ATTEMPTS = 12


def reassign_units(order_id: str, fulfilment_id: str, by: Principal) -> None:
    """Find other locations for units that have none since this fulfilment came up short; cancel what nobody has.

    Safe to repeat: units that have a location, or are cancelled, are not sought again.
    """
    for _ in range(_ATTEMPTS):
        order = find_order(order_id)
        missing = {line.id: line.unassigned for line in order.lines if line.unassigned}
        if not missing:
            return
        tx = Transaction()
        found = _found(order, missing, without=_location(order, fulfilment_id))
        if found and len(order.fulfilments) < MAX_FULFILMENTS:
            _reassign(tx, order, found, by)
        else:
            add_cancellation(tx, order, [], CancellationPlan(missing, {}), OUT_OF_STOCK, by)
        try:
            tx.commit()
        except (Stale, inventory.StockTooLow):
            continue
        observability.count("UnitsReassigned" if found else "UnitsGivenUp")
    if any(line.unassigned for line in find_order(order_id).lines):
        raise Stale(f"Order {order_id} kept changing.")


def _location(order: Order, fulfilment_id: str) -> str | None:
    return next((note.location_id for note in order.fulfilments if note.id == fulfilment_id), None)


def _found(order: Order, missing: Mapping[str, int], without: str | None) -> Sequence[Allocation]:
    """Locations for as many of the missing units as there are anywhere else; empty when nobody has any."""
    sites = [site for site in inventory.sourcing_locations(order.channel, fresh=True) if site.id != without]
    skus = {line.id: line.sku for line in order.lines if line.id in missing}
    ids = [site.id for site in sites]
    stock = find_many(inventory.stock_keys(dict.fromkeys(skus.values()), ids), consistent=True)
    levels = inventory.levels(stock, dict.fromkeys(skus.values()), ids, order.channel)
    left = {sku: sum(levels[sku, site] for site in ids) for sku in skus.values()}
    demands = []
    for line_id, units in missing.items():
        there = min(units, left[skus[line_id]])
        left[skus[line_id]] -= there
        demands.append(fulfilment.Demand(line_id, skus[line_id], there))
    plan = fulfilment.allocate(demands, levels, [fulfilment.Site(site.id, site.priority) for site in sites])
    return [Allocation(one.line_id, one.location_id, one.quantity) for one in plan.assignments]


def _reassign(tx: Transaction, order: Order, found: Sequence[Allocation], by: Principal) -> None:
    skus = {line.id: line.sku for line in order.lines}
    lines = [inventory.StockLine(skus[one.line_id], one.location_id, one.quantity) for one in found]
    inventory.promise_more(tx, lines, of=order.id)
    address = {"contact": dict(order.contact), **order.shipping_address}
    made = fulfilment.create(
        tx,
        order.id,
        parcels(order, found),
        address,
        after=len(order.fulfilments),
        held=bool(order.holds),
        pickup=pickup_of(order),
    )
    units: dict[str, int] = {}
    for one in found:
        units[one.line_id] = units.get(one.line_id, 0) + one.quantity
    after = domain.reassign(order, units, [note_of(part) for part in made])
    store.change(tx, after)
    events.order_reassigned(tx, after, [part.id for part in made], by)
