"""The steps of return-order: its start, its label, its waiting, its end."""

import json
from importlib import import_module
from types import SimpleNamespace

import boto3
import pytest

from chalicelib.core import outbox
from chalicelib.core.errors import NotFound, Stale
from chalicelib.orders.store import order_pk
from chalicelib.returns import consumers, gateways, service, tasks
from chalicelib.returns.domain.model import Destination, Label
from chalicelib.returns.gateways import SandboxCarrier
from chalicelib.returns.store.returns import ReturnItem, return_key
from tests.conftest import ASSOCIATE
from tests.integration.orders.conftest import WORKFLOW
from tests.unit.returns.conftest import a_key, days_later

RUN = import_module("chalicelib.returns.service.run_return")


class Told:
    """A workflow that keeps what it is told."""

    def __init__(self):
        self.outputs = []
        self.sealed = 0

    def seal(self, token):
        self.sealed += 1
        return b"sealed:" + token.encode()

    def complete_sealed(self, sealed, output):
        self.complete(sealed.removeprefix(b"sealed:").decode(), output)

    def complete(self, token, output):
        self.outputs.append((token, output["outcome"], output["inspections"]))


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def announced(desk):
    """Three units of an order, announced."""
    order_id = desk.delivered((desk.shop.sells("A", price=500, leeds=5), 3))
    return desk.announced(order_id, line_1=3)


@pytest.mark.parametrize("label", [None, {"carrier": "sandbox", "reference": "RT1", "prepaid": True}])
def test_a_return_of_before_there_were_suppliers_goes_on(desk, announced, label):
    """They kept the label, and neither destinations nor whose units come back."""
    _, pk, sk = return_key(announced)
    item = ReturnItem.get(pk, sk)
    for line in item.document["lines"]:
        del line["seller"], line["supplier_sku"]
    del item.document["send_to"]
    item.document["label"] = label
    item.save()
    assert desk.read(announced)["send_to"] == [{"seller": None, "name": "", "address": None, "label": label}]
    service.issue_label(announced, WORKFLOW)
    assert desk.read(announced)["label"]["reference"].startswith("RT")
    desk.receive(announced, line_1=3)
    assert desk.inspect(announced, ("1", 3, "restock")).json["status"] == "settled"


def order_of(return_id):
    return f"ord_{return_id[4:30]}"


def parked(return_id, told, seen=0, token="t"):
    service.await_goods(return_id, seen, token, workflow=told)


def test_the_label_is_issued_once(desk, announced):
    asked = []

    class Carrier:
        def label(self, return_id, to, *, prepaid):
            asked.append((return_id, to.name, prepaid))
            return Label("dhl", "JD014", prepaid)

    first = service.issue_label(announced, WORKFLOW, Carrier())
    assert service.issue_label(announced, WORKFLOW, Carrier())["outcome"] == first["outcome"] == "open"
    assert asked == [(announced, "leeds", False)]
    value = desk.read(announced)
    assert value["label"] == {"carrier": "dhl", "reference": "JD014", "prepaid": False}
    [event] = desk.events(order_of(announced), "ReturnLabelIssued")
    assert (event["carrier"], event["reference"], event["prepaid"]) == ("dhl", "JD014", False)
    assert first["seconds_left"] == pytest.approx(14 * 86_400, abs=60)
    assert first["inspections"] == 0


def test_what_is_our_fault_has_a_prepaid_label(desk):
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 1), (desk.shop.sells("B", leeds=5), 1))
    lines = [
        {"line_id": "1", "quantity": 1, "reason": "changed_mind"},
        {"line_id": "2", "quantity": 1, "reason": "wrong_item"},
    ]
    return_id = desk.announce(order_id, lines=lines).json["id"]
    service.issue_label(return_id, WORKFLOW)
    assert desk.read(return_id)["label"]["prepaid"] is True


def test_the_sandbox_gives_a_return_the_same_label_again():
    ours, theirs = Destination(None, "Leeds", None), Destination("sup_a", "Acme", None)
    one, again = (SandboxCarrier().label("ret_1", ours, prepaid=True) for _ in range(2))
    assert one == again
    assert one != SandboxCarrier().label("ret_2", ours, prepaid=True)
    assert one != SandboxCarrier().label("ret_1", theirs, prepaid=True)


def test_a_closed_return_gets_no_label(desk, announced):
    desk.changed("DELETE", f"/v1/returns/{announced}", 1)
    assert service.issue_label(announced, WORKFLOW)["outcome"] == "nothing"
    assert desk.read(announced)["label"] is None


def test_the_workflow_goes_on_when_goods_were_inspected(desk, announced, told):
    parked(announced, told)
    service.go_on(announced, workflow=told)
    assert told.outputs == []
    desk.receive(announced, line_1=2)
    service.go_on(announced, workflow=told)
    assert told.outputs == []
    desk.inspect(announced, ("1", 1, "restock"))
    service.go_on(announced, workflow=told)
    assert told.outputs == [("t", "open", 1)]


def test_what_happened_before_it_waits_is_told_at_once(desk, announced, told):
    desk.receive(announced, line_1=2)
    desk.inspect(announced, ("1", 1, "restock"))
    parked(announced, told, seen=0)
    assert (told.outputs, told.sealed) == ([("t", "open", 1)], 0)
    parked(announced, told, seen=1, token="u")
    assert (told.outputs, told.sealed) == ([("t", "open", 1)], 1)
    # An event that comes late, of the inspection it knows of.
    service.go_on(announced, workflow=told)
    assert len(told.outputs) == 1
    desk.inspect(announced, ("1", 1, "restock"))
    service.go_on(announced, workflow=told)
    assert told.outputs[1:] == [("u", "open", 2)]


@pytest.mark.parametrize(
    ("resolution", "disposition", "outcome"),
    [
        ("refund", "restock", "settled"),
        ("refund", "refuse", "settled"),
        ({"exchange": [{"line_id": "1", "sku": "A", "quantity": 1}]}, "restock", "exchange"),
        ({"exchange": [{"line_id": "1", "sku": "A", "quantity": 1}]}, "refuse", "settled"),
    ],
)
def test_what_comes_next(desk, told, resolution, disposition, outcome):
    order_id = desk.delivered((desk.shop.sells("A", leeds=5), 1))
    return_id = desk.announced(order_id, line_1=1, resolution=resolution)
    parked(return_id, told)
    desk.receive(return_id, line_1=1)
    desk.inspect(return_id, ("1", 1, disposition))
    service.go_on(return_id, workflow=told)
    assert told.outputs == [("t", outcome, 1)]


def test_a_cancelled_return_ends_its_workflow(desk, announced, told):
    parked(announced, told)
    desk.changed("DELETE", f"/v1/returns/{announced}", 1)
    service.go_on(announced, workflow=told)
    assert told.outputs == [("t", "nothing", 0)]
    parked(announced, told, token="u")
    assert told.outputs[1:] == [("u", "nothing", 0)]


def test_parking_meets_an_inspection(desk, announced, told, monkeypatch):
    desk.receive(announced, line_1=3)
    park = RUN.store.park_token

    def late(value, token, seen):
        if not told.outputs:
            desk.inspect(announced, ("1", 3, "restock"))
        park(value, token, seen)

    monkeypatch.setattr(RUN.store, "park_token", late)
    parked(announced, told)
    assert told.outputs == [("t", "settled", 1)]


def test_what_does_not_come_is_given_up(desk, announced):
    with days_later(14):
        assert service.give_up_missing(announced, WORKFLOW)["outcome"] == "nothing"
        assert service.give_up_missing(announced, WORKFLOW)["outcome"] == "nothing"
    value = desk.read(announced)
    assert (value["status"], value["lines"][0]["given_up"]) == ("expired", 3)
    assert desk.announce(order_of(announced), line_1=3).status == 201
    [event] = desk.events(order_of(announced), "ReturnExpired")
    assert event["lines"] == [{"line_id": "1", "sku": "A", "quantity": 3}]


def test_what_came_is_inspected_before_the_return_ends(desk, announced):
    desk.receive(announced, line_1=1)
    with days_later(14):
        outcome = service.give_up_missing(announced, WORKFLOW)
        assert (outcome["outcome"], outcome["seconds_left"]) == ("open", pytest.approx(14 * 86_400, abs=60))
        again = service.give_up_missing(announced, WORKFLOW)
        assert again["outcome"] == "open"
    with days_later(28.1):
        overdue = service.give_up_missing(announced, WORKFLOW)
        assert (overdue["outcome"], overdue["seconds_left"]) == ("overdue", 14 * 86_400)
        assert desk.inspect(announced, ("1", 1, "restock")).json["status"] == "settled"
        assert service.give_up_missing(announced, WORKFLOW)["outcome"] == "settled"


def test_a_wait_that_is_resumed_late_still_lasts_a_minute(announced):
    with days_later(40):
        assert service.issue_label(announced, WORKFLOW)["seconds_left"] == 60


# ---- starting -----------------------------------------------------------------------------------------------------------


class AlreadyExists(Exception):
    pass


class DoesNotExist(Exception):
    pass


class States:
    """Executions by name; what ends one is up to the test."""

    exceptions = SimpleNamespace(ExecutionAlreadyExists=AlreadyExists, ExecutionDoesNotExist=DoesNotExist)

    def __init__(self):
        self.executions = {}

    def start_execution(self, **given):
        if given["name"] in self.executions:
            raise AlreadyExists
        self.executions[given["name"]] = [json.loads(given["input"]), "RUNNING"]

    def describe_execution(self, **given):
        name = given["executionArn"].rpartition(":")[2]
        if name not in self.executions:
            raise DoesNotExist
        return {"status": self.executions[name][1]}


@pytest.fixture
def states(monkeypatch):
    made = States()
    monkeypatch.setattr(gateways.workflow, "client", lambda _: made)
    return made


def event_of(return_id, type):
    found = outbox.timeline(order_pk(order_of(return_id)))
    return next(one for one in found if one.type == type)


def delivered(event):
    body = json.dumps({"detail": json.loads(event.to_json())})
    record = {"messageId": "1", "receiptHandle": "1", "body": body, "eventSourceARN": "arn:aws:sqs:eu-west-1:0:q"}
    return {"Records": [record]}


def test_an_authorised_return_starts_its_workflow_once(announced, states):
    event = event_of(announced, "ReturnAuthorised")
    for _ in range(2):
        consumers.on_return_authorised(delivered(event), None)
    given = {"return_id": announced, "order_id": order_of(announced), "correlation_id": event.correlation_id}
    assert states.executions == {f"{announced}-v1": [given, "RUNNING"]}


def test_an_inspection_completes_the_token_that_was_sealed(desk, announced, monkeypatch, memory):
    completed = []
    monkeypatch.setattr(
        gateways.workflow.Workflow, "complete", lambda self, token, output: completed.append((token, output))
    )
    tasks.returns_tasks(
        {
            "task": "await_goods",
            "order_id": order_of(announced),
            "return_id": announced,
            "seen": 0,
            "task_token": "token-1",
            "correlation_id": "c",
        },
        None,
    )
    desk.receive(announced, line_1=3)
    desk.inspect(announced, ("1", 3, "restock"))
    item = boto3.client("dynamodb").get_item(
        TableName="aisle-test", Key={"pk": {"S": order_pk(order_of(announced))}, "sk": {"S": "RETURN#1"}}
    )["Item"]
    assert b"token-1" not in item["token"]["B"]
    consumers.on_return_progressed(delivered(event_of(announced, "ReturnInspected")), None)
    [(token, output)] = completed
    assert token == "token-1"
    assert output == {
        "outcome": "settled",
        "return_id": announced,
        "inspections": 1,
        "seconds_left": output["seconds_left"],
    }


def test_every_task_of_the_machine_is_there():
    assert tasks.tasks.names == {"issue_label", "await_goods", "expire_return", "place_exchange"}


def test_the_workflow_is_run_again_when_it_has_ended(desk, announced, states):
    service.start_workflow(announced)
    path = f"/v1/returns/{announced}/resume"
    assert desk.shop.call("POST", path, by=ASSOCIATE).status == 403
    refused = desk.shop.call("POST", path)
    assert refused.code == "return_running"
    states.executions[f"{announced}-v1"][1] = "FAILED"
    key = a_key()
    assert desk.shop.call("POST", path, key=key).status == 202
    assert desk.shop.call("POST", path, key=key).headers["idempotent-replayed"] == "true"
    assert list(states.executions) == [f"{announced}-v1", f"{announced}-r1"]


def test_there_is_nothing_to_do_for_what_never_was(table, told):
    for step in (
        lambda: service.issue_label("ret_01J_1", WORKFLOW),
        lambda: service.await_goods("ret_01J_1", 0, "t", workflow=told),
        lambda: service.go_on("ret_01J_1", workflow=told),
        lambda: service.give_up_missing("ret_01J_1", WORKFLOW),
        lambda: service.place_exchange("ret_01J_1", WORKFLOW),
    ):
        with pytest.raises(NotFound):
            step()


def test_a_return_that_keeps_changing_is_tried_again_later(announced, told, monkeypatch):
    def never(*_):
        raise Stale("changed")

    monkeypatch.setattr(RUN.store, "park_token", never)
    with pytest.raises(Stale):
        parked(announced, told)
