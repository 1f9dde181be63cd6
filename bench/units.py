"""What DynamoDB bills, computed from items: the local cloud does not count as AWS does.

Sources: docs.aws.amazon.com/amazondynamodb/latest/developerguide, "DynamoDB item sizes and formats", "Capacity unit
consumption", "Global secondary indexes: write capacity", "Transactions: capacity management". Index entries are written
after the transaction, by replication, so they cost what plain writes cost.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

RawItem = Mapping[str, Mapping[str, Any]]

WRITE_STEP, READ_STEP = 1024, 4096
TRANSACTIONAL = 2


@dataclass(frozen=True)
class Index:
    """A secondary index: its key attributes, and what it carries besides all keys (None: everything)."""

    name: str
    keys: tuple[str, ...]
    carries: tuple[str, ...] | None = ()


def size_of(item: RawItem | None) -> int:
    """Bytes of an item as billed: names and values."""
    return sum(len(name.encode()) + _value(value) for name, value in (item or {}).items())


def _value(value: Mapping[str, Any]) -> int:
    [(kind, held)] = value.items()
    match kind:
        case "S":
            return len(held.encode())
        case "N":
            return _number(held)
        case "B":
            return len(held if isinstance(held, bytes) else b64decode(held))
        case "SS" | "NS" | "BS":
            return sum(_value({kind[0]: one}) for one in held)
        case "L":
            return 3 + sum(1 + _value(one) for one in held)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value(one) for name, one in held.items())
        case _:  # BOOL, NULL
            return 1


def _number(text: str) -> int:
    digits = text.lstrip("-").replace(".", "").strip("0")
    return ceil(len(digits) / 2) + 1 + text.startswith("-")


def steps(size: int, step: int) -> int:
    """Units for so many bytes; nothing still costs one."""
    return max(1, ceil(size / step))


def write_units(before: RawItem | None, after: RawItem | None, *, transactional: bool) -> int:
    """Units of writing, changing, deleting or only checking an item: the larger of its two images counts."""
    units = steps(max(size_of(before), size_of(after)), WRITE_STEP)
    return units * TRANSACTIONAL if transactional else units


def index_units(before: RawItem | None, after: RawItem | None, indexes: Iterable[Index], key: Sequence[str]) -> int:
    """Units of what the change of an item writes into indexes: nothing where its entry stays as it was."""
    return sum(_one_index(_entry(before, index, key), _entry(after, index, key), index) for index in indexes)


def _entry(item: RawItem | None, index: Index, key: Sequence[str]) -> RawItem | None:
    if item is None or any(name not in item for name in index.keys):
        return None
    if index.carries is None:
        return item
    return {name: item[name] for name in (*key, *index.keys, *index.carries) if name in item}


def _one_index(before: RawItem | None, after: RawItem | None, index: Index) -> int:
    if before == after:
        return 0
    if before is None or after is None:
        return steps(size_of(before or after), WRITE_STEP)
    if all(before[name] == after[name] for name in index.keys):
        return steps(max(size_of(before), size_of(after)), WRITE_STEP)
    # Another key is another place: the old entry is deleted, the new one written.
    return steps(size_of(before), WRITE_STEP) + steps(size_of(after), WRITE_STEP)


def read_units(sizes: Iterable[int], *, consistent: bool, together: bool) -> float:
    """Units of reading items: each is rounded up by itself, or `together` as a query does. A miss counts as one item."""
    taken = list(sizes)
    units = steps(sum(taken), READ_STEP) if together else sum(steps(size, READ_STEP) for size in taken)
    return units if consistent else units / 2
