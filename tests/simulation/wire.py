"""The way from our code to every service, and what may happen on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from tests.simulation.dynamodb import Database, refusal
from tests.simulation.faults import CALM, Fate, Weather, fate
from tests.simulation.kernel import Crash, Kernel
from tests.simulation.record import Detail, Record

_T = TypeVar("_T")

DYNAMODB_ATTEMPTS = 5
"""As core/table.py sets them; the other clients have one less (core/aws.py)."""
ATTEMPTS = 4
_WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}


class Wire:
    """Carries calls, as botocore does: an attempt that fails in passing is made again, up to a number of them."""

    def __init__(self, kernel: Kernel, record: Record) -> None:
        self.weather: Weather = CALM
        self._kernel = kernel
        self._random = kernel.random
        self._record = record

    def call(
        self,
        what: str,
        effect: Callable[[], _T],
        detail: Detail = "",
        *,
        attempts: int = ATTEMPTS,
        conflict: Callable[[], Exception] | None = None,
    ) -> _T:
        """Carry out `effect` at the other end, or fail as the weather has it.

        Raises botocore's errors as its clients do, and `Crash`.
        """
        process = self._kernel.current
        if process is None:
            return effect()
        failure: Exception | None = None
        stubborn: Fate | None = None
        for attempt in range(1, attempts + 1):
            self._travel()
            if process.crashed:
                raise Crash
            met = stubborn or fate(self.weather, self._random, conflicts=conflict is not None)
            if met is Fate.FINE:
                return self._carried_out(what, effect, detail)
            if met in (Fate.CRASH, Fate.CRASH_AFTER):
                self._crash(what, effect, detail, met)
            if met is Fate.CONFLICT and conflict is not None:
                self._record.add(f"{what}: {met.value}", detail)
                raise marked(conflict())
            failure = self._failed(what, effect, detail, met)
            if stubborn is None and self._random.random() < self.weather.stubborn:
                stubborn = met
            self._kernel.pause(self._random.random() * 0.05 * 2**attempt)
        raise failure or AssertionError("an attempt ends in an answer or in a failure")

    def _travel(self) -> None:
        slow = self._random.random() < self.weather.slow
        self._kernel.pause(self._random.uniform(0.2, 4.0) if slow else self._random.uniform(0.001, 0.015))

    def _carried_out(self, what: str, effect: Callable[[], _T], detail: Detail) -> _T:
        try:
            answer = effect()
        except ClientError as error:
            self._record.add(f"{what}: {error.response['Error']['Code']}", detail)
            self._travel()
            raise
        self._record.add(what, detail)
        self._travel()
        return answer

    def _crash(self, what: str, effect: Callable[[], Any], detail: Detail, met: Fate) -> None:
        process = self._kernel.current
        assert process is not None
        self._record.add(f"{what}: {met.value}", detail)
        if met is Fate.CRASH_AFTER:
            try:
                effect()
            except ClientError:
                self._record.add(f"{what}: it was refused")
        process.crashed = True
        raise Crash

    def _failed(self, what: str, effect: Callable[[], Any], detail: Detail, met: Fate) -> Exception:
        self._record.add(f"{what}: {met.value}", detail)
        if met is Fate.THROTTLED:
            codes = ("ThrottlingException", "ProvisionedThroughputExceededException")
            return marked(refusal(self._random.choice(codes), "Slow down.", what))
        if met is Fate.ANSWER_LOST:
            try:
                effect()
            except ClientError:
                self._record.add(f"{what}: it was refused")
            return marked(ReadTimeoutError(endpoint_url="simulated", error=None))
        return marked(ConnectionClosedError(endpoint_url="simulated"))


_MARK = "made by the weather"


def marked(error: Exception) -> Exception:
    """An error that the weather made, so that nobody takes it for a fault of the code."""
    error.add_note(_MARK)
    return error


def is_weather(error: BaseException | None) -> bool:
    """Whether an error, or what it came of, was made by the weather."""
    return any(_MARK in getattr(each, "__notes__", ()) for each in _lineage(error))


def expected(error: BaseException | None) -> bool:
    """Whether an error is one that our code may end in: one that it defines, or one that the weather made."""
    return type(error).__module__.startswith("chalicelib.") or is_weather(error)


def _lineage(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        cause = getattr(error, "cause", None)
        if isinstance(cause, BaseException):
            yield from _lineage(cause)
        error = error.__cause__ or error.__context__


class DynamoClient:
    """The client that PynamoDB calls."""

    _request_signer = None
    """PynamoDB looks at it to find out whether credentials are missing."""

    def __init__(self, wire: Wire, database: Database, kernel: Kernel) -> None:
        self._wire = wire
        self._database = database
        self._random = kernel.random

    def _make_api_call(self, operation: str, arguments: Mapping[str, Any]) -> Any:
        return self._wire.call(
            operation,
            lambda: self._answer(operation, arguments),
            lambda: described(operation, arguments),
            attempts=DYNAMODB_ATTEMPTS,
            conflict=(lambda: self._conflict(operation, arguments)) if operation in _WRITES else None,
        )

    def _answer(self, operation: str, arguments: Mapping[str, Any]) -> Any:
        if operation != "BatchGetItem" or self._random.random() >= self._wire.weather.throttled:
            return self._database.call(operation, arguments)
        [(table, wanted)] = arguments["RequestItems"].items()
        left_out = self._random.randrange(len(wanted["Keys"]))
        if not left_out:
            return self._database.call(operation, arguments)
        given, rest = wanted["Keys"][left_out:], wanted["Keys"][:left_out]
        answer = self._database.call(operation, {"RequestItems": {table: {**wanted, "Keys": given}}})
        return {**answer, "UnprocessedKeys": {table: {**wanted, "Keys": rest}}}

    def _conflict(self, operation: str, arguments: Mapping[str, Any]) -> Exception:
        if operation != "TransactWriteItems":
            return refusal("TransactionConflictException", "Transaction is ongoing for the item", operation)
        reasons: list[dict[str, Any]] = [{"Code": "None"} for _ in arguments["TransactItems"]]
        reasons[self._random.randrange(len(reasons))] = {"Code": "TransactionConflict", "Message": "ongoing"}
        return refusal("TransactionCanceledException", "Transaction cancelled", operation, reasons)


def described(operation: str, arguments: Mapping[str, Any]) -> str:
    """The keys that a call is about, for the log."""
    if operation == "TransactWriteItems":
        return "; ".join(_action(*next(iter(action.items()))) for action in arguments["TransactItems"])
    if operation == "BatchGetItem":
        [(_, wanted)] = arguments["RequestItems"].items()
        return _consistency(wanted) + ", ".join(_key(key) for key in wanted["Keys"])
    if operation == "Query":
        return f"{_consistency(arguments)}{arguments.get('IndexName', '')} {arguments['ExpressionAttributeValues']}"
    return _consistency(arguments) + _action(operation.removesuffix("Item"), arguments)


def _consistency(arguments: Mapping[str, Any]) -> str:
    return "consistently " if arguments.get("ConsistentRead") else ""


def _action(kind: str, arguments: Mapping[str, Any]) -> str:
    parts = [kind, _key(arguments.get("Item") or arguments["Key"])]
    if "UpdateExpression" in arguments:
        parts.append(_filled(arguments["UpdateExpression"], arguments))
    if "ConditionExpression" in arguments:
        parts.append("if " + _filled(arguments["ConditionExpression"], arguments))
    return " ".join(parts)


def _filled(text: str, arguments: Mapping[str, Any]) -> str:
    filled = {**arguments.get("ExpressionAttributeNames", {}), **arguments.get("ExpressionAttributeValues", {})}
    for placeholder in sorted(filled, key=len, reverse=True):
        value = filled[placeholder]
        shown = next(iter(value.values())) if isinstance(value, dict) else value
        text = text.replace(placeholder, str(shown)[:60])
    return text


def _key(key: Mapping[str, Any]) -> str:
    return f"{key['pk']['S']}|{key['sk']['S']}"
