"""Billed transitions of the workflows of one order, from placed to delivered, cancelled, and returned, and of a supplier that
comes in, lists a product and ships it; out of their execution histories."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from bench.executions import PATIENCE_SECONDS, Count, count_of, execution_for
from bench.ground import Ground
from bench.report import Figure, Target
from bench.shop import Client, Shop, open_shop, until
from bench.trade import LISTING, ONBOARDING, PLACING, ROUTING, traded

PART = "Workflow"
AT_MOST = 8


def measure(ground: Ground) -> list[Figure]:
    count, market = counted(ground), traded(ground)
    return [
        *_both("placed to delivered", count, Target("≤", AT_MOST)),
        *_both("a whole cancellation", cancelled(ground)),
        *_both("a return of everything at once", returned(ground)),
        *_both("a supplier that is approved at once", market[ONBOARDING]),
        *_both("a listing that is published at once", market[LISTING]),
        _figure("an order of one supplier's goods, placed to delivered", market[PLACING], None),
        _figure("the same order, routing it to a supplier that accepts", market[ROUTING], None),
        Figure(PART, "events on the bus, an order of one supplier's goods", market[ROUTING].events),
    ]


def _both(what: str, count: Count, target: Target | None = None) -> list[Figure]:
    return [_figure(what, count, target), Figure(PART, f"events on the bus, {what}", count.events)]


def _figure(what: str, count: Count, target: Target | None) -> Figure:
    note = " → ".join(["start", *count.entered]) + (f", {count.further} tasks inside" if count.further else "")
    return Figure(PART, f"billed transitions, {what}", count.transitions, "", target, note)


@cache
def counted(ground: Ground) -> Count:
    """Take one order of three lines from placed to delivered and count."""
    order_id = _delivered(ground, open_shop(ground.stack, skus=3, units=100))
    return count_of(ground, "orders-place-order", f"{order_id}-v1", lambda: _events(ground, order_id))


def cancelled(ground: Ground) -> Count:
    """Call off the whole of a confirmed order and count."""
    order_id = _confirmed(ground, open_shop(ground.stack, skus=3, units=100))["id"]
    before = _events(ground, order_id)
    Client(ground.stack, "admin").ask("POST", f"/v1/orders/{order_id}/cancellations", {}, expect=201)
    execution = execution_for(ground, "orders-cancel-order", order_id=order_id)
    return count_of(ground, "orders-cancel-order", execution, lambda: _events(ground, order_id) - before)


def returned(ground: Ground) -> Count:
    """Take all of a delivered order back in one parcel and count."""
    shop = open_shop(ground.stack, skus=3, units=100)
    order_id = _delivered(ground, shop)
    admin, before = Client(ground.stack, "admin"), _events(ground, order_id)
    until(lambda: not _payment(ground, order_id)["dues"], PATIENCE_SECONDS)
    lines = [
        {"line_id": line["id"], "quantity": line["ordered"]}
        for line in admin.ask("GET", f"/v1/orders/{order_id}", expect=200)["lines"]
    ]
    reasoned = {"lines": [{**line, "reason": "changed_mind"} for line in lines]}
    path = f"/v1/returns/{admin.ask('POST', f'/v1/orders/{order_id}/returns', reasoned, expect=201)['id']}"
    until(lambda: admin.ask("GET", path, expect=200)["label"], PATIENCE_SECONDS)
    admin.ask("POST", f"{path}/receipts", {"location_id": shop.location, "lines": lines}, expect=200)
    found = {"lines": [{**line, "disposition": "restock"} for line in lines]}
    admin.ask("POST", f"{path}/inspections", found, expect=200)
    execution = execution_for(ground, "returns-return-order", order_id=order_id)
    return count_of(ground, "returns-return-order", execution, lambda: _events(ground, order_id) - before)


def _events(ground: Ground, order_id: str) -> int:
    timeline = Client(ground.stack, "admin").ask("GET", f"/v1/orders/{order_id}/timeline", expect=200)
    return len(timeline["items"])


def _payment(ground: Ground, order_id: str) -> Any:
    return Client(ground.stack, "admin").ask("GET", f"/v1/orders/{order_id}/payment", expect=200)


def _confirmed(ground: Ground, shop: Shop) -> Any:
    admin = Client(ground.stack, "admin")
    placed = Client(ground.stack, "shopper").ask("POST", "/v1/orders", json.loads(shop.order(3)), expect=202)

    def order() -> Any:
        return admin.ask("GET", f"/v1/orders/{placed['id']}", expect=200)

    return until(lambda: (seen := order())["status"] == "confirmed" and seen, PATIENCE_SECONDS)


def _delivered(ground: Ground, shop: Shop) -> str:
    admin, confirmed = Client(ground.stack, "admin"), _confirmed(ground, shop)
    [fulfilment] = confirmed["fulfilments"]
    lines = [{"line_id": line["id"], "quantity": line["ordered"]} for line in confirmed["lines"]]
    answers = f"/v1/fulfilments/{fulfilment['id']}/answers"
    admin.ask("POST", answers, {"type": "packed", "lines": []}, expect=200)
    admin.ask("POST", answers, {"type": "shipped", "lines": lines}, expect=200)
    admin.ask("POST", answers, {"type": "delivered", "lines": []}, expect=200)
    return str(confirmed["id"])
