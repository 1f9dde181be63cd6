"""What an order would cost, without placing it. Carts, storefronts and tills show it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.core import clock
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Forbidden
from chalicelib.core.money import Money
from chalicelib.core.table import find_many
from chalicelib.inventory import service as inventory
from chalicelib.orders.domain import Charge, Line
from chalicelib.orders.service.plan_units import plan_units, with_waiting
from chalicelib.orders.service.price_order import PriceRequest, price, price_keys, promised
from chalicelib.orders.service.sell_lines import offer_keys, sell_lines
from chalicelib.promotions.service import Discounts


@dataclass(frozen=True, slots=True)
class Quote:
    """What it would cost at this moment, and what each promotion and code did or why it did nothing.

    `supplier_units`: what the suppliers that would be asked for a line have left for it, by line id. `sellers`: who would sell each line, and why.
    `not_ours`: lines of which the retailer sells nothing itself.
    """

    lines: tuple[Line, ...]
    charges: tuple[Charge, ...]
    discounts: Discounts
    shipping: dict[str, str] | None
    total: Money
    tax: Money
    supplier_units: Mapping[str, int] = field(default_factory=dict)
    sellers: Sequence[Mapping[str, Any]] = ()
    not_ours: Collection[str] = ()


def quote(request: PriceRequest, *, with_stock: bool = False) -> Quote:
    """Prices, promotions and tax as `place_order` would freeze them. Nothing is reserved.

    `with_stock` the same read tells which units would wait, and until when; of what cannot be had at all nothing is said.
    A code that takes nothing off is no error here: `discounts.refused_codes` says why. Raises `OffersRefused`,
    `TotalNegative`, `VatNumberInvalid`, `ShippingUnavailable`.
    """
    now = clock.now()
    sites = inventory.sourcing_locations(request.channel) if with_stock else ()
    stock = inventory.stock_keys(dict.fromkeys(line.sku for line in request.lines), [site.id for site in sites])
    found = find_many([*price_keys(request), *offer_keys(request), *stock])
    selling = sell_lines(request, found)
    priced = price(replace(request, offered=selling.prices), selling.found, now)
    lines = priced.lines
    if with_stock:
        plan = plan_units(lines, selling.found, sites, request.channel, selling)
        lines = with_waiting(lines, plan, now.date())
    return Quote(
        lines,
        priced.charges,
        priced.discounts,
        promised(priced.shipping),
        Money(priced.total, request.currency),
        Money(priced.tax, request.currency),
        selling.supplier_units,
        selling.reasons,
        selling.not_ours,
    )


def quote_for(request: PriceRequest, by: Principal) -> Quote:
    """`quote` for whoever may order: shoppers for themselves, staff and machines for anyone."""
    by.require(Role.SHOPPER, Role.ASSOCIATE, Role.ADMIN, scope="orders.write")
    if by.may(Role.ASSOCIATE, Role.ADMIN, scope="orders.write"):
        return quote(request, with_stock=True)
    if request.customer_id not in (None, by.id) or any(line.unit_price is not None for line in request.lines):
        raise Forbidden("A shopper asks for themself, at the catalogue's prices.")
    return quote(replace(request, customer_id=by.id), with_stock=True)
