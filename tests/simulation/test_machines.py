"""The interpreter of state machines: what it makes of expressions, retries, catches and tokens."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.simulation.cloud import jsonata, machines
from tests.simulation.cloud.jsonata import QueryEvaluationError, evaluated, filled
from tests.workflows.definitions import NAMES

STATES: dict[str, Any] = {
    "input": {"outcome": "declined", "reason": None, "parts": [{"id": "a"}, {"id": "b"}], "count": 3},
    "context": {"Execution": {"Input": {"order_id": "ord_1"}}},
    "errorOutput": {"Error": "Broken", "Cause": "in two"},
}
VARIABLES = {"states": STATES, "look_ups": 2}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{% $states.context.Execution.Input.order_id %}", "ord_1"),
        ("{% $states.input.reason %}", None),
        ("{% $look_ups %}", 2),
        ("{% $look_ups + 1 %}", 3),
        ("{% $states.input.parts %}", [{"id": "a"}, {"id": "b"}]),
        ("{% $states.input.parts.id %}", ["a", "b"]),
        ("{% $states.input.outcome in ['authorised', 'declined'] %}", True),
        ("{% $states.input.outcome = 'unknown' and $look_ups < 8 %}", False),
        ("{% $substring($string($states.errorOutput), 0, 9) %}", '{"Error":'),
        ("no expression", "no expression"),
        ({"a": ["{% $states.input.count %}", 1]}, {"a": [3, 1]}),
    ],
)
def test_an_expression_gives(text: Any, value: Any) -> None:
    assert filled(text, VARIABLES) == value


@pytest.mark.parametrize("text", ["$states.input.nothing", "$nobody", "$states.input.outcome.deeper", "1 + 'a'"])
def test_an_expression_that_gives_nothing_fails(text: str) -> None:
    with pytest.raises(QueryEvaluationError):
        filled(f"{{% {text} %}}", VARIABLES)


@pytest.mark.parametrize("text", ["$states.context.Execution.Input.order_id", "$states.input.parts", "$look_ups"])
def test_a_path_is_walked_to_where_the_engine_gets(text: str) -> None:
    assert jsonata._PATH.fullmatch(text)
    assert filled(f"{{% {text} %}}", VARIABLES) == evaluated(text, VARIABLES)


def test_placeholders_have_the_values_that_terraform_gives() -> None:
    for name in set(NAMES) - {"publish_events"}:
        for state_name, state in machines.states_of(machines.definition(name)):
            assert not re.search(r"\$\{", str(state)), f"{name}: {state_name}"
