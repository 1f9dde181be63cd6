"""What DynamoDB promises, and moto does not show: tokens, limits, pages, and readers that are behind."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulation.dynamodb import Change, Database

TABLE = "aisle-test"


class Clock:
    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at


def item(sk: str, **attributes: Any) -> dict[str, Any]:
    return {"pk": {"S": "A"}, "sk": {"S": sk}, **attributes}


def put(database: Database, *items: dict[str, Any], token: str | None = None) -> None:
    actions = [{"Put": {"TableName": TABLE, "Item": one}} for one in items]
    given = {"ClientRequestToken": token} if token else {}
    database.call("TransactWriteItems", {"TransactItems": actions, **given})


def refused(database: Database, operation: str, arguments: dict[str, Any]) -> str:
    with pytest.raises(ClientError) as caught:
        database.call(operation, arguments)
    return str(caught.value.response["Error"]["Code"])


def adding(units: int) -> dict[str, Any]:
    return {
        "TransactItems": [
            {
                "Update": {
                    "TableName": TABLE,
                    "Key": item("a"),
                    "UpdateExpression": "ADD n :n",
                    "ExpressionAttributeValues": {":n": {"N": str(units)}},
                }
            }
        ],
        "ClientRequestToken": "once",
    }


def test_a_token_makes_a_transaction_once_for_ten_minutes() -> None:
    clock = Clock()
    database = Database(TABLE, now=clock)
    for _ in range(3):
        database.call("TransactWriteItems", adding(1))
    assert database.item("A", "a") == item("a", n={"N": "1"})
    assert refused(database, "TransactWriteItems", adding(2)) == "IdempotentParameterMismatchException"
    clock.at += 601
    database.call("TransactWriteItems", adding(2))
    assert database.item("A", "a") == item("a", n={"N": "3"})


def test_a_transaction_that_was_cancelled_may_come_again_with_its_token() -> None:
    database = Database(TABLE)
    arguments = adding(1)
    arguments["TransactItems"][0]["Update"]["ConditionExpression"] = "attribute_exists(n)"
    assert refused(database, "TransactWriteItems", arguments) == "TransactionCanceledException"
    put(database, item("a", n={"N": "5"}))
    database.call("TransactWriteItems", arguments)
    assert database.item("A", "a") == item("a", n={"N": "6"})


def test_a_transaction_is_bounded() -> None:
    database = Database(TABLE)
    put(database, *(item(f"{number:03}") for number in range(100)))
    for too_much in (
        [item(f"{number:03}") for number in range(101)],
        [],
        [item("same"), item("same")],
        [item(str(number), t={"S": "x" * 399_000}) for number in range(11)],
        [item("big", t={"S": "x" * 400 * 1024})],
    ):
        with pytest.raises(ClientError, match=r"Validation|Canceled"):
            put(database, *too_much)
    assert sum(1 for _ in database.items()) == 100


@pytest.mark.parametrize(
    "wrong",
    [
        {"pk": {"S": "A"}},
        {"pk": {"S": ""}, "sk": {"S": "a"}},
        {"pk": {"N": "1"}, "sk": {"S": "a"}},
        {"pk": {"S": "A"}, "sk": {"S": "x" * 1025}},
        item("a", gsi1pk={"N": "1"}),
        item("a", gsi1pk={"S": ""}),
    ],
)
def test_an_item_that_does_not_fit_the_keys_is_refused(wrong: dict[str, Any]) -> None:
    assert refused(Database(TABLE), "PutItem", {"TableName": TABLE, "Item": wrong}) == "ValidationException"


def test_another_table_is_not_found() -> None:
    got = refused(Database(TABLE), "GetItem", {"TableName": "other", "Key": item("a")})
    assert got == "ResourceNotFoundException"


def test_a_key_cannot_be_updated_nor_a_path_twice() -> None:
    database = Database(TABLE)
    values = {":v": {"S": "x"}, ":w": {"S": "y"}}
    for update in ("SET sk = :v, t = :w", "SET t = :v, t = :w", "SET m.k = :v, m = :w", "SET t = :nobody", "GET t"):
        arguments = {
            "TableName": TABLE,
            "Key": item("a"),
            "UpdateExpression": update,
            "ExpressionAttributeValues": values,
        }
        assert refused(database, "UpdateItem", arguments) == "ValidationException", update


def query(database: Database, index: str | None = None, **more: Any) -> dict[str, Any]:
    arguments = {
        "TableName": TABLE,
        "KeyConditionExpression": f"{index or ''}pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "A"}},
        **({"IndexName": index} if index else {}),
        **more,
    }
    return database.call("Query", arguments)


def test_pages_go_on_where_they_ended_in_both_directions() -> None:
    database = Database(TABLE)
    put(database, *(item(name) for name in "abcde"))
    for forward, expected in ((True, "abcde"), (False, "edcba")):
        seen, start, pages = "", {}, 0
        while True:
            page = query(database, Limit=2, ScanIndexForward=forward, **start)
            seen += "".join(one["sk"]["S"] for one in page["Items"])
            pages += 1
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        assert (seen, pages) == (expected, 3)


def test_a_page_that_its_limit_fills_has_a_key_even_at_the_end() -> None:
    database = Database(TABLE)
    put(database, item("a"), item("b"))
    assert query(database, Limit=2)["LastEvaluatedKey"] == item("b")
    assert "LastEvaluatedKey" not in query(database, Limit=3)


def test_a_page_holds_a_megabyte() -> None:
    database = Database(TABLE)
    for name in "abcd":
        put(database, item(name, t={"S": "x" * 399_000}))
    page = query(database)
    assert ([one["sk"]["S"] for one in page["Items"]], page["LastEvaluatedKey"]) == (["a", "b", "c"], item("c"))


def test_an_index_shows_what_it_projects_and_is_never_consistent() -> None:
    database = Database(TABLE)
    for index, projected in (("gsi1", True), ("gsi2", True), ("gsi3", False)):
        place = {f"{index}pk": {"S": "A"}, f"{index}sk": {"S": "1"}}
        put(database, item("a", summary={"S": "s"}, t={"S": "t"}, **place))
        expected = item("a", **place, **({"summary": {"S": "s"}} if projected else {}))
        assert query(database, index)["Items"] == [expected]
        with pytest.raises(ClientError, match="Validation"):
            query(database, index, ConsistentRead=True)
    assert query(database, "gsi1")["Items"] == []


def test_a_reader_that_is_behind_sees_what_was() -> None:
    clock, behind = Clock(), [0.0]
    database = Database(TABLE, now=clock, lag=lambda: behind[0])
    place = {"gsi1pk": {"S": "A"}, "gsi1sk": {"S": "1"}}
    get = {"TableName": TABLE, "Key": item("a")}
    put(database, item("a", n={"N": "1"}, **place))
    clock.at += 10
    put(database, item("a", n={"N": "2"}))
    clock.at += 10
    database.call("DeleteItem", get)
    clock.at += 10

    def seen(seconds: float, **more: Any) -> Any:
        behind[0] = seconds
        found = database.call("GetItem", {**get, **more})
        return found["Item"]["n"]["N"] if found else None

    assert [seen(lag) for lag in (0, 9, 11, 21, 31)] == [None, None, "2", "1", None]
    assert seen(21, ConsistentRead=True) is None
    behind[0] = 21
    assert len(query(database, "gsi1")["Items"]) == 1
    behind[0] = 11
    assert query(database, "gsi1")["Items"] == []


def test_time_to_live_removes_what_has_expired() -> None:
    database = Database(TABLE)
    put(database, item("a", ttl={"N": "99"}), item("b", ttl={"N": "101"}), item("c"))
    assert database.remove_expired(100) == 1
    assert [key[1] for key, _ in database.items()] == ["b", "c"]


def test_whoever_watches_sees_a_transaction_at_once() -> None:
    database = Database(TABLE)
    seen: list[list[Change]] = []
    database.watch(seen.append)
    put(database, item("a"), item("b"))
    put(database, item("a", n={"N": "1"}))
    assert seen == [
        [Change(("A", "a"), None, item("a")), Change(("A", "b"), None, item("b"))],
        [Change(("A", "a"), item("a"), item("a", n={"N": "1"}))],
    ]


def test_what_was_handed_out_does_not_change() -> None:
    database = Database(TABLE)
    put(database, item("a", l={"L": [{"N": "1"}]}, m={"M": {"k": {"N": "1"}}}))
    before = database.item("A", "a")
    database.call(
        "UpdateItem",
        {
            "TableName": TABLE,
            "Key": item("a"),
            "UpdateExpression": "SET l[0] = :v, l[1] = :v, m.k = :v REMOVE nothing",
            "ExpressionAttributeValues": {":v": {"N": "2"}},
        },
    )
    assert before == item("a", l={"L": [{"N": "1"}]}, m={"M": {"k": {"N": "1"}}})
    assert database.item("A", "a") == item("a", l={"L": [{"N": "2"}, {"N": "2"}]}, m={"M": {"k": {"N": "2"}}})
