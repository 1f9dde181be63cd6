"""What the operator sees and does; queues, tasks and settings."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.core import clock, consumers, ids
from chalicelib.core.auth import Principal
from chalicelib.core.settings import settings
from chalicelib.fulfilment import gateways as fulfilment_gateways
from chalicelib.fulfilment import service as fulfilments
from chalicelib.routing import gateways
from chalicelib.routing.consumers import on_answered, on_request
from chalicelib.routing.store import items as store
from chalicelib.routing.tasks import tasks
from chalicelib.suppliers import store as suppliers
from chalicelib.suppliers.domain import Seller, SupplierStatus
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, a_machine
from tests.unit.routing.builders import ACCEPTED, MEMBER, STRANGER, SUPPLIER_ID, Market, says, silent
from tests.unit.routing.test_settling import cancels
from tests.workflows.definitions import rendered, states

OPERATOR = a_machine("suppliers.write")


class Queue:
    """SQS, as far as it is sent to."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []

    def send_message(self, QueueUrl: str, MessageBody: str, **_: Any) -> None:  # noqa: N803
        self.sent.append((QueueUrl, json.loads(MessageBody)))

    def get_queue_url(self, QueueName: str, **_: Any) -> dict[str, str]:  # noqa: N803
        return {"QueueUrl": QueueName}

    def delete_message(self, **_: Any) -> None:
        pass


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    made = Queue()
    for module in (gateways, fulfilment_gateways, consumers):
        monkeypatch.setattr(module, "client", lambda _: made)
    urls = SimpleNamespace(supplier_requests_url="suppliers", shipment_requests_url="warehouses")
    monkeypatch.setattr(gateways, "settings", lambda: urls)
    monkeypatch.setattr(fulfilment_gateways, "settings", lambda: urls)
    return made


def delivered(consumer: Callable[..., None], body: Any, receives: int = 1) -> None:
    """A message, as Chalice hands it over."""
    record = {
        "body": json.dumps(body),
        "messageId": "m1",
        "receiptHandle": "r1",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:routing-requests",
        "attributes": {"ApproximateReceiveCount": str(receives)},
    }
    consumer({"Records": [record]}, None)


@pytest.fixture
def wired(market: Market, monkeypatch: pytest.MonkeyPatch) -> Market:
    """Consumers and tasks reach the supplier of the test."""
    monkeypatch.setattr("chalicelib.routing.gateways.outside.call", market.endpoint)
    return market


# ---- queues -------------------------------------------------------------------------------------------------------------


def test_requests_to_suppliers_have_a_queue_of_their_own(market: Market, queue: Queue) -> None:
    part = fulfilments.read(market.sold(3), ADMIN)
    through = fulfilment_gateways.QueuedWarehouse()
    through.request_shipment(part)
    through.recall(part, {"1": 1}, "can_1")
    through.hold(part)
    through.readdress(part)
    assert [(url, message["type"]) for url, message in queue.sent] == [
        ("suppliers", "shipment"),
        ("suppliers", "recall"),
        ("suppliers", "hold"),
        ("suppliers", "address"),
    ]
    fulfilment_gateways.QueuedWarehouse().hold(_at(part, "leeds"))
    assert queue.sent[-1][0] == "warehouses"
    for _, message in queue.sent[:4]:
        delivered(on_request, message)
    assert market.value.state == "requested"
    assert market.started == [(part.id, part.id)]


def _at(part: Any, location_id: str) -> Any:
    from dataclasses import replace

    return replace(part, location_id=location_id)


def test_each_kind_of_request_is_carried_out(wired: Market, queue: Queue) -> None:
    part = wired.sold(3)
    wired.endpoint.on("offer", says(ACCEPTED)).on("change", says(b"", 200))
    wired.endpoint.on("cancellation", says({"decision": "cancelled"}))
    about = {"fulfilment_id": part, "order_id": wired.order_id, "location_id": SUPPLIER_ID, "correlation_id": "c"}
    delivered(on_request, {"type": "shipment", **about})
    tasks.run({"task": "offer_order", "order_id": wired.order_id, "allocation_id": part, "correlation_id": "c"})
    wired.shop.call("POST", f"/v1/orders/{wired.order_id}/holds", json={"reason": "fraud"})
    delivered(on_request, {"type": "hold", **about})
    wired.shop.call("POST", f"/v1/orders/{wired.order_id}/cancellations", json={})
    delivered(on_request, {"type": "recall", **about})
    assert [what for what, _, _ in wired.log()] == ["offer", "change", "cancellation"]
    assert wired.value.state == "cancelled"


@pytest.mark.parametrize(("cancelled", "asked"), [(2, [1]), (3, [])])
def test_a_recall_of_what_was_not_asked_for_yet_is_no_failure(
    wired: Market, queue: Queue, cancelled: int, asked: list[int]
) -> None:
    """Held back before it was dispatched, or overtaken by its recall: it is asked for without these units."""
    about = {"fulfilment_id": wired.sold(3)}
    cancels(wired, cancelled)
    for receives in range(1, 6):
        delivered(on_request, {"type": "recall", **about}, receives)
    assert queue.sent == []
    delivered(on_request, {"type": "shipment", **about})
    assert len(wired.started) == len(asked)
    found = store.get_allocation(wired.part)
    assert [line.quantity for line in found.value.lines] == asked if found else asked == []
    assert wired.endpoint.asked == []


def test_a_recall_while_the_allocation_is_written_is_not_missed(
    wired: Market, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = {"fulfilment_id": wired.sold(3)}
    add = store.add_allocation

    def meanwhile(tx: Any, value: Any) -> None:
        cancels(wired, 3)
        delivered(on_request, {"type": "recall", **about})
        add(tx, value)

    monkeypatch.setattr(store, "add_allocation", meanwhile)
    delivered(on_request, {"type": "shipment", **about})
    assert (wired.value.state, wired.started, wired.endpoint.asked) == ("cancelled", [], [])


@pytest.mark.parametrize("body", [{}, {"type": "dance", "fulfilment_id": "ful_1"}, {"type": "shipment"}, [], "x"])
def test_what_is_no_request_is_buried(market: Market, queue: Queue, body: Any) -> None:
    delivered(on_request, body)
    assert [url for url, _ in queue.sent] == ["routing-requests-dlq"]


def test_what_a_supplier_does_not_hear_is_told_by_a_workflow(wired: Market, queue: Queue) -> None:
    part = wired.sold(3)
    wired.endpoint.on("offer", says(ACCEPTED))
    about = {"fulfilment_id": part, "order_id": wired.order_id, "location_id": SUPPLIER_ID}
    delivered(on_request, {"type": "shipment", **about})
    wired.offer()
    wired.shop.call("POST", f"/v1/orders/{wired.order_id}/cancellations", json={})
    for receives in range(1, 6):
        delivered(on_request, {"type": "recall", **about}, receives)
    assert queue.sent == []
    assert wired.started[1:] == [(part, f"{part}.c4")] * 5


def test_an_answer_lets_the_workflow_go_on_and_a_change_of_mind_is_made_good(market: Market, queue: Queue) -> None:
    market.requested(3, elsewhere=3)
    market.says("accepted")
    body = {"lines": [{"line_id": "1", "quantity": 1}], "reason": "out_of_stock"}
    market.call("POST", f"/{market.part}/cancellations", json=body)
    from chalicelib.core import outbox
    from chalicelib.core.keys import key

    for event in list(outbox.timeline(key("ALLOCATION", market.part))):
        for _ in range(2):
            delivered(on_answered, {"detail": json.loads(event.to_json())})
    assert market.wanted() == [2]


def test_the_machine_names_tasks_that_there_are() -> None:
    named = {
        state["Arguments"]["Payload"]["task"]
        for state in states(rendered("route_order")).values()
        if "routing" in state.get("Arguments", {}).get("FunctionName", "")
    }
    assert named == tasks.names


# ---- routes -------------------------------------------------------------------------------------------------------------


def test_the_operator_sees_the_calls_and_no_address(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", silent(), says(b"<html>"), says(ACCEPTED))
    for _ in range(3):
        market.offer()
    reply = market.shop.call("GET", f"/v1/allocations/{market.part}", by=OPERATOR)
    assert (reply.status, reply.json["state"]) == (200, "accepted")
    assert [(call["outcome"], call["reason"], call["excerpt"]) for call in reply.json["calls"]] == [
        ("answer", "accepted", ""),
        ("nonsense", "not_json", "<html>"),
        ("silence", "timeout", ""),
    ]
    assert "James" not in reply.text
    assert market.shop.call("GET", "/v1/allocations/ful_1", by=OPERATOR).status == 404


def test_the_operator_lists_by_state_and_supplier(market: Market) -> None:
    part = market.requested(3)
    for query in ("", f"?supplier_id={SUPPLIER_ID}", "?state=requested"):
        [row] = market.shop.call("GET", f"/v1/allocations{query}").json["items"]
        assert (row["id"], row["supplier_id"]) == (part, SUPPLIER_ID)
    for query in ("?supplier_id=sup_01J", "?state=accepted"):
        assert market.shop.call("GET", f"/v1/allocations{query}").json["items"] == []
    assert market.shop.call("GET", "/v1/allocations?state=lost").status == 400


OPERATORS_PATHS = [
    ("GET", "/v1/allocations", None),
    ("GET", "/v1/allocations/{part}", None),
    ("POST", "/v1/allocations/{part}/retries", None),
    ("GET", "/v1/routing-settings", None),
]


@pytest.mark.parametrize(("method", "path", "body"), OPERATORS_PATHS)
def test_nobody_but_the_operator(market: Market, method: str, path: str, body: Any) -> None:
    part = market.requested(3)
    for by in (MEMBER, SHOPPER, ASSOCIATE):
        assert market.shop.call(method, path.format(part=part), by=by, json=body).status == 403


def test_a_retry_is_asked_for_once(market: Market, queue: Queue) -> None:
    part = market.requested(3)
    first = market.shop.call("POST", f"/v1/allocations/{part}/retries", by=OPERATOR, key="k")
    again = market.shop.call("POST", f"/v1/allocations/{part}/retries", by=OPERATOR, key="k")
    assert (first.status, again.status, again.headers["idempotent-replayed"]) == (202, 202, "true")
    [(url, message)] = queue.sent
    assert (url, message["type"], message["fulfilment_id"]) == ("suppliers", "retry", part)
    market.says("accepted")
    reply = market.shop.call("POST", f"/v1/allocations/{part}/retries", by=OPERATOR)
    assert (reply.status, reply.json["code"]) == (409, "nothing_to_call")


def test_a_retry_calls_though_the_endpoint_rests(wired: Market, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    part = wired.requested(3)
    wired.endpoint.on("offer", silent())
    for _ in range(6):
        wired.offer()
    statuses = {part: "RUNNING"}
    monkeypatch.setattr(gateways, "execution_status", statuses.get)
    wired.endpoint.on("offer", says(ACCEPTED))
    delivered(on_request, {"type": "retry", "fulfilment_id": part})
    assert wired.value.state == "accepted"
    assert store.get_health(SUPPLIER_ID).is_good


def test_a_retry_runs_a_workflow_again_that_has_ended(
    wired: Market, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = wired.requested(3)
    monkeypatch.setattr(gateways, "execution_status", {part: "FAILED", f"{part}-r1": "ABORTED"}.get)
    delivered(on_request, {"type": "retry", "fulfilment_id": part})
    assert wired.started[-1] == (part, f"{part}-r2")
    assert wired.endpoint.asked == []


@pytest.mark.parametrize(("decision", "wanted"), [("rejected", []), ("partial", [2])])
def test_a_retry_has_an_answer_take_effect_whose_workflow_died(
    wired: Market, queue: Queue, decision: str, wanted: list[int]
) -> None:
    part = wired.requested(3)
    lines = {"lines": [{"line_id": "1", "quantity": 2}]} if decision == "partial" else {}
    assert wired.says(decision, reason="out_of_stock", **lines).status == 200
    assert wired.wanted() == [3], "the workflow would have declined them"
    for _ in range(2):
        assert wired.shop.call("POST", f"/v1/allocations/{part}/retries", by=OPERATOR).status == 202
    for _, message in queue.sent:
        delivered(on_request, message)
    assert wired.wanted() == wanted
    assert wired.shop.events(wired.order_id).count("OrderUnitsMissing") == 1
    assert wired.endpoint.asked == []
    assert wired.shop.call("POST", f"/v1/allocations/{part}/retries", by=OPERATOR).json["code"] == "nothing_to_call"


def test_a_retry_tells_a_change_that_nobody_heard_of(wired: Market, queue: Queue) -> None:
    part = wired.requested(3)
    wired.endpoint.on("offer", says(ACCEPTED)).on("change", silent())
    wired.offer()
    wired.shop.call("POST", f"/v1/orders/{wired.order_id}/holds", json={"reason": "fraud"})
    begun = clock.now()
    for _ in range(5):
        delivered(on_request, {"type": "hold", "fulfilment_id": part})
    with clock.at(begun + timedelta(days=1)):
        assert wired.tell(begun)["outcome"] == "told"
        wired.endpoint.on("change", silent(), says(b"", 204))
        for _ in range(2):
            assert wired.shop.call("POST", f"/v1/allocations/{part}/retries", by=OPERATOR).status == 202
            _, message = queue.sent.pop()
            delivered(on_request, message)
        assert queue.sent == [], "what is not heard is no defect of ours"
        again = wired.shop.call("POST", f"/v1/allocations/{part}/retries", by=OPERATOR)
    assert again.json["code"] == "nothing_to_call"
    assert [one.json["held"] for one in wired.endpoint.calls("change")] == [True] * 8


@pytest.mark.parametrize("status", [SupplierStatus.SUSPENDED, SupplierStatus.OFFBOARDED])
def test_who_was_suspended_since_the_order_is_not_asked(market: Market, status: SupplierStatus) -> None:
    market.requested(3, elsewhere=3)
    known(market, status)
    market.endpoint.on("offer", says(ACCEPTED))
    assert market.offer()["outcome"] == "over"
    assert market.endpoint.asked == []
    assert market.settle()["outcome"] == "settled"
    assert (market.value.state, market.value.reason, market.units()) == ("rejected", "not_selling", [(0, 3, 0, 0)])
    assert market.wanted() == []
    assert "OrderUnitsMissing" in market.shop.events(market.order_id)
    [told] = market.events("OrderDeclinedBySupplier")
    assert (told["units"], told["reason"], market.counted()) == ({"1": 3}, "not_selling", {})


def test_who_is_suspended_after_it_was_asked_may_still_answer(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", silent(), says(ACCEPTED))
    known(market)
    market.offer()
    known(market, SupplierStatus.SUSPENDED)
    assert market.offer()["outcome"] == "accepted"


# ---- settings -----------------------------------------------------------------------------------------------------------

WANTED = {
    "answer_minutes": 60,
    "call_seconds": 5,
    "failures_before_rest": 3,
    "rest_seconds_least": 10,
    "rest_seconds_most": 600,
}


def changed(market: Market, version: int, **given: Any) -> Any:
    from app import app
    from tests.conftest import request

    headers = {"If-Match": f'"{version}"'}
    return request(app, "PUT", "/v1/routing-settings", json={**WANTED, **given}, by=OPERATOR, headers=headers)


def test_settings_hold_for_what_is_asked_from_now_on(market: Market) -> None:
    read = market.shop.call("GET", "/v1/routing-settings", by=OPERATOR)
    assert (read.json["answer_minutes"], read.headers["etag"]) == (240, '"0"')
    reply = changed(market, 0)
    assert (reply.status, reply.headers["etag"]) == (200, '"1"')
    assert changed(market, 0).status == 412
    assert changed(market, 1, answer_minutes=61).json["version"] == 2
    market.requested(3)
    market.endpoint.on("offer", silent())
    assert market.offer()["wait_seconds"] == 15
    left = market.value.seconds_left(clock.now())
    assert 3_600 < left <= 3_660
    market.offer()
    market.offer()
    assert market.offer()["outcome"] == "resting"


def known(market: Market, status: SupplierStatus = SupplierStatus.APPROVED) -> str:
    """The supplier's own settings, of a supplier that there is."""
    seller = Seller(SUPPLIER_ID, "Northwind", status, "GB")
    suppliers.SupplierItem(
        *suppliers.supplier_key(SUPPLIER_ID)[1:], version=1, status=status, seller=suppliers.as_stored(seller)
    ).save()
    return f"/v1/suppliers/{SUPPLIER_ID}/routing-settings"


def put(path: str, version: int, body: Any, by: Principal = OPERATOR) -> Any:
    from app import app
    from tests.conftest import request

    return request(app, "PUT", path, json=body, by=by, headers={"If-Match": f'"{version}"'})


def minutes_left(market: Market) -> int:
    """Of what was asked for just now, rounded up."""
    return -(-market.value.seconds_left(clock.now()) // 60)


def test_one_supplier_may_have_longer_or_less_than_the_others(market: Market) -> None:
    path = known(market)
    read = market.shop.call("GET", path, by=OPERATOR)
    none = {"supplier_id": SUPPLIER_ID, "answer_minutes": None, "effective_answer_minutes": 240, "version": 0}
    assert (read.status, read.json, read.headers["etag"]) == (200, none, '"0"')
    reply = put(path, 0, {"answer_minutes": 5})
    assert (reply.status, reply.json["effective_answer_minutes"], reply.headers["etag"]) == (200, 5, '"1"')
    assert put(path, 0, {"answer_minutes": 6}).status == 412
    assert changed(market, 0, answer_minutes=90).status == 200
    market.requested(3)
    assert minutes_left(market) == 5
    seen = market.shop.call("GET", f"/v1/allocations/{market.part}", by=OPERATOR).json
    assert seen["answer_by"] == market.value.answer_by
    theirs = market.shop.call("GET", f"/v1/suppliers/{SUPPLIER_ID}/orders/{market.part}", by=MEMBER).json
    assert theirs["answer_by"] == market.value.answer_by
    assert put(path, 1, {"answer_minutes": 10_080}).json["version"] == 2
    assert minutes_left(market) == 5  # what was asked for keeps its deadline


def test_a_supplier_without_a_deadline_of_its_own_has_that_of_all(market: Market) -> None:
    path = known(market)
    assert put(path, 0, {"answer_minutes": 5}).status == 200
    assert put(path, 1, {"answer_minutes": None}).json["effective_answer_minutes"] == 240
    assert changed(market, 0, answer_minutes=90).status == 200
    assert market.shop.call("GET", path, by=OPERATOR).json["effective_answer_minutes"] == 90
    market.requested(3)
    assert minutes_left(market) == 90


def test_of_two_changes_for_a_supplier_at_once_one_counts(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    path = known(market)
    read = store.get_settings_for

    def overtaken(supplier_id: str) -> Any:
        found = read(supplier_id)
        monkeypatch.setattr(store, "get_settings_for", read)
        assert put(path, 0, {"answer_minutes": 7}).status == 200
        return found

    monkeypatch.setattr(store, "get_settings_for", overtaken)
    assert put(path, 0, {"answer_minutes": 5}).status == 412
    assert market.shop.call("GET", path, by=OPERATOR).json["answer_minutes"] == 7


def test_the_supplier_sees_its_deadline_and_the_operator_sets_it(market: Market) -> None:
    path = known(market)
    assert market.shop.call("GET", path, by=MEMBER).json["effective_answer_minutes"] == 240
    assert market.shop.call("GET", path, by=STRANGER).status == 404
    assert market.shop.call("GET", path, by=SHOPPER).status == 403
    for by in (MEMBER, STRANGER, SHOPPER, ASSOCIATE):
        assert put(path, 0, {"answer_minutes": 5}, by).status == 403
    unknown = "/v1/suppliers/sup_01J9Z3K4M5N6P7Q8R9S0T1V2W9/routing-settings"
    assert put(unknown, 0, {"answer_minutes": 5}).status == 404
    assert market.shop.call("GET", unknown, by=OPERATOR).status == 404


@pytest.mark.parametrize("body", [{}, {"answer_minutes": 0}, {"answer_minutes": 10_081}, {"answer_minutes": 5, "a": 1}])
def test_a_supplier_s_settings_that_make_no_sense_are_refused(market: Market, body: Any) -> None:
    assert put(known(market), 0, body).status == 400


@pytest.mark.parametrize(
    "given",
    [
        {"answer_minutes": 0},
        {"answer_minutes": 10_081},
        {"call_seconds": 16},
        {"failures_before_rest": 0},
        {"rest_seconds_least": 601},
        {"more": 1},
    ],
)
def test_settings_that_make_no_sense_are_refused(market: Market, given: Any) -> None:
    assert changed(market, 0, **given).status == 400


def test_a_workflow_is_started_under_the_name_of_its_allocation(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(gateways.workflow, "start", lambda *given: asked.append(given))
    gateways.start_route_order("ful_1", "ord_1", "ful_1-r1")
    given = {"allocation_id": "ful_1", "order_id": "ord_1", "correlation_id": "none"}
    assert asked == [(settings().route_order_arn, "ful_1-r1", given)]


def test_the_moment_of_an_order_is_in_its_id() -> None:
    from chalicelib.routing.service.take_request import _placed_at

    before = clock.rfc3339(clock.now())[:19]
    assert _placed_at(ids.new_id("ord"))[:19] >= before
