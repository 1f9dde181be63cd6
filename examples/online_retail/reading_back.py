"""What the system holds in the end: orders whose goods came back, every payment, and the stock."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from examples.online_retail.api import Api

EVERY_SECONDS = 1.0

Facts = Mapping[str, Mapping[str, Any]]
"""Facts of one kind, by key, as the journal keeps them."""


def settled_facts(order: Mapping[str, Any]) -> dict[str, Any]:
    """What the report needs of an order as the API shows it."""
    counters = ("ordered", "shipped", "delivered", "cancelled", "returned")
    return {
        "id": order["id"],
        "status": order["status"],
        "total": order["total"]["amount"],
        "charges": sum(charge["amount"] for charge in order["charges"]),
        "refusal": order.get("refusal"),
        "lines": [[line["sku"], *(line[name] for name in counters)] for line in order["lines"]],
    }


def read_back(
    api: Api,
    settled: Facts,
    changed: set[str],
    *,
    clients: int,
    patience: float,
    on_step: Callable[[], None] = lambda: None,
) -> tuple[dict[str, Mapping[str, Any]], dict[str, dict[str, int]]]:
    """Orders and payments by key. Of the orders only those that `changed` since they were settled are read again.

    Captures and refunds follow what causes them: each payment is awaited for up to `patience` seconds. `held` of a payment is
    what is neither captured nor let go.
    """

    def one(key: str) -> tuple[str, Mapping[str, Any], dict[str, int]]:
        order = settled[key]
        if key in changed:
            order = settled_facts(api.get(f"/v1/orders/{order['id']}"))
        paid = _payment(api, order["id"], patience)
        on_step()
        return key, order, paid

    with ThreadPoolExecutor(clients, thread_name_prefix="reader") as pool:
        found = list(pool.map(one, settled))
    return {key: order for key, order, _ in found}, {key: paid for key, _, paid in found}


def _payment(api: Api, order_id: str, patience: float) -> dict[str, int]:
    until = time.monotonic() + patience
    while True:
        payment = api.get(f"/v1/orders/{order_id}/payment")
        asked = sum(refund["amount"] for refund in payment["refunds"])
        held = payment["authorised"] - payment["captured"] - payment["voided"]
        quiet = not payment["dues"] and payment["refunded"] == asked and not held
        if quiet or time.monotonic() > until:
            return {"captured": payment["captured"], "refunded": payment["refunded"], "held": held}
        time.sleep(EVERY_SECONDS)
