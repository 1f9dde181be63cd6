"""Workflows that wait for a decision."""

import json
from importlib import import_module

import pytest

from chalicelib.core import outbox
from chalicelib.core.errors import Contended, Forbidden, NotFound, Stale
from chalicelib.reviews import consumers, service
from tests.unit.reviews.builders import ANNA
from tests.unit.reviews.conftest import WORKFLOW, Told, later

WAITING = import_module("chalicelib.reviews.service.waiting_workflows")


@pytest.mark.parametrize("decision", ["approve", "reject", "revalidate"])
def test_the_decision_lets_the_workflow_go_on(desk, decision):
    case_id = desk.opened()
    desk.keeps(case_id, "t")
    desk.completes(case_id)
    assert desk.told.outputs == []
    with later(days=9):
        assert desk.decides(case_id, decision).status == 200
        desk.completes(case_id)
    output = {"outcome": decision, "review_id": case_id, "state": "decided"}
    assert desk.told.outputs == [("t", output)]
    desk.completes(case_id)
    assert len(desk.told.outputs) == 1


def test_a_workflow_that_comes_late_goes_on_at_once(desk):
    case_id = desk.opened()
    desk.decides(case_id, "reject")
    desk.keeps(case_id, "t")
    assert desk.told.outcomes == [("t", "reject")]
    desk.completes(case_id)
    assert len(desk.told.outputs) == 1


def test_every_workflow_that_waits_is_told(desk):
    case_id, other = desk.opened(), desk.opened("sup_2")
    for token in ("t", "u", "t"):
        desk.keeps(case_id, token)
    desk.keeps(other, "v")
    desk.decides(case_id)
    desk.completes(case_id)
    assert sorted(desk.told.outcomes) == [("t", "approve"), ("u", "approve")]


def test_a_crash_between_decision_and_completion_is_made_good(desk):
    case_id = desk.opened()
    for token in ("t", "u"):
        desk.keeps(case_id, token)
    desk.decides(case_id)
    desk.told.failing = {"t", "u"}
    with pytest.raises(RuntimeError):
        desk.completes(case_id)
    desk.told.failing = {"u"}
    for _ in range(2):
        with pytest.raises(RuntimeError):
            desk.completes(case_id)
    desk.told.failing = set()
    desk.completes(case_id)
    assert sorted(set(desk.told.outcomes)) == [("t", "approve"), ("u", "approve")]
    told = len(desk.told.outputs)
    desk.completes(case_id)
    assert len(desk.told.outputs) == told


def test_a_token_kept_at_the_moment_of_the_decision_is_not_forgotten(desk):
    case_id = desk.opened()

    class Slow(Told):
        def seal(self, token):
            if not desk.read(case_id)["decision"]:
                desk.decides(case_id)
                service.complete(case_id, workflow=self)
            return super().seal(token)

    slow = Slow()
    service.keep_token(case_id, "t", WORKFLOW, workflow=slow)
    assert slow.outcomes == [("t", "approve")]


def test_a_case_that_keeps_changing_keeps_no_token(desk, monkeypatch):
    def stale(*_):
        raise Stale("The case was closed.")

    monkeypatch.setattr(WAITING.store, "keep_token", stale)
    with pytest.raises(Contended):
        desk.keeps(desk.opened(), "t")


def test_only_the_system_keeps_tokens(desk):
    with pytest.raises(Forbidden):
        service.keep_token(desk.opened(), "t", ANNA, workflow=desk.told)


def test_there_is_no_waiting_for_a_case_that_is_not_there(desk):
    with pytest.raises(NotFound):
        desk.keeps("rev_01J00000000000000000000000", "t")
    with pytest.raises(NotFound):
        desk.completes("rev_01J00000000000000000000000")


def test_tokens_rest_encrypted(desk, table):
    case_id = desk.opened()
    service.keep_token(case_id, "very-secret-token", WORKFLOW)
    stored = str(table.scan(TableName="aisle-test")["Items"])
    assert "TOKEN#" in stored
    assert "very-secret-token" not in stored


def test_the_consumer_opens_and_completes_them(desk, monkeypatch):
    sent = []
    monkeypatch.setattr(WAITING.Workflow, "complete", lambda self, token, output: sent.append((token, output)))
    case_id = desk.opened()
    service.keep_token(case_id, "t", WORKFLOW)
    desk.decides(case_id)
    decided = [one for one in outbox.timeline(f"CASE#{case_id}") if one.type == "ReviewDecided"]
    record = {"messageId": "1", "body": json.dumps({"detail": json.loads(decided[0].to_json())})}
    for _ in range(2):
        consumers.on_review_decided({"Records": [record]}, None)
    assert sent == [("t", {"outcome": "approve", "review_id": case_id, "state": "decided"})]
