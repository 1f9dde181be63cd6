"""Read a cart, and change it under its version."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from chalicelib.carts import domain, store
from chalicelib.carts.domain import Cart, LineKey
from chalicelib.carts.service.access import Visitor, find_cart
from chalicelib.carts.service.view_cart import CartSeen, look_at
from chalicelib.catalog.service import OffersRefused
from chalicelib.core import clock
from chalicelib.core.errors import Fault, Stale
from chalicelib.core.table import Transaction
from chalicelib.orders.service import SellerCannotSupply


def read_cart(cart_id: str, visitor: Visitor) -> CartSeen:
    """The cart at today's prices, for its owner and those who serve. Raises `NotFound`."""
    return look_at(find_cart(cart_id, visitor))


def set_line(cart_id: str, key: LineKey, quantity: int, expected_version: int, visitor: Visitor) -> CartSeen:
    """So many units of a SKU, of the seller that is named or of any, whatever there were.

    Raises `NotFound`, `Stale`, `CartClosed`, `CartFull`, `OffersRefused`, `SellerCannotSupply`.
    """
    return _change(
        cart_id,
        expected_version,
        visitor,
        lambda cart, now: domain.set_line(cart, key, quantity, now),
        lambda seen: _check_for_sale(seen, key),
    )


def remove_line(cart_id: str, key: LineKey, expected_version: int, visitor: Visitor) -> CartSeen:
    """Nothing of a SKU any more, of the seller that is named or where none is. Raises `NotFound` (also for the line), `Stale`, `CartClosed`."""
    return _change(cart_id, expected_version, visitor, lambda cart, now: domain.remove_line(cart, key, now))


def configure(cart_id: str, changes: Mapping[str, Any], expected_version: int, visitor: Visitor) -> CartSeen:
    """Other coupons, currency or destination. A code that does not count is kept, with its reason in what is shown.

    Raises `NotFound`, `Stale`, `CartClosed`.
    """
    return _change(cart_id, expected_version, visitor, lambda cart, now: domain.configure(cart, changes, now))


def _change(
    cart_id: str,
    expected_version: int,
    visitor: Visitor,
    change: Callable[[Cart, datetime], Cart],
    check: Callable[[CartSeen], None] = lambda _: None,
) -> CartSeen:
    """One command. What its answer shows are the prices that later ones are compared with."""
    before = find_cart(cart_id, visitor)
    domain.check_open(before)
    if before.version != expected_version:
        raise Stale(f"Cart {cart_id} is at version {before.version}, not {expected_version}.")
    seen = look_at(change(before, clock.now()))
    check(seen)
    tx = Transaction()
    store.change(tx, domain.show(seen.cart, seen.prices))
    tx.commit()
    return seen


def _check_for_sale(seen: CartSeen, key: LineKey) -> None:
    line = next(line for line in seen.lines if line.key == key)
    if line.problem == SellerCannotSupply.code:
        fault = Fault("/seller", line.problem, f"{line.seller} does not sell {line.quantity} of {line.sku} now.")
        short = {"sku": line.sku, "seller": line.seller, "wanted": line.quantity, "left": line.left or 0}
        raise SellerCannotSupply(fault.detail, faults=[fault], shortages=[short])
    if line.problem is not None:
        fault = Fault("/sku", line.problem, f"{line.sku} cannot be bought here.")
        raise OffersRefused(fault.detail, faults=[fault])
