"""Use cases of carts. All but opening take a `Visitor`: somebody signed in, or a guest with the token of the cart."""

from chalicelib.carts.service.abandon_carts import abandon_idle
from chalicelib.carts.service.access import Visitor, find_cart
from chalicelib.carts.service.change_cart import configure, read_cart, remove_line, set_line
from chalicelib.carts.service.check_out import CheckoutRequest, check_out, ordered, wait_until_decided
from chalicelib.carts.service.merge_carts import merge_carts
from chalicelib.carts.service.open_cart import open_cart, open_guest_cart
from chalicelib.carts.service.view_cart import CartSeen, LineSeen

__all__ = [
    "CartSeen",
    "CheckoutRequest",
    "LineSeen",
    "Visitor",
    "abandon_idle",
    "check_out",
    "configure",
    "find_cart",
    "merge_carts",
    "open_cart",
    "open_guest_cart",
    "ordered",
    "read_cart",
    "remove_line",
    "set_line",
    "wait_until_decided",
]
