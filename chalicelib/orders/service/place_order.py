"""Place an order: one read, one transaction; a long order takes some of each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal, Role
from chalicelib.core.contacts import email_hash
from chalicelib.core.errors import AisleError, Contended, Fault, Forbidden, Unavailable
from chalicelib.core.idempotency import Answer, Idempotency, Replay
from chalicelib.core.ids import new_id
from chalicelib.core.table import MAX_ACTIONS, CommandTooLarge, Transaction, find_many
from chalicelib.fulfilment import service as fulfilment
from chalicelib.inventory import service as inventory
from chalicelib.inventory.service import StockLine
from chalicelib.orders import events, store
from chalicelib.orders.domain import INLINE_LINES, MAX_FULFILMENTS, Allocation, Decision, Order
from chalicelib.orders.service.parcels import parcels
from chalicelib.orders.service.plan_units import plan_units, waits, with_waiting
from chalicelib.orders.service.price_order import Found, LineRequest, PriceRequest, applied, price, price_keys, promised
from chalicelib.orders.service.sell_lines import SellerCannotSupply, Selling, offer_keys, sell_lines
from chalicelib.payments import service as payments
from chalicelib.payments.service import TenderRequest
from chalicelib.promotions import service as promotions
from chalicelib.promotions.service import Discounts

RESERVED_FOR = timedelta(minutes=30)
"""How long placing holds stock: far beyond an authorisation that has to be asked for again and again."""

_ATTEMPTS = 4


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
    tenders: Sequence[TenderRequest]
    coupons: Sequence[str] = ()
    vat_number: str | None = None
    shipping_method: str | None = None
    pickup: Mapping[str, Any] | None = None

    def to_price(self) -> PriceRequest:
        """What of it has to do with prices."""
        return PriceRequest(
            channel=self.channel,
            currency=self.currency,
            lines=self.lines,
            customer_id=self.customer_id,
            charges=self.charges,
            coupons=self.coupons,
            country=self.shipping_address["country"],
            region=self.shipping_address.get("region"),
            postal_code=self.shipping_address.get("postal_code"),
            vat_number=self.vat_number,
            shipping_method=self.shipping_method,
        )


Alongside = Callable[[Transaction, Order], None]
"""Adds what goes with an order to its transaction."""


def place_order(
    request: OrderRequest,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Order], Answer],
    alongside: Alongside | None = None,
) -> Answer:
    """Freeze prices, reserve the stock and announce the order, all in one transaction; `alongside` adds to it. One with `pickup`
    goes to that locker site instead of its address.

    A shopper orders for themself, a guest for nobody known; staff and machines with scope orders.write order for anyone and
    may set prices and charges. A long order is reserved in parts first, which are given back when it does not come about. Raises `Forbidden`,
    `SiteUnknown`, `SitePaused`, `OffersRefused` (unknown or unpriced SKUs), `CouponRefused`, `CouponExhausted`, `VatNumberInvalid`, `TotalNegative`,
    `StockTooLow` (which SKU is short and by how much), `SellerCannotSupply`; nothing is kept then.
    """
    request = _at_its_site(_as_allowed(request, by))
    if len(request.lines) > INLINE_LINES and (earlier := once.earlier()) is not None:
        # A repetition would reserve all of it again before it met the record.
        raise Replay(earlier)
    for attempt in range(1, _ATTEMPTS + 1):
        # The first read is eventually consistent and may be behind, and so may the list of locations. What it calls short,
        # and what others took between read and write, is planned anew from a consistent read; what that calls short is
        # short, or waits.
        fresh = attempt > 1
        try:
            draft = _draft(request, fresh=fresh)
        except (inventory.StockTooLow, SellerCannotSupply):
            if fresh:
                observability.count("StockTooLow")
                raise
            continue
        final = answer(draft.order)

        def complete(tx: Transaction, draft: _Draft = draft, final: Answer = final) -> None:
            _complete(tx, draft, request, by)
            if alongside is not None:
                alongside(tx, draft.order)
            once.record(tx, final)

        try:
            _place(draft, complete, by)
        except (inventory.StockTooLow, inventory.StockMoved):
            continue
        observability.count("OrdersPlaced")
        observability.count("OrderValue", draft.order.total.amount)
        return final
    raise Contended("Others took the stock while this order was planned, several times over.")


def _as_allowed(request: OrderRequest, by: Principal) -> OrderRequest:
    if not by.is_guest:
        by.require(Role.SHOPPER, Role.ASSOCIATE, Role.ADMIN, scope="orders.write")
    if by.may(Role.ASSOCIATE, Role.ADMIN, scope="orders.write"):
        return request
    if request.customer_id not in (None, by.id):
        raise Forbidden("A shopper orders for themself.", faults=[Fault("/customer_id", "forbidden", "Leave it out.")])
    if request.charges or any(line.unit_price is not None for line in request.lines):
        raise Forbidden("Prices and charges are set by staff.")
    return replace(request, customer_id=None if by.is_guest else by.id)


def _at_its_site(request: OrderRequest) -> OrderRequest:
    if request.pickup is None:
        return request
    from chalicelib.lockers import (
        service as lockers,
    )  # late: most orders, and most functions, have nothing to do with them

    site = lockers.site_for_order(request.pickup["site_id"])
    home = {"home_address": request.shipping_address} if request.shipping_address else {}
    return replace(
        request,
        shipping_address={"name": site.name, **site.address},
        pickup={"site_id": site.id, "within_reach": bool(request.pickup.get("within_reach")), **home},
    )


@dataclass(frozen=True, slots=True)
class _Draft:
    """An order as it would be placed, and what was read for it."""

    order: Order
    stock: Sequence[StockLine]
    found: Found
    discounts: Discounts


def _draft(request: OrderRequest, *, fresh: bool) -> _Draft:
    skus = list(dict.fromkeys(line.sku for line in request.lines))
    sites = inventory.sourcing_locations(request.channel, fresh=fresh)
    to_price = request.to_price()
    stock = inventory.stock_keys(skus, [site.id for site in sites])
    found = find_many([*price_keys(to_price), *offer_keys(to_price), *stock], consistent=fresh)
    # What is collected at a locker comes from our own warehouses.
    selling = sell_lines(
        to_price,
        found,
        only_own=request.pickup is not None,
        fresh=fresh,
    )
    selling.check_enough(request.lines)
    now = clock.now()
    priced = price(replace(to_price, offered=selling.prices), selling.found, now)
    promotions.check_codes(priced.discounts, request.coupons)
    order = Order(
        id=new_id("ord"),
        channel=request.channel,
        currency=request.currency,
        customer_id=request.customer_id,
        reference=request.reference,
        placed_at=clock.rfc3339(now),
        decision=Decision.PENDING,
        lines=priced.lines,
        charges=priced.charges,
        contact=request.contact,
        shipping_address=request.shipping_address,
        coupons=tuple(request.coupons),
        promotions=applied(priced.discounts),
        vat_number=request.vat_number,
        guest=_guest(request),
        shipping=promised(priced.shipping),
        pickup=request.pickup,
    )
    plan = _planned(order, selling, sites, fresh=fresh)
    own = [Allocation(a.line_id, a.location_id, a.quantity, a.days is not None) for a in plan.assignments]
    allocations = (*own, *selling.allocations)
    order = replace(
        order,
        lines=with_waiting(order.lines, plan, now.date()),
        allocations=allocations,
        reasons=(*(reason.as_dict() for reason in plan.reasons), *selling.reasons),
    )
    if len(parcels(order, allocations)) > MAX_FULFILMENTS:
        raise CommandTooLarge(f"The order would leave in more than {MAX_FULFILMENTS} parcels.", limit=MAX_FULFILMENTS)
    lines = [StockLine(a.sku, a.location_id, a.quantity, 0 if a.days is None else a.quantity) for a in plan.assignments]
    sku_of = {line.id: line.sku for line in order.lines}
    lines += [StockLine(sku_of[one.line_id], one.location_id, one.quantity) for one in selling.allocations]
    return _Draft(order, lines, selling.found, priced.discounts)


def _guest(request: OrderRequest) -> str | None:
    address = request.contact.get("email")
    return email_hash(address) if address and request.customer_id is None else None


def _complete(tx: Transaction, draft: _Draft, request: OrderRequest, by: Principal) -> None:
    order = draft.order
    store.add(tx, order)
    promotions.redeem(tx, draft.discounts, order.id, by)
    booked = any(one.terms is not None for one in order.allocations)
    payments.open_payment(tx, order.id, order.total, request.tenders, by, booked=booked)
    events.order_placed(tx, order, by)


def _place(draft: _Draft, complete: Callable[[Transaction], None], by: Principal) -> None:
    order = draft.order
    held: dict[str, Any] = {
        "channel": order.channel,
        "expires_at": clock.now() + RESERVED_FOR,
        "owner": order.id,
        "by": by,
    }
    tx = Transaction()
    if len(order.lines) <= INLINE_LINES:
        if draft.stock:
            inventory.reserve(tx, order.id, draft.stock, found=draft.found, **held)
        complete(tx)
        if len(tx) <= MAX_ACTIONS:
            tx.commit()
            return
        tx = Transaction()
    reservation = inventory.reserve_in_parts(order.id, draft.stock, **held)
    try:
        inventory.open_reservation(tx, reservation, by)
        complete(tx)
        tx.commit()
    except Unavailable:
        # It may have been placed. If it was not, the reservation runs out.
        raise
    except AisleError:
        _give_back(reservation, by)
        raise


def _give_back(reservation: inventory.Reservation, by: Principal) -> None:
    tx = Transaction()
    inventory.release_reservation(tx, reservation, by)
    tx.commit()
    inventory.finish_release(reservation.id, by)


def _planned(order: Order, selling: Selling, sites: Sequence[inventory.Location], *, fresh: bool) -> fulfilment.Plan:
    plan = plan_units(order.lines, selling.found, sites, order.channel, selling)
    if plan.shortages or (waits(plan) and not fresh):
        raise inventory.StockTooLow.of(
            [
                {"sku": one.sku, "wanted": one.wanted, "left": one.left + _with_suppliers(order, selling, one.sku)}
                for one in plan.shortages
            ]
        )
    return plan


def _with_suppliers(order: Order, selling: Selling, sku: str) -> int:
    """What suppliers have left of a SKU for its lines that nobody has enough of."""
    lines = [line.id for line in order.lines if line.sku == sku and line.id not in selling.choices]
    return max((selling.supplier_units.get(line_id, 0) for line_id in lines), default=0)
