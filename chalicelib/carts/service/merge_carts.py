"""A guest signs in: what is in the guest's cart goes into the customer's."""

from chalicelib.carts import domain, events, store
from chalicelib.carts.domain import Cart, State
from chalicelib.carts.service.access import Visitor, find_cart
from chalicelib.carts.service.view_cart import CartSeen, look_at
from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended, NotFound, Stale
from chalicelib.core.table import Transaction

_ATTEMPTS = 6


def merge_carts(cart_id: str, guest_cart_id: str, token: str | None, by: Principal) -> CartSeen:
    """The customer's cart with what the guest's held, which ends by it. Done again it changes nothing.

    Both are written in one transaction under their versions: whoever else orders, merges or changes one of them comes before or
    after, never between. Raises `NotFound`, `Unauthenticated`, `CartClosed` when one was ordered or the guest's went into another
    cart, `CartsDiffer`, `CartFull`.
    """
    for _ in range(_ATTEMPTS):
        cart = _customers(find_cart(cart_id, Visitor(by)))
        guest = find_cart(guest_cart_id, Visitor.guest(token))
        if guest.state is State.MERGED and guest.merged_into == cart.id:
            return look_at(cart)
        seen = _merge(cart, guest, by)
        if seen is not None:
            return seen
    raise Contended("The carts kept changing while they were merged.")


def _customers(cart: Cart) -> Cart:
    if cart.customer_id is None:
        raise NotFound(f"There is no customer's cart {cart.id}.")
    return cart


def _merge(cart: Cart, guest: Cart, by: Principal) -> CartSeen | None:
    """The merged cart, or None when one of both has moved on."""
    whole, emptied = domain.merge(cart, guest, clock.now())
    seen = look_at(whole)
    tx = Transaction()
    store.change(tx, domain.show(whole, seen.prices))
    store.change(tx, emptied)
    events.cart_merged(tx, whole, guest, by)
    try:
        tx.commit()
    except Stale:
        return None
    return seen
