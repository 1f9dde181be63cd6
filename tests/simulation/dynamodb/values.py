"""Attribute values as DynamoDB compares, adds up and weighs them: `{"S": "text"}`, `{"N": "42"}`, `{"M": {…}}` and so on."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal
from typing import Any

Value = dict[str, Any]
Item = dict[str, Value]

_EXACT = Context(prec=38)
_ORDERED = {"S", "N", "B"}
_SETS = {"SS", "NS", "BS"}


def number(text: str) -> int | Decimal:
    """The number behind an `N`. Most are integers, and those are far cheaper than decimals."""
    try:
        return int(text)
    except ValueError:
        return _EXACT.create_decimal(text)


def as_text(value: int | Decimal) -> str:
    """A number as DynamoDB gives it back: without superfluous zeros or exponents."""
    if isinstance(value, int):
        return str(value)
    if value == value.to_integral_value():
        return str(int(value))
    return format(value.normalize(_EXACT), "f")


def equal(left: Value, right: Value) -> bool:
    """Whether two values are the same: numbers by value, sets in any order."""
    (kind, one), (other_kind, other) = *left.items(), *right.items()
    if kind != other_kind:
        return False
    if kind == "N":
        return number(one) == number(other)
    if kind == "NS":
        return {number(each) for each in one} == {number(each) for each in other}
    if kind in _SETS:
        return set(one) == set(other)
    if kind == "L":
        return len(one) == len(other) and all(map(equal, one, other))
    if kind == "M":
        return one.keys() == other.keys() and all(equal(one[name], other[name]) for name in one)
    same: bool = one == other
    return same


def ordered(compare: Callable[[Any, Any], bool], left: Value, right: Value) -> bool:
    """Whether `left` and `right` stand in an order; values of two types, or of one without order, stand in none."""
    (kind, one), (other_kind, other) = *left.items(), *right.items()
    if kind != other_kind or kind not in _ORDERED:
        return False
    if kind == "N":
        return compare(number(one), number(other))
    # UTF-8 sorts as code points do, and so do Python's strings.
    return compare(one, other)


def begins_with(value: Value, prefix: Value) -> bool:
    """Whether text or bytes begin so."""
    return any(kind in value and kind in prefix and value[kind].startswith(prefix[kind]) for kind in ("S", "B"))


def contains(value: Value, wanted: Value) -> bool:
    """Whether a text holds a text, or a set or list an element."""
    [(kind, held)] = value.items()
    [(wanted_kind, one)] = wanted.items()
    if kind in ("S", "B"):
        return kind == wanted_kind and one in held
    if kind == "L":
        return any(equal(each, wanted) for each in held)
    return kind in _SETS and kind[0] == wanted_kind and any(equal({wanted_kind: each}, wanted) for each in held)


def plus(left: Value, right: Value) -> Value | None:
    """The sum of two numbers; None when one is none."""
    return {"N": as_text(_sum(left["N"], right["N"]))} if "N" in left and "N" in right else None


def minus(left: Value, right: Value) -> Value | None:
    """The difference of two numbers; None when one is none."""
    return {"N": as_text(_sum(left["N"], "-" + right["N"]))} if "N" in left and "N" in right else None


def _sum(one: str, other: str) -> int | Decimal:
    left, right = number(one), number(other.replace("--", ""))
    if isinstance(left, int) and isinstance(right, int):
        return left + right
    return _EXACT.add(Decimal(left), Decimal(right))


def union(old: Value, more: Value) -> Value | None:
    """A set with further elements; None for values that are no sets of one type."""
    [(kind, held)] = old.items()
    if kind not in _SETS or kind not in more:
        return None
    return {kind: [*held, *(each for each in more[kind] if each not in held)]}


def difference(old: Value, fewer: Value) -> Value | None:
    """A set without some elements; None for values that are no sets of one type."""
    [(kind, held)] = old.items()
    if kind not in _SETS or kind not in fewer:
        return None
    return {kind: [each for each in held if each not in fewer[kind]]}


def size_of(value: Value) -> int | None:
    """What the function `size` says: characters, bytes or elements."""
    [(kind, held)] = value.items()
    return len(held) if kind in {"S", "B", "L", "M", *_SETS} else None


def weight(item: Item) -> int:
    """The bytes that an item counts for: docs.aws.amazon.com/amazondynamodb, "DynamoDB item sizes and formats"."""
    total = 0
    for name, value in item.items():
        text = value.get("S")
        total += len(name) + (len(text) if text is not None and text.isascii() else _bytes_of(value))
    return total


def _bytes_of(value: Value) -> int:
    [(kind, held)] = value.items()
    if kind == "S":
        return len(held) if held.isascii() else len(held.encode())
    if kind == "N":
        return len(held) // 2 + 2
    if kind == "B":
        return len(held)
    if kind in ("BOOL", "NULL"):
        return 1
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _bytes_of(each) for name, each in held.items())
    if kind == "L":
        return 3 + sum(1 + _bytes_of(each) for each in held)
    return sum(_bytes_of({kind[0]: each}) for each in held)
