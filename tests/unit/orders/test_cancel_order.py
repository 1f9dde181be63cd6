"""Cancelling over the API: one transaction decides; stock, payment and fulfilments follow from it."""

from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest

from chalicelib.core.errors import Stale
from chalicelib.core.idempotency import Idempotency
from chalicelib.core.table import Transaction
from chalicelib.fulfilment import service as fulfilment
from chalicelib.orders import service
from chalicelib.payments import service as payments
from tests.conftest import ASSOCIATE, SHOPPER, Principal, Reply, a_shopper
from tests.integration.orders.conftest import WORKFLOW, Shop

MODULE = import_module("chalicelib.orders.service.cancel_order")


def confirmed(shop: Shop, *lines: tuple[str, int]) -> tuple[str, list[str]]:
    order_id = shop.placed(*lines)
    payments.authorise(order_id, WORKFLOW)
    outcome = service.confirm_order(order_id, WORKFLOW)
    return order_id, [one["fulfilment_id"] for one in outcome["fulfilments"]]


def cancel(shop: Shop, order_id: str, by: Principal = SHOPPER, key: str | None = None, **units: int) -> Reply:
    lines = [{"line_id": line.removeprefix("line_"), "quantity": count} for line, count in units.items()]
    body: dict[str, Any] = {"lines": lines} if lines else {}
    return shop.call("POST", f"/v1/orders/{order_id}/cancellations", json=body, by=by, key=key)


def finish(order_id: str, cancellation_id: str) -> dict[str, Any]:
    """What cancel-order does before it tells the warehouses."""
    outcome = service.finish_cancellation(order_id, cancellation_id, WORKFLOW)
    payments.settle(order_id, WORKFLOW)
    return outcome


def test_some_units_of_a_line(shop: Shop) -> None:
    order_id, [part] = confirmed(shop, (shop.sells("A", price=500, leeds=5), 3))
    reply = cancel(shop, order_id, line_1=2)
    assert (reply.status, reply.json["amount"], reply.json["order_status"]) == (201, 1000, "confirmed")
    assert reply.json["lines"] == [{"line_id": "1", "sku": "A", "quantity": 2}]
    assert shop.stock("A") == {"leeds": (5, 4, 1)}
    assert finish(order_id, reply.json["id"])["recalls"] == [{"fulfilment_id": part, "lines": {"1": 2}}]
    assert shop.ships(part, line_1=3).code == "more_than_requested"
    assert shop.ships(part, line_1=1).status == 200
    payments.capture(order_id, part, WORKFLOW)
    payment = shop.payment(order_id)
    assert (payment["captured"], payment["voided"], payment["final"]) == (500, 1000, True)
    assert shop.read(order_id)["status"] == "shipped"
    assert "OrderCancelled" in shop.events(order_id)
    listed = shop.call("GET", f"/v1/orders/{order_id}/cancellations", by=SHOPPER).json["items"]
    assert [one["id"] for one in listed] == [reply.json["id"]]


def test_all_of_a_confirmed_order(shop: Shop) -> None:
    order_id, [part] = confirmed(shop, (shop.sells("A", leeds=5), 3), (shop.sells("B", leeds=5), 1))
    reply = cancel(shop, order_id)
    assert (reply.status, reply.json["order_status"]) == (201, "cancelled")
    finish(order_id, reply.json["id"])
    assert shop.stock("A") == {"leeds": (5, 5, 0)}
    assert shop.stock("B") == {"leeds": (5, 5, 0)}
    assert shop.payment(order_id)["status"] == "void"
    assert fulfilment.read(part, WORKFLOW).status == "cancelled"
    assert shop.ships(part, line_1=3).code == "fulfilment_out_of_turn"


def test_before_the_payment_is_asked_for(shop: Shop) -> None:
    order_id = shop.placed((shop.sells("A", leeds=5), 3))
    assert cancel(shop, order_id, line_1=1).code == "not_cancellable"
    cancelled = cancel(shop, order_id)
    assert cancelled.status == 201
    assert shop.stock("A") == {"leeds": (5, 5, 0)}
    # OrderPlaced may come only now, and starts nothing: cancel-order alone sees to it that the payment comes to its end.
    finish(order_id, cancelled.json["id"])
    assert shop.payment(order_id)["status"] == "void"
    assert payments.authorise(order_id, WORKFLOW) == {"outcome": "declined", "reason": "order_cancelled"}
    assert shop.payment(order_id)["authorised"] == 0


def test_while_the_payment_is_decided(shop: Shop) -> None:
    order_id = shop.placed((shop.sells("A", price=500, leeds=5), 3))
    payments.authorise(order_id, WORKFLOW)
    cancelled = cancel(shop, order_id)
    assert service.confirm_order(order_id, WORKFLOW) == {"outcome": "cancelled"}
    # Both workflows give back what is held, in any order.
    finish(order_id, cancelled.json["id"])
    assert payments.void(order_id, "cancelled", WORKFLOW) == {"outcome": "voided", "amount": 1500}
    assert service.refuse_order(order_id, "cancelled", WORKFLOW) == {"outcome": "cancelled"}
    payment = shop.payment(order_id)
    assert (payment["status"], payment["authorised"], payment["voided"]) == ("void", 1500, 1500)
    assert shop.events(order_id).count("PaymentVoided") == 1
    assert shop.read(order_id)["status"] == "cancelled"


def test_what_was_shipped_is_not_cancelled(shop: Shop) -> None:
    order_id, [part] = confirmed(shop, (shop.sells("A", leeds=5), 3))
    assert shop.ships(part, line_1=3).status == 200
    refused = cancel(shop, order_id, by=ASSOCIATE, line_1=1)
    assert (refused.status, refused.code) == (409, "not_cancellable")
    assert [(fault["pointer"], fault["code"]) for fault in refused.json["errors"]] == [("/lines/1", "shipped")]


def test_shipping_and_cancelling_at_once_has_one_winner(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    order_id, [part] = confirmed(shop, (shop.sells("A", leeds=5), 3))
    commits = Transaction.commit

    def overtaken(tx: Any) -> None:
        # The warehouse ships between this cancellation's reads and its commit.
        monkeypatch.undo()
        assert shop.ships(part, line_1=3).status == 200
        commits(tx)

    monkeypatch.setattr(Transaction, "commit", overtaken)
    assert cancel(shop, order_id).code == "not_cancellable"
    assert shop.stock("A") == {"leeds": (2, 2, 0)}
    assert shop.read(order_id)["lines"][0]["cancelled"] == 0


def test_one_key_cancels_once(shop: Shop) -> None:
    order_id, _ = confirmed(shop, (shop.sells("A", leeds=5), 3))
    first = cancel(shop, order_id, key="k", line_1=1)
    again = cancel(shop, order_id, key="k", line_1=1)
    assert (again.status, again.json, again.headers["idempotent-replayed"]) == (201, first.json, "true")
    assert shop.read(order_id)["lines"][0]["cancelled"] == 1


def test_only_the_customer_and_staff_cancel(shop: Shop) -> None:
    order_id, [part] = confirmed(shop, (shop.sells("A", leeds=5), 3))
    assert cancel(shop, order_id, by=a_shopper("usr_other")).status == 404
    packed = {"type": "packed", "lines": []}
    assert shop.call("POST", f"/v1/fulfilments/{part}/answers", by=ASSOCIATE, json=packed).status == 200
    assert cancel(shop, order_id).code == "not_cancellable"
    options = shop.call("GET", f"/v1/orders/{order_id}/cancellation-options", by=SHOPPER).json["items"]
    assert [(one["cancellable"], one["kept"], one["rule"]) for one in options] == [(0, 3, "packed")]
    assert cancel(shop, order_id, by=ASSOCIATE).status == 201


def test_stock_that_does_not_fit_is_given_back_by_the_workflow(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    order_id, _ = confirmed(shop, (shop.sells("A", leeds=5), 3), (shop.sells("B", leeds=5), 2))
    monkeypatch.setattr(MODULE, "_BESIDES_STOCK", 95)
    monkeypatch.setattr(MODULE, "_STOCK_AT_ONCE", 1)
    cancellation_id = cancel(shop, order_id).json["id"]
    assert (shop.stock("A"), shop.stock("B")) == ({"leeds": (5, 2, 3)}, {"leeds": (5, 3, 2)})
    finish(order_id, cancellation_id)
    finish(order_id, cancellation_id)
    assert (shop.stock("A"), shop.stock("B")) == ({"leeds": (5, 5, 0)}, {"leeds": (5, 5, 0)})


def test_missing_units_are_shipped_from_elsewhere(shop: Shop) -> None:
    shop.opens("york", priority=2)
    order_id, [part] = confirmed(shop, (shop.sells("A", price=500, leeds=5, york=1), 4))
    assert shop.ships(part, line_1=1).status == 200
    assert shop.read(order_id)["status"] == "partially_shipped"
    assert "OrderUnitsMissing" in shop.events(order_id)
    service.reassign_units(order_id, part, WORKFLOW)
    # York has one of the three; leeds, which could not find them, is not asked again.
    notes = shop.read(order_id)["fulfilments"]
    assert [(note["location_id"], note["status"]) for note in notes] == [("leeds", "shipped"), ("york", "requested")]
    line = shop.read(order_id)["lines"][0]
    assert (line["shipped"], line["allocated"], line["cancelled"]) == (1, 2, 2)
    assert shop.stock("A") == {"leeds": (1, 1, 0), "york": (1, 0, 1)}
    assert shop.events(order_id).count("OrderReassigned") == 1
    assert shop.events(order_id).count("OrderCancelled") == 1
    service.reassign_units(order_id, part, WORKFLOW)
    assert len(shop.read(order_id)["fulfilments"]) == 2
    assert shop.ships(notes[1]["id"], line_1=1).status == 200
    for due in (part, notes[1]["id"]):
        payments.capture(order_id, due, WORKFLOW)
    payment = shop.payment(order_id)
    assert (payment["captured"], payment["voided"], payment["final"]) == (1000, 1000, True)


def test_missing_units_that_nobody_has_are_called_off(shop: Shop) -> None:
    order_id, [part] = confirmed(shop, (shop.sells("A", leeds=5), 2))
    assert shop.ships(part).status == 200
    service.reassign_units(order_id, part, WORKFLOW)
    assert shop.read(order_id)["status"] == "cancelled"
    [cancelled] = shop.call("GET", f"/v1/orders/{order_id}/cancellations").json["items"]
    assert cancelled["reason"] == "out_of_stock"
    finish(order_id, cancelled["id"])
    assert shop.payment(order_id)["status"] == "void"


def test_a_machine_cancels_by_its_scope(shop: Shop) -> None:
    order_id, _ = confirmed(shop, (shop.sells("A", leeds=5), 3))
    answer = service.cancel_order(order_id, None, "fraud", by=WORKFLOW, once=Idempotency.of("test", uuid4().hex, b""))
    assert answer.status == 204


def test_who_is_overtaken_every_time_is_told_to_try_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    order_id, [part] = confirmed(shop, (shop.sells("A", leeds=5), 3))

    def overtaken(_: Any) -> None:
        raise Stale("another was quicker")

    monkeypatch.setattr(Transaction, "commit", overtaken)
    for reply in (
        cancel(shop, order_id),
        shop.ships(part, line_1=3),
        shop.call("POST", f"/v1/orders/{order_id}/holds", json={"reason": "fraud"}, by=ASSOCIATE),
    ):
        assert (reply.status, reply.code, reply.json["retryable"]) == (409, "contended", True)
