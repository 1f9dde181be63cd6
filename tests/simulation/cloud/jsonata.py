"""The expressions of state machines, `{% … %}`, as Step Functions evaluates them.

The engine is jsonata-python. Most expressions are plain paths (`$states.input.order_id`) and are walked here, at a
hundredth of its price.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

_EXPRESSION = re.compile(r"\{%\s*(.*?)\s*%\}", re.DOTALL)
_PATH = re.compile(r"\$([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*)")


class QueryEvaluationError(Exception):
    """An expression failed, or gave nothing: Step Functions takes both for States.QueryEvaluationError."""


def filled(template: Any, variables: Mapping[str, Any]) -> Any:
    """A template with every expression in it replaced by its value; `variables` holds `states` and what was assigned."""
    if isinstance(template, str):
        found = _EXPRESSION.fullmatch(template)
        return _value(found[1], variables) if found else template
    if isinstance(template, dict):
        return {name: filled(part, variables) for name, part in template.items()}
    if isinstance(template, list):
        return [filled(part, variables) for part in template]
    return template


def _value(text: str, variables: Mapping[str, Any]) -> Any:
    path = _PATH.fullmatch(text)
    if path is not None:
        return _walked(text, path[1], path[2].split(".")[1:], variables)
    return evaluated(text, variables)


def _walked(text: str, variable: str, names: list[str], variables: Mapping[str, Any]) -> Any:
    value: Any = variables.get(variable, _NOTHING)
    for name in names:
        if isinstance(value, list):
            return evaluated(text, variables)
        value = value.get(name, _NOTHING) if isinstance(value, dict) else _NOTHING
    if value is _NOTHING:
        raise QueryEvaluationError(f"{text} is not defined")
    return value


_NOTHING = object()


def evaluated(text: str, variables: Mapping[str, Any]) -> Any:
    """What the engine makes of an expression."""
    from jsonata.jexception import JException
    from jsonata.utils import Utils

    engine = _parsed(text)
    frame = engine.create_frame()
    for name, value in variables.items():
        frame.bind(name, value)
    try:
        value = engine.evaluate(None, frame)
    except JException as error:
        raise QueryEvaluationError(f"{text}: {error}") from error
    if value is None:
        raise QueryEvaluationError(f"{text} gave nothing")
    return Utils.convert_nulls(value)


@cache
def _parsed(text: str) -> Any:
    from jsonata import Jsonata

    engine = Jsonata(text)
    engine.set_output_convert_nulls(False)
    return engine
