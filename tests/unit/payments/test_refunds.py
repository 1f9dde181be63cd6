"""POST /v1/orders/{order_id}/refunds, and the workflow that carries the refund out."""

import json
from collections.abc import Callable, Iterator
from threading import Barrier, Thread
from typing import Any

import boto3
import pytest

from chalicelib.core import outbox
from chalicelib.core.outbox import Event
from chalicelib.core.settings import Settings
from chalicelib.payments import consumers, service
from chalicelib.payments.gateways import workflows
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, SUPPLIER, a_machine
from tests.unit.payments.builders import BY, ORDER, due, events_of, opened, refund, stored

PATH = f"/v1/orders/{ORDER}/refunds"
Call = Callable[..., Any]


@pytest.fixture
def paid(table: Any) -> None:
    """An order of 1000 of which 600 are captured, and no more will be."""
    opened()
    service.authorise(ORDER, BY)
    due(ORDER, "f1", 600, final=True)
    service.capture(ORDER, "f1", BY)


def ask(call: Call, amount: int = 200, *, by: Any = ASSOCIATE, key: str = "k1", **more: Any) -> Any:
    body = {"amount": amount, "reason": "late", **more}
    return call("POST", PATH, json=body, by=by, headers={"Idempotency-Key": key})


def requested() -> list[Event]:
    return [event for event in outbox.timeline(f"ORDER#{ORDER}") if event.type == "RefundRequested"]


@pytest.mark.usefixtures("paid")
def test_staff_ask_for_a_refund_which_is_then_carried_out(call: Call) -> None:
    reply = ask(call)
    assert (reply.status, reply.headers["location"]) == (202, f"/v1/orders/{ORDER}/payment")
    [asked] = reply.json["refunds"]
    assert asked == {
        "key": asked["key"],
        "status": "due",
        "amount": 200,
        "refunded": 0,
        "reason": "late",
        "to": "original",
    }
    [event] = requested()
    assert (event.data, event.actor) == (
        {
            "order_id": ORDER,
            "currency": "GBP",
            "amount": 200,
            "refund": asked["key"],
            "to": "original",
            "workflow": True,
        },
        {"kind": "user", "id": "usr_associate"},
    )
    service.settle(ORDER, BY)
    shown = call("GET", f"/v1/orders/{ORDER}/payment", by=ADMIN).json
    assert (shown["refunded"], shown["refunds"][0]["status"], shown["tenders"][0]["refunded"]) == (200, "done", 200)


@pytest.mark.usefixtures("paid")
def test_the_same_key_asks_once(call: Call) -> None:
    first, again = ask(call), ask(call)
    assert (again.json, again.headers["idempotent-replayed"]) == (first.json, "true")
    assert (len(stored().refunds), len(requested())) == (1, 1)
    assert ask(call, 201).code == "idempotency_key_reused"


@pytest.mark.usefixtures("paid")
def test_no_more_is_refunded_than_was_paid_and_a_replay_is_still_answered(call: Call) -> None:
    assert ask(call, 500).status == 202
    refused = ask(call, 101, key="k2")
    assert (refused.status, refused.code) == (422, "refund_exceeds_paid")
    assert refused.json["left"] == {"amount": 100, "currency": "GBP"}
    assert ask(call, 100, key="k3").status == 202
    assert ask(call, 500).headers["idempotent-replayed"] == "true"


@pytest.mark.usefixtures("paid")
def test_parallel_refunds_never_exceed_what_was_paid(call: Call) -> None:
    start, replies = Barrier(4), []

    def one(number: int) -> None:
        start.wait()
        try:
            replies.append(
                service.request_refund(
                    ORDER, 250, "late", credit_to=None, by=ADMIN, once=_once(number), answer=lambda _: _answer()
                )
            )
        except service.RefundExceedsPaid:
            replies.append(None)

    threads = [Thread(target=one, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len([reply for reply in replies if reply]), stored().refundable) == (2, 100)


def _once(number: int) -> Any:
    from chalicelib.core.idempotency import Idempotency

    return Idempotency.of("test", str(number), b"")


def _answer() -> Any:
    from chalicelib.core.idempotency import no_answer

    return no_answer()


@pytest.mark.usefixtures("paid")
@pytest.mark.parametrize("by", [SHOPPER, SUPPLIER])
def test_others_do_not(call: Call, by: Any) -> None:
    for to in ("original", "store_credit"):
        assert (ask(call, by=by, to=to).status, ask(call, by=by, to=to).code) == (403, "forbidden")
    assert requested() == []


@pytest.mark.usefixtures("paid")
def test_machines_need_the_scope(call: Call) -> None:
    assert ask(call, by=a_machine("orders.read")).status == 401
    assert ask(call, by=a_machine("payments.refund")).status == 202


@pytest.mark.usefixtures("table")
def test_before_the_payment_is_authorised_nothing_is_refunded(call: Call) -> None:
    opened()
    assert (ask(call).status, ask(call).code) == (409, "payment_out_of_turn")


@pytest.mark.usefixtures("table")
def test_an_order_that_is_not_there(call: Call) -> None:
    assert ask(call).status == 404


@pytest.mark.usefixtures("paid")
@pytest.mark.parametrize("body", [{"amount": 0}, {"amount": -1}, {"amount": 1.5}, {"reason": ""}, {"to": "cash"}])
def test_what_is_malformed_is_named(call: Call, body: dict[str, Any]) -> None:
    reply = call("POST", PATH, json={"amount": 1, "reason": "late", **body}, by=ADMIN, headers={"Idempotency-Key": "k"})
    assert (reply.status, [fault["pointer"] for fault in reply.json["errors"]]) == (400, [f"/{next(iter(body))}"])


@pytest.mark.usefixtures("paid")
def test_a_refund_that_a_return_asks_for_starts_no_workflow() -> None:
    refund("r1", 100)
    assert [event.data["workflow"] for event in requested()] == [False]
    assert events_of()[-1] == ("RefundRequested", 100)


@pytest.mark.usefixtures("paid")
def test_no_event_holds_the_reason(call: Call) -> None:
    ask(call, reason="Mrs Smith called")
    assert "Smith" not in requested()[0].to_json()


# ---- the workflow -------------------------------------------------------------------------------------------------------


@pytest.fixture
def machine(memory: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    states = boto3.client("stepfunctions")
    definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    role = "arn:aws:iam::123456789012:role/refunds"
    arn = states.create_state_machine(name="refund-payment", definition=definition, roleArn=role)["stateMachineArn"]
    monkeypatch.setattr(workflows, "settings", lambda: Settings.read({"AISLE_REFUND_PAYMENT_ARN": arn}))
    yield arn
    states.delete_state_machine(stateMachineArn=arn)


@pytest.mark.usefixtures("paid")
def test_the_event_starts_one_execution_however_often_it_comes(call: Call, machine: str) -> None:
    ask(call)
    [event] = requested()
    record = {"messageId": "m1", "body": json.dumps({"detail": json.loads(event.to_json())}), "attributes": {}}
    consumers.on_refund_requested({"Records": [record, record]}, None)
    states = boto3.client("stepfunctions")
    [execution] = states.list_executions(stateMachineArn=machine)["executions"]
    assert execution["name"] == f"{ORDER}-{stored().refunds[0].key}"
    given = json.loads(states.describe_execution(executionArn=execution["executionArn"])["input"])
    assert given == {"order_id": ORDER, "correlation_id": event.correlation_id}
