"""Orders of what is still to come: they wait, in the order in which they were placed, and leave when it is there."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest

from app import app
from chalicelib.core import clock
from chalicelib.core.auth import system
from chalicelib.core.outbox import timeline
from chalicelib.core.table import Transaction
from chalicelib.fulfilment import service as fulfilment
from chalicelib.inventory import service as inventory
from chalicelib.orders import consumers, gateways, service, store
from chalicelib.orders.tasks import orders_tasks
from chalicelib.payments import service as payments
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, request
from tests.integration.orders.conftest import WORKFLOW, Shop
from tests.unit.orders.test_cancel_order import cancel, confirmed, finish

SERVE = import_module("chalicelib.orders.service.serve_waiting")


def may_backorder(shop: Shop, sku: str, limit: int, days: int = 7, at: str = "leeds") -> None:
    path = f"/v1/inventory/stock/{sku}/locations/{at}/policy"
    body = {"backorder_limit": limit, "backorder_days": days}
    version = shop.call("GET", path).json["version"]
    reply = request(app, "PUT", path, json=body, by=ADMIN, headers={"If-Match": f'"{version}"'})
    assert (reply.status, reply.json["version"]) == (200, version + 1)


def in_days(days: int) -> str:
    return (clock.now().date() + timedelta(days=days)).isoformat()


def waiting_at(shop: Shop, location: str = "leeds") -> list[str]:
    """Ids of the fulfilments that wait there, oldest first."""
    rows = shop.call("GET", f"/v1/fulfilments?location={location}&status=waiting").json["items"]
    return [row["id"] for row in rows]


def serve() -> dict[str, int]:
    return service.serve_all_waiting(system("serve_waiting"), within=30)


def status(fulfilment_id: str) -> str:
    return str(fulfilment.read(fulfilment_id, WORKFLOW).status)


# ---- placing ------------------------------------------------------------------------------------------------------------


def test_what_is_there_leaves_and_the_rest_waits(shop: Shop) -> None:
    may_backorder(shop, shop.sells("A", leeds=3), 10)
    order_id, [now] = confirmed(shop, (shop.sells("B", leeds=1), 1), ("A", 5))
    order = shop.read(order_id)
    assert [(line["waiting"], line["promised_on"]) for line in order["lines"]] == [(0, None), (2, in_days(7))]
    [later] = waiting_at(shop)
    notes = [(note["id"], note["status"]) for note in order["fulfilments"]]
    assert notes == [(now, "requested"), (later, "waiting")]
    assert [reason["rule"] for reason in order["allocation_reasons"]] == ["one_location", "backordered"]
    assert shop.stock("A") == {"leeds": (3, -2, 5)}
    part = shop.call("GET", f"/v1/fulfilments/{later}").json
    assert (part["promised_on"], [(line["sku"], line["quantity"]) for line in part["lines"]]) == (
        in_days(7),
        [("A", 2)],
    )
    assert shop.ships(later, line_2=2).code == "fulfilment_out_of_turn"
    assert shop.ships(now, line_1=1, line_2=3).status == 200
    assert shop.read(order_id)["status"] == "partially_shipped"


def test_a_location_that_has_it_ships_although_another_may_backorder(shop: Shop) -> None:
    shop.opens("york", priority=9)
    may_backorder(shop, shop.sells("A", york=3), 10)
    order_id, [part] = confirmed(shop, ("A", 3))
    assert shop.read(order_id)["fulfilments"][0]["location_id"] == "york"
    assert status(part) == "requested"


def test_beyond_the_limit_nothing_is_sold(shop: Shop) -> None:
    may_backorder(shop, shop.sells("A", leeds=1), 2)
    refused = shop.order(("A", 4))
    assert (refused.code, refused.json["shortages"]) == ("stock_too_low", [{"sku": "A", "wanted": 4, "left": 3}])
    assert shop.stock("A") == {"leeds": (1, 1, 0)}


def test_a_sku_that_is_nowhere_yet_can_be_ordered_in_advance(shop: Shop) -> None:
    may_backorder(shop, shop.sells("A"), 2, days=30)
    assert confirmed(shop, ("A", 2))[1] == []
    assert shop.stock("A") == {"leeds": (0, -2, 2)}


def test_a_stale_read_makes_nobody_wait(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    may_backorder(shop, shop.sells("A", leeds=1), 5)
    module = import_module("chalicelib.orders.service.place_order")
    real, reads = module.find_many, []

    def behind(keys: Any, *, consistent: bool = False) -> Any:
        found = real(keys, consistent=consistent)
        if not consistent:
            found["STOCK#A", "LOCATION#leeds"].available = 0
        reads.append(consistent)
        return found

    monkeypatch.setattr(module, "find_many", behind)
    _, [part] = confirmed(shop, ("A", 1))
    assert (status(part), reads[:2]) == ("requested", [False, True])


def test_what_is_there_is_one_read_and_one_transaction_of_as_many_actions_whatever_may_wait(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    skus = [shop.sells(f"S{number}", leeds=9) for number in range(10)]
    lines = [(sku, 2) for sku in skus]
    module = import_module("chalicelib.orders.service.place_order")
    real_read, real_commit = module.find_many, Transaction.commit
    calls: list[tuple[str, int]] = []

    def read(keys: Any, *, consistent: bool = False) -> Any:
        calls.append(("read", len(keys := list(keys))))
        return real_read(keys, consistent=consistent)

    def commit(tx: Transaction) -> None:
        calls.append(("write", len(tx)))
        real_commit(tx)

    def cost() -> list[tuple[str, int]]:
        calls.clear()
        shop.placed(*lines)
        return list(calls)

    monkeypatch.setattr(module, "find_many", read)
    monkeypatch.setattr(Transaction, "commit", commit)
    before = cost()
    assert before == [("read", 30), ("write", 15)]
    for sku in skus:
        may_backorder(shop, sku, 5)
    assert cost() == before


def promise(shop: Shop, part: str, days: int, by: Any = ASSOCIATE) -> Any:
    return shop.call("POST", f"/v1/fulfilments/{part}/promise", json={"promised_on": in_days(days)}, by=by)


def test_what_waits_is_promised_for_another_day_and_the_customer_told(shop: Shop) -> None:
    may_backorder(shop, shop.sells("A", leeds=1), 10, days=7)
    order_id, _ = confirmed(shop, ("A", 2))
    [part] = waiting_at(shop)
    later = promise(shop, part, 9)
    assert (later.status, later.json["promised_on"]) == (200, in_days(9))
    assert shop.read(order_id)["lines"][0]["promised_on"] == in_days(9)
    assert promise(shop, part, 8).status == 200
    told = {event.type: event.data for event in timeline(store.order_pk(order_id))}
    assert told["BackorderDelayed"]["promised"] == in_days(9)
    assert (told["PromiseChanged"]["before"], told["PromiseChanged"]["promised"]) == (in_days(9), in_days(8))
    audit = shop.call("GET", f"/v1/orders/{order_id}/audit").json["items"]
    assert [(one["what"], one["after"]) for one in audit] == [("promise", {part: in_days(day)}) for day in (9, 8)]


def test_what_does_not_wait_or_is_past_is_not_promised(shop: Shop) -> None:
    may_backorder(shop, shop.sells("A", leeds=1), 10)
    confirmed(shop, ("A", 2))
    [part] = waiting_at(shop)
    assert promise(shop, part, -1).code == "promise_past"
    assert promise(shop, part, 7).code == "already_promised"
    assert promise(shop, part, 9, by=SHOPPER).status == 403
    shop.moves("leeds", "A", 2)
    serve()
    assert promise(shop, part, 9).code == "fulfilment_out_of_turn"


def test_a_quote_tells_what_would_wait(shop: Shop) -> None:
    may_backorder(shop, shop.sells("A", leeds=3), 10, days=5)
    body = {"currency": "GBP", "lines": [{"sku": "A", "quantity": 5}]}
    [line] = shop.call("POST", "/v1/quotes", json=body, by=SHOPPER).json["lines"]
    assert (line["waiting"], line["promised_on"]) == (2, in_days(5))
    body["lines"] = [{"sku": "A", "quantity": 3}]
    [line] = shop.call("POST", "/v1/quotes", json=body, by=SHOPPER).json["lines"]
    assert (line["waiting"], line["promised_on"]) == (0, None)


def test_each_sku_waits_by_itself(shop: Shop) -> None:
    for sku in ("A", "B"):
        may_backorder(shop, shop.sells(sku), 5)
    order_id, _ = confirmed(shop, ("A", 1), ("B", 1))
    first, second = waiting_at(shop)
    shop.moves("leeds", "B", 1)
    assert serve()["served"] == 1
    assert (status(first), status(second)) == ("waiting", "requested")
    assert [line["waiting"] for line in shop.read(order_id)["lines"]] == [1, 0]


# ---- serving ------------------------------------------------------------------------------------------------------------


def test_who_waits_is_served_in_the_order_of_the_orders_as_far_as_stock_goes(shop: Shop) -> None:
    may_backorder(shop, shop.sells("A"), 20)
    orders = [confirmed(shop, ("A", units))[0] for units in (3, 4, 1)]
    first, second, third = waiting_at(shop)
    assert [fulfilment.order_of(part)[0] for part in (first, second, third)] == orders
    shop.moves("leeds", "A", 5)
    assert serve() == {"served": 1, "failed": 0, "left": 0, "overdue": 0}
    # The third wants no more than there is, and waits for the second.
    assert [status(part) for part in (first, second, third)] == ["requested", "waiting", "waiting"]
    assert shop.order(("A", 20)).code == "stock_too_low"
    shop.moves("leeds", "A", 3)
    assert serve()["served"] == 2
    assert waiting_at(shop) == []
    assert [shop.ships(part, line_1=units).status for part, units in ((first, 3), (second, 4), (third, 1))] == [200] * 3
    assert shop.stock("A") == {"leeds": (0, 0, 0)}
    assert serve()["served"] == 0


def test_one_that_is_served_gets_its_workflow_once_and_is_then_asked_for(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_backorder(shop, shop.sells("A"), 5)
    order_id, _ = confirmed(shop, ("A", 2))
    [part] = waiting_at(shop)
    started: list[tuple[str, str]] = []
    monkeypatch.setattr(gateways, "start_fulfil_part", lambda *given: started.append(given))
    shop.call("POST", "/v1/inventory/receipts", json={"location_id": "leeds", "lines": [{"sku": "A", "quantity": 2}]})
    consume(shop, "STOCKCHANGE#", "StockReceived")
    assert status(part) == "requested"
    assert shop.events(order_id).count("FulfilmentReady") == 1
    consume(shop, f"ORDER#{order_id}", "FulfilmentReady")
    # The gateway starts one execution by this name.
    assert started == [(order_id, part)] * 2
    asked: list[str] = []
    fulfilment.dispatch(part, "token", warehouse=Asked(asked), workflow=Sealing())
    assert asked == [part]
    assert shop.ships(part, line_1=2).status == 200
    payments.capture(order_id, part, WORKFLOW)
    assert (shop.payment(order_id)["captured"], shop.read(order_id)["status"]) == (1000, "shipped")


class Asked:
    def __init__(self, asked: list[str]) -> None:
        self._asked = asked

    def request_shipment(self, part: Any) -> None:
        self._asked.append(part.id)


class Sealing:
    def seal(self, token: str) -> bytes:
        return token.encode()


def consume(shop: Shop, pk: str, type: str) -> None:
    """What the function does with the events of this type, each delivered twice."""
    rows = shop.dynamodb.scan(TableName="aisle-test", ConsistentRead=True)["Items"]
    events = [json.loads(row["event"]["S"]) for row in rows if row["pk"]["S"].startswith(pk) and "event" in row]
    records = [
        {"messageId": "1", "body": json.dumps({"detail": event}), "attributes": {}}
        for event in events
        if event["type"] == type
    ]
    assert records
    consumers.on_units_missing({"Records": records * 2}, None)


def test_one_that_waits_is_not_asked_for_whoever_dispatches_or_releases_it(shop: Shop) -> None:
    may_backorder(shop, shop.sells("A"), 5)
    order_id, _ = confirmed(shop, ("A", 2))
    [part] = waiting_at(shop)
    asked: list[str] = []
    fulfilment.dispatch(part, "token", warehouse=Asked(asked), workflow=Sealing())
    fulfilment.tell(part, "released", Asked(asked))
    assert asked == []
    # Confirmed again by a repeated task: what waits has no part in place-order.
    assert service.confirm_order(order_id, WORKFLOW) == {"outcome": "confirmed", "fulfilments": []}


def test_a_hold_outlasts_the_waiting(shop: Shop) -> None:
    may_backorder(shop, shop.sells("A"), 5)
    order_id, _ = confirmed(shop, ("A", 2))
    [part] = waiting_at(shop)
    hold = shop.call("POST", f"/v1/orders/{order_id}/holds", json={"reason": "fraud"}).json["holds"][0]["id"]
    shop.moves("leeds", "A", 2)
    assert serve()["served"] == 1
    asked: list[str] = []
    fulfilment.dispatch(part, "token", warehouse=Asked(asked), workflow=Sealing())
    assert (asked, shop.ships(part, line_1=2).code) == ([], "fulfilment_on_hold")
    shop.call("POST", f"/v1/orders/{order_id}/holds/{hold}/release")
    fulfilment.tell(part, "released", Asked(asked))
    assert asked == [part]


def test_what_a_cancelled_order_leaves_serves_who_waits(shop: Shop) -> None:
    may_backorder(shop, shop.sells("A", leeds=2), 5)
    first, _ = confirmed(shop, ("A", 2))
    confirmed(shop, ("A", 2))
    [part] = waiting_at(shop)
    assert serve()["served"] == 0
    assert cancel(shop, first).status == 201
    assert serve()["served"] == 1
    assert (status(part), shop.stock("A")) == ("requested", {"leeds": (2, 0, 2)})


def test_the_schedule_serves(shop: Shop) -> None:
    may_backorder(shop, shop.sells("A"), 5)
    confirmed(shop, ("A", 2))
    shop.moves("leeds", "A", 2)
    outcome = {"outcome": "done", "served": 1, "failed": 0, "left": 0, "overdue": 0}
    assert orders_tasks({"task": "serve_waiting"}, None) == outcome
    assert waiting_at(shop) == []


def test_what_is_past_its_promise_is_counted(shop: Shop) -> None:
    may_backorder(shop, shop.sells("A"), 5, days=3)
    confirmed(shop, ("A", 2))
    with clock.at(clock.now() + timedelta(days=3)):
        assert serve()["overdue"] == 0
    with clock.at(clock.now() + timedelta(days=4)):
        assert serve()["overdue"] == 1


def test_many_that_serve_at_once_serve_each_once(shop: Shop) -> None:
    may_backorder(shop, shop.sells("A"), 20)
    for _ in range(4):
        confirmed(shop, ("A", 2))
    waiting = waiting_at(shop)
    shop.moves("leeds", "A", 7)
    with ThreadPoolExecutor(4) as pool:
        for outcome in pool.map(lambda _: serve(), range(4)):
            assert outcome["left"] == 0
    serve()
    assert [status(part) for part in waiting] == ["requested"] * 3 + ["waiting"]
    stock = inventory.stock_of_sku("A", WORKFLOW)[0]
    assert (stock.on_hand, stock.available, stock.reserved, stock.waiting) == (7, -1, 8, 2)
    ready = [event for part in waiting for event in timeline(store.order_pk(fulfilment.order_of(part)[0]))]
    assert sum(event.type == "FulfilmentReady" for event in ready) == 3


def test_a_line_that_fails_keeps_no_other_from_being_served(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for sku in ("A", "B"):
        may_backorder(shop, shop.sells(sku), 5)
        confirmed(shop, (sku, 1))
        shop.moves("leeds", sku, 1)
    real = SERVE._serve_line

    def failing(sku: str, *given: Any) -> int:
        if sku == "A":
            raise RuntimeError("broken")
        return real(sku, *given)

    monkeypatch.setattr(SERVE, "_serve_line", failing)
    assert serve() == {"served": 1, "failed": 1, "left": 0, "overdue": 0}
    monkeypatch.undo()
    assert serve()["served"] == 1


def test_a_crash_between_serving_and_telling_loses_nothing(shop: Shop) -> None:
    may_backorder(shop, shop.sells("A"), 5)
    order_id, _ = confirmed(shop, ("A", 1))
    shop.moves("leeds", "A", 1)
    real = Transaction.commit

    def dies(tx: Transaction) -> None:
        real(tx)
        raise RuntimeError("died")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transaction, "commit", dies)
        assert serve()["failed"] == 1
    # The event was written with it, and starts the workflow.
    assert shop.events(order_id).count("FulfilmentReady") == 1
    assert serve() == {"served": 0, "failed": 0, "left": 0, "overdue": 0}


# ---- undoing ------------------------------------------------------------------------------------------------------------


def test_one_that_waits_is_cancelled_and_its_units_go_back(shop: Shop) -> None:
    may_backorder(shop, shop.sells("A", leeds=1), 5)
    order_id, [now] = confirmed(shop, ("A", 4))
    reply = cancel(shop, order_id, line_1=2)
    assert (reply.status, shop.stock("A")) == (201, {"leeds": (1, -1, 2)})
    assert finish(order_id, reply.json["id"])["recalls"] == []
    assert shop.read(order_id)["lines"][0]["waiting"] == 1
    assert cancel(shop, order_id).status == 201
    assert shop.stock("A") == {"leeds": (1, 1, 0)}
    assert (shop.read(order_id)["status"], waiting_at(shop)) == ("cancelled", [])
    assert inventory.stock_of_sku("A", WORKFLOW)[0].waiting == 0
    assert status(now) == "cancelled"


def test_one_that_is_cancelled_before_it_is_paid_for_leaves_nothing(shop: Shop) -> None:
    may_backorder(shop, shop.sells("A", leeds=1), 5)
    order_id = shop.placed(("A", 4))
    assert cancel(shop, order_id).status == 201
    assert shop.stock("A") == {"leeds": (1, 1, 0)}
    assert inventory.stock_of_sku("A", WORKFLOW)[0].waiting == 0
    assert shop.read(order_id)["lines"][0]["waiting"] == 0


def test_one_that_is_refused_after_some_of_it_was_served_leaves_nothing(shop: Shop) -> None:
    may_backorder(shop, shop.sells("A", leeds=1), 9)
    order_id, _ = confirmed(shop, ("A", 4))
    confirmed(shop, ("A", 2))
    shop.moves("leeds", "A", 3)
    assert serve()["served"] == 1
    assert service.refuse_order(order_id, "fraud", WORKFLOW)["outcome"] == "refused"
    stock = inventory.stock_of_sku("A", WORKFLOW)[0]
    assert (stock.on_hand, stock.available, stock.reserved, stock.waiting) == (4, 2, 2, 2)
    assert serve()["served"] == 1


def test_another_location_that_has_it_takes_over(shop: Shop) -> None:
    shop.opens("york", priority=2)
    may_backorder(shop, shop.sells("A"), 5)
    order_id, _ = confirmed(shop, ("A", 2))
    [part] = waiting_at(shop)
    shop.moves("york", "A", 3)
    reply = shop.call("POST", f"/v1/fulfilments/{part}/reallocation", json={"location_id": "york"}, by=ASSOCIATE)
    assert (reply.status, reply.json["status"], reply.json["promised_on"]) == (201, "requested", None)
    assert shop.stock("A") == {"leeds": (0, 0, 0), "york": (3, 1, 2)}
    assert [one.waiting for one in inventory.stock_of_sku("A", WORKFLOW)] == [0, 0]
    assert shop.read(order_id)["lines"][0]["waiting"] == 0
    [moved] = [event for event in timeline(store.order_pk(order_id)) if event.type == "OrderReassigned"]
    assert moved.data["left"] is None
    assert waiting_at(shop) == []


def test_cancelling_and_serving_at_once_counts_each_unit_once(shop: Shop) -> None:
    may_backorder(shop, shop.sells("A"), 20)
    orders = [confirmed(shop, ("A", 2))[0] for _ in range(4)]
    shop.moves("leeds", "A", 4)
    jobs = [serve, lambda: cancel(shop, orders[0]), serve, lambda: cancel(shop, orders[2])]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda job: job(), jobs))
    serve()
    stock = inventory.stock_of_sku("A", WORKFLOW)[0]
    assert (stock.on_hand, stock.available, stock.reserved, stock.waiting) == (4, 0, 4, 0)
    assert waiting_at(shop) == []


def test_a_long_order_waits_too(shop: Shop) -> None:
    may_backorder(shop, shop.sells("A", leeds=60), 10)
    order_id, asked = confirmed(shop, *[("A", 1)] * 62)
    assert len(asked) == 2
    order = shop.read(order_id)
    assert [line["waiting"] for line in order["lines"]] == [0] * 60 + [1, 1]
    [part] = waiting_at(shop)
    shop.moves("leeds", "A", 2)
    assert serve()["served"] == 1
    assert sum(line["waiting"] for line in shop.read(order_id)["lines"]) == 0
    assert service.refuse_order(order_id, "fraud", WORKFLOW)["outcome"] == "refused"
    stock = inventory.stock_of_sku("A", WORKFLOW)[0]
    assert (stock.on_hand, stock.available, stock.reserved, stock.waiting) == (62, 62, 0, 0)
    assert status(part) == "cancelled"
