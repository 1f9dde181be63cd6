"""Request units of what the handlers did, computed from what each call read and wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.inside.wire import unheard
from bench.units import Index, index_units, read_units, size_of, write_units


class Ledger:
    """The units since `reset`. It looks at each item before and after it is written, by calls that do not count."""

    def __init__(self, dynamodb: Any, table: str, key: list[str], indexes: list[Index]) -> None:
        self.dynamodb = dynamodb
        self.table = table
        self._key = key
        self._indexes = indexes
        self.reset()

    def reset(self) -> None:
        """Count from zero."""
        self.writes = self.index_writes = 0
        self.reads = 0.0
        self.items: list[dict[str, Any]] = []

    def look(self, operation: str, request: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
        """Called before a call; the function it returns is called after."""
        touched = self._touched(operation, request)
        before = self._images(touched)

        def done(answer: dict[str, Any]) -> None:
            after = self._images(touched)
            for at in touched:
                images = before.get(at), after.get(at)
                units = write_units(*images, transactional=operation == "TransactWriteItems")
                in_indexes = index_units(*images, self._indexes, self._key)
                self.writes += units
                self.index_writes += in_indexes
                size = max(map(size_of, images))
                self.items.append({"item": _kind(at), "bytes": size, "units": units, "index_units": in_indexes})
            self.reads += _reads(operation, request, answer)

        return done

    def _touched(self, operation: str, request: dict[str, Any]) -> list[tuple[str, ...]]:
        match operation:
            case "TransactWriteItems":
                actions = [next(iter(action.values())) for action in request["TransactItems"]]
            case "PutItem" | "UpdateItem" | "DeleteItem":
                actions = [request]
            case _:
                return []
        holders = [action.get("Key") or action["Item"] for action in actions]
        return [tuple(holder[name]["S"] for name in self._key) for holder in holders]

    def _images(self, touched: list[tuple[str, ...]]) -> dict[tuple[str, ...], Any]:
        if not touched:
            return {}
        keys = [{name: {"S": part} for name, part in zip(self._key, at, strict=True)} for at in touched]
        with unheard():
            found = self.dynamodb.batch_get_item(RequestItems={self.table: {"Keys": keys, "ConsistentRead": True}})
        return {tuple(item[name]["S"] for name in self._key): item for item in found["Responses"][self.table]}


def _kind(key: tuple[str, ...]) -> str:
    """`ORDER# EVENT#` of a key: what it is, without whose."""
    return " ".join(part.partition("#")[0] for part in key)


def _reads(operation: str, request: dict[str, Any], answer: dict[str, Any]) -> float:
    match operation:
        case "GetItem":
            return read_units(
                [size_of(answer.get("Item"))], consistent=request.get("ConsistentRead", False), together=False
            )
        case "BatchGetItem":
            [(table, asked)] = request["RequestItems"].items()
            found = [size_of(item) for item in answer["Responses"].get(table, [])]
            missing = [0] * (len(asked["Keys"]) - len(found))
            return read_units(found + missing, consistent=asked.get("ConsistentRead", False), together=False)
        case "Query":
            sizes = [size_of(item) for item in answer["Items"]]
            return read_units(sizes, consistent=request.get("ConsistentRead", False), together=True)
        case _:
            return 0.0
