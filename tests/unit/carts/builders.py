"""What the tests of carts are made of."""

from datetime import UTC, datetime
from typing import Any

from chalicelib.carts.domain import Cart, CartLine

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def a_cart(*lines: CartLine | tuple[str, int], **given: Any) -> Cart:
    return Cart(
        **{"id": "crt_1", "channel": "web", "currency": "GBP", "changed_at": NOON, "customer_id": "c1", **given},
        lines=tuple(line if isinstance(line, CartLine) else CartLine(*line) for line in lines),
    )


def a_guest_cart(*lines: CartLine | tuple[str, int], **given: Any) -> Cart:
    return a_cart(*lines, **{"id": "crt_guest", "customer_id": None, "token_hash": "hash", **given})


def contents(cart: Cart) -> dict[str, int]:
    return {line.sku: line.quantity for line in cart.lines}
