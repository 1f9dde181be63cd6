"""A cart: lines, coupon codes and where it goes, under a version. Nothing in it is promised; prices are worked out anew.

Every change is a new version. A cart ends in one way, once: it is ordered, or merged into a customer's cart.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from chalicelib.core.errors import Conflict, NotFound, RuleBroken

MAX_LINES = 500
"""Lines of one cart. It is one item, and every change writes it whole: 500 lines are up to 60 KB of the 400 KB that fit. Longer
orders are placed from their lines directly."""

MAX_QUANTITY = 9_999
"""Units of one line, also after a merge."""

MAX_COUPONS = 5

IDLE_AFTER = timedelta(hours=24)
"""A cart with lines that nobody has changed for so long is abandoned."""

KEPT_FOR = timedelta(days=30)
"""A cart that nobody has changed for so long is gone."""

LOW_STOCK = 5
"""So few units left are worth a word."""


class State(StrEnum):
    """Only an active cart can be changed."""

    ACTIVE = "active"
    ORDERED = "ordered"
    MERGED = "merged"


class Hint(StrEnum):
    """What can be had of a line now. It promises nothing: stock is reserved when the order is placed."""

    IN_STOCK = "in_stock"
    ONLY_LEFT = "only_left"
    NOT_AVAILABLE = "not_available"


class CartClosed(Conflict):
    """`state` says how it ended, `order_id` or `merged_into` where it went."""

    code = "cart_closed"
    title = "The cart was ordered or merged"


class CartChanged(Conflict):
    code = "cart_changed"
    title = "The cart was changed while it was ordered"


class CartFull(RuleBroken):
    code = "cart_full"
    title = "The cart holds no more lines"


class CartEmpty(RuleBroken):
    code = "cart_empty"
    title = "There is nothing in the cart"


class CartsDiffer(RuleBroken):
    code = "carts_differ"
    title = "The carts belong to two channels or currencies"


class TotalChanged(Conflict):
    """`expected` is what the caller was shown, `total` what it would cost now (minor units)."""

    code = "total_changed"
    title = "It costs something else now"


LineKey = tuple[str, str | None]
"""A SKU, and the seller that is named for it: a cart has one line for each."""


@dataclass(frozen=True, slots=True)
class CartLine:
    """Units of a SKU, and the unit price that was shown last (minor units; None: none yet). `seller`: who is to sell them (`own` or a
    supplier's id); None leaves that open."""

    sku: str
    quantity: int
    shown: int | None = None
    seller: str | None = None

    @property
    def key(self) -> LineKey:
        """What makes it another line than the others of its cart."""
        return self.sku, self.seller


@dataclass(frozen=True, slots=True)
class Cart:
    """A cart. A guest's has the hash of its token, a customer's a customer. `due_at`: when the schedule looks whether it is idle."""

    id: str
    channel: str
    currency: str
    changed_at: datetime
    customer_id: str | None = None
    token_hash: str | None = None
    state: State = State.ACTIVE
    lines: tuple[CartLine, ...] = ()
    coupons: tuple[str, ...] = ()
    country: str | None = None
    region: str | None = None
    shipping_method: str | None = None
    due_at: datetime | None = None
    order_id: str | None = None
    merged_into: str | None = None
    version: int = 1

    @property
    def expires_at(self) -> datetime:
        """When it is gone, unless it is changed before."""
        return self.changed_at + KEPT_FOR

    def is_open(self, now: datetime) -> bool:
        """Whether it can still be changed."""
        return self.state is State.ACTIVE and now < self.expires_at

    def is_idle(self, now: datetime) -> bool:
        """Whether it counts as abandoned."""
        return self.state is State.ACTIVE and bool(self.lines) and now >= self.changed_at + IDLE_AFTER

    def line(self, key: LineKey) -> CartLine | None:
        """The line of a SKU and the seller that is named for it, or None."""
        return next((line for line in self.lines if line.key == key), None)


def check_open(cart: Cart) -> None:
    """Raise `CartClosed` for a cart that has ended."""
    if cart.state is not State.ACTIVE:
        raise CartClosed(
            f"Cart {cart.id} was {cart.state}.",
            state=cart.state.value,
            order_id=cart.order_id,
            merged_into=cart.merged_into,
        )


def set_line(cart: Cart, key: LineKey, quantity: int, now: datetime) -> Cart:
    """The cart with so many units of a line; a new one comes last. Raises `CartClosed`, `CartFull`."""
    known = cart.line(key)
    if known is not None:
        lines = tuple(replace(line, quantity=quantity) if line is known else line for line in cart.lines)
    else:
        sku, seller = key
        lines = (*cart.lines, CartLine(sku, quantity, seller=seller))
    return _changed(cart, now, lines=_bounded(lines))


def remove_line(cart: Cart, key: LineKey, now: datetime) -> Cart:
    """The cart without a line. Raises `CartClosed`, and `NotFound` when it is not in there."""
    if cart.line(key) is None:
        sku, seller = key
        raise NotFound(f"Cart {cart.id} has no {sku}{f' of {seller}' if seller else ''}.")
    return _changed(cart, now, lines=tuple(line for line in cart.lines if line.key != key))


def configure(cart: Cart, changes: Mapping[str, Any], now: datetime) -> Cart:
    """The cart with other coupons, currency or destination. In another currency no price was shown yet. Raises `CartClosed`."""
    changed = _changed(cart, now, **changes)
    if changed.currency == cart.currency:
        return changed
    return replace(changed, lines=tuple(replace(line, shown=None) for line in changed.lines))


def show(cart: Cart, prices: Mapping[LineKey, int]) -> Cart:
    """The cart, with the unit prices by line that its owner is shown now."""
    return replace(cart, lines=tuple(replace(line, shown=prices.get(line.key, line.shown)) for line in cart.lines))


def merge(cart: Cart, guest: Cart, now: datetime) -> tuple[Cart, Cart]:
    """The customer's cart with what the guest's held, and the guest's, which has ended.

    Quantities of a SKU are added where both name the same seller, or none, up to `MAX_QUANTITY`. Of coupons, the customer's own come first, up to `MAX_COUPONS`. Where it
    goes is the customer's word, else the guest's. Raises `CartClosed`, `CartsDiffer`, `CartFull`.
    """
    check_open(guest)
    if (guest.channel, guest.currency) != (cart.channel, cart.currency):
        raise CartsDiffer(
            f"One is for {guest.channel} in {guest.currency}, the other for {cart.channel} in {cart.currency}."
        )
    lines = {line.key: line for line in cart.lines}
    for line in guest.lines:
        known = lines.get(line.key)
        lines[line.key] = line if known is None else _added(known, line)
    whole = _changed(
        cart,
        now,
        lines=_bounded(tuple(lines.values())),
        coupons=tuple(dict.fromkeys((*cart.coupons, *guest.coupons)))[:MAX_COUPONS],
        country=cart.country or guest.country,
        region=cart.region if cart.country else guest.region,
        shipping_method=cart.shipping_method or guest.shipping_method,
    )
    return whole, _ended(guest, State.MERGED, merged_into=cart.id)


def order(cart: Cart, order_id: str) -> Cart:
    """The cart, ordered. Raises `CartClosed`."""
    check_open(cart)
    return _ended(cart, State.ORDERED, order_id=order_id)


def _added(line: CartLine, more: CartLine) -> CartLine:
    quantity = min(line.quantity + more.quantity, MAX_QUANTITY)
    return replace(line, quantity=quantity, shown=more.shown if line.shown is None else line.shown)


def _bounded(lines: tuple[CartLine, ...]) -> tuple[CartLine, ...]:
    if len(lines) > MAX_LINES:
        raise CartFull(f"A cart has at most {MAX_LINES} lines.", limit=MAX_LINES)
    return lines


def _changed(cart: Cart, now: datetime, **changes: Any) -> Cart:
    check_open(cart)
    changed = replace(cart, **changes, changed_at=now, version=cart.version + 1)
    return replace(changed, due_at=_due(changed, now))


def _due(cart: Cart, now: datetime) -> datetime | None:
    """When to look whether it is idle. An earlier look stays: it finds out, and moving it would write the index each time."""
    if not cart.lines:
        return None
    return min(now + IDLE_AFTER, cart.due_at or now + IDLE_AFTER)


def _ended(cart: Cart, state: State, **where: Any) -> Cart:
    return replace(cart, state=state, due_at=None, version=cart.version + 1, **where)


def hint(wanted: int, left: int) -> Hint:
    """What to say of a line of so many units when so many are left to sell."""
    if left <= 0:
        return Hint.NOT_AVAILABLE
    return Hint.IN_STOCK if left > LOW_STOCK and left >= wanted else Hint.ONLY_LEFT
