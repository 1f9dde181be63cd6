"""Logs, metrics and traces, bound together by one correlation id from the API through events to workflows.

Logs are JSON lines (Powertools Logger), metrics ride in the log as EMF, traces go to X-Ray when the stage asks for them.
Neither log nor metric may hold a token, a passcode, a key or personal data; log ids.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any, TypeVar

from aws_lambda_powertools.logging import Logger

from chalicelib.core.settings import settings

NAMESPACE = "Aisle"
_Result = TypeVar("_Result")

log = Logger(service="aisle", log_uncaught_exceptions=False)


@dataclass(frozen=True, slots=True)
class Trace:
    """`correlation_id` follows one request through everything it sets off; `causation_id` is the event that led here."""

    correlation_id: str
    causation_id: str | None = None


_current: ContextVar[Trace] = ContextVar("trace", default=Trace("none"))


def trace() -> Trace:
    """The trace of the work at hand."""
    return _current.get()


@contextmanager
def tracing(correlation_id: str, causation_id: str | None = None) -> Iterator[None]:
    """Everything logged and published within belongs to this correlation id."""
    token = _current.set(Trace(correlation_id, causation_id))
    log.append_keys(correlation_id=correlation_id)
    try:
        yield
    finally:
        log.remove_keys(["correlation_id"])
        _current.reset(token)


def count(metric: str, value: int = 1) -> None:
    """Add to a business metric, e.g. `count("OrdersPlaced")`; the dashboard and alarms read namespace Aisle."""
    from aws_lambda_powertools.metrics import MetricUnit, single_metric

    with single_metric(name=metric, unit=MetricUnit.Count, value=value, namespace=NAMESPACE) as single:
        single.add_dimension(name="stage", value=settings().stage)


@cache
def _recorder() -> Any:
    from aws_xray_sdk.core import patch, xray_recorder

    patch(["botocore"])
    return xray_recorder


def traced(name: str) -> Callable[[Callable[..., _Result]], Callable[..., _Result]]:
    """Record the call as an X-Ray subsegment `name`, where the stage traces; the SDK is not even imported elsewhere."""

    def decorate(function: Callable[..., _Result]) -> Callable[..., _Result]:
        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> _Result:
            if not settings().tracing:
                return function(*args, **kwargs)
            with _recorder().in_subsegment(name) as segment:
                segment.put_annotation("correlation_id", trace().correlation_id)
                return function(*args, **kwargs)

        return call

    return decorate
