"""Place an order: one read, one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from chalicelib.catalog import service as catalog
from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Contended, Fault, Forbidden
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.ids import new_id
from chalicelib.core.money import tax_within
from chalicelib.core.table import Transaction, find_many
from chalicelib.fulfilment import service as fulfilment
from chalicelib.inventory import service as inventory
from chalicelib.orders import domain, events, store
from chalicelib.orders.domain import Allocation, Charge, Decision, Order, Wanted
from chalicelib.payments import service as payments

RESERVED_FOR = timedelta(minutes=30)
"""How long placing holds stock: far beyond an authorisation that has to be asked for again and again."""

_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class LineRequest:
    """A line as asked for; `unit_price` (gross minor units) overrides the catalogue's, for staff and machines."""

    sku: str
    quantity: int
    unit_price: int | None = None


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order as asked for."""

    channel: str
    currency: str
    customer_id: str | None
    reference: str | None
    lines: Sequence[LineRequest]
    charges: Sequence[tuple[str, str, int, int]]
    contact: Mapping[str, Any]
    shipping_address: Mapping[str, Any]
    payment_token: str | None


def place_order(
    request: OrderRequest, *, by: Principal, once: Idempotency, answer: Callable[[Order], Answer]
) -> Answer:
    """Freeze prices, reserve the stock and announce the order, all in one transaction.

    A shopper orders for themself; staff and machines with scope orders.write order for anyone and may set prices and
    charges. Raises `Forbidden`, `OffersRefused` (unknown or unpriced SKUs), `TotalNegative`, `StockTooLow` (which SKU is
    short and by how much); nothing is kept then.
    """
    request = _as_allowed(request, by)
    order_id = new_id("ord")
    for attempt in range(1, _ATTEMPTS + 1):
        # The first read is eventually consistent and may be behind, and so may the list of locations. What it calls short,
        # and what others took between read and write, is planned anew from a consistent read; what that calls short is
        # short.
        fresh = attempt > 1
        try:
            order, tx = _prepare(order_id, request, by=by, fresh=fresh)
        except inventory.StockTooLow:
            if fresh:
                observability.count("StockTooLow")
                raise
            continue
        final = answer(order)
        once.record(tx, final)
        try:
            tx.commit()
        except inventory.StockTooLow:
            continue
        observability.count("OrdersPlaced")
        observability.count("OrderValue", order.total.amount)
        return final
    raise Contended("Others took the stock while this order was planned, several times over.")


def _as_allowed(request: OrderRequest, by: Principal) -> OrderRequest:
    by.require(Role.SHOPPER, Role.ASSOCIATE, Role.ADMIN, scope="orders.write")
    if by.may(Role.ASSOCIATE, Role.ADMIN, scope="orders.write"):
        return request
    if request.customer_id not in (None, by.id):
        raise Forbidden("A shopper orders for themself.", faults=[Fault("/customer_id", "forbidden", "Leave it out.")])
    if request.charges or any(line.unit_price is not None for line in request.lines):
        raise Forbidden("Prices and charges are set by staff.")
    return replace(request, customer_id=by.id)


def _prepare(order_id: str, request: OrderRequest, *, by: Principal, fresh: bool) -> tuple[Order, Transaction]:
    skus = list(dict.fromkeys(line.sku for line in request.lines))
    sites = inventory.sourcing_locations(request.channel, fresh=fresh)
    stock = inventory.stock_keys(skus, [site.id for site in sites])
    found = find_many([*catalog.offer_keys(skus), *stock], consistent=fresh)
    order = _priced(order_id, request, found)
    plan = _planned(order, found, sites, request.channel)
    order = replace(
        order,
        allocations=tuple(Allocation(a.line_id, a.location_id, a.quantity) for a in plan.assignments),
        reasons=tuple(reason.as_dict() for reason in plan.reasons),
    )
    tx = Transaction()
    store.add(tx, order)
    if plan.assignments:
        inventory.reserve(
            tx,
            order_id,
            [inventory.StockLine(a.sku, a.location_id, a.quantity) for a in plan.assignments],
            found=found,
            channel=request.channel,
            expires_at=clock.now() + RESERVED_FOR,
            owner=order_id,
            by=by,
        )
    card = [payments.TenderRequest("card", request.payment_token)] if request.payment_token else []
    payments.open_payment(tx, order_id, order.total, card, by)
    events.order_placed(tx, order, by)
    return order, tx


def _priced(order_id: str, request: OrderRequest, found: Mapping[tuple[str, str], Any]) -> Order:
    pointers = {line.sku: f"/lines/{index}/sku" for index, line in reversed(list(enumerate(request.lines)))}
    overridden = {line.sku for line in request.lines if line.unit_price is not None}
    priced_by_catalogue = {line.sku for line in request.lines if line.unit_price is None}
    offers = catalog.offers(
        found,
        list(pointers),
        request.channel,
        request.currency,
        pointers=pointers,
        price_optional=overridden - priced_by_catalogue,
    )
    wanted = []
    for line in request.lines:
        offer = offers[line.sku]
        listed = offer.unit_price.amount if offer.unit_price else 0
        wanted.append(
            Wanted(
                sku=line.sku,
                product_id=offer.product_id,
                name=offer.name,
                quantity=line.quantity,
                unit_price=listed if line.unit_price is None else line.unit_price,
                price_source="catalogue" if line.unit_price is None else "override",
                tax_rate_bps=offer.tax_rate_bps,
            )
        )
    charges = tuple(
        Charge(code, description, amount, rate, tax_within(amount, rate))
        for code, description, amount, rate in request.charges
    )
    return Order(
        id=order_id,
        channel=request.channel,
        currency=request.currency,
        customer_id=request.customer_id,
        reference=request.reference,
        placed_at=clock.rfc3339(clock.now()),
        decision=Decision.PENDING,
        lines=domain.price_lines(wanted, charges),
        charges=charges,
        contact=request.contact,
        shipping_address=request.shipping_address,
    )


def _planned(
    order: Order, found: Mapping[tuple[str, str], Any], sites: Sequence[inventory.Location], channel: str
) -> fulfilment.Plan:
    skus = [line.sku for line in order.lines]
    levels = inventory.levels(found, skus, [site.id for site in sites], channel)
    demands = [fulfilment.Demand(line.id, line.sku, line.ordered) for line in order.lines]
    plan = fulfilment.allocate(demands, levels, [fulfilment.Site(site.id, site.priority) for site in sites])
    if plan.shortages:
        raise inventory.StockTooLow.of(
            [{"sku": short.sku, "wanted": short.wanted, "left": short.left} for short in plan.shortages]
        )
    return plan
