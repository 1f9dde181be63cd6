"""Staff: receive, adjust, count and move stock, hold it at tills, close a location, change a price."""

from __future__ import annotations

from typing import Any

from tests.simulation.actors.shop import ADMIN, ASSOCIATES, LOCATIONS, PRICES, Shop
from tests.simulation.audit.items import document, text


def receiver(shop: Shop) -> None:
    """Books goods that came in."""
    random = shop.world.random
    body = {"location_id": _somewhere(shop), "lines": [{"sku": _something(shop), "quantity": random.randint(1, 4)}]}
    shop.client.command("/v1/inventory/receipts", {**body, "reference": _reference(shop)}, random.choice(ASSOCIATES))


def adjuster(shop: Shop) -> None:
    """Writes units up or down."""
    random = shop.world.random
    reason = random.choice(["damage", "found", "correction"])
    sign = {"damage": -1, "found": 1}.get(reason, random.choice([-1, 1]))
    skus = random.sample(sorted(PRICES), random.randint(1, 2))
    body = {
        "location_id": _somewhere(shop),
        "reason": reason,
        "lines": [{"sku": sku, "quantity": sign * random.randint(1, 3)} for sku in skus],
        "reference": _reference(shop),
    }
    shop.client.command("/v1/inventory/adjustments", body, random.choice(ASSOCIATES))


def counter(shop: Shop) -> None:
    """Looks up what should be there, counts for a while, and enters it."""
    random = shop.world.random
    by, sku, location = random.choice(ASSOCIATES), _something(shop), _somewhere(shop)
    stock = shop.client.read(f"/v1/inventory/stock/{sku}", by)
    rows = {row["location_id"]: row for row in stock["items"]} if stock else {}
    on_hand = rows[location]["on_hand"] if location in rows else 0
    shop.world.kernel.pause(random.choice([0.01, 0.2, 30]))
    line = {"sku": sku, "expected_on_hand": on_hand, "counted": max(0, on_hand + random.randint(-2, 2))}
    body = {"location_id": location, "lines": [line], "reference": _reference(shop)}
    shop.client.command("/v1/inventory/counts", body, by)


def mover(shop: Shop) -> None:
    """Sends goods to another location, and receives or calls back what it sent."""
    random = shop.world.random
    by = random.choice(ASSOCIATES)
    start, end = random.sample(sorted(LOCATIONS), 2)
    skus = random.sample(sorted(PRICES), random.randint(1, 2))
    lines = [{"sku": sku, "quantity": random.randint(1, 2)} for sku in skus]
    body = {"from_location": start, "to_location": end, "lines": lines, "reference": _reference(shop)}
    sent = shop.client.command("/v1/inventory/transfers", body, by)
    if not sent.accepted or sent.reply is None:
        return
    path = f"/v1/inventory/transfers/{sent.reply.json['id']}"
    for last in (False, True):
        shop.world.kernel.pause(random.uniform(0, 60))
        if random.random() < 0.25:
            shop.client.command(f"{path}/cancellation", None, by)
        came = [{"sku": sku, "quantity": random.randint(0, 3)} for sku in skus]
        shop.client.command(f"{path}/receipts", {"lines": came, "complete": last}, by)


def till(shop: Shop) -> None:
    """Holds units for a customer who buys elsewhere after all, or is forgotten; two clerks may give them back at once."""
    random = shop.world.random
    by = random.choice(ASSOCIATES)
    skus = random.sample(sorted(PRICES), random.randint(1, 2))
    lines = [{"sku": sku, "location_id": _somewhere(shop), "quantity": random.randint(1, 2)} for sku in skus]
    held = shop.client.command("/v1/reservations", {"channel": "pos", "lines": lines, "seconds": 60}, by)
    if not held.accepted or held.reply is None or random.random() < 0.2:
        return
    path, version = f"/v1/reservations/{held.reply.json['id']}", held.reply.json["version"]
    kernel = shop.world.kernel
    # Well before it expires, or in the very moment in which the schedule comes by for it.
    kernel.pause(random.choice([1.0, 2 * 60 - kernel.seconds() % 60 + random.uniform(0, 2)]))
    for _ in range(random.choice([1, 1, 2])):
        headers = {"if-match": f'"{version}"'}
        kernel.spawn(
            f"giving back {path}", lambda: shop.client.command(path, None, by, method="DELETE", headers=headers)
        )


def keeper(shop: Shop) -> None:
    """Keeps units back from a channel."""
    random = shop.world.random
    line = {"sku": _something(shop), "safety": {"web": random.randint(0, 2)}}
    body = {"location_id": _somewhere(shop), "lines": [line]}
    shop.client.command("/v1/inventory/safety-stock", body, random.choice(ASSOCIATES))


def splitter(shop: Shop) -> None:
    """Splits the counters of a SKU anew, or joins them; the schedule levels them some time later."""
    random = shop.world.random
    path = f"/v1/inventory/stock/{_something(shop)}/locations/{_somewhere(shop)}/policy"
    known = shop.client.read(path, ADMIN)
    if known is None:
        return
    body = {"safety": known["safety"], "shards": random.choice([1, 2, 3])}
    headers = {"if-match": f'"{known["version"]}"'}
    shop.client.command(path, body, ADMIN, method="PUT", headers=headers)
    shop.world.kernel.pause(random.uniform(0, 60))
    shop.world.functions.invoke("inventory-tasks", {"task": "level_split_stock"})


def presale(shop: Shop) -> None:
    """Sells something before it is there, or does so no more."""
    random = shop.world.random
    path = f"/v1/inventory/stock/{_something(shop)}/locations/{_somewhere(shop)}/policy"
    known = shop.client.read(path, ADMIN)
    if known is None:
        return
    body = {"safety": known["safety"], "backorder_limit": random.choice([0, 2, 5]), "backorder_days": 7}
    headers = {"if-match": f'"{known["version"]}"'}
    shop.client.command(path, body, ADMIN, method="PUT", headers=headers)


def supplier(shop: Shop) -> bool:
    """Delivers what orders wait for; whether any does."""
    wanted: dict[tuple[str, str], int] = {}
    for (_, sk), item in shop.world.database.items():
        if sk.startswith("FULFILMENT#") and text(item, "status") == "waiting":
            part = document(item)
            for line in part["lines"]:
                place = (line["sku"], part["location_id"])
                wanted[place] = wanted.get(place, 0) + line["quantity"]
    for (sku, location), units in wanted.items():
        body = {"location_id": location, "lines": [{"sku": sku, "quantity": units}]}
        body["reference"] = f"{_reference(shop)} {sku} {location}"
        shop.world.kernel.spawn(
            f"delivery of {sku}", lambda body=body: shop.client.command("/v1/inventory/receipts", body, ASSOCIATES[0])
        )
    return bool(wanted)


def closer(shop: Shop) -> None:
    """Pauses a location, and opens it again."""
    path = f"/v1/inventory/locations/{_somewhere(shop)}"
    for status in ("paused", "active"):
        known = shop.client.read(path, ADMIN)
        if known is None:
            return
        body = {name: known[name] for name in ("name", "type", "priority", "channels", "address", "cutoff")}
        body["address"] = {name: value for name, value in known["address"].items() if value is not None}
        headers = {"if-match": f'"{known["version"]}"'}
        shop.client.command(path, {**body, "status": status}, ADMIN, method="PUT", headers=headers)
        shop.world.kernel.pause(shop.world.random.uniform(0, 40))


def pricer(shop: Shop) -> None:
    """Changes a price while orders are under way."""
    random = shop.world.random
    sku = random.choice(["MUG", "PEN", "HAT"])
    known = shop.client.read(f"/v1/catalog/variants/{sku}", ADMIN)
    if known is None:
        return
    amount = random.choice([PRICES[sku], PRICES[sku] + 1, 50])
    prices = [{"channel": channel, "currency": "GBP", "amount": amount} for channel in ("web", "pos")]
    headers = {"if-match": f'"{known["version"]}"'}
    shop.client.command(f"/v1/variants/{sku}/prices", {"prices": prices}, ADMIN, method="PUT", headers=headers)


def _somewhere(shop: Shop) -> str:
    return shop.world.random.choice(sorted(LOCATIONS))


def _something(shop: Shop) -> str:
    return shop.world.random.choice(sorted(PRICES))


def _reference(shop: Shop) -> Any:
    return f"intent-{len(shop.client.journal)}"
