"""Whose a cart is. A guest's opens with its token, a customer's for the customer and for those who serve."""

import hmac
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_urlsafe

from chalicelib.carts import store
from chalicelib.carts.domain import Cart, State
from chalicelib.core import clock
from chalicelib.core.auth import NOBODY, Principal, Role, guest
from chalicelib.core.errors import NotFound, Unauthenticated
from chalicelib.core.keys import SEPARATOR

SCOPE = "carts.write"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: somebody signed in (`by`), or nobody, with the token of a guest's cart."""

    by: Principal
    token: str | None = None

    @classmethod
    def guest(cls, token: str | None) -> "Visitor":
        """A guest with a token. Raises `Unauthenticated` without."""
        if not token:
            raise Unauthenticated("Send the cart's token: Cart-Token: <token>.")
        return cls(NOBODY, token)

    def acting_on(self, cart: Cart) -> Principal:
        """As whom the visitor changes a cart of theirs."""
        return self.by if self.token is None else guest(cart.id)


def new_token() -> str:
    """A token of 256 random bits. It is told once; only its hash is kept."""
    return token_urlsafe(32)


def hash_of(token: str) -> str:
    """What is kept of a token. Nobody can try all of them, so a plain hash will do."""
    return sha256(token.encode()).hexdigest()


def find_cart(cart_id: str, visitor: Visitor) -> Cart:
    """The cart as it is now. Raises `NotFound` for another's, and for one that has expired, as for one that never was."""
    if visitor.token is None:
        visitor.by.require(Role.SHOPPER, Role.ASSOCIATE, Role.ADMIN, scope=SCOPE)
    cart = None if SEPARATOR in cart_id else store.get(cart_id)
    if cart is None or not _opens(cart, visitor) or _is_gone(cart):
        raise NotFound(f"There is no cart {cart_id}.")
    return cart


def serves(by: Principal) -> bool:
    """Whether `by` works on the carts of others."""
    return by.may(Role.ASSOCIATE, Role.ADMIN, scope=SCOPE)


def _opens(cart: Cart, visitor: Visitor) -> bool:
    if visitor.token is not None:
        return cart.token_hash is not None and hmac.compare_digest(hash_of(visitor.token), cart.token_hash)
    return serves(visitor.by) or (cart.customer_id is not None and cart.customer_id == visitor.by.id)


def _is_gone(cart: Cart) -> bool:
    """Time to live may lag by two days, so what has expired is gone here."""
    return cart.state is State.ACTIVE and not cart.is_open(clock.now())
