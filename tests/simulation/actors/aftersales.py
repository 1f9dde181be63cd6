"""What follows an order: cancellations, returns, refunds, and what staff changes of it by hand."""

from __future__ import annotations

from typing import Any

from chalicelib.core.auth import Principal
from tests.simulation.actors.shop import ADDRESS, ADMIN, ASSOCIATES, LOCATIONS, PRICES, SHOPPERS, Shop

HOUR = 3_600.0
MOST_LAG = 4.0
"""After so many seconds, every reader sees what was written."""
_REASONS = ("changed_mind", "damaged", "wrong_item", "defective")


def canceller(shop: Shop) -> None:
    """Cancels an order or some of it, in the middle of whatever else happens to it; perhaps twice, or two people at once."""
    random, kernel = shop.world.random, shop.world.kernel
    order = _some_order(shop)
    if order is None:
        return
    kernel.pause(random.choice([0.0, 0.2, 3, 600, 7_200]) * random.random())
    for number in range(random.choice([1, 1, 2])):
        after = number * random.choice([0.01, 0.2, 3, 600])
        kernel.spawn(f"cancellation {number}", lambda: _cancel(shop, order), after=after)


def _cancel(shop: Shop, order: dict[str, Any]) -> None:
    body: dict[str, Any] = {"reason": "customer_request"}
    if shop.world.random.random() < 0.6:
        body["lines"] = _some_units(shop, order["lines"], "ordered")
    if body.get("lines") != []:
        shop.client.command(f"/v1/orders/{order['id']}/cancellations", body, _customer_or_staff(shop, order))


def returner(shop: Shop) -> None:
    """Sends something back; the staff receives and inspects it, in parts, or nothing ever comes."""
    random = shop.world.random
    order = _some_order(shop, until="shipped")
    lines = _some_units(shop, order["lines"], "shipped") if order is not None else []
    if order is None or not lines:
        return
    body = {
        "lines": [{**line, "reason": random.choice(_REASONS), "condition": "unopened"} for line in lines],
        "resolution": _resolution(shop, order, lines),
    }
    announced = shop.client.command(f"/v1/orders/{order['id']}/returns", body, _customer_or_staff(shop, order))
    if not announced.accepted or announced.reply is None or random.random() < 0.15:
        return
    value = announced.reply.json
    if random.random() < 0.1:
        shop.world.kernel.pause(random.uniform(0, HOUR))
        headers = {"if-match": f'"{value["version"]}"'}
        by = _customer_or_staff(shop, order)
        shop.client.command(f"/v1/returns/{value['id']}", None, by, method="DELETE", headers=headers)
    _take_in(shop, value["id"], {line["line_id"]: line["quantity"] for line in lines})


def _resolution(shop: Shop, order: dict[str, Any], lines: list[dict[str, Any]]) -> Any:
    random = shop.world.random
    dice = random.random()
    if dice < 0.55 or order["customer_id"] is None:
        return "refund"
    if dice < 0.75:
        return "store_credit"
    wanted = [{**line, "sku": random.choice(sorted(PRICES))} for line in lines]
    return {"exchange": wanted, "card_token": random.choice(["tok_approve", "tok_decline_stolen_card"])}


def _take_in(shop: Shop, id: str, units: dict[str, int]) -> None:
    """Goods come in one parcel or two, and somebody looks at them until nothing is left to look at."""
    random, kernel = shop.world.random, shop.world.kernel
    for last in random.choice([[True], [False, True], [False]]):
        kernel.pause(random.choice([1.0, HOUR, 60 * HOUR]) * random.random())
        came = [{"line_id": line, "quantity": random.randint(1, units[line])} for line in units]
        body = {"location_id": random.choice(sorted(LOCATIONS)), "lines": came, "complete": last}
        shop.client.command(f"/v1/returns/{id}/receipts", body, random.choice(ASSOCIATES))
        _inspect(shop, id)
    kernel.pause(HOUR)
    for _ in range(5):
        if not _inspect(shop, id):
            return


def _inspect(shop: Shop, id: str) -> bool:
    """Decide on units that wait somewhere; whether any did."""
    random = shop.world.random
    value = shop.client.read(f"/v1/returns/{id}", ADMIN)
    waiting = [
        (line["line_id"], place, units)
        for line in (value or {"lines": []})["lines"]
        for place, units in line["waiting"].items()
    ]
    if not waiting:
        return False
    place = waiting[0][1]
    lines = [
        {
            "line_id": line,
            "quantity": units,
            "disposition": random.choice(["restock", "restock", "write_off", "refuse"]),
        }
        for line, at, units in waiting
        if at == place
    ]
    shop.client.command(
        f"/v1/returns/{id}/inspections", {"lines": lines, "location_id": place}, random.choice(ASSOCIATES)
    )
    return True


def refunder(shop: Shop) -> None:
    """Gives some of what was paid back, out of goodwill."""
    random = shop.world.random
    order = _some_order(shop, until="shipped")
    if order is None:
        return
    for _ in range(random.choice([1, 1, 2])):
        to = random.choice(["original", "original", "store_credit"])
        body = {"amount": random.choice([1, 100, 799, 5_000]), "reason": "goodwill", "to": to}
        shop.client.command(f"/v1/orders/{order['id']}/refunds", body, random.choice(ASSOCIATES))


def holder(shop: Shop) -> None:
    """Keeps an order back, and lets it go."""
    random = shop.world.random
    order = _some_order(shop)
    if order is None:
        return
    by = random.choice(ASSOCIATES)
    held = shop.client.command(f"/v1/orders/{order['id']}/holds", {"reason": "fraud_check"}, by, patience=20)
    shop.world.kernel.pause(random.choice([0.1, 60, 3 * HOUR]))
    # Whoever holds an order sees to it that it goes on: also when the answer, with the hold's id, was lost, and when what
    # is read is not yet what was written.
    told = held.reply.json if held.accepted and held.reply else {"holds": []}
    if not told["holds"]:
        shop.world.kernel.pause(MOST_LAG)
    read = shop.client.read(f"/v1/orders/{order['id']}", ADMIN, patience=20) or {"holds": []}
    for hold in sorted({hold["id"] for known in (told, read) for hold in known["holds"]}):
        shop.client.command(f"/v1/orders/{order['id']}/holds/{hold}/release", None, by, patience=40)


def readdresser(shop: Shop) -> None:
    """Sends an order elsewhere."""
    order = _some_order(shop)
    if order is not None:
        body = {"shipping_address": {**ADDRESS, "city": "York"}}
        headers = {"if-match": f'"{order["version"]}"'}
        path = f"/v1/orders/{order['id']}/shipping-address"
        shop.client.command(path, body, _customer_or_staff(shop, order), method="PUT", headers=headers)


def reallocator(shop: Shop) -> None:
    """Has another location ship a parcel."""
    random = shop.world.random
    order = _some_order(shop, until="confirmed")
    if order is not None and order["fulfilments"]:
        id = random.choice(order["fulfilments"])["id"]
        body = {"location_id": random.choice(sorted(LOCATIONS))}
        shop.client.command(f"/v1/fulfilments/{id}/reallocation", body, random.choice(ASSOCIATES))


# ---- which order --------------------------------------------------------------------------------------------------------

_AFTER = {
    "placed": ("placed", "confirmed", "partially_shipped", "shipped", "partially_delivered", "delivered", "returned"),
    "confirmed": ("confirmed", "partially_shipped", "shipped", "partially_delivered", "delivered", "returned"),
    "shipped": ("partially_shipped", "shipped", "partially_delivered", "delivered", "returned"),
}


def _some_order(shop: Shop, until: str = "placed") -> Any:
    """An order that has come so far, waited for a while; None when there is none, or it comes to nothing."""
    random, kernel = shop.world.random, shop.world.kernel
    for _ in range(6):
        if shop.orders:
            break
        kernel.pause(random.uniform(0.1, 20))
    if not shop.orders:
        return None
    id = random.choice(shop.orders)
    for wait in (0.0, 5.0, 300.0, HOUR, 10 * HOUR, 30 * HOUR):
        kernel.pause(wait * random.random())
        order = shop.client.read(f"/v1/orders/{id}", ADMIN)
        if order is not None and order["status"] in _AFTER[until]:
            return order
        if order is not None and order["status"] in ("refused", "cancelled"):
            return None
    return None


def _some_units(shop: Shop, lines: list[dict[str, Any]], of: str) -> list[dict[str, Any]]:
    random = shop.world.random
    chosen = [line for line in lines if line[of] and random.random() < 0.7]
    return [{"line_id": line["id"], "quantity": random.randint(1, line[of])} for line in chosen]


def _customer_or_staff(shop: Shop, order: dict[str, Any]) -> Principal:
    random = shop.world.random
    customers = [one for one in SHOPPERS if one.id == order["customer_id"]]
    return random.choice([*customers, random.choice(ASSOCIATES)])
