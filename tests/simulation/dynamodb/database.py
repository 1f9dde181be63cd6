"""The table, its indexes, and the operations on them."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tests.simulation.dynamodb import expressions, values
from tests.simulation.dynamodb.expressions import Malformed
from tests.simulation.dynamodb.values import Item

Key = tuple[str, str]
Arguments = Mapping[str, Any]
Answer = dict[str, Any]

MAX_ACTIONS = 100
MAX_ITEM_BYTES = 400 * 1024
MAX_TRANSACTION_BYTES = 4 * 1024 * 1024
MAX_PAGE_BYTES = 1024 * 1024
MAX_BATCH_KEYS = 100
TOKEN_SECONDS = 600
"""How long DynamoDB knows a client request token."""
KEPT_SECONDS = 60.0
"""How long an earlier state of an item can still be read; longer than any lag."""

INDEXES: Mapping[str, tuple[str, ...] | None] = {"gsi1": ("summary",), "gsi2": ("summary",), "gsi3": ()}
"""What each index holds beside keys, as infra/terraform/table.tf has it."""


def refusal(code: str, message: str, operation: str, reasons: Iterable[Mapping[str, Any]] = ()) -> ClientError:
    """An error as botocore raises it for an answer of DynamoDB."""
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": 400, "HTTPHeaders": {}},
    }
    if code == "TransactionCanceledException":
        response["CancellationReasons"] = list(reasons)
    return ClientError(response, operation)


@dataclass(frozen=True, slots=True)
class Change:
    """An item before and after a write; None where there was, or is, none."""

    key: Key
    before: Item | None
    after: Item | None


@dataclass(slots=True)
class _Record:
    """A place in the table: what is there, and what was there lately, each with when it came."""

    key: Key
    item: Item | None = None
    states: list[tuple[float, Item | None]] = field(default_factory=lambda: [(float("-inf"), None)])

    def write(self, item: Item | None, now: float) -> None:
        self.states.append((now, item))
        while len(self.states) > 2 and self.states[1][0] < now - KEPT_SECONDS:
            del self.states[0]
        self.item = item

    def at(self, moment: float) -> Item | None:
        """What was there at `moment`, or the oldest that is known."""
        for since, item in reversed(self.states):
            if since <= moment:
                return item
        return self.states[0][1]


@dataclass(slots=True)
class _Partition:
    records: dict[str, _Record] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)


class Database:
    """One table with the keys `pk` and `sk`, and the indexes above.

    `now` tells the time in seconds; `lag` by how many seconds an eventually consistent read is behind (0: not at all).
    Whoever watches is told the changes of every write, all those of a transaction at once.
    """

    def __init__(
        self, table: str, *, now: Callable[[], float] = lambda: 0.0, lag: Callable[[], float] = lambda: 0.0
    ) -> None:
        self._table = table
        self._now = now
        self._lag = lag
        self._partitions: dict[str, _Partition] = {}
        self._indexes: dict[str, dict[str, dict[Key, _Record]]] = {name: {} for name in INDEXES}
        self._tokens: dict[str, tuple[float, Any]] = {}
        self._watchers: list[Callable[[list[Change]], None]] = []
        self._operations: dict[str, Callable[[Arguments], Answer]] = {
            "GetItem": self._get_item,
            "BatchGetItem": self._batch_get_item,
            "PutItem": self._put_item,
            "UpdateItem": self._update_item,
            "DeleteItem": self._delete_item,
            "Query": self._query,
            "Scan": self._scan,
            "TransactWriteItems": self._transact_write_items,
        }

    def watch(self, watcher: Callable[[list[Change]], None]) -> None:
        """Call `watcher` with the changes of every write from now on, after they took effect."""
        self._watchers.append(watcher)

    def call(self, operation: str, arguments: Arguments) -> Answer:
        """Carry out an operation. Raises botocore's `ClientError` as a client would."""
        try:
            return self._operations[operation](arguments)
        except Malformed as error:
            raise refusal("ValidationException", str(error), operation) from error

    # ---- looking in from outside, at no cost and without any lag

    def item(self, pk: str, sk: str) -> Item | None:
        """What is at a key."""
        partition = self._partitions.get(pk)
        record = partition.records.get(sk) if partition else None
        return record.item if record else None

    def items(self) -> Iterator[tuple[Key, Item]]:
        """Everything there is, by partition, each in order."""
        for pk, partition in self._partitions.items():
            for sk in partition.order:
                item = partition.records[sk].item
                if item is not None:
                    yield (pk, sk), item

    def take_over(self, other: Database) -> None:
        """Start with what is in another table, as if it had been here for long."""
        self._commit([(self._record(key), item) for key, item in other.items()], now=float("-inf"))

    def forget(self) -> None:
        """Let go of everything, so that it is freed at once, without the garbage collector."""
        self._partitions.clear()
        for index in self._indexes.values():
            index.clear()
        self._watchers.clear()

    def remove_expired(self, before_epoch: float) -> int:
        """What DynamoDB's time to live does: remove items whose `ttl` has passed. Returns how many."""
        expired = [key for key, item in self.items() if "ttl" in item and float(item["ttl"]["N"]) < before_epoch]
        self._commit([(self._record(key), None) for key in expired])
        return len(expired)

    # ---- reading

    def _get_item(self, arguments: Arguments) -> Answer:
        self._check_table(arguments, "GetItem")
        item = self._as_seen(self._key_of(arguments["Key"]), arguments.get("ConsistentRead", False))
        if item is None:
            return {}
        return {"Item": self._shown(item, arguments)}

    def _batch_get_item(self, arguments: Arguments) -> Answer:
        [(table, wanted)] = arguments["RequestItems"].items()
        self._check_table({"TableName": table}, "BatchGetItem")
        keys = [self._key_of(key) for key in wanted["Keys"]]
        if len(keys) > MAX_BATCH_KEYS:
            raise Malformed("Too many items requested for the BatchGetItem call")
        if len(set(keys)) != len(keys):
            raise Malformed("Provided list of item keys contains duplicates")
        consistent = wanted.get("ConsistentRead", False)
        found = [self._as_seen(key, consistent) for key in keys]
        shown = [self._shown(item, wanted) for item in found if item is not None]
        return {"Responses": {table: shown}, "UnprocessedKeys": {}}

    def _as_seen(self, key: Key, consistent: bool) -> Item | None:
        partition = self._partitions.get(key[0])
        record = partition.records.get(key[1]) if partition else None
        if record is None:
            return None
        behind = 0.0 if consistent else self._lag()
        return record.at(self._now() - behind) if behind else record.item

    @staticmethod
    def _shown(item: Item, arguments: Arguments) -> Item:
        if "ProjectionExpression" in arguments:
            paths = expressions.projection(arguments["ProjectionExpression"])
            return expressions.projected(item, paths, arguments.get("ExpressionAttributeNames", {}))
        return dict(item)

    def _query(self, arguments: Arguments) -> Answer:
        self._check_table(arguments, "Query")
        names = arguments.get("ExpressionAttributeNames", {})
        given = arguments.get("ExpressionAttributeValues", {})
        wanted = expressions.key_condition(arguments["KeyConditionExpression"], names, given)
        index = arguments.get("IndexName")
        if index is not None and arguments.get("ConsistentRead"):
            raise Malformed("Consistent reads are not supported on global secondary indexes")
        if wanted.hash_name != (f"{index}pk" if index else "pk"):
            raise Malformed("Query condition missed key schema element")
        rest = wanted.rest
        entries = [
            (key, item)
            for key, item in self._entries(index, wanted.hash_value, arguments.get("ConsistentRead", False))
            if rest is None or rest(item, names, given)
        ]
        if not arguments.get("ScanIndexForward", True):
            entries.reverse()
        return self._page(entries, index, arguments)

    def _entries(self, index: str | None, hash_value: str, consistent: bool) -> list[tuple[tuple[str, ...], Item]]:
        """The items of a partition of the table or of an index, with their places in it, in order."""
        behind = 0.0 if consistent else self._lag()
        moment = self._now() - behind
        if index is None:
            partition = self._partitions.get(hash_value)
            records = [partition.records[sk] for sk in partition.order] if partition else []
            seen = ((record, record.at(moment) if behind else record.item) for record in records)
            return [(record.key, item) for record, item in seen if item is not None]
        entries: list[tuple[tuple[str, ...], Item]] = []
        hash_name, range_name = f"{index}pk", f"{index}sk"
        for record in self._indexes[index].get(hash_value, {}).values():
            item = record.at(moment) if behind else record.item
            if item is not None and range_name in item and item.get(hash_name) == {"S": hash_value}:
                entries.append(((item[range_name]["S"], *record.key), item))
        entries.sort(key=lambda entry: entry[0])
        return entries

    def _page(self, entries: list[tuple[tuple[str, ...], Item]], index: str | None, arguments: Arguments) -> Answer:
        start = arguments.get("ExclusiveStartKey")
        if start is not None:
            after = _place(start, index)
            forward = arguments.get("ScanIndexForward", True)
            entries = [entry for entry in entries if (entry[0] > after if forward else entry[0] < after)]
        limit = arguments.get("Limit")
        if limit is not None and limit < 1:
            raise Malformed("Limit must be greater than or equal to 1")
        page: list[Item] = []
        size = 0
        last: Item | None = None
        for _, item in entries:
            page.append(item)
            size += values.weight(item)
            if len(page) == limit or size > MAX_PAGE_BYTES:
                last = item
                break
        answer = self._filtered(page, index, arguments)
        if last is not None:
            keys = ["pk", "sk"] + ([f"{index}pk", f"{index}sk"] if index else [])
            answer["LastEvaluatedKey"] = {name: last[name] for name in keys}
        return answer

    def _filtered(self, page: list[Item], index: str | None, arguments: Arguments) -> Answer:
        names = arguments.get("ExpressionAttributeNames", {})
        given = arguments.get("ExpressionAttributeValues", {})
        scanned = len(page)
        if index is not None:
            page = [_in_index(item, index) for item in page]
        if "FilterExpression" in arguments:
            passes = expressions.condition(arguments["FilterExpression"])
            page = [item for item in page if passes(item, names, given)]
        answer: Answer = {"Count": len(page), "ScannedCount": scanned}
        if arguments.get("Select") != "COUNT":
            answer["Items"] = [self._shown(item, arguments) for item in page]
        return answer

    def _scan(self, arguments: Arguments) -> Answer:
        self._check_table(arguments, "Scan")
        if arguments.keys() & {"IndexName", "Segment"}:
            raise NotImplementedError("scans of indexes and in segments")
        entries: list[tuple[tuple[str, ...], Item]] = sorted(self.items(), key=lambda entry: entry[0])
        return self._page(entries, None, arguments)

    # ---- writing

    def _put_item(self, arguments: Arguments) -> Answer:
        return self._write_one("PutItem", arguments, arguments["Item"])

    def _update_item(self, arguments: Arguments) -> Answer:
        return self._write_one("UpdateItem", arguments, arguments["Key"])

    def _delete_item(self, arguments: Arguments) -> Answer:
        return self._write_one("DeleteItem", arguments, arguments["Key"])

    def _write_one(self, operation: str, arguments: Arguments, located: Item) -> Answer:
        self._check_table(arguments, operation)
        record = self._record(self._key_of(located, whole=operation == "PutItem"))
        if not _holds(record.item, arguments):
            error = refusal("ConditionalCheckFailedException", "The conditional request failed", operation)
            if arguments.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and record.item is not None:
                error.response["Item"] = dict(record.item)  # type: ignore[typeddict-unknown-key]
            raise error
        before = record.item
        after = self._outcome(operation.removesuffix("Item"), record, arguments)
        self._commit([(record, after)])
        return _returned(arguments, before, after)

    def _transact_write_items(self, arguments: Arguments) -> Answer:
        actions = [next(iter(action.items())) for action in arguments["TransactItems"]]
        if not 1 <= len(actions) <= MAX_ACTIONS:
            raise Malformed(
                f"Member must have length less than or equal to {MAX_ACTIONS}, and at least 1; it has {len(actions)}"
            )
        token = arguments.get("ClientRequestToken")
        if token is not None and self._seen(token, arguments):
            return {}
        records = [self._target(kind, action) for kind, action in actions]
        if len({record.key for record in records}) != len(records):
            raise Malformed("Transaction request cannot include multiple operations on one item")
        reasons: list[dict[str, Any]] = []
        writes: list[tuple[_Record, Item | None]] = []
        for (kind, action), record in zip(actions, records, strict=True):
            reasons.append(self._act(kind, action, record, writes))
        if any(reason["Code"] != "None" for reason in reasons):
            codes = ", ".join(reason["Code"] for reason in reasons)
            message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
            raise refusal("TransactionCanceledException", message, "TransactWriteItems", reasons)
        heavy = len(writes) * MAX_ITEM_BYTES > MAX_TRANSACTION_BYTES  # else there is nothing to weigh
        if heavy and sum(values.weight(item) for _, item in writes if item is not None) > MAX_TRANSACTION_BYTES:
            raise Malformed("Collective size of items in the transaction cannot exceed 4MB")
        self._commit(writes)
        if token is not None:
            self._tokens[token] = (self._now(), arguments["TransactItems"])
        return {}

    def _target(self, kind: str, action: Arguments) -> _Record:
        self._check_table(action, "TransactWriteItems")
        whole = kind == "Put"
        return self._record(self._key_of(action["Item" if whole else "Key"], whole=whole))

    def _act(
        self, kind: str, action: Arguments, record: _Record, writes: list[tuple[_Record, Item | None]]
    ) -> dict[str, Any]:
        """Try one action of a transaction: its cancellation reason, with code None when there is none."""
        if not _holds(record.item, action):
            reason = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
            if action.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and record.item is not None:
                reason["Item"] = dict(record.item)  # type: ignore[assignment]
            return reason
        if kind == "ConditionCheck":
            return {"Code": "None"}
        try:
            writes.append((record, self._outcome(kind, record, action)))
        except Malformed as error:
            return {"Code": "ValidationError", "Message": str(error)}
        return {"Code": "None"}

    def _seen(self, token: str, arguments: Arguments) -> bool:
        known = self._tokens.get(token)
        if known is None or self._now() - known[0] > TOKEN_SECONDS:
            return False
        if known[1] != arguments["TransactItems"]:
            raise refusal(
                "IdempotentParameterMismatchException", "Another request came with this token.", "TransactWriteItems"
            )
        return True

    def _outcome(self, kind: str, record: _Record, action: Arguments) -> Item | None:
        """The item that an action leaves."""
        if kind == "Delete":
            return None
        after: Item
        if kind == "Put":
            after = dict(action["Item"])
        else:
            names = action.get("ExpressionAttributeNames", {})
            after = record.item or {"pk": {"S": record.key[0]}, "sk": {"S": record.key[1]}}
            if action.get("UpdateExpression"):
                update = expressions.update(action["UpdateExpression"])
                if update.touched(names) & {"pk", "sk"}:
                    raise Malformed("Cannot update attribute pk or sk. This attribute is part of the key")
                after = update.applied(after, names, action.get("ExpressionAttributeValues", {}))
        _check(after)
        return after

    def _commit(self, writes: list[tuple[_Record, Item | None]], now: float | None = None) -> None:
        now = self._now() if now is None else now
        changes = [Change(record.key, record.item, after) for record, after in writes]
        for record, after in writes:
            record.write(after, now)
            if after is not None:
                for index in INDEXES:
                    if f"{index}pk" in after:
                        self._indexes[index].setdefault(after[f"{index}pk"]["S"], {})[record.key] = record
        for watcher in self._watchers:
            watcher(changes)

    # ---- keys

    def _record(self, key: Key) -> _Record:
        partition = self._partitions.get(key[0])
        if partition is None:
            partition = self._partitions[key[0]] = _Partition()
        record = partition.records.get(key[1])
        if record is None:
            record = partition.records[key[1]] = _Record(key)
            insort(partition.order, key[1])
        return record

    @staticmethod
    def _key_of(key: Item, *, whole: bool = False) -> Key:
        """The key in `key`; of a `whole` item, further attributes may stand beside it."""
        try:
            pk, sk = key["pk"]["S"], key["sk"]["S"]
        except KeyError:
            raise Malformed("The provided key element does not match the schema") from None
        if not pk or not sk:
            raise Malformed("One or more parameter values are not valid. The key has an empty string value.")
        if len(pk.encode()) > 2048 or len(sk.encode()) > 1024:
            raise Malformed("One or more parameter values were invalid: the key is too long")
        if not whole and len(key) != 2:
            raise Malformed("The number of conditions on the keys is invalid")
        return pk, sk

    def _check_table(self, arguments: Arguments, operation: str) -> None:
        if arguments["TableName"] != self._table:
            raise refusal("ResourceNotFoundException", "Requested resource not found", operation)


def _holds(item: Item | None, arguments: Arguments) -> bool:
    text = arguments.get("ConditionExpression")
    if text is None:
        return True
    names, given = arguments.get("ExpressionAttributeNames", {}), arguments.get("ExpressionAttributeValues", {})
    return expressions.condition(text)(item or {}, names, given)


def _returned(arguments: Arguments, before: Item | None, after: Item | None) -> Answer:
    wanted = arguments.get("ReturnValues", "NONE")
    if wanted == "NONE":
        return {}
    shown = before if wanted.endswith("OLD") else after
    if shown is None:
        return {}
    if wanted.startswith("UPDATED"):
        update = expressions.update(arguments["UpdateExpression"])
        touched = update.touched(arguments.get("ExpressionAttributeNames", {}))
        shown = {name: value for name, value in shown.items() if name in touched}
    return {"Attributes": dict(shown)} if shown else {}


def _check(item: Item) -> None:
    for index in INDEXES:
        for name in (f"{index}pk", f"{index}sk"):
            value = item.get(name)
            if value is not None and not value.get("S"):
                raise Malformed(f"One or more parameter values were invalid: Type mismatch or empty index key {name}")
    if values.weight(item) > MAX_ITEM_BYTES:
        raise Malformed("Item size has exceeded the maximum allowed size")


def _in_index(item: Item, index: str) -> Item:
    projected = INDEXES[index]
    kept = ("pk", "sk", f"{index}pk", f"{index}sk", *(projected or ()))
    return {name: item[name] for name in kept if name in item}


def _place(start: Item, index: str | None) -> tuple[str, ...]:
    key = (start["pk"]["S"], start["sk"]["S"])
    return (start[f"{index}sk"]["S"], *key) if index else key
