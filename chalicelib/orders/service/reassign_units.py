"""Units that a location could not find, or a supplier will not ship: another one does. Where nobody has any they are called off and
not charged; of a supplier's goods a person is asked before."""

from collections.abc import Mapping, Sequence

from chalicelib.core import observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Stale
from chalicelib.core.findings import Finding, Severity
from chalicelib.core.table import Transaction, find_many
from chalicelib.fulfilment import service as fulfilment
from chalicelib.inventory import service as inventory
from chalicelib.orders import domain, events, store
from chalicelib.orders.domain import MAX_FULFILMENTS, Allocation, CancellationPlan, Order
from chalicelib.orders.service.cancel_order import add_cancellation
from chalicelib.orders.service.notes import note_of
from chalicelib.orders.service.parcels import parcels, pickup_of
from chalicelib.orders.service.price_order import LineRequest, PriceRequest
from chalicelib.orders.service.record_return import find_order
from chalicelib.orders.service.sell_lines import replacements
from chalicelib.payments import service as payments
from chalicelib.payments.service import Payment
from chalicelib.reviews import service as reviews
from chalicelib.suppliers.service import is_supplier

OUT_OF_STOCK = "out_of_stock"
_ATTEMPTS = 12

SUBJECT = "allocation"
"""What review cases call units that nobody ships."""


def reassign_units(order_id: str, fulfilment_id: str, by: Principal, *, ask: bool = True) -> None:
    """Find other locations, or suppliers, for units that have none since this fulfilment came up short. What nobody has of a
    supplier's goods the operator is asked about, unless not to `ask`; the rest is cancelled.

    What other fulfilments came short of is sought for those. Safe to repeat: units that have a location, are cancelled, or are asked
    about, are not sought again.
    """
    for _ in range(_ATTEMPTS):
        order = find_order(order_id)
        missing = order.missing(fulfilment_id)
        if not missing:
            return
        tx = Transaction()
        try:
            outcome = _next_step(tx, order, fulfilment_id, missing, ask, by)
            if not tx:
                return  # the operator was asked before
            tx.commit()
        except (Stale, inventory.StockTooLow, reviews.CaseExists, reviews.NewerCase):
            continue
        observability.count(outcome)
        if outcome == _ASKED:
            return
    if find_order(order_id).missing(fulfilment_id):
        raise Stale(f"Order {order_id} kept changing.")


_ASKED = "OperatorsAsked"


def _next_step(
    tx: Transaction, order: Order, fulfilment_id: str, missing: Mapping[str, int], ask: bool, by: Principal
) -> str:
    """Add to the transaction what is done about missing units; returns what to count it as."""
    location_id = _location(order, fulfilment_id)
    payment = payments.payment_from(find_many(payments.payment_keys(order.id), consistent=True), order.id)
    found = _found(order, missing, without=location_id)
    if not found and _may_book(order, payment):
        found = _offered(order, missing)
    if found and len(order.fulfilments) < MAX_FULFILMENTS:
        _reassign(tx, order, found, fulfilment_id, by)
        if any(one.terms is not None for one in found):
            payments.start_booking(tx, payment)
        return "UnitsReassigned"
    if ask and is_supplier(location_id or ""):
        _ask_operator(tx, order, fulfilment_id, missing, by)
        return _ASKED
    _give_up(tx, order, missing, fulfilment_id, by)
    return "UnitsGivenUp"


def _give_up(tx: Transaction, order: Order, missing: Mapping[str, int], fulfilment_id: str, by: Principal) -> None:
    add_cancellation(tx, order, [], CancellationPlan(missing, {}), OUT_OF_STOCK, by, missing_of=fulfilment_id)


def _may_book(order: Order, payment: Payment) -> bool:
    """Whether a supplier that steps in would be paid: what is in the marketplace's books is in them from the first parcel on."""
    return payment.booked or (payment.untouched and not any(line.shipped for line in order.lines))


def decide_reviewed(subject_type: str, fulfilment_id: str, decision: str, by: Principal) -> None:
    """`decide_units` for a review case of units that nobody ships; cases of other things are others' business."""
    if subject_type == SUBJECT:
        decide_units(fulfilment.order_of(fulfilment_id)[0], fulfilment_id, decision, by)


def decide_units(order_id: str, fulfilment_id: str, decision: str, by: Principal) -> None:
    """What the operator decided of units that nobody ships: with `reject` they are called off and not charged; else they are sought
    once more, and called off if still nobody has any. Safe to repeat."""
    if decision != "reject":
        reassign_units(order_id, fulfilment_id, by, ask=False)
        return
    for _ in range(_ATTEMPTS):
        order = find_order(order_id)
        missing = order.missing(fulfilment_id)
        if not missing:
            return
        tx = Transaction()
        _give_up(tx, order, missing, fulfilment_id, by)
        try:
            tx.commit()
        except Stale:
            continue
        observability.count("UnitsGivenUp")
        return
    raise Stale(f"Order {order_id} kept changing.")


def _location(order: Order, fulfilment_id: str) -> str | None:
    return next((note.location_id for note in order.fulfilments if note.id == fulfilment_id), None)


def _found(order: Order, missing: Mapping[str, int], without: str | None) -> Sequence[Allocation]:
    """Our own locations for as many of the missing units as there are anywhere else; empty when none has any."""
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


def _offered(order: Order, missing: Mapping[str, int]) -> Sequence[Allocation]:
    """Suppliers for as many of the missing units as they have, at prices that the operator allows; not one that came short of
    anything of the order."""
    if order.pickup is not None:
        return []
    lines = [line for line in order.lines if line.id in missing]
    request = PriceRequest(
        order.channel,
        order.currency,
        [LineRequest(line.sku, missing[line.id]) for line in lines],
        country=order.shipping_address["country"],
        region=order.shipping_address.get("region"),
        postal_code=order.shipping_address.get("postal_code"),
    )
    short = {one.fulfilment_id for one in order.shortages}
    failed = {note.location_id for note in order.fulfilments if note.id in short}
    found = replacements(request, [line.unit_price for line in lines], without=failed)
    return [
        Allocation(lines[number].id, part.candidate.seller, part.units, terms=part.candidate.terms)
        for number, parts in enumerate(found)
        for part in parts
    ]


def _ask_operator(tx: Transaction, order: Order, fulfilment_id: str, missing: Mapping[str, int], by: Principal) -> None:
    note = next(one for one in order.fulfilments if one.id == fulfilment_id)
    findings = [
        Finding(
            f"/lines/{line_id}",
            "nobody_ships",
            Severity.ERROR,
            f"{units} units were declined, and nobody else offers them at a price that the rules allow.",
        )
        for line_id, units in missing.items()
    ]
    reviews.open_case(
        tx,
        subject_type=SUBJECT,
        subject_id=fulfilment_id,
        # It grows with each time that units are declined, and no repetition changes it.
        subject_version=sum(one.units for one in order.shortages if one.fulfilment_id == fulfilment_id),
        supplier_id=note.location_id,
        title="Units that nobody ships",
        findings=findings,
        by=by,
    )


def _reassign(tx: Transaction, order: Order, found: Sequence[Allocation], missing_of: str, by: Principal) -> None:
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
    after = domain.reassign(order, units, [note_of(part) for part in made], missing_of)
    store.change(tx, after)
    events.order_reassigned(tx, after, [part.id for part in made], by)
