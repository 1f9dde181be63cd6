"""The events that carts publish. Contract: docs/events.md."""

from typing import Any

from chalicelib.carts.domain import Cart
from chalicelib.carts.store import cart_pk
from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.outbox import Aggregate, publish
from chalicelib.core.table import Transaction


def cart_merged(tx: Transaction, cart: Cart, guest: Cart, by: Principal) -> None:
    """`CartMerged`: what a guest's cart held is in the customer's."""
    _publish(tx, "CartMerged", cart, {"guest_cart_id": guest.id, "lines": len(guest.lines)}, by)


def cart_abandoned(tx: Transaction, cart: Cart, by: Principal) -> None:
    """`CartAbandoned`: nobody has changed it for a day. Once for each time that it falls idle. Each SKU once, whoever is to sell it."""
    units: dict[str, int] = {}
    for line in cart.lines:
        units[line.sku] = units.get(line.sku, 0) + line.quantity
    data = {
        "channel": cart.channel,
        "currency": cart.currency,
        "customer_id": cart.customer_id,
        "idle_since": clock.rfc3339(cart.changed_at),
        "lines": [[sku, quantity] for sku, quantity in units.items()],
    }
    _publish(tx, "CartAbandoned", cart, data, by)


def _publish(tx: Transaction, type: str, cart: Cart, data: dict[str, Any], by: Principal) -> None:
    publish(
        tx,
        pk=cart_pk(cart.id),
        source="carts",
        type=type,
        aggregate=Aggregate("cart", cart.id, cart.version),
        by=by,
        data=data,
        ttl=clock.epoch_seconds(cart.expires_at),
    )
