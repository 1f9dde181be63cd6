"""Carts in the table.

| item | pk | sk | index |
|---|---|---|---|
| cart | CART#<id> | CART | gsi3 DUE#CART#<shard> / <look at it>#<id>, while it has lines and may fall idle |
| a customer's cart of a channel | CUSTOMERCART#<customer> | CHANNEL#<channel> | |
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.carts.domain import KEPT_FOR, Cart, CartLine, State
from chalicelib.core import clock
from chalicelib.core.errors import AisleError, Conflict, Stale
from chalicelib.core.keys import key, shard
from chalicelib.core.table import Item, Json, OnConflict, RawItem, Transaction, find

SHARDS = 8
"""Index partitions of what falls due."""


class CartItem(Item):
    """pk = CART#<id>, sk = CART. Its document is the cart without its version."""

    version = NumberAttribute()
    document = Json()
    token_hash = UnicodeAttribute(null=True)


class CustomerCartItem(Item):
    """pk = CUSTOMERCART#<customer id>, sk = CHANNEL#<channel>. The one cart that the customer fills in this channel."""

    cart_id = UnicodeAttribute()


class CartMoved(Conflict):
    code = "cart_moved"
    title = "Another cart was opened at the same moment"


def cart_pk(cart_id: str) -> str:
    return key("CART", cart_id)


def _due_pk(cart_id: str) -> str:
    return key("DUE", "CART", shard(cart_id, SHARDS))


def _item(cart: Cart) -> CartItem:
    document: dict[str, Any] = {
        "channel": cart.channel,
        "currency": cart.currency,
        "changed_at": clock.rfc3339(cart.changed_at),
        "customer_id": cart.customer_id,
        "state": cart.state,
        "lines": [_stored(line) for line in cart.lines],
        "coupons": list(cart.coupons),
        "country": cart.country,
        "region": cart.region,
        "shipping_method": cart.shipping_method,
        "order_id": cart.order_id,
        "merged_into": cart.merged_into,
    }
    item = CartItem(
        cart_pk(cart.id),
        "CART",
        version=cart.version,
        document={name: value for name, value in document.items() if value not in (None, [])},
        token_hash=cart.token_hash,
        # Time to live only cleans: what has expired is gone when it is read. One that has ended is kept as long again.
        ttl=clock.epoch_seconds(cart.expires_at + KEPT_FOR),
    )
    if cart.due_at is not None:
        item.gsi3pk = _due_pk(cart.id)
        item.gsi3sk = _due_sk(cart)
    return item


def _stored(line: CartLine) -> list[Any]:
    stored = [line.sku, line.quantity, line.shown]
    return stored if line.seller is None else [*stored, line.seller]


def _due_sk(cart: Cart) -> str | None:
    return None if cart.due_at is None else key(clock.rfc3339(cart.due_at), cart.id)


def _cart(item: CartItem) -> Cart:
    stored = item.document
    due, _, _ = (item.gsi3sk or "").partition("#")
    return Cart(
        id=item.pk.partition("#")[2],
        channel=stored["channel"],
        currency=stored["currency"],
        changed_at=datetime.fromisoformat(stored["changed_at"]),
        customer_id=stored.get("customer_id"),
        token_hash=item.token_hash,
        state=State(stored["state"]),
        lines=tuple(CartLine(*line) for line in stored.get("lines", ())),
        coupons=tuple(stored.get("coupons", ())),
        country=stored.get("country"),
        region=stored.get("region"),
        shipping_method=stored.get("shipping_method"),
        due_at=datetime.fromisoformat(due) if due else None,
        order_id=stored.get("order_id"),
        merged_into=stored.get("merged_into"),
        version=int(item.version),
    )


def get(cart_id: str) -> Cart | None:
    """The cart as it is now, or None."""
    item = find(CartItem, cart_pk(cart_id), "CART", consistent=True)
    return _cart(item) if item else None


def add(tx: Transaction, cart: Cart) -> None:
    """Write a new cart."""
    tx.create(_item(cart), lambda _: Conflict(f"Cart {cart.id} exists."))


def change(tx: Transaction, cart: Cart, on_conflict: OnConflict | None = None) -> None:
    """Write the next version of a cart. Raises `Stale` (or what `on_conflict` makes) at commit when another was quicker."""

    def stale(raw: RawItem | None) -> AisleError:
        return Stale(f"Cart {cart.id} is not at version {cart.version - 1} any more.")

    tx.put(_item(cart), CartItem.version == cart.version - 1, on_conflict or stale)


def cart_of(customer_id: str, channel: str) -> str | None:
    """The id of the cart that the customer fills in the channel, which may have ended; or None."""
    item = find(CustomerCartItem, key("CUSTOMERCART", customer_id), key("CHANNEL", channel), consistent=True)
    return item.cart_id if item else None


def point(tx: Transaction, customer_id: str, channel: str, cart_id: str, *, instead_of: str | None) -> None:
    """The customer fills this cart from now on. Raises `CartMoved` at commit unless it was the one named until now."""
    before = CustomerCartItem.pk.does_not_exist() if instead_of is None else CustomerCartItem.cart_id == instead_of
    item = CustomerCartItem(key("CUSTOMERCART", customer_id), key("CHANNEL", channel), cart_id=cart_id)
    tx.put(item, before, lambda _: CartMoved("Another cart was opened at the same moment."))


# ---- what falls idle --------------------------------------------------------------------------------------------------------


def due_carts(at: datetime) -> Iterator[str]:
    """Ids of carts to look at, over all shards; may name some that were changed or have ended meanwhile."""
    until = clock.rfc3339(at) + "\x7f"  # DEL sorts after every id, so what is due at this very moment is due
    for number in range(SHARDS):
        rows = CartItem.by_due_time.query(key("DUE", "CART", str(number)), CartItem.gsi3sk <= until, page_size=100)
        for row in rows:
            yield str(row.gsi3sk).rpartition("#")[2]


def look_again(tx: Transaction, cart: Cart, at: datetime | None) -> None:
    """Move the look at a cart to a later moment, or to none, without a new version: its owner's stays good.

    Raises `Conflict` at commit when the cart, or the moment, is another than was read.
    """
    actions = (
        [CartItem.gsi3pk.remove(), CartItem.gsi3sk.remove()]
        if at is None
        else [CartItem.gsi3sk.set(key(clock.rfc3339(at), cart.id))]
    )
    as_read = (CartItem.version == cart.version) & (CartItem.gsi3sk == _due_sk(cart))
    tx.update(CartItem(cart_pk(cart.id), "CART"), actions, as_read, lambda _: Conflict("The cart has moved on."))
