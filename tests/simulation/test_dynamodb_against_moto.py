"""The simulator's table against moto's: any sequence of operations has the same answers, refusals and items left.

Where the two differ on purpose, `Database` follows DynamoDB's documentation: see `test_dynamodb.py`.
"""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.conftest import empty
from tests.simulation.dynamodb import Database

TABLE = "aisle-test"
PKS, SKS = ("A", "B"), ("a", "ab", "b")
NAMES = ("n", "t", "s", "m")

numbers = st.sampled_from(["0", "1", "-3", "7", "2.5"])
texts = st.sampled_from(["", "x", "xy", "y"])


def value_for(name: str) -> st.SearchStrategy[Any]:
    """A value of the type that an attribute mostly has."""
    if name == "n":
        return st.builds(lambda text: {"N": text}, numbers)
    if name == "t":
        return st.builds(lambda text: {"S": text}, texts)
    if name == "s":
        return st.builds(lambda held: {"SS": sorted(held)}, st.sets(st.sampled_from(["p", "q", "r"]), min_size=1))
    return st.builds(lambda text: {"M": {"k": {"N": text}}}, numbers)


keys = st.builds(lambda pk, sk: {"pk": {"S": pk}, "sk": {"S": sk}}, st.sampled_from(PKS), st.sampled_from(SKS))
indexed = st.builds(
    lambda pk, sk: {"gsi1pk": {"S": pk}, "gsi1sk": {"S": sk}}, st.sampled_from("GH"), st.sampled_from(["1", "12", "2"])
)


@st.composite
def items(draw: st.DrawFn) -> dict[str, Any]:
    item = dict(draw(keys))
    for name in NAMES:
        if draw(st.booleans()):
            item[name] = draw(value_for(name))
    if draw(st.booleans()):
        item |= draw(indexed)
        item["summary"] = {"S": "seen in lists"}
    return item


@st.composite
def conditions(draw: st.DrawFn, depth: int = 2, place: str = "") -> tuple[str, dict[str, Any]]:
    """A condition, and the values that it names; `place` keeps the names of its parts apart."""
    if depth and draw(st.booleans()):
        left, values = draw(conditions(depth=depth - 1, place=f"{place}l"))
        kind = draw(st.sampled_from(["AND", "OR", "NOT"]))
        if kind == "NOT":
            return f"(NOT {left})", values
        right, more = draw(conditions(depth=depth - 1, place=f"{place}r"))
        return f"({left} {kind} {right})", {**values, **more}
    name = draw(st.sampled_from(NAMES))
    shape = draw(st.sampled_from(["exists", "absent", "compare", "between", "in", "begins", "type", "contains"]))
    one, other = f":{place}one", f":{place}other"
    if shape in ("exists", "absent"):
        return f"attribute_{'not_' if shape == 'absent' else ''}exists (#{name})", {}
    if shape == "begins":
        return f"begins_with (#t, {one})", {one: {"S": draw(st.sampled_from(["x", "xy", "z"]))}}
    if shape == "type":
        return f"attribute_type (#{name}, {one})", {one: {"S": draw(st.sampled_from(["S", "N", "SS", "M"]))}}
    if shape == "contains":
        return f"contains (#s, {one})", {one: {"S": draw(st.sampled_from(["p", "q", "z"]))}}
    name = draw(st.sampled_from(["n", "t"]))
    low, high = sorted([draw(value_for(name)), draw(value_for(name))], key=in_order)
    if shape == "between":
        return f"#{name} BETWEEN {one} AND {other}", {one: low, other: high}
    if shape == "in":
        return f"#{name} IN ({one}, {other})", {one: low, other: high}
    sign = draw(st.sampled_from(["=", "<>", "<", "<=", ">", ">="]))
    return f"#{name} {sign} {one}", {one: low}


def in_order(value: dict[str, str]) -> Any:
    return float(value["N"]) if "N" in value else value["S"]


@st.composite
def updates(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """An update expression, and the values that it names."""
    clauses, values = [], {}
    for name in draw(st.sets(st.sampled_from(NAMES), min_size=1)):
        shape = draw(st.sampled_from(["set", "remove", "more"]))
        given = draw(value_for(name))
        if shape == "remove":
            clauses.append(("REMOVE", f"#{name}"))
        elif shape == "more" and name == "n":
            values[f":u{name}"] = given
            clauses.append(
                draw(
                    st.sampled_from(
                        [
                            ("ADD", "#n :un"),
                            ("SET", "#n = #n - :un"),
                            ("SET", "#n = if_not_exists(#n, :un) + :un"),
                        ]
                    )
                )
            )
        elif shape == "more" and name == "s":
            values[":us"] = given
            clauses.append((draw(st.sampled_from(["ADD", "DELETE"])), "#s :us"))
        elif shape == "more" and name == "m":
            values[":um"] = {"N": "9"}
            clauses.append(("SET", "#m.k = :um"))
        else:
            values[f":u{name}"] = given
            clauses.append(("SET", f"#{name} = :u{name}"))
    if draw(st.booleans()):
        place = draw(indexed)
        for name in ("gsi1pk", "gsi1sk"):
            values[f":{name}"] = place[name]
            clauses.append(("SET", f"{name} = :{name}"))
    text = []
    for clause in ("SET", "REMOVE", "ADD", "DELETE"):
        parts = [part for kind, part in clauses if kind == clause]
        if parts:
            text.append(f"{clause} {', '.join(parts)}")
    return " ".join(text), values


def named(*texts: str) -> dict[str, Any]:
    used = {f"#{name}": name for name in NAMES if any(f"#{name}" in text for text in texts)}
    return {"ExpressionAttributeNames": used} if used else {}


@st.composite
def writes(draw: st.DrawFn, *, within: bool = False) -> tuple[str, dict[str, Any]]:
    """A write by itself, or (`within`) an action of a transaction."""
    kinds = ["Put", "Update", "Delete", *(["ConditionCheck"] if within else [])]
    kind = draw(st.sampled_from(kinds))
    text, values = "", {}
    arguments: dict[str, Any] = {"TableName": TABLE}
    if kind == "ConditionCheck" or draw(st.booleans()):
        text, values = draw(conditions())
        arguments["ConditionExpression"] = text
        if within:
            arguments["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    change = ""
    if kind == "Put":
        arguments["Item"] = draw(items())
    else:
        arguments["Key"] = draw(keys)
    if kind == "Update":
        change, more = draw(updates())
        values = {**values, **more}
        arguments["UpdateExpression"] = change
    arguments |= named(text, change)
    if values:
        arguments["ExpressionAttributeValues"] = values
    if not within and kind in ("Update", "Delete"):
        arguments["ReturnValues"] = "ALL_NEW" if kind == "Update" else "ALL_OLD"
    return kind, arguments


@st.composite
def transactions(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    actions = draw(st.lists(writes(within=True), min_size=1, max_size=4, unique_by=_target))
    return "TransactWriteItems", {"TransactItems": [{kind: arguments} for kind, arguments in actions]}


def _target(action: tuple[str, dict[str, Any]]) -> tuple[str, str]:
    key = action[1].get("Item") or action[1]["Key"]
    return key["pk"]["S"], key["sk"]["S"]


@st.composite
def reads(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    kind = draw(st.sampled_from(["GetItem", "BatchGetItem", "Query", "Query"]))
    if kind == "GetItem":
        return kind, {"TableName": TABLE, "Key": draw(keys), "ConsistentRead": True}
    if kind == "BatchGetItem":
        wanted = draw(st.lists(keys, min_size=1, max_size=4, unique_by=str))
        return kind, {"RequestItems": {TABLE: {"Keys": wanted, "ConsistentRead": True}}}
    index = draw(st.sampled_from([None, "gsi1"]))
    pk, sk = ("gsi1pk", "gsi1sk") if index else ("pk", "sk")
    values: dict[str, Any] = {":pk": {"S": draw(st.sampled_from("GH" if index else PKS))}}
    text = "#pk = :pk"
    shape = draw(
        st.sampled_from(["", "begins_with (#sk, :a)", "#sk BETWEEN :a AND :b", "#sk < :a", "#sk >= :a", "#sk > :a"])
    )
    if shape:
        text = f"({text} AND {shape})"
        values[":a"] = {"S": draw(st.sampled_from(["1", "12", "a", "ab"]))}
        if ":b" in shape:
            values[":b"] = {"S": draw(st.sampled_from(["2", "b", "z"]))}
            if values[":b"]["S"] < values[":a"]["S"]:
                values[":a"], values[":b"] = values[":b"], values[":a"]
    names = {"#pk": pk, **({"#sk": sk} if shape else {})}
    arguments: dict[str, Any] = {
        "TableName": TABLE,
        "KeyConditionExpression": text,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": draw(st.booleans()),
    }
    if index:
        arguments["IndexName"] = index
    if draw(st.booleans()):
        arguments["Limit"] = draw(st.integers(1, 3))
    return kind, arguments


def single() -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    return writes().map(lambda write: (f"{write[0]}Item", write[1]))


def outcome(call: Any, operation: str, arguments: dict[str, Any]) -> Any:
    """What an operation gives, without what no two implementations share."""
    try:
        answer = dict(call(operation, deepcopy(arguments)))
    except ClientError as error:
        code = error.response["Error"]["Code"]
        reasons = [
            (reason["Code"], comparable(reason.get("Item")))
            if reason["Code"] == "ConditionalCheckFailed"
            else reason["Code"]
            for reason in error.response.get("CancellationReasons", [])
        ]
        # An update that cannot be worked out is one of the reasons to DynamoDB; moto refuses the whole request at once.
        return ("ValidationException", []) if "ValidationError" in reasons else (code, reasons)
    kept = {name: answer[name] for name in ("Item", "Attributes", "Count") if name in answer}
    if "Responses" in answer:
        kept["Responses"] = sorted(answer["Responses"][TABLE], key=str)
    if "Items" in answer:
        kept["Items"] = answer["Items"]
    return comparable(kept)


def comparable(value: Any) -> Any:
    """The value with sets in order and numbers as they are, however they are written."""
    if isinstance(value, list):
        return [comparable(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"N"}:
        return {"N": Decimal(value["N"])}
    if value.keys() == {"SS"}:
        return {"SS": sorted(value["SS"])}
    return {name: comparable(each) for name, each in value.items()}


@pytest.mark.slow
@settings(max_examples=150, phases=[Phase.generate])
@given(operations=st.lists(st.one_of(single(), transactions(), reads()), min_size=1, max_size=12))
def test_both_answer_alike(memory: Any, operations: list[tuple[str, dict[str, Any]]]) -> None:
    empty(memory)
    database = Database(TABLE)
    for operation, arguments in operations:
        theirs = outcome(memory._make_api_call, operation, arguments)
        ours = outcome(database.call, operation, arguments)
        assert ours == theirs, f"{operation} {arguments} after {operations}"
    left = memory.scan(TableName=TABLE, ConsistentRead=True)["Items"]
    ours_left = [comparable(item) for _, item in database.items()]
    assert sorted(ours_left, key=_place) == sorted(comparable(left), key=_place)


def _place(item: dict[str, Any]) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]
