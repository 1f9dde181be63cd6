"""DynamoDB's expressions: parsed once into functions, and kept by their text.

PynamoDB writes the same few dozen texts over and over, with placeholders for names and values; so a condition costs its
evaluation and no parsing. Grammar: docs.aws.amazon.com/amazondynamodb, "Condition and filter expressions" and "Update
expressions".
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.simulation.dynamodb import values
from tests.simulation.dynamodb.values import Item, Value

Names = Mapping[str, str]
Values = Mapping[str, Value]
Condition = Callable[[Item, Names, Values], bool]
Operand = Callable[[Item, Names, Values], Value | None]

_TOKEN = re.compile(r"\s*(?:(<>|<=|>=|[=<>(),.\[\]+-])|([#:]?[A-Za-z0-9_]+))")
_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class Malformed(Exception):
    """An expression that DynamoDB would answer with a ValidationException."""


@dataclass(frozen=True, slots=True)
class Path:
    """A document path as written: names or placeholders, and list positions."""

    parts: tuple[str | int, ...]

    def resolved(self, names: Names) -> tuple[str | int, ...]:
        """The path with its placeholders replaced."""
        return tuple(_name(part, names) if isinstance(part, str) else part for part in self.parts)

    def __call__(self, item: Item, names: Names, given: Values) -> Value | None:
        if len(self.parts) == 1:  # as nearly all are
            return item.get(_name(str(self.parts[0]), names))
        first, *rest = self.resolved(names)
        found = item.get(str(first))
        for part in rest:
            if found is None:
                return None
            if isinstance(part, int):
                held = found.get("L", [])
                found = held[part] if part < len(held) else None
            else:
                found = found.get("M", {}).get(part)
        return found


def _name(part: str, names: Names) -> str:
    if part[0] != "#":
        return part
    try:
        return names[part]
    except KeyError:
        raise Malformed(f"An expression attribute name used in the document path is not defined: {part}") from None


@dataclass(frozen=True, slots=True)
class KeyCondition:
    """What a query asks for: the partition, and what its sort keys must fulfil."""

    hash_name: str
    hash_value: str
    rest: Condition | None
    """Of the sort key; None for all."""


@dataclass(frozen=True, slots=True)
class Update:
    """An update expression; `applied` gives the item after it."""

    sets: tuple[tuple[Path, Operand], ...]
    removes: tuple[Path, ...]
    adds: tuple[tuple[Path, Operand], ...]
    deletes: tuple[tuple[Path, Operand], ...]

    def touched(self, names: Names) -> set[str]:
        """The attributes that it changes. Raises `Malformed` when two of its paths overlap."""
        paths = [path.resolved(names) for path, _ in (*self.sets, *self.adds, *self.deletes)]
        paths += [path.resolved(names) for path in self.removes]
        tops = {str(path[0]) for path in paths}
        if len(tops) != len(paths):
            for index, one in enumerate(paths):
                for other in paths[index + 1 :]:
                    shorter = min(len(one), len(other))
                    if one[:shorter] == other[:shorter]:
                        raise Malformed("Two document paths overlap with each other")
        return tops

    def applied(self, item: Item, names: Names, given: Values) -> Item:
        """The item after the update; every operand sees it as it was before."""
        after = dict(item)
        for path, operand in self.sets:
            value = operand(item, names, given)
            if value is None:
                raise Malformed("The provided expression refers to an attribute that does not exist in the item")
            _put(after, path.resolved(names), value)
        for path, operand in self.adds:
            self._combine(after, path, path(item, names, given), operand(item, names, given), names, _added)
        for path, operand in self.deletes:
            old = path(item, names, given)
            if old is not None:
                self._combine(after, path, old, operand(item, names, given), names, values.difference)
        for path in self.removes:
            _put(after, path.resolved(names), None)
        return after

    @staticmethod
    def _combine(
        after: Item,
        path: Path,
        old: Value | None,
        change: Value | None,
        names: Names,
        combine: Callable[[Value, Value], Value | None],
    ) -> None:
        if change is None or not change.keys() & {"N", "SS", "NS", "BS"}:
            raise Malformed("Incorrect operand type for operator or function")
        value = change if old is None else combine(old, change)
        if value is None:
            raise Malformed("An operand in the update expression has an incorrect data type")
        [held] = value.values()
        _put(after, path.resolved(names), None if held == [] else value)


def _added(old: Value, change: Value) -> Value | None:
    return values.plus(old, change) or values.union(old, change)


def _put(item: Item, path: tuple[str | int, ...], value: Value | None) -> None:
    """Set or (None) remove what is at `path`; what lies around it is copied, never changed: others hold it, too."""
    first, rest = str(path[0]), path[1:]
    if not rest:
        if value is None:
            item.pop(first, None)
        else:
            item[first] = value
        return
    if first not in item:
        raise Malformed("The document path provided in the update expression is invalid for update")
    item[first] = _within(item[first], rest, value)


def _within(outer: Value, path: tuple[str | int, ...], value: Value | None) -> Value:
    step, rest = path[0], path[1:]
    if isinstance(step, str) and "M" in outer:
        held = dict(outer["M"])
        _put(held, path, value)
        return {"M": held}
    if isinstance(step, int) and "L" in outer:
        elements = list(outer["L"])
        if step < len(elements):
            if rest:
                elements[step] = _within(elements[step], rest, value)
            elif value is None:
                del elements[step]
            else:
                elements[step] = value
        elif rest:
            raise Malformed("The document path provided in the update expression is invalid for update")
        elif value is not None:
            elements.append(value)
        return {"L": elements}
    raise Malformed("The document path provided in the update expression is invalid for update")


@cache
def condition(text: str) -> Condition:
    """The condition or filter that `text` says."""
    parser = _Parser(text)
    parsed = parser.disjunction()
    parser.end()
    return parsed


@cache
def update(text: str) -> Update:
    """The update that `text` says."""
    parser = _Parser(text)
    return parser.update()


@cache
def projection(text: str) -> tuple[Path, ...]:
    """The paths that a projection names."""
    parser = _Parser(text)
    paths = [parser.path()]
    while parser.take(","):
        paths.append(parser.path())
    parser.end()
    return tuple(paths)


@cache
def _key_condition(text: str) -> tuple[Path, str, Condition | None]:
    parser = _Parser(text)
    outer = parser.take("(")
    path = parser.path()
    parser.expect("=")
    placeholder = parser.next()
    rest = parser.comparison() if parser.take_word("AND") else None
    if outer:
        parser.expect(")")
    parser.end()
    return path, placeholder, rest


def key_condition(text: str, names: Names, given: Values) -> KeyCondition:
    """The key condition that `text` says: the partition key equals a value, and perhaps a condition on the sort key."""
    path, placeholder, rest = _key_condition(text)
    [name] = path.resolved(names)
    return KeyCondition(str(name), given[placeholder]["S"], rest)


def projected(item: Item, paths: Sequence[Path], names: Names) -> Item:
    """The parts of an item that a projection names."""
    if all(len(path.parts) == 1 for path in paths):
        wanted = [str(path.resolved(names)[0]) for path in paths]
        return {name: item[name] for name in wanted if name in item}
    raise NotImplementedError("projections of nested parts")


class _Parser:
    """A recursive descent over the tokens of one expression."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._at = 0

    def peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def next(self) -> str:
        token = self.peek()
        if not token:
            raise Malformed(f"Syntax error at the end of: {self._text}")
        self._at += 1
        return token

    def take(self, token: str) -> bool:
        found = self.peek() == token
        self._at += found
        return found

    def take_word(self, word: str) -> bool:
        found = self.peek().upper() == word
        self._at += found
        return found

    def expect(self, token: str) -> None:
        if not self.take(token):
            raise Malformed(f"Syntax error; {token!r} expected, found {self.peek()!r} in: {self._text}")

    def end(self) -> None:
        if self.peek():
            raise Malformed(f"Syntax error; token: {self.peek()!r} in: {self._text}")

    # ---- conditions

    def disjunction(self) -> Condition:
        parts = [self._conjunction()]
        while self.take_word("OR"):
            parts.append(self._conjunction())
        if len(parts) == 1:
            return parts[0]
        return lambda item, names, given: any(part(item, names, given) for part in parts)

    def _conjunction(self) -> Condition:
        parts = [self._negation()]
        while self.take_word("AND"):
            parts.append(self._negation())
        if len(parts) == 1:
            return parts[0]
        return lambda item, names, given: all(part(item, names, given) for part in parts)

    def _negation(self) -> Condition:
        if self.take_word("NOT"):
            inner = self._negation()
            return lambda item, names, given: not inner(item, names, given)
        if self.take("("):
            within = self.disjunction()
            self.expect(")")
            return within
        return self.comparison()

    def comparison(self) -> Condition:
        word = self.peek().lower()
        if word in _FUNCTIONS and self._tokens[self._at + 1 : self._at + 2] == ["("]:
            self._at += 2
            arguments = [self.operand()]
            while self.take(","):
                arguments.append(self.operand())
            self.expect(")")
            return _FUNCTIONS[word](*arguments)
        left = self.operand()
        if self.take_word("BETWEEN"):
            low = self.operand()
            if not self.take_word("AND"):
                raise Malformed(f"BETWEEN without AND in: {self._text}")
            return _between(left, low, self.operand())
        if self.take_word("IN"):
            self.expect("(")
            choices = [self.operand()]
            while self.take(","):
                choices.append(self.operand())
            self.expect(")")
            return _one_of(left, choices)
        return _compared(left, self.next(), self.operand())

    def operand(self) -> Operand:
        token = self.peek()
        if token.startswith(":"):
            self._at += 1
            return _value(token)
        if token.lower() == "size" and self._tokens[self._at + 1 : self._at + 2] == ["("]:
            self._at += 2
            of = self.path()
            self.expect(")")
            return _size(of)
        return self.path()

    def path(self) -> Path:
        parts: list[str | int] = [self._identifier()]
        while True:
            if self.take("."):
                parts.append(self._identifier())
            elif self.take("["):
                parts.append(int(self.next()))
                self.expect("]")
            else:
                return Path(tuple(parts))

    def _identifier(self) -> str:
        token = self.next()
        if not re.fullmatch(r"#?[A-Za-z0-9_]+", token):
            raise Malformed(f"Syntax error; token: {token!r} in: {self._text}")
        return token

    # ---- updates

    def update(self) -> Update:
        clauses: dict[str, list[Any]] = {"SET": [], "REMOVE": [], "ADD": [], "DELETE": []}
        while self.peek():
            clause = self.next().upper()
            if clause not in clauses:
                raise Malformed(f"Syntax error; token: {clause!r} in: {self._text}")
            clauses[clause].append(self._change(clause))
            while self.take(","):
                clauses[clause].append(self._change(clause))
        return Update(*(tuple(clauses[name]) for name in ("SET", "REMOVE", "ADD", "DELETE")))

    def _change(self, clause: str) -> Any:
        path = self.path()
        if clause == "REMOVE":
            return path
        if clause == "SET":
            self.expect("=")
            return path, self._sum()
        return path, self.operand()

    def _sum(self) -> Operand:
        left = self._term()
        for sign, combine in (("+", values.plus), ("-", values.minus)):
            if self.take(sign):
                return _arithmetic(combine, left, self._term())
        return left

    def _term(self) -> Operand:
        word = self.peek().lower()
        if word in ("if_not_exists", "list_append") and self._tokens[self._at + 1 : self._at + 2] == ["("]:
            self._at += 2
            first = self._sum()
            self.expect(",")
            second = self._sum()
            self.expect(")")
            return _if_not_exists(first, second) if word == "if_not_exists" else _list_append(first, second)
        return self.operand()


def _tokens(text: str) -> Iterator[str]:
    at = 0
    text = text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise Malformed(f"Syntax error at {text[at : at + 10]!r} in: {text}")
        yield found[1] or found[2]
        at = found.end()


def _value(placeholder: str) -> Operand:
    def look_up(item: Item, names: Names, given: Values) -> Value:
        try:
            return given[placeholder]
        except KeyError:
            raise Malformed(f"An expression attribute value used is not defined: {placeholder}") from None

    return look_up


def _size(of: Path) -> Operand:
    def measure(item: Item, names: Names, given: Values) -> Value | None:
        found = of(item, names, given)
        measured = None if found is None else values.size_of(found)
        return None if measured is None else {"N": str(measured)}

    return measure


def _compared(left: Operand, sign: str, right: Operand) -> Condition:
    if sign in ("=", "<>"):
        wanted = sign == "="

        def same(item: Item, names: Names, given: Values) -> bool:
            one, other = left(item, names, given), right(item, names, given)
            if one is None or other is None:
                return not wanted
            return values.equal(one, other) is wanted

        return same
    if sign not in _COMPARE:
        raise Malformed(f"Syntax error; token: {sign!r}")
    compare = _COMPARE[sign]

    def in_order(item: Item, names: Names, given: Values) -> bool:
        one, other = left(item, names, given), right(item, names, given)
        return one is not None and other is not None and values.ordered(compare, one, other)

    return in_order


def _between(operand: Operand, low: Operand, high: Operand) -> Condition:
    above, below = _compared(operand, ">=", low), _compared(operand, "<=", high)
    return lambda item, names, given: above(item, names, given) and below(item, names, given)


def _one_of(operand: Operand, choices: Sequence[Operand]) -> Condition:
    same = [_compared(operand, "=", choice) for choice in choices]
    return lambda item, names, given: any(each(item, names, given) for each in same)


def _tested(test: Callable[[Value, Value], bool]) -> Callable[[Operand, Operand], Condition]:
    def make(path: Operand, argument: Operand) -> Condition:
        def holds(item: Item, names: Names, given: Values) -> bool:
            one, other = path(item, names, given), argument(item, names, given)
            return one is not None and other is not None and test(one, other)

        return holds

    return make


_FUNCTIONS: dict[str, Callable[..., Condition]] = {
    "attribute_exists": lambda path: lambda item, names, given: path(item, names, given) is not None,
    "attribute_not_exists": lambda path: lambda item, names, given: path(item, names, given) is None,
    "attribute_type": _tested(lambda value, kind: kind["S"] in value),
    "begins_with": _tested(values.begins_with),
    "contains": _tested(values.contains),
}


def _arithmetic(combine: Callable[[Value, Value], Value | None], left: Operand, right: Operand) -> Operand:
    def worked_out(item: Item, names: Names, given: Values) -> Value | None:
        one, other = left(item, names, given), right(item, names, given)
        if one is None or other is None:
            return None
        outcome = combine(one, other)
        if outcome is None:
            raise Malformed("An operand in the update expression has an incorrect data type")
        return outcome

    return worked_out


def _if_not_exists(path: Operand, otherwise: Operand) -> Operand:
    def first_of(item: Item, names: Names, given: Values) -> Value | None:
        found = path(item, names, given)
        return otherwise(item, names, given) if found is None else found

    return first_of


def _list_append(left: Operand, right: Operand) -> Operand:
    def appended(item: Item, names: Names, given: Values) -> Value | None:
        one, other = left(item, names, given), right(item, names, given)
        if one is None or other is None:
            return None
        if "L" not in one or "L" not in other:
            raise Malformed("An operand in the update expression has an incorrect data type")
        return {"L": [*one["L"], *other["L"]]}

    return appended
