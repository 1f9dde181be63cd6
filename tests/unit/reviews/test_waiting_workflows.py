"""Workflows that wait for a decision."""

from importlib import import_module

import pytest

from tests.unit.reviews.conftest import later

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
