"""Operators, once the weather is fair: they put dead letters back, and run again what was given up for the weather's sake."""

from __future__ import annotations

from tests.simulation.actors.shop import ADMIN, Shop
from tests.simulation.audit.sales import Sale, is_past, sales_in

HOUR = 3_600


def on_call(shop: Shop, hours: int = 6) -> None:
    """Put dead letters back into their queues, now and every hour; but not those that nobody would listen to."""
    shop.world.queues.redrive(lambda name, body: not is_past(shop.world.database, name, body))
    if hours:
        shop.world.kernel.after(HOUR, lambda: on_call(shop, hours - 1))


def tidied(shop: Shop) -> bool:
    """Run again what workflows gave up and can be done; whether there was anything to do."""
    orders = [sale.id for sale in sales_in(shop.world.database) if _gave_up(shop, sale.id) and not _settled(sale)]
    for order in orders:
        shop.world.kernel.spawn(f"resuming {order}", lambda order=order: _resume(shop, order))  # type: ignore[misc]
    return bool(orders)


def _gave_up(shop: Shop, order_id: str) -> bool:
    executions = [one for one in shop.world.states.executions.values() if one.input["order_id"] == order_id]
    return any(excused for execution in executions for _, _, excused in execution.caught)


def _settled(sale: Sale) -> bool:
    decided = sale.decision != "pending" and not sale.open_parcels
    return decided and not sale.unsettled and all(map(_ended, sale.returns))


def _ended(value: object) -> bool:
    lines = value["lines"]  # type: ignore[index]
    return all(
        line["quantity"] == sum(line[name] for name in ("restocked", "written_off", "refused", "given_up"))
        for line in lines
    )


def _resume(shop: Shop, order_id: str) -> None:
    shop.client.command(f"/v1/orders/{order_id}/resume", None, ADMIN)
    for review in (shop.client.read("/v1/reviews?limit=100", ADMIN) or {"items": []})["items"]:
        if review["order_id"] == order_id:
            action = "retry" if ".can_" in review["id"] else "done"
            body = {"note": "The weather has cleared.", "action": action}
            shop.client.command(f"/v1/reviews/{review['id']}/resolution", body, ADMIN)
    for sale in sales_in(shop.world.database):
        if sale.id == order_id:
            for value in sale.returns:
                shop.client.command(f"/v1/returns/{value['id']}/resume", None, ADMIN)
