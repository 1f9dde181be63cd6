"""What a cart looks like now: prices, discounts and tax as an order would have them, and what can be had."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from chalicelib.carts.domain import Cart, CartLine, Hint, LineKey, State, hint
from chalicelib.catalog.service import OffersRefused
from chalicelib.core import clock
from chalicelib.core.errors import Fault
from chalicelib.inventory import service as inventory
from chalicelib.orders import service as orders
from chalicelib.orders.service import OWN, LineRequest, PriceRequest, Quote, SellerCannotSupply
from chalicelib.shipping.service import ShippingUnavailable

_NO_PRICE = "no_price"
"""The fault of a SKU that the catalogue has no price for, as the caller would pay it."""


@dataclass(frozen=True, slots=True)
class LineSeen:
    """A line as its owner is shown it. Without a price it has a `problem` and cannot be ordered.

    `seller`: who is to sell it, where that is named. `was`: the unit price that was shown before, where it is another. `left`: units
    to be had, where they are few. `promised_on`: where units of it are still to come, the day for which the first of them would be
    promised.
    """

    sku: str
    quantity: int
    hint: Hint | None
    left: int | None = None
    seller: str | None = None
    name: str | None = None
    unit_price: int | None = None
    was: int | None = None
    amount: int = 0
    discount: int = 0
    problem: str | None = None
    promised_on: str | None = None

    @property
    def key(self) -> LineKey:
        """Which line of the cart it is."""
        return self.sku, self.seller


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
    def prices(self) -> dict[LineKey, int]:
        """The unit prices that are shown, by line."""
        return {line.key: line.unit_price for line in self.lines if line.unit_price is not None}

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
        lines = (
            LineSeen(line.sku, line.quantity, None, seller=line.seller, unit_price=line.shown) for line in cart.lines
        )
        return CartSeen(cart, tuple(lines))
    own = {one.sku: one for one in inventory.availability([line.sku for line in cart.lines], cart.channel)}
    quoted = _quoted(cart)
    taken = {line.sku: line.quantity for line in cart.lines if line.seller == OWN}
    left = _Left(own, quoted.supplier_units, taken, quoted.not_ours)
    return CartSeen(
        cart, tuple(_seen(line, quoted, left) for line in cart.lines), quoted.quote, quoted.shipping_problem
    )


@dataclass(slots=True)
class _Quoted:
    """What the lines that are for sale cost, and the problem of each that is not. `supplier_units`: what those who may sell a line
    have left for it. `not_ours`: lines of which the retailer sells nothing itself."""

    quote: Quote | None = None
    priced: Mapping[LineKey, orders.Line] = field(default_factory=dict)
    problems: dict[LineKey, str] = field(default_factory=dict)
    supplier_units: dict[LineKey, int] = field(default_factory=dict)
    not_ours: set[LineKey] = field(default_factory=set)
    shipping_problem: str | None = None


def _quoted(cart: Cart) -> _Quoted:
    found, lines = _Quoted(), cart.lines
    while lines:
        try:
            found.quote, found.shipping_problem = _quote(cart, lines)
        except SellerCannotSupply as refused:
            # The others may be refused as well, each for a reason of its own: they are quoted anew without these.
            short = refused.members["shortages"]
            found.problems |= {(one["sku"], one["seller"]): refused.code for one in short}
            found.supplier_units |= {(one["sku"], one["seller"]): one["left"] for one in short}
            found.not_ours |= {(one["sku"], one["seller"]) for one in short}
        except OffersRefused as refused:
            for fault in refused.faults:
                found.problems |= dict.fromkeys(_concerned(fault, lines), fault.code)
        else:
            found.priced = {line.key: price for line, price in zip(lines, found.quote.lines, strict=True)}
            units, not_ours = found.quote.supplier_units, found.quote.not_ours
            found.supplier_units |= {line.key: units.get(str(number), 0) for number, line in enumerate(lines, start=1)}
            found.not_ours |= {line.key for number, line in enumerate(lines, start=1) if str(number) in not_ours}
            break
        lines = tuple(line for line in lines if line.key not in found.problems)
    return found


def _concerned(fault: Fault, lines: Sequence[CartLine]) -> list[LineKey]:
    """The lines that cannot be sold for it, of which it points at the first: `/lines/<index>/sku`. What has no price may have one
    with another seller."""
    first = lines[int(fault.pointer.split("/")[2])]
    return [first.key] if fault.code == _NO_PRICE else [line.key for line in lines if line.sku == first.sku]


def _quote(cart: Cart, lines: Sequence[CartLine]) -> tuple[Quote, str | None]:
    request = _request(cart, lines)
    try:
        return orders.quote(request), None
    except ShippingUnavailable as refused:
        return orders.quote(replace(request, shipping_method=None)), refused.faults[0].code


def _request(cart: Cart, lines: Sequence[CartLine]) -> PriceRequest:
    return PriceRequest(
        channel=cart.channel,
        currency=cart.currency,
        lines=[LineRequest(line.sku, line.quantity, seller=line.seller) for line in lines],
        customer_id=cart.customer_id,
        coupons=cart.coupons,
        country=cart.country,
        region=cart.region,
        # What shipping costs depends on the country.
        shipping_method=cart.shipping_method if cart.country is not None else None,
    )


@dataclass(slots=True)
class _Left:
    """What there is for each line: of the own stock, by SKU, less what lines that name it take, unless it is `not_ours`; and of
    suppliers, by line."""

    own: Mapping[str, inventory.Availability]
    suppliers: Mapping[LineKey, int]
    taken: Mapping[str, int]
    not_ours: Collection[LineKey]

    def units(self, line: CartLine) -> int:
        """Units that the line may have now."""
        return max(0, self._own_units(line)) + self.suppliers.get(line.key, 0)

    def _own_units(self, line: CartLine) -> int:
        """Units of the own stock for the line; below zero where lines that name it want more than is there."""
        if line.seller not in (None, OWN) or line.key in self.not_ours:
            return 0
        return self.own[line.sku].total - (self.taken.get(line.sku, 0) if line.seller is None else 0)

    def promised_on(self, line: CartLine) -> str | None:
        """Where the own stock has units of the line that are still to come, the day for which the first would be promised."""
        own, there = self.own[line.sku], self._own_units(line)
        if line.seller not in (None, OWN) or line.key in self.not_ours or own.days is None:
            return None
        if not there < line.quantity <= there + own.backorderable:
            return None
        return (clock.now().date() + timedelta(days=own.days)).isoformat()


def _seen(line: CartLine, quoted: _Quoted, left: _Left) -> LineSeen:
    units = left.units(line)
    said = hint(line.quantity, units)
    few = units if said is Hint.ONLY_LEFT else None
    price = quoted.priced.get(line.key)
    if price is None:
        return LineSeen(line.sku, line.quantity, said, few, line.seller, problem=quoted.problems[line.key])
    return LineSeen(
        line.sku,
        line.quantity,
        said,
        few,
        line.seller,
        name=price.name,
        unit_price=price.unit_price,
        was=line.shown if line.shown not in (None, price.unit_price) else None,
        amount=price.amount,
        discount=price.discount,
        promised_on=left.promised_on(line),
    )


def _enough(line: LineSeen) -> bool:
    return (
        line.hint is Hint.IN_STOCK
        or line.promised_on is not None
        or (line.left is not None and line.left >= line.quantity)
    )
