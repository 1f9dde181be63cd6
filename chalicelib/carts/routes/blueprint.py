"""What the routes of both kinds of carts share."""

from collections.abc import Callable

from chalice.app import Response

from chalicelib.carts import service
from chalicelib.carts.domain import (
    CartChanged,
    CartClosed,
    CartEmpty,
    CartFull,
    TotalChanged,
)
from chalicelib.carts.schemas import CartView, CheckOut, ConfigureCart, LineQuery, OrderedView, SetLine
from chalicelib.carts.service import CartSeen, Visitor
from chalicelib.catalog.service import OffersRefused
from chalicelib.core import http
from chalicelib.core.errors import NotFound, Stale
from chalicelib.core.http import Routes
from chalicelib.core.idempotency import Answer
from chalicelib.core.table import CommandTooLarge
from chalicelib.inventory.service import StockTooLow
from chalicelib.orders.domain import Decision, Order
from chalicelib.orders.service import SellerCannotSupply
from chalicelib.promotions.service import CouponExhausted, CouponRefused
from chalicelib.shipping.service import ShippingUnavailable
from chalicelib.taxes.service import VatNumberInvalid

routes = Routes(__name__, "carts")
SCOPE = "carts.write"
TOKEN = "Cart-Token"  # noqa: S105  the name of a header

MAX_WAIT = 20
"""Seconds an answer may be held: the gateway gives up after 29."""

CHANGING = [NotFound, Stale, CartClosed]
SETTING = [*CHANGING, CartFull, OffersRefused, SellerCannotSupply]
CHECKING_OUT = [
    NotFound,
    CartClosed,
    CartEmpty,
    CartChanged,
    TotalChanged,
    OffersRefused,
    SellerCannotSupply,
    StockTooLow,
    CouponRefused,
    CouponExhausted,
    ShippingUnavailable,
    VatNumberInvalid,
    CommandTooLarge,
]


def shown(seen: CartSeen) -> Response:
    """200 with the cart."""
    return http.ok(CartView.of(seen), version=seen.cart.version)


def set_line(cart_id: str, sku: str, visitor: Visitor) -> Response:
    """200 with the cart, which has so many units of the SKU now."""
    seller, quantity = http.query(LineQuery).seller, http.body(SetLine).quantity
    return shown(service.set_line(cart_id, (sku, seller), quantity, http.expected_version(), visitor))


def remove_line(cart_id: str, sku: str, visitor: Visitor) -> Response:
    """200 with the cart, which has nothing of that line any more."""
    seller = http.query(LineQuery).seller
    return shown(service.remove_line(cart_id, (sku, seller), http.expected_version(), visitor))


def configure(cart_id: str, visitor: Visitor) -> Response:
    """200 with the cart, changed."""
    changes = http.body(ConfigureCart).changes()
    return shown(service.configure(cart_id, changes, http.expected_version(), visitor))


def check_out(cart_id: str, visitor: Visitor, location: Callable[[Order], str]) -> Response:
    """202 once the order is placed; 200 if it is decided within the time that the caller prefers to wait."""
    wanted = http.body(CheckOut).as_request()

    def answer(order: Order) -> Answer:
        return http.answer(202, OrderedView.of_cart(cart_id, order), location=location(order))

    placed = http.once(lambda once: service.check_out(cart_id, wanted, visitor, once=once, answer=answer))
    wait = http.preferred_wait(MAX_WAIT)
    return _held(placed, cart_id, wait, visitor) if wait else placed


def _held(placed: Response, cart_id: str, wait: int, visitor: Visitor) -> Response:
    order = service.wait_until_decided(cart_id, wait, visitor)
    if order.decision is Decision.PENDING:
        return placed
    decided = http.ok(OrderedView.of_cart(cart_id, order))
    for name in ("Location", "Idempotent-Replayed"):
        if name in placed.headers:
            decided.headers[name] = placed.headers[name]
    decided.headers["Preference-Applied"] = f"wait={wait}"
    return decided
