"""What a cart looks like now: prices, discounts and tax as an order would have them, and what can be had."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from chalicelib.carts.domain import Cart, CartLine, Hint, State, hint
from chalicelib.catalog.service import OffersRefused
from chalicelib.core import clock
from chalicelib.inventory import service as inventory
from chalicelib.orders import service as orders
from chalicelib.orders.service import LineRequest, PriceRequest, Quote
from chalicelib.shipping.service import ShippingUnavailable


@dataclass(frozen=True, slots=True)
class LineSeen:
    """A line as its owner is shown it. Without a price it has a `problem` and cannot be ordered.

    `was`: the unit price that was shown before, where it is another. `left`: units to be had, where they are few.
    `promised_on`: where units of it are still to come, the day for which the first of them would be promised.
    """

    sku: str
    quantity: int
    hint: Hint | None
    left: int | None = None
    name: str | None = None
    unit_price: int | None = None
    was: int | None = None
    amount: int = 0
    discount: int = 0
    problem: str | None = None
    promised_on: str | None = None


@dataclass(frozen=True, slots=True)
class CartSeen:
    """A cart as it is shown. `quote` is of the lines that are for sale; None when there are none.

    With a `shipping_problem` they cannot be sent by the cart's method, and the quote is without shipping.
    """

    cart: Cart
    lines: tuple[LineSeen, ...]
    quote: Quote | None = None
    shipping_problem: str | None = None

    @property
    def prices(self) -> dict[str, int]:
        """The unit prices that are shown, by SKU."""
        return {line.sku: line.unit_price for line in self.lines if line.unit_price is not None}

    @property
    def is_ready(self) -> bool:
        """Whether all of it could be ordered at this moment."""
        if self.quote is None or self.shipping_problem is not None:
            return False
        return all(line.problem is None and _enough(line) for line in self.lines)


def look_at(cart: Cart) -> CartSeen:
    """The cart at today's prices. Two batch reads; nothing is written, so a changed price is told until the cart is changed.

    One that has ended is shown as it was: what its order cost is the order's to say.
    """
    if cart.state is not State.ACTIVE:
        lines = (LineSeen(line.sku, line.quantity, None, unit_price=line.shown) for line in cart.lines)
        return CartSeen(cart, tuple(lines))
    left = {one.sku: one for one in inventory.availability([line.sku for line in cart.lines], cart.channel)}
    quote, problems, shipping_problem = _quoted(cart)
    priced = {line.sku: line for line in quote.lines} if quote else {}
    offered = quote.supplier_units if quote else {}
    lines = (_seen(line, left, priced, problems, offered.get(line.sku, 0)) for line in cart.lines)
    return CartSeen(cart, tuple(lines), quote, shipping_problem)


def _quoted(cart: Cart) -> tuple[Quote | None, dict[str, str], str | None]:
    """What the lines that are for sale cost, the problem of each that is not, and that of the shipping method."""
    problems: dict[str, str] = {}
    try:
        quote, shipping_problem = _quote(cart, cart.lines)
    except OffersRefused as refused:
        problems = {cart.lines[_index(fault.pointer)].sku: fault.code for fault in refused.faults}
        quote, shipping_problem = _quote(cart, [line for line in cart.lines if line.sku not in problems])
    return quote, problems, shipping_problem


def _quote(cart: Cart, lines: Sequence[CartLine]) -> tuple[Quote | None, str | None]:
    if not lines:
        return None, None
    request = _request(cart, lines)
    try:
        return orders.quote(request), None
    except ShippingUnavailable as refused:
        return orders.quote(replace(request, shipping_method=None)), refused.faults[0].code


def _index(pointer: str) -> int:
    """The line that `/lines/<index>/sku` points at."""
    return int(pointer.split("/")[2])


def _request(cart: Cart, lines: Sequence[CartLine]) -> PriceRequest:
    return PriceRequest(
        channel=cart.channel,
        currency=cart.currency,
        lines=[LineRequest(line.sku, line.quantity) for line in lines],
        customer_id=cart.customer_id,
        coupons=cart.coupons,
        country=cart.country,
        region=cart.region,
        # What shipping costs depends on the country.
        shipping_method=cart.shipping_method if cart.country is not None else None,
    )


def _seen(
    line: CartLine,
    left: Mapping[str, inventory.Availability],
    priced: Mapping[str, orders.Line],
    problems: Mapping[str, str],
    offered: int,
) -> LineSeen:
    units = left[line.sku].total + offered
    said = hint(line.quantity, units)
    few = units if said is Hint.ONLY_LEFT else None
    price = priced.get(line.sku)
    if price is None:
        return LineSeen(line.sku, line.quantity, said, few, problem=problems[line.sku])
    return LineSeen(
        line.sku,
        line.quantity,
        said,
        few,
        name=price.name,
        unit_price=price.unit_price,
        was=line.shown if line.shown not in (None, price.unit_price) else None,
        amount=price.amount,
        discount=price.discount,
        promised_on=_promised_on(line, left[line.sku]),
    )


def _promised_on(line: CartLine, left: inventory.Availability) -> str | None:
    if left.days is None or not left.total < line.quantity <= left.total + left.backorderable:
        return None
    return (clock.now().date() + timedelta(days=left.days)).isoformat()


def _enough(line: LineSeen) -> bool:
    return (
        line.hint is Hint.IN_STOCK
        or line.promised_on is not None
        or (line.left is not None and line.left >= line.quantity)
    )
