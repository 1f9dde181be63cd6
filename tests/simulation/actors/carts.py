"""Shoppers who fill carts before and after they sign in, on several devices at once."""

from __future__ import annotations

from typing import Any

from chalicelib.core.auth import Principal
from tests.simulation.actors.shop import ADDRESS, PRICES, SHOPPERS, Shop
from tests.simulation.actors.shoppers import TOKENS


def cart_filler(shop: Shop) -> None:
    """Fills a cart as a guest, signs in on two devices, fills on, and orders: the own cart, the guest's, or both at once."""
    random, spawn = shop.world.random, shop.world.kernel.spawn
    by = random.choice(SHOPPERS)
    own = _opened(shop, by)
    if own is None:
        return
    if random.random() < 0.5:
        _fill(shop, own, by, {})
    guests = _opened_by_a_guest(shop) if random.random() < 0.8 else None
    if guests is not None:
        path, token = guests
        _fill(shop, path, None, token)
        for device in range(random.choice([0, 1, 2, 2])):
            spawn(f"sign-in {device}", lambda: _sign_in(shop, own, path, token, by), after=random.uniform(0, 2))
        if random.random() < 0.3:
            spawn("guest's checkout", lambda: _check_out(shop, path, None, token), after=random.uniform(0, 2))
    if random.random() < 0.7:
        shop.world.kernel.pause(random.uniform(0, 3))
        _check_out(shop, own, by, {})


def _opened(shop: Shop, by: Principal) -> str | None:
    """The path of the cart that the shopper fills on whatever device."""
    opened = shop.client.command("/v1/carts", {"currency": "GBP"}, by)
    return f"/v1/carts/{opened.reply.json['id']}" if opened.accepted and opened.reply is not None else None


def _opened_by_a_guest(shop: Shop) -> tuple[str, dict[str, str]] | None:
    """The path of a new cart, and the header that opens it."""
    opened = shop.client.command("/v1/guest-carts", {"currency": "GBP"}, None)
    if not opened.accepted or opened.reply is None:
        return None
    cart = opened.reply.json
    return f"/v1/guest-carts/{cart['id']}", {"cart-token": cart["token"]}


def _fill(shop: Shop, path: str, by: Principal | None, token: dict[str, str]) -> None:
    random = shop.world.random
    for sku in random.sample(sorted(PRICES), random.randint(1, 2)):
        for _ in range(3):
            cart = shop.client.read(path, by, headers=token)
            if cart is None or cart["state"] != "active":
                return
            headers = {**token, "if-match": f'"{cart["version"]}"'}
            body = {"quantity": random.randint(1, 3)}
            if shop.client.command(f"{path}/lines/{sku}", body, by, method="PUT", headers=headers).accepted:
                break


def _sign_in(shop: Shop, own: str, guests: str, token: dict[str, str], by: Principal) -> None:
    body = {"guest_cart_id": guests.rpartition("/")[2]}
    shop.client.command(f"{own}/merge", body, by, headers=token)


def _check_out(shop: Shop, path: str, by: Principal | None, token: dict[str, str]) -> None:
    body: dict[str, Any] = {
        "contact": {"name": "Ada Lovelace"},
        "shipping_address": ADDRESS,
        "tenders": [{"type": "card", "token": shop.world.random.choice(TOKENS)}],
        "reference": f"intent-{len(shop.client.journal)}",
    }
    ordered = shop.client.command(f"{path}/checkout", body, by, headers=token)
    if ordered.accepted and ordered.reply is not None:
        shop.orders.append(ordered.reply.json["order_id"])
