"""Workflow tasks: one Lambda function per context, dispatched by the `task` of its input.

A task returns `{"outcome": …}`: what was to be expected is data and goes through a Choice; an exception is for what was
not, and is retried, then caught by the undo chain.
"""

from collections.abc import Callable
from typing import Any

from chalicelib.core import observability
from chalicelib.core.auth import Principal, system

Outcome = dict[str, Any]
Task = Callable[..., Outcome]


class UnknownTask(Exception):
    """A state machine named a task that this function does not have."""


class Tasks:
    """The tasks of one context."""

    def __init__(self, context: str) -> None:
        self._by = system(context)
        self._tasks: dict[str, Task] = {}

    def task(self, function: Task) -> Task:
        """Register a task under its function's name. It gets the input's fields and `by` as keyword arguments."""
        self._tasks[function.__name__] = function
        return function

    def run(self, payload: dict[str, Any]) -> Outcome:
        """Carry out the task named in `payload`."""
        arguments = dict(payload)
        name = arguments.pop("task", None)
        if name not in self._tasks:
            raise UnknownTask(f"{name!r}; known: {sorted(self._tasks)}")
        by: Principal = self._by
        with observability.tracing(str(arguments.pop("correlation_id", None) or "none")):
            outcome = observability.traced(name)(self._tasks[name])(by=by, **arguments)
            observability.log.info("task done", task=name, outcome=outcome.get("outcome"))
            return outcome

    @property
    def names(self) -> frozenset[str]:
        """What can be asked for; a test holds the state machines to it."""
        return frozenset(self._tasks)
