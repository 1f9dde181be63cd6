"""Rules that every state machine keeps; AWS would find most breaches only when the broken state is entered."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest
from statelint.linter import Linter

from tests.workflows.definitions import (
    NAMES,
    PLACEHOLDERS,
    Json,
    placeholders,
    rendered,
    scopes,
    source,
    states,
    successors,
    with_plain_timeouts,
)

TRANSIENT = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.ClientExecutionTimeoutException",
}

every_machine = pytest.mark.parametrize("name", NAMES)

TASKS = {
    f"{name}-{state_name}": state
    for name in NAMES
    for state_name, state in states(with_plain_timeouts(rendered(name))).items()
    if state["Type"] == "Task"
}


def each_task(of: str) -> pytest.MarkDecorator:
    """Each task whose name or resource has `of` in it."""
    chosen = {id: state for id, state in TASKS.items() if of in id or of in state["Resource"]}
    return pytest.mark.parametrize("state", chosen.values(), ids=chosen.keys())


def test_there_are_machines() -> None:
    assert sorted(PLACEHOLDERS) == NAMES


@every_machine
def test_statelint_finds_nothing(name: str) -> None:
    assert Linter.validate(with_plain_timeouts(rendered(name))) == []


@every_machine
def test_placeholders_are_known(name: str) -> None:
    assert placeholders(source(name)) == set(PLACEHOLDERS[name])


@every_machine
def test_no_account_region_or_partition_is_written_down(name: str) -> None:
    """Every ARN comes from a placeholder, or is the name of an integration in the partition of the stage."""
    arns = re.findall(r'"(arn:[^"]*)"', source(name))
    assert {arn for arn in arns if not arn.startswith("arn:${partition}:states:::")} == set()


@every_machine
def test_jsonata_only(name: str) -> None:
    text = json.dumps(rendered(name))
    assert rendered(name)["QueryLanguage"] == "JSONata"
    assert not re.search(r'"(InputPath|OutputPath|ResultPath|ResultSelector|Parameters|[A-Za-z]+\.\$)":', text)


@every_machine
def test_the_machine_ends_in_time(name: str) -> None:
    assert rendered(name)["TimeoutSeconds"] > 0


@every_machine
def test_every_state_is_reachable_and_every_successor_exists(name: str) -> None:
    for scope in scopes(rendered(name)):
        reached: set[str] = set()
        ahead = {scope["StartAt"]}
        while ahead:
            reached |= ahead
            ahead = {after for state in ahead for after in successors(scope["States"][state])} - reached
        assert reached == set(scope["States"])


@every_machine
def test_state_names_are_unique(name: str) -> None:
    names = Counter(state for scope in scopes(rendered(name)) for state in scope["States"])
    assert [state for state, count in names.items() if count > 1] == []


@each_task(":states:::")
def test_a_task_ends_in_time_and_is_tried_again(state: Json) -> None:
    assert state["TimeoutSeconds"] > 0
    retries = [retry for retry in state["Retry"] if retry.get("MaxAttempts", 3) > 0]
    assert all(retry["JitterStrategy"] == "FULL" and retry["MaxDelaySeconds"] > 0 for retry in retries)
    assert state["Retry"][-1]["ErrorEquals"] == ["States.ALL"]
    assert state["Retry"][-1]["MaxAttempts"] > 0


@each_task("lambda:invoke")
def test_a_function_is_tried_again_on_what_passes(state: Json) -> None:
    retried = {error for retry in state["Retry"] if retry.get("MaxAttempts") != 0 for error in retry["ErrorEquals"]}
    assert retried >= TRANSIENT
    # A fulfilment that nobody answered for is not dispatched anew: the goods may be on their way.
    assert ("States.Timeout" in retried) is (".waitForTaskToken" not in state["Resource"])


@each_task("place_order-")
def test_no_failure_of_place_order_goes_unseen(state: Json) -> None:
    assert [catch["ErrorEquals"] for catch in state["Catch"]] == [["States.ALL"]]


@each_task("hold_for_pickup-")
def test_no_failure_of_hold_for_pickup_goes_unseen(state: Json) -> None:
    assert [catch["ErrorEquals"] for catch in state["Catch"]] == [["States.ALL"]]


@each_task("pay_suppliers-")
def test_no_failure_of_pay_suppliers_goes_unseen(state: Json) -> None:
    assert [catch["ErrorEquals"] for catch in state["Catch"]] == [["States.ALL"]]


@each_task("return_order-")
def test_no_failure_of_return_order_goes_unseen(state: Json) -> None:
    assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"]


@pytest.mark.parametrize("name", ["SplitFeed", "ImportRows", "FinishFeed", "FailFeed"])
def test_no_failure_of_import_feed_goes_unseen(name: str) -> None:
    """What fails in a lane fails the Map."""
    assert [catch["ErrorEquals"] for catch in states(rendered("import_feed"))[name]["Catch"]] == [["States.ALL"]]


@each_task("onboard_supplier-")
def test_no_failure_of_onboard_supplier_goes_unseen(state: Json) -> None:
    assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"]


def test_undoing_and_parking_is_tried_longer_than_doing() -> None:
    machine = states(rendered("place_order", patient_attempts=20, park_attempts=100))
    attempts = {name: state["Retry"][-1]["MaxAttempts"] for name, state in machine.items() if state["Type"] == "Task"}
    parking = {name for name in attempts if name.startswith("Park")}
    patient = {"VoidPayment", "RefuseOrder", "CapturePayment", "CaptureCharges"}
    assert max(attempts[name] for name in attempts.keys() - parking - patient) < 20
    assert {attempts[name] for name in patient} == {20}
    assert {attempts[name] for name in parking} == {100}
