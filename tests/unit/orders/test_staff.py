"""What staff does to orders by hand, and the trace it leaves."""

from typing import Any

import pytest

from app import app
from chalicelib.fulfilment import service as fulfilment
from chalicelib.orders import gateways, service
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, a_shopper, request
from tests.integration.orders.conftest import WORKFLOW, Shop
from tests.unit.orders.test_cancel_order import confirmed


class Told:
    """A location that notes what it is told."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    def request_shipment(self, part: Any) -> None:
        self.messages.append(("ship", part.id))

    def hold(self, part: Any) -> None:
        self.messages.append(("hold", part.id))

    def readdress(self, part: Any) -> None:
        self.messages.append(("address", part.address["city"]))

    def recall(self, part: Any, units: Any, recall_id: str) -> None:
        self.messages.append(("recall", dict(units)))


def test_what_is_held_does_not_leave_until_the_last_hold_is_off(shop: Shop) -> None:
    order_id, [part] = confirmed(shop, (shop.sells("A", leeds=5), 2))
    held = [
        shop.call("POST", f"/v1/orders/{order_id}/holds", json={"reason": reason}, by=ASSOCIATE)
        for reason in ("fraud_check", "address_check")
    ]
    assert [reply.status for reply in held] == [201, 201]
    holds = held[1].json["holds"]
    assert [hold["reason"] for hold in holds] == ["fraud_check", "address_check"]
    told = Told()
    fulfilment.tell(part, "held", told)
    assert told.messages == [("hold", part)]
    assert shop.ships(part, line_1=2).code == "fulfilment_on_hold"
    assert shop.stock("A") == {"leeds": (5, 3, 2)}
    for number, hold in enumerate(holds):
        assert shop.ships(part, line_1=2).status == 409
        path = f"/v1/orders/{order_id}/holds/{hold['id']}/release"
        assert shop.call("POST", path, by=ASSOCIATE).status == 200, number
    fulfilment.tell(part, "released", told)
    assert told.messages[1:] == [("ship", part)]
    assert shop.ships(part, line_1=2).status == 200
    audit = shop.call("GET", f"/v1/orders/{order_id}/audit", by=ASSOCIATE).json["items"]
    assert [(one["what"], one["before"], one["after"]) for one in audit] == [
        ("hold", [], ["fraud_check"]),
        ("hold", ["fraud_check"], ["fraud_check", "address_check"]),
        ("release", ["fraud_check", "address_check"], ["address_check"]),
        ("release", ["address_check"], []),
    ]
    assert (
        shop.call("POST", f"/v1/orders/{order_id}/holds", json={"reason": "late"}, by=ASSOCIATE).code == "nothing_open"
    )


def test_a_hold_before_the_confirmation_keeps_the_request_back(shop: Shop) -> None:
    order_id = shop.placed((shop.sells("A", leeds=5), 2))
    assert shop.call("POST", f"/v1/orders/{order_id}/holds", json={"reason": "fraud_check"}).status == 201
    service.confirm_order(order_id, WORKFLOW)
    [note] = shop.read(order_id)["fulfilments"]
    assert fulfilment.read(note["id"], WORKFLOW).held is True


def test_only_staff_holds(shop: Shop) -> None:
    order_id = shop.placed((shop.sells("A", leeds=5), 2))
    assert shop.call("POST", f"/v1/orders/{order_id}/holds", json={"reason": "x"}, by=SHOPPER).status == 403


ELSEWHERE = {"name": "Ada", "line1": "1 Moor St", "city": "Derby", "postal_code": "DE1 1AA", "country": "GB"}


def _moves(shop: Shop, order_id: str, by: Any = SHOPPER, version: int | None = None, **more: str) -> Any:
    version = version or shop.read(order_id)["version"]
    body = {"shipping_address": {**ELSEWHERE, **more}}
    path = f"/v1/orders/{order_id}/shipping-address"
    return request(app, "PUT", path, json=body, by=by, headers={"If-Match": f'"{version}"'})


def test_what_has_not_left_goes_elsewhere(shop: Shop) -> None:
    order_id, [part] = confirmed(shop, (shop.sells("A", leeds=5), 2))
    assert _moves(shop, order_id, by=a_shopper("usr_other")).status == 404
    assert _moves(shop, order_id, country="FR").code == "address_fixed"
    assert _moves(shop, order_id, version=1).status == 412
    moved = _moves(shop, order_id)
    assert moved.json["shipping_address"]["city"] == "Derby"
    assert _moves(shop, order_id).json == moved.json
    assert shop.events(order_id).count("OrderReaddressed") == 1
    told = Told()
    fulfilment.tell(part, "readdressed", told)
    assert told.messages == [("address", "Derby")]
    shop.call("POST", f"/v1/fulfilments/{part}/answers", by=ASSOCIATE, json={"type": "packed", "lines": []})
    assert _moves(shop, order_id, city="York").status == 403
    assert _moves(shop, order_id, by=ASSOCIATE, city="York").status == 200
    assert shop.ships(part, line_1=2).status == 200
    assert _moves(shop, order_id, by=ASSOCIATE).code == "nothing_open"
    [first, second] = shop.call("GET", f"/v1/orders/{order_id}/audit").json["items"]
    assert (first["before"]["city"], first["after"]["city"], second["after"]["city"]) == ("London", "Derby", "York")


def test_another_location_takes_a_fulfilment_over(shop: Shop) -> None:
    shop.opens("york", priority=2)
    order_id, [part] = confirmed(shop, (shop.sells("A", leeds=5, york=3), 2))
    path = f"/v1/fulfilments/{part}/reallocation"
    assert shop.call("POST", path, json={"location_id": "leeds"}).code == "already_there"
    assert shop.call("POST", path, json={"location_id": "nowhere"}).code == "location_unknown"
    made = shop.call("POST", path, json={"location_id": "york"})
    assert (made.status, made.json["location_id"], made.json["lines"][0]["quantity"]) == (201, "york", 2)
    assert shop.stock("A") == {"leeds": (5, 5, 0), "york": (3, 1, 2)}
    told = Told()
    fulfilment.call_off(part, "evt", warehouse=told)
    assert told.messages == [("recall", {"1": 2})]
    assert shop.ships(part, line_1=2).code == "fulfilment_out_of_turn"
    assert shop.ships(made.json["id"], line_1=2).status == 200
    assert shop.read(order_id)["status"] == "shipped"
    assert shop.call("POST", path, json={"location_id": "york"}).code == "fulfilment_out_of_turn"


def test_the_other_location_must_have_the_units(shop: Shop) -> None:
    shop.opens("york", priority=2)
    _, [part] = confirmed(shop, (shop.sells("A", leeds=5, york=1), 2))
    refused = shop.call("POST", f"/v1/fulfilments/{part}/reallocation", json={"location_id": "york"})
    assert refused.code == "stock_too_low"
    assert shop.stock("A") == {"leeds": (5, 3, 2), "york": (1, 1, 0)}


def test_notes_are_for_staff_unless_they_are_shown(shop: Shop) -> None:
    order_id = shop.placed((shop.sells("A", leeds=5), 2))
    for text, shown in (("rang twice", False), ("leave at the door", True)):
        body = {"text": text, "shown": shown}
        assert shop.call("POST", f"/v1/orders/{order_id}/notes", json=body, by=ASSOCIATE).status == 201
    read = {
        by.id: [note["text"] for note in shop.call("GET", f"/v1/orders/{order_id}/notes", by=by).json["items"]]
        for by in (ASSOCIATE, SHOPPER)
    }
    assert read == {ASSOCIATE.id: ["rang twice", "leave at the door"], SHOPPER.id: ["leave at the door"]}
    assert shop.call("GET", f"/v1/orders/{order_id}/audit", by=SHOPPER).status == 403


def test_a_review_is_resolved_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    order_id = shop.placed((shop.sells("A", leeds=5), 2))
    parked = service.park_compensation(order_id, "RecallFulfilments", "boom", WORKFLOW, cancellation_id="can_1")
    started: list[Any] = []
    monkeypatch.setattr(gateways, "start_cancel_order", lambda *given: started.append(given))
    path = f"/v1/reviews/{parked['review_id']}/resolution"
    body = {"action": "retry", "note": "the queue was gone"}
    assert shop.call("GET", "/v1/reviews").json["items"][0]["id"] == parked["review_id"]
    done = shop.call("POST", path, json=body, by=ADMIN, key="k")
    assert (done.status, done.json["resolution"]["note"]) == (200, "the queue was gone")
    assert shop.call("POST", path, json=body, by=ADMIN, key="k").headers["idempotent-replayed"] == "true"
    assert [given[:2] for given in started] == [(order_id, "can_1")]
    assert shop.call("POST", path, json={"action": "done", "note": "again"}).code == "review_resolved"
    assert shop.call("GET", "/v1/reviews").json["items"] == []
    assert shop.call("POST", "/v1/reviews/none/resolution", json=body).status == 404
