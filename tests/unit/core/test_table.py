import pytest
from botocore.exceptions import ClientError
from pynamodb.attributes import NumberAttribute

from chalicelib.core import table as core_table
from chalicelib.core.errors import Conflict, Contended, Fault, Unavailable
from chalicelib.core.table import CommandTooLarge, Item, Transaction, find, find_many


class Short(Conflict):
    code = "short_in_test"

    @classmethod
    def combine(cls, errors):
        return cls("short", faults=[fault for error in errors for fault in error.faults])


class Stock(Item):
    left = NumberAttribute()


def take(tx, name, wanted):
    def short(raw):
        left = Stock.from_raw_data(raw).left if raw else 0
        return Short("short", faults=[Fault(name, "short", f"{wanted} wanted, {left} left")])

    tx.update(Stock(name, "S"), [Stock.left.set(Stock.left - wanted)], Stock.left >= wanted, short)


@pytest.fixture
def stock(table):
    for name, left in {"a": 5, "b": 1, "c": 0}.items():
        Stock(name, "S", left=left).save()


def test_all_or_nothing_and_every_line_that_failed_is_named(stock):
    tx = Transaction()
    for name, wanted in {"a": 2, "b": 2, "c": 1, "d": 1}.items():
        take(tx, name, wanted)
    with pytest.raises(Short) as refused:
        tx.commit()
    assert [(fault.pointer, fault.detail) for fault in refused.value.faults] == [
        ("b", "2 wanted, 1 left"),
        ("c", "1 wanted, 0 left"),
        ("d", "1 wanted, 0 left"),
    ]
    assert find(Stock, "a", "S").left == 5


def test_reasons_belong_to_their_action_whatever_its_kind(stock):
    """DynamoDB lists the reasons in the order of the request: checks, deletes, puts, updates."""
    named = {
        "check": lambda tx, fails: tx.check(
            Stock("a", "S"), Stock.left > (9 if fails else 1), lambda _: Conflict("check")
        ),
        "delete": lambda tx, fails: tx.delete(
            Stock("b", "S"), Stock.left > (9 if fails else 0), lambda _: Conflict("delete")
        ),
        "put": lambda tx, fails: tx.create(
            Stock("a" if fails else "x", "S" if fails else "N", left=1), lambda _: Conflict("put")
        ),
        "update": lambda tx, fails: tx.update(
            Stock("c", "S"), [Stock.left.set(7)], Stock.left == (9 if fails else 0), lambda _: Conflict("update")
        ),
    }
    for failing in ("update", "delete", "check"):
        tx = Transaction()
        for name in ("update", "put", "delete", "check"):
            named[name](tx, name == failing)
        with pytest.raises(Conflict, match=failing):
            tx.commit()
    assert find(Stock, "b", "S").left == 1


def test_what_exists_is_not_created_again(stock):
    tx = Transaction()
    tx.create(Stock("a", "S", left=100), lambda raw: Conflict(f"there are {Stock.from_raw_data(raw).left}"))
    with pytest.raises(Conflict, match="there are 5"):
        tx.commit()
    assert find(Stock, "a", "S").left == 5


def cancelled(*codes):
    reasons = [{"Code": code} for code in codes]
    error = {"Error": {"Code": "TransactionCanceledException", "Message": "cancelled"}, "CancellationReasons": reasons}
    return ClientError(error, "TransactWriteItems")


@pytest.fixture
def fail(monkeypatch):
    """Make DynamoDB answer with these errors first; returns the tokens of all attempts."""
    monkeypatch.setattr(core_table, "sleep", lambda seconds: None)
    client = Item._get_connection().connection.client

    def arm(*failures):
        pending, tokens, real = list(failures), [], client._make_api_call

        def call(operation, arguments):
            if operation == "TransactWriteItems":
                tokens.append(arguments["ClientRequestToken"])
                if pending:
                    raise pending.pop(0)
            return real(operation, arguments)

        monkeypatch.setattr(client, "_make_api_call", call)
        return tokens

    return arm


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_what_passes_is_tried_again_with_the_same_token(stock, fail, code):
    tokens = fail(cancelled(code), cancelled("None", code))
    tx = Transaction()
    take(tx, "a", 2)
    tx.commit()
    assert len(tokens) == 3
    assert len(set(tokens)) == 1
    assert find(Stock, "a", "S").left == 3


def test_lasting_conflict_is_contended(stock, fail):
    tokens = fail(*[cancelled("TransactionConflict")] * 10)
    tx = Transaction()
    take(tx, "a", 2)
    with pytest.raises(Contended):
        tx.commit()
    assert len(tokens) == 6


def test_a_condition_that_failed_beside_a_conflict_decides(stock, fail):
    fail(cancelled("TransactionConflict", "ConditionalCheckFailed"))
    tx = Transaction()
    take(tx, "a", 2)
    tx.update(Stock("b", "S"), [Stock.left.set(0)], Stock.left > 9, lambda _: Conflict("b"))
    with pytest.raises(Conflict, match="b"):
        tx.commit()


def test_an_unknown_outcome_is_unavailable(stock, fail):
    fail(ClientError({"Error": {"Code": "InternalServerError", "Message": "x"}}, "TransactWriteItems"))
    tx = Transaction()
    take(tx, "a", 2)
    with pytest.raises(Unavailable):
        tx.commit()


def test_a_command_is_bounded(table):
    tx = Transaction()
    for number in range(101):
        tx.put(Stock(str(number), "S", left=1))
    with pytest.raises(CommandTooLarge):
        tx.commit()


def test_many_are_found_in_batches_and_what_is_missing_is_left_out(table):
    for number in range(120):
        Stock(str(number), "S", left=number).save()
    found = find_many([(Stock, str(number), "S") for number in range(130)])
    assert {int(pk): item.left for (pk, _), item in found.items()} == {number: number for number in range(120)}


def test_a_transaction_of_nothing_asks_nobody(monkeypatch):
    """DynamoDB refuses one without actions; moto does not."""
    monkeypatch.setattr(Item, "_get_connection", lambda: pytest.fail("somebody was asked"))
    Transaction().commit()
