"""The workflow dies between any two of its steps, and its steps run twice: nobody pays twice, no unit is lost.

A test carries the steps of place-order out itself, by invoking the deployed functions as the machine would, and stops
where it likes. For that it must be first: it starts the order's execution under the name that the consumer of OrderPlaced
would use, for an order that does not exist, and stops it; to the consumer the order was started then.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from boto3.dynamodb.types import TypeDeserializer

from tests.journeys.conftest import Shop, until
from tests.journeys.killed_workflows import twice_at_once, twice_in_a_row

MACHINE = "orders-place-order"
UNITS, PRICE, STOCK = 3, 500, 10
TOTAL = UNITS * PRICE


@dataclass
class Journey:
    """An order of `UNITS` whose workflow the test carries out by hand."""

    shop: Shop
    sku: str
    order_id: str

    def step(self, name: str) -> Any:
        """One step towards the shipped order, as the state machine (or the warehouse) takes it."""
        return getattr(self, name)()

    def authorise(self) -> Any:
        return self._task("payments", "authorise_payment")

    def look_up(self) -> Any:
        return self._task("payments", "look_up_payment")

    def confirm(self) -> Any:
        return self._task("orders", "confirm_order")

    def dispatch(self) -> Any:
        return self._task(
            "fulfilment", "dispatch_fulfilment", fulfilment_id=self.fulfilment, task_token=f"stopped-{uuid4().hex}"
        )

    def ship(self) -> Any:
        answer = self.shop.answers(self.fulfilment, "shipped", {"1": UNITS})
        assert answer.status == 200, answer
        return answer.body

    def capture(self) -> Any:
        return self._task("payments", "capture_payment", fulfilment_id=self.fulfilment)

    def void(self) -> Any:
        return self._task("payments", "void_payment")

    def refuse(self) -> Any:
        return self._task("orders", "refuse_order", reason="unavailable")

    @property
    def fulfilment(self) -> str:
        [note] = self.shop.read(self.order_id)["fulfilments"]
        return str(note["id"])

    def resume(self) -> None:
        """As an administrator does after an execution was stopped."""
        answer = self.shop.post(f"/v1/orders/{self.order_id}/resume", None)
        assert answer.status == 202, answer

    def _task(self, context: str, name: str, **arguments: Any) -> Any:
        payload = {"task": name, "order_id": self.order_id, "correlation_id": "crash", **arguments}
        stage = self.shop.stack.stage
        answer = self.shop.stack.client("lambda").invoke(
            FunctionName=f"aisle-{stage}-{context}-tasks", Payload=json.dumps(payload).encode()
        )
        outcome = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, outcome
        return outcome

    # ---- what must hold at the end ----

    def is_shipped_and_paid_once(self) -> None:
        """The order shipped, one authorisation and one capture of its total in the provider's books, stock adds up."""
        self.shop.reaches(self.order_id, "shipped")
        until(lambda: self.shop.payment(self.order_id)["captured"] == TOTAL)
        until(lambda: not self.executions("RUNNING"))
        payment = self.shop.payment(self.order_id)
        assert (payment["authorised"], payment["captured"], payment["voided"]) == (TOTAL, TOTAL, 0)
        assert self.books() == {"authorise": (1, TOTAL, 0), f"capture:{self.fulfilment}": (1, TOTAL, TOTAL)}
        left = STOCK - UNITS
        assert self.shop.stock(self.sku) == {"on_hand": left, "available": left, "reserved": 0}
        assert self.events() == {
            "OrderPlaced": 1,
            "PaymentAuthorised": 1,
            "OrderConfirmed": 1,
            "FulfilmentShipped": 1,
            "PaymentCaptured": 1,
        }

    def is_refused_and_not_paid(self) -> None:
        """The order refused, nothing held by the provider, all stock available."""
        self.shop.reaches(self.order_id, "refused")
        until(lambda: not self.executions("RUNNING"))
        payment = self.shop.payment(self.order_id)
        assert (payment["captured"], payment["authorised"] - payment["voided"]) == (0, 0)
        held = sum(remaining for name, (_, _, remaining) in self.books().items() if name == "authorise")
        assert held == 0
        assert self.shop.stock(self.sku) == {"on_hand": STOCK, "available": STOCK, "reserved": 0}
        assert self.events()["OrderRefused"] == 1

    def books(self) -> dict[str, tuple[int, int, int]]:
        """What the sandbox did for the order, by intent: how often, the amount, and what is left of it."""
        table = self.shop.stack.client("dynamodb")
        found: dict[str, tuple[int, int, int]] = {}
        prefix = f"SANDBOX#{self.order_id}:"
        for page in table.get_paginator("scan").paginate(
            TableName=self.shop.stack.table_name,
            FilterExpression="begins_with(pk, :prefix)",
            ExpressionAttributeValues={":prefix": {"S": prefix}},
            ConsistentRead=True,
        ):
            for raw in page["Items"]:
                item = {name: TypeDeserializer().deserialize(value) for name, value in raw.items()}
                if item.get("operations"):
                    intent = item["pk"].removeprefix(prefix)
                    found[intent] = (int(item["operations"]), int(item["amount"]), int(item["remaining"]))
        return found

    def events(self) -> dict[str, int]:
        """How often each event is in the timeline."""
        types = [entry["type"] for entry in self.shop.get(f"/v1/orders/{self.order_id}/timeline").body["items"]]
        return {type: types.count(type) for type in types}

    def executions(self, status: str | None = None) -> list[str]:
        """ARNs of the order's executions, in a status or in any."""
        states = self.shop.stack.client("stepfunctions")
        wanted = {"statusFilter": status} if status else {}
        pages = states.get_paginator("list_executions").paginate(
            stateMachineArn=self.shop.stack.state_machine_arn(MACHINE), **wanted
        )
        return [
            one["executionArn"] for page in pages for one in page["executions"] if one["name"].startswith(self.order_id)
        ]


def begin(shop: Shop, token: str = "tok_approve") -> Journey:
    """An order that waits for the test to take its steps."""
    states = shop.stack.client("stepfunctions")
    sku = shop.sells(units=STOCK, price=PRICE)
    for _ in range(5):
        placed = shop.post("/v1/orders", shop.order((sku, UNITS), token=token), "shopper")
        assert placed.status == 202, placed
        order_id = placed.body["id"]
        try:
            execution = states.start_execution(
                stateMachineArn=shop.stack.state_machine_arn(MACHINE),
                name=f"{order_id}-v1",
                input=json.dumps({"order_id": "ord_01J00000000000000000000000", "correlation_id": "crash"}),
            )
        except states.exceptions.ExecutionAlreadyExists:
            # The consumer was quicker: leave that order to itself, off this test's stock.
            sku = shop.sells(units=STOCK, price=PRICE)
            continue
        states.stop_execution(executionArn=execution["executionArn"], error="Killed", cause="by a test")
        return Journey(shop, sku, order_id)
    raise AssertionError("the consumer of OrderPlaced was quicker, five times over")


SHIPPING = ["authorise", "confirm", "dispatch", "ship", "capture"]
REFUSING = ["authorise", "void", "refuse"]


@pytest.mark.parametrize("done", range(len(SHIPPING) + 1), ids=lambda n: "after " + (["", *SHIPPING][n] or "nothing"))
def test_killed_between_two_steps_and_run_again(shop: Shop, done: int) -> None:
    journey = begin(shop)
    for name in SHIPPING[:done]:
        journey.step(name)
    journey.resume()
    if "ship" not in SHIPPING[:done]:
        shop.reaches(journey.order_id, "confirmed")
        journey.ship()
    journey.is_shipped_and_paid_once()


@pytest.mark.parametrize("token", ["tok_timeout", "tok_timeout_lost", "tok_duplicate"])
def test_killed_while_the_payment_is_unknown_and_run_again(shop: Shop, token: str) -> None:
    journey = begin(shop, token)
    assert journey.authorise()["outcome"] == "unknown"
    journey.resume()
    shop.reaches(journey.order_id, "confirmed", seconds=60)
    journey.ship()
    journey.is_shipped_and_paid_once()


@pytest.mark.parametrize("done", range(1, len(REFUSING) + 1), ids=lambda n: "after " + REFUSING[n - 1])
def test_killed_while_refusing_and_run_again(shop: Shop, done: int) -> None:
    """From the void on, running again goes on refusing: what was given back is not authorised anew."""
    journey = begin(shop)
    for name in REFUSING[:done]:
        journey.step(name)
    journey.resume()
    if done == 1:
        shop.reaches(journey.order_id, "confirmed")
        journey.ship()
        journey.is_shipped_and_paid_once()
    else:
        journey.is_refused_and_not_paid()


def test_killed_between_decline_and_refusal_and_run_again(shop: Shop) -> None:
    journey = begin(shop, "tok_decline_stolen_card")
    assert journey.authorise()["outcome"] == "declined"
    journey.resume()
    journey.is_refused_and_not_paid()
    assert journey.books() == {}


@pytest.mark.parametrize("twice", [twice_in_a_row, twice_at_once])
def test_each_step_of_shipping_twice(shop: Shop, twice: Callable[[Callable[[], Any]], list[Any]]) -> None:
    journey = begin(shop)
    for name in ("authorise", "confirm"):
        first, second = twice(getattr(journey, name))
        assert first == second
    for answer in twice(journey.dispatch):
        assert answer == {"outcome": "dispatched", "status": "requested"}
    journey.ship()
    assert twice(journey.capture) == [{"outcome": "captured", "amount": TOTAL}] * 2
    # Once more from the start, after the end.
    for name in ("authorise", "look_up", "confirm", "dispatch", "capture"):
        twice(getattr(journey, name))
    journey.is_shipped_and_paid_once()


@pytest.mark.parametrize("twice", [twice_in_a_row, twice_at_once])
def test_each_step_of_refusing_twice(shop: Shop, twice: Callable[[Callable[[], Any]], list[Any]]) -> None:
    journey = begin(shop)
    for name in REFUSING:
        first, second = twice(getattr(journey, name))
        assert first["outcome"] == second["outcome"]
    assert journey.authorise()["outcome"] == "declined"
    assert journey.confirm() == {"outcome": "refused"}
    journey.is_refused_and_not_paid()


@pytest.mark.parametrize("state", ["AuthorisePayment", "PaymentDecided", "ConfirmOrder", "OrderDecided", "FulfilOrder"])
def test_a_running_execution_is_stopped_when_it_enters_a_state(shop: Shop, state: str) -> None:
    """The real machine this time. By when the stop arrives it may be a step further; that is how machines die."""
    sku = shop.sells(units=STOCK, price=PRICE)
    order = shop.place((sku, UNITS), wait=0)
    journey = Journey(shop, sku, order["id"])
    [execution] = until(journey.executions)
    states = shop.stack.client("stepfunctions")

    def entered() -> bool:
        history = states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
        return state in [event.get("stateEnteredEventDetails", {}).get("name") for event in history]

    end = time.monotonic() + 30
    while not entered():
        assert time.monotonic() < end
        time.sleep(0.005)
    states.stop_execution(executionArn=execution, error="Killed", cause="by a test")
    journey.resume()
    shop.reaches(journey.order_id, "confirmed")
    journey.ship()
    journey.is_shipped_and_paid_once()


def test_a_running_workflow_is_not_run_a_second_time(shop: Shop) -> None:
    """Two executions would take each other's task tokens, and one would wait in vain."""
    journey = begin(shop)
    resume = f"/v1/orders/{journey.order_id}/resume"
    first = shop.post(resume, None, key=f"{journey.order_id} again")
    assert first.status == 202
    refused = shop.post(resume, None)
    assert (refused.status, refused.body["code"]) == (409, "workflow_running")
    again = shop.post(resume, None, key=f"{journey.order_id} again")
    assert (again.status, again.headers["Idempotent-Replayed"]) == (202, "true")
    shop.reaches(journey.order_id, "confirmed")
    assert len(journey.executions()) == 2
    journey.ship()
    journey.is_shipped_and_paid_once()
