"""Shoppers, and staff who order for somebody."""

from __future__ import annotations

from typing import Any

from chalicelib.core.auth import Principal
from tests.simulation.actors.shop import ADDRESS, ASSOCIATES, PRICES, SHOPPERS, Shop
from tests.simulation.kernel import Crash

TOKENS = (
    *("tok_approve",) * 8,
    "tok_decline_insufficient_funds",
    "tok_decline_stolen_card",
    "tok_timeout",
    "tok_timeout_declined",
    "tok_timeout_lost",
    "tok_late",
    "tok_duplicate",
    "tok_capture_fails",
    "tok_capture_timeout",
    "tok_void_fails",
    "tok_void_timeout",
    "tok_refund_fails",
    "tok_refund_timeout",
    "tok_nonsense",
)


def shopper(shop: Shop) -> None:
    """Places an order for a few things."""
    by = shop.world.random.choice(SHOPPERS)
    _place(shop, by, {**_order(shop), "payment": {"token": shop.world.random.choice(TOKENS)}})


def telephone_order(shop: Shop) -> None:
    """An associate orders for a customer, with postage, a discount, prices of their own, or charges alone."""
    random = shop.world.random
    body = {**_order(shop), "customer_id": random.choice(SHOPPERS).id, "payment": {"token": random.choice(TOKENS)}}
    if random.random() < 0.6:
        body["charges"] = [{"code": "POST", "description": "Postage", "amount": random.choice([0, 395, 1_000])}]
    if random.random() < 0.3:
        body["lines"][0]["unit_price"] = random.choice([0, 1, 333])
    if random.random() < 0.2:
        body["lines"] = []
        body["charges"] = [{"code": "GIFT", "description": "Gift wrap", "amount": random.choice([0, 250])}]
    if random.random() < 0.15:
        del body["payment"]
    _place(shop, random.choice(ASSOCIATES), body)


def payer_in_parts(shop: Shop) -> None:
    """Pays with a gift card or store credit, and by card what these leave."""
    random = shop.world.random
    by, amount = random.choice(SHOPPERS), random.choice([100, 799, 3_000])
    share = random.choice([amount, amount + 1, 50])
    if random.random() < 0.5:
        made = shop.client.command("/v1/gift-cards", {"amount": amount, "currency": "GBP"}, ASSOCIATES[0])
        code = made.reply.json.get("code") if made.accepted and made.reply is not None else None
        tender = {"type": "gift_card", "token": code, "amount": share}
    else:
        body = {"amount": amount, "currency": "GBP", "reason": "goodwill"}
        shop.client.command(f"/v1/customers/{by.id}/store-credit", body, ASSOCIATES[0])
        code = "me"
        tender = {"type": "store_credit", "token": code, "amount": share}
    if code is not None:
        card = {"type": "card", "token": random.choice(TOKENS)}
        _place(shop, by, {**_order(shop), "payment": {"tenders": [tender, card]}})


def _order(shop: Shop) -> dict[str, Any]:
    random = shop.world.random
    skus = random.sample(sorted(PRICES), random.randint(1, 3))
    codes = random.choice([[], [], [], ["FIRST"], ["ONCE-EACH"], ["FIRST", "ONCE-EACH"]])
    return {
        "channel": "web",
        "coupons": codes,
        "currency": "GBP",
        "lines": [{"sku": sku, "quantity": random.randint(1, 3)} for sku in skus],
        "contact": {"name": "Ada Lovelace"},
        "shipping_address": ADDRESS,
    }


def _place(shop: Shop, by: Principal, body: dict[str, Any]) -> None:
    world = shop.world
    body["reference"] = f"intent-{len(shop.client.journal)}"
    patience = 1 if world.random.random() < 0.1 else 8
    intent = shop.client.command("/v1/orders", body, by, patience=patience)
    if intent.accepted and intent.reply is not None:
        shop.orders.append(intent.reply.json["id"])
    if world.random.random() < 0.1:
        _misuse_key(shop, intent.key, by, body)


def _misuse_key(shop: Shop, key: str, by: Principal, body: dict[str, Any]) -> None:
    """The same key with another payload: if the first has had its effect, this must have none."""
    first = shop.client.journal[int(key.removeprefix("key-"))]
    other = {**body, "reference": f"misuse of {key}", "contact": {"name": "Somebody Else"}}
    try:
        reply = shop.world.request("POST", "/v1/orders", by, other, {"idempotency-key": key})
    except Crash:
        return
    if first.accepted:
        shop.world.check(reply.status >= 400, f"{key} was taken for another payload: {reply.text}")
