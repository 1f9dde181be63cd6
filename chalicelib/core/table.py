"""The single table, and the command transaction: one command, one `TransactWriteItems`.

Every stored thing is an `Item` of the table of this stage. Contexts declare their items in `store.py`; a service opens a
`Transaction`, lets each context add to it, and commits it once.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from time import sleep
from typing import Any, Self, TypeVar
from uuid import uuid4

from pynamodb.attributes import Attribute, NumberAttribute, UnicodeAttribute
from pynamodb.connection.table import TableConnection
from pynamodb.constants import NULL, STRING
from pynamodb.exceptions import AttributeNullError, PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection
from pynamodb.models import Model

from chalicelib.core.aws import give_short_user_agent
from chalicelib.core.errors import AisleError, Contended, RuleBroken, Unavailable
from chalicelib.core.retry import full_jitter
from chalicelib.core.settings import settings

MAX_ACTIONS = 100
"""Actions in one DynamoDB transaction: docs.aws.amazon.com/amazondynamodb, "Service quotas"."""

RawItem = dict[str, dict[str, Any]]
OnConflict = Callable[[RawItem | None], AisleError]
"""Makes the error of an action whose condition failed, from the item as it is (None when there is none)."""

_ItemT = TypeVar("_ItemT", bound="Item")


class Json(Attribute[Any]):
    """A JSON document kept as compact text: half the bytes and a tenth of the CPU of a DynamoDB map."""

    attr_type = STRING

    def serialize(self, value: Any) -> str:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)

    def deserialize(self, value: str) -> Any:
        return json.loads(value)


def fields_of(value: Any) -> dict[str, Any]:
    """The fields of a slotted dataclass by name, as they are. `dataclasses.asdict` copies all below them, at ten times the
    CPU."""
    return {name: getattr(value, name) for name in value.__slots__}


class ByOwner(GlobalSecondaryIndex["Item"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "gsi1"
        projection = IncludeProjection(["summary"])

    gsi1pk = UnicodeAttribute(hash_key=True)
    gsi1sk = UnicodeAttribute(range_key=True)


class ByState(GlobalSecondaryIndex["Item"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "gsi2"
        projection = IncludeProjection(["summary"])

    gsi2pk = UnicodeAttribute(hash_key=True)
    gsi2sk = UnicodeAttribute(range_key=True)


class ByDueTime(GlobalSecondaryIndex["Item"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "gsi3"
        projection = KeysOnlyProjection()

    gsi3pk = UnicodeAttribute(hash_key=True)
    gsi3sk = UnicodeAttribute(range_key=True)


class Item(Model):
    """Anything in the table. `summary` is what lists show; `ttl` (epoch seconds) only cleans up."""

    class Meta:
        table_name = settings().table
        region = settings().region
        connect_timeout_seconds = 1
        read_timeout_seconds = 5
        max_retry_attempts = 4
        max_pool_connections = 32

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    ttl = NumberAttribute(null=True)
    gsi1pk = UnicodeAttribute(null=True)
    gsi1sk = UnicodeAttribute(null=True)
    gsi2pk = UnicodeAttribute(null=True)
    gsi2sk = UnicodeAttribute(null=True)
    gsi3pk = UnicodeAttribute(null=True)
    gsi3sk = UnicodeAttribute(null=True)
    summary = Json(null=True)
    by_owner = ByOwner()
    by_state = ByState()
    by_due_time = ByDueTime()

    @classmethod
    def from_raw_data(cls, data: RawItem) -> Self:
        """As PynamoDB's, at a third to two thirds of its CPU: by what there is in the item, not by what its class allows."""
        item = cls.__new__(cls)
        item.attribute_values = dict(_defaults(cls))
        attributes = cls.get_attributes()
        for name, value in data.items():
            if name in attributes and NULL not in value:
                attribute = attributes[name]
                item.attribute_values[name] = attribute.deserialize(attribute.get_value(value))
        return item

    def serialize(self, null_check: bool = True) -> RawItem:
        """As PynamoDB's: by what the item has. Raises its `AttributeNullError` for what it must have and has not."""
        attributes = self.get_attributes()
        raw: RawItem = {}
        for name, value in self.attribute_values.items():
            attribute = attributes[name]
            stored = None if value is None else attribute.serialize(value)
            if stored is not None:
                raw[name] = {attribute.attr_type: stored}
        missing = _required(type(self)) - raw.keys() if null_check else ()
        if missing:
            raise AttributeNullError(min(missing))
        return raw

    def _set_defaults(self, _user_instantiated: bool = True) -> None:
        self.attribute_values.update(_defaults(type(self)))

    @classmethod
    def _get_connection(cls) -> TableConnection:
        """One connection, so one client and one TLS session, for all kinds of items."""
        connection: TableConnection = super(Item, Item)._get_connection.__func__(Item)  # type: ignore[attr-defined]
        if connection.connection._client is None:
            give_short_user_agent(connection.connection.session)
        return connection


@cache
def _required(kind: type[Item]) -> frozenset[str]:
    return frozenset(name for name, attribute in kind.get_attributes().items() if not attribute.null)


@cache
def _defaults(kind: type[Item]) -> dict[str, Any]:
    """What an attribute that is not there counts as."""
    attributes = kind.get_attributes()
    return {name: attribute.default for name, attribute in attributes.items() if attribute.default is not None}


def find(kind: type[_ItemT], pk: str, sk: str, *, consistent: bool = False) -> _ItemT | None:
    """The item at a key, or None. `consistent` costs twice the read units and sees every finished write."""
    try:
        return kind.get(pk, sk, consistent_read=consistent)
    except kind.DoesNotExist:
        return None
    except PynamoDBException as error:
        raise _unavailable(error) from error


def find_many(
    wanted: Iterable[tuple[type[Item], str, str]], *, consistent: bool = False
) -> dict[tuple[str, str], Item]:
    """Items of several kinds in one BatchGetItem round trip per 100 keys, by (pk, sk); what is missing is left out."""
    kinds = {(pk, sk): kind for kind, pk, sk in wanted}
    pending: list[Any] = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in kinds]
    found: dict[tuple[str, str], Item] = {}
    attempt = 0
    while pending:
        page, pending = pending[:100], pending[100:]
        try:
            items, unprocessed = Item._batch_get_page(page, consistent_read=consistent, attributes_to_get=None)  # type: ignore[no-untyped-call]
        except PynamoDBException as error:
            raise _unavailable(error) from error
        for raw in items:
            at = (raw["pk"]["S"], raw["sk"]["S"])
            found[at] = kinds[at].from_raw_data(raw)
        if unprocessed:
            attempt += 1
            sleep(full_jitter(attempt))
            pending = list(unprocessed) + pending
    return found


@dataclass(frozen=True, slots=True)
class _Write:
    arguments: dict[str, Any]
    on_conflict: OnConflict | None


class Transaction:
    """The writes of one command, committed together or not at all.

    Conditions carry the error they mean: `on_conflict` receives the item that stood in the way. After a commit whose
    answer was lost, the client request token lets DynamoDB recognise the repetition; that token lives ten minutes,
    which covers this call, and the idempotency record covers everything longer.
    """

    def __init__(self) -> None:
        self._checks: list[_Write] = []
        self._deletes: list[_Write] = []
        self._puts: list[_Write] = []
        self._updates: list[_Write] = []

    def check(self, item: Item, condition: Condition, on_conflict: OnConflict) -> None:
        """Commit only if `condition` holds for an item that this command does not change."""
        arguments = item.get_operation_kwargs_from_class(item.pk, range_key=item.sk, condition=condition)
        self._checks.append(_Write({**arguments, **_RETURN_OLD}, on_conflict))

    def put(self, item: Item, condition: Condition | None = None, on_conflict: OnConflict | None = None) -> None:
        """Write a whole item, if `condition` holds."""
        arguments = item.get_save_kwargs_from_instance(
            condition=condition, return_values_on_condition_failure="ALL_OLD" if on_conflict else None
        )
        self._puts.append(_Write(arguments, on_conflict))

    def create(self, item: Item, on_conflict: OnConflict) -> None:
        """Write an item that must not exist yet."""
        self.put(item, _NOTHING_THERE, on_conflict)

    def update(self, item: Item, actions: Sequence[Action], condition: Condition, on_conflict: OnConflict) -> None:
        """Change attributes of the item at the key of `item`, if `condition` holds."""
        arguments = item.get_update_kwargs_from_instance(
            actions=list(actions), condition=condition, return_values_on_condition_failure="ALL_OLD"
        )
        self._updates.append(_Write(arguments, on_conflict))

    def delete(self, item: Item, condition: Condition, on_conflict: OnConflict) -> None:
        """Remove an item, if `condition` holds."""
        arguments = item.get_delete_kwargs_from_instance(condition=condition)
        self._deletes.append(_Write({**arguments, **_RETURN_OLD}, on_conflict))

    def __len__(self) -> int:
        return len(self._checks) + len(self._deletes) + len(self._puts) + len(self._updates)

    def commit(self) -> None:
        """Write everything, once; nothing, if there is nothing.

        Raises the error of the condition that failed (errors of one class are combined), `Contended` when other
        transactions kept touching the same items, `Unavailable` when the outcome is not known: the caller repeats the
        command with its idempotency key and gets the first answer if it had succeeded.
        """
        if not len(self):
            return  # DynamoDB refuses a transaction of nothing
        if len(self) > MAX_ACTIONS:
            raise CommandTooLarge(
                f"This command needs {len(self)} writes; {MAX_ACTIONS} fit into one transaction.", limit=MAX_ACTIONS
            )
        token = str(uuid4())
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                Item._get_connection().connection.transact_write_items(
                    condition_check_items=[write.arguments for write in self._checks],
                    delete_items=[write.arguments for write in self._deletes],
                    put_items=[write.arguments for write in self._puts],
                    update_items=[write.arguments for write in self._updates],
                    client_request_token=token,
                )
                return
            except TransactWriteError as error:
                refused = self._refusals(error)
                if refused:
                    raise _gravest(refused) from error
                if not _is_passing(error):
                    raise _unavailable(error) from error
            sleep(full_jitter(attempt))
        raise Contended(f"The same items were changed by others, {_ATTEMPTS} times over.")

    def _refusals(self, error: TransactWriteError) -> list[AisleError]:
        writes = [*self._checks, *self._deletes, *self._puts, *self._updates]
        return [
            write.on_conflict(reason.raw_item) if write.on_conflict else Contended("A condition failed.")
            for write, reason in zip(writes, error.cancellation_reasons, strict=False)
            if reason is not None and reason.code == "ConditionalCheckFailed"
        ]


class CommandTooLarge(RuleBroken):
    code = "command_too_large"
    title = "Too much for one command"


_NOTHING_THERE = Item.pk.does_not_exist()
_RETURN_OLD = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
_ATTEMPTS = 6
_PASSING = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "TransactionInProgressException"}


def _is_passing(error: TransactWriteError) -> bool:
    codes = {reason.code for reason in error.cancellation_reasons if reason is not None}
    return bool((codes | {_code(error)}) & _PASSING)


def _gravest(errors: Sequence[AisleError]) -> AisleError:
    """The error to answer with. Records of idempotency come first: what was done already is no failure."""
    first = next((error for error in errors if getattr(error, "precedes", False)), errors[0])
    return type(first).combine([error for error in errors if type(error) is type(first)])


def _code(error: PynamoDBException) -> str | None:
    """What DynamoDB called it; None when it did not answer. PynamoDB's own property fails on a timeout, whose botocore
    error has a `response` of None (pynamodb 6.1, `cause_response_code`)."""
    response = getattr(error.cause, "response", None) or {}
    code: str | None = response.get("Error", {}).get("Code")
    return code


def _unavailable(error: PynamoDBException) -> AisleError:
    return Unavailable(f"The data store did not answer ({_code(error) or 'no connection'}).")
