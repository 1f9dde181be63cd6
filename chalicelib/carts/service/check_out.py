"""Order what is in a cart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.carts import domain, store
from chalicelib.carts.domain import Cart, CartChanged, CartEmpty, TotalChanged
from chalicelib.carts.service.access import Visitor, find_cart
from chalicelib.core.auth import system
from chalicelib.core.errors import AisleError, NotFound
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.table import RawItem, Transaction
from chalicelib.orders import service as orders
from chalicelib.orders.service import LineRequest, Order, OrderRequest
from chalicelib.payments.service import TenderRequest

_SYSTEM = system("carts")


@dataclass(frozen=True, slots=True)
class CheckoutRequest:
    """What an order needs beside the cart. `expected_total`: what the customer was shown (minor units).

    `shipping_method`: instead of the cart's.
    """

    contact: Mapping[str, Any]
    shipping_address: Mapping[str, Any]
    tenders: Sequence[TenderRequest]
    shipping_method: str | None = None
    expected_total: int | None = None
    reference: str | None = None
    vat_number: str | None = None
    pickup: Mapping[str, Any] | None = None


def check_out(
    cart_id: str,
    wanted: CheckoutRequest,
    visitor: Visitor,
    *,
    once: Idempotency,
    answer: Callable[[Order], Answer],
) -> Answer:
    """Place the order of a cart, and end the cart in the order's own transaction: it is ordered once, or not at all.

    Raises `NotFound`, `CartClosed`, `CartEmpty`, `TotalChanged` when it would cost another total than was expected,
    `CartChanged` when the cart was changed meanwhile, and whatever `orders.service.place_order` does.
    """
    cart = find_cart(cart_id, visitor)
    domain.check_open(cart)
    if not cart.lines:
        raise CartEmpty(f"Cart {cart_id} has no lines.")

    def close(tx: Transaction, order: Order) -> None:
        _check_total(order, wanted.expected_total)
        store.change(tx, domain.order(cart, order.id), _changed(cart))

    return orders.place_order(
        _request(cart, wanted), by=visitor.acting_on(cart), once=once, answer=answer, alongside=close
    )


def _request(cart: Cart, wanted: CheckoutRequest) -> OrderRequest:
    return OrderRequest(
        channel=cart.channel,
        currency=cart.currency,
        customer_id=cart.customer_id,
        reference=wanted.reference,
        lines=[LineRequest(line.sku, line.quantity, seller=line.seller) for line in cart.lines],
        charges=(),
        contact=wanted.contact,
        shipping_address=wanted.shipping_address,
        tenders=wanted.tenders,
        coupons=cart.coupons,
        vat_number=wanted.vat_number,
        shipping_method=wanted.shipping_method or cart.shipping_method,
        pickup=wanted.pickup,
    )


def _check_total(order: Order, expected: int | None) -> None:
    if expected is not None and expected != order.total.amount:
        raise TotalChanged(
            f"It was {expected} and is {order.total.amount} now (minor units).",
            expected=expected,
            total=order.total.amount,
        )


def _changed(cart: Cart) -> Callable[[RawItem | None], AisleError]:
    return lambda _: CartChanged(f"Cart {cart.id} was changed since it was read; look at it again.")


# ---- what became of it ------------------------------------------------------------------------------------------------------


def ordered(cart_id: str, visitor: Visitor) -> Order:
    """The order that came of a cart, for whoever may see the cart: guests have no other way. Raises `NotFound`."""
    cart = find_cart(cart_id, visitor)
    if cart.order_id is None:
        raise NotFound(f"Cart {cart_id} was not ordered.")
    return orders.find_order(cart.order_id)


def wait_until_decided(cart_id: str, seconds: int, visitor: Visitor) -> Order:
    """The order of a cart once it is confirmed or refused, or as it is after `seconds`. Raises `NotFound`."""
    return orders.wait_until_decided(ordered(cart_id, visitor).id, seconds, _SYSTEM)
