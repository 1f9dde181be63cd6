"""Open a cart."""

from chalicelib.carts import store
from chalicelib.carts.domain import Cart
from chalicelib.carts.service.access import SCOPE, hash_of, new_token, serves
from chalicelib.carts.service.view_cart import CartSeen, look_at
from chalicelib.carts.store import CartMoved
from chalicelib.core import clock
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Contended, Fault, Forbidden, Invalid
from chalicelib.core.ids import new_id
from chalicelib.core.table import Transaction

_ATTEMPTS = 4


def open_guest_cart(channel: str, currency: str) -> tuple[CartSeen, str]:
    """A new cart for somebody without an account, and its token, which is told this once."""
    token = new_token()
    cart = Cart(new_id("crt"), channel, currency, clock.now(), token_hash=hash_of(token))
    tx = Transaction()
    store.add(tx, cart)
    tx.commit()
    return look_at(cart), token


def open_cart(channel: str, currency: str, customer_id: str | None, by: Principal) -> tuple[CartSeen, bool]:
    """The customer's cart in a channel, and whether it is new.

    A customer fills one cart for each channel, on whatever device, until it is ordered or expires. Its currency is that in which
    it was opened or changed since. Staff and machines name the customer. Raises `Forbidden` for another's.
    """
    owner = _owner(customer_id, by)
    for _ in range(_ATTEMPTS):
        known = store.cart_of(owner, channel)
        cart = store.get(known) if known is not None else None
        if cart is not None and cart.is_open(clock.now()):
            return look_at(cart), False
        fresh = Cart(new_id("crt"), channel, currency, clock.now(), customer_id=owner)
        tx = Transaction()
        store.add(tx, fresh)
        store.point(tx, owner, channel, fresh.id, instead_of=known)
        try:
            tx.commit()
        except CartMoved:
            continue
        return look_at(fresh), True
    raise Contended("Others kept opening carts for the customer.")


def _owner(customer_id: str | None, by: Principal) -> str:
    by.require(Role.SHOPPER, Role.ASSOCIATE, Role.ADMIN, scope=SCOPE)
    if customer_id is None:
        if by.kind != "user":
            raise Invalid("Name the customer.", faults=[Fault("/customer_id", "missing", "Required of machines.")])
        return by.id
    if customer_id != by.id and not serves(by):
        raise Forbidden("A shopper fills a cart of their own.")
    return customer_id
