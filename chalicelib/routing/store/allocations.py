"""Allocations: what suppliers are asked to ship."""

from dataclasses import dataclass
from heapq import merge
from typing import Any

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from chalicelib.core.errors import AisleError, Stale
from chalicelib.core.keys import key, shard
from chalicelib.core.table import Item, Json, RawItem, Transaction, fields_of, find
from chalicelib.routing.domain.allocation import Allocation, AllocationState, Line

SHARDS = 4
"""Index partitions of a state."""


class AllocationItem(Item):
    """pk = ALLOCATION#<id>, sk = ALLOCATION. `token` is the parked task token, encrypted by KMS, of the workflow that waits for the
    answer."""

    version = NumberAttribute()
    state = UnicodeAttribute()
    document = Json()
    token = BinaryAttribute(null=True, legacy_encoding=False)


@dataclass(frozen=True, slots=True)
class Found:
    """An allocation, and the sealed token that its workflow left there."""

    value: Allocation
    token: bytes | None


def allocation_pk(allocation_id: str) -> str:
    return key("ALLOCATION", allocation_id)


def _attributes(value: Allocation) -> dict[str, Any]:
    document = {**fields_of(value), "lines": [fields_of(line) for line in value.lines]}
    for kept_apart in ("id", "version", "state"):
        del document[kept_apart]
    return {
        "version": value.version,
        "state": str(value.state),
        "document": document,
        "gsi1pk": key("ALLOCATIONS", value.supplier_id, value.state),
        "gsi1sk": value.id,
        "gsi2pk": key("ALLOCATIONS", value.state, shard(value.id, SHARDS)),
        "gsi2sk": value.id,
        "summary": {
            "supplier_id": value.supplier_id,
            "order_id": value.order_id,
            "state": str(value.state),
            "decision": value.decision,
            "answer_by": value.answer_by,
            "ship_by": value.ship_by,
            "created_at": value.created_at,
            "units": sum(line.quantity for line in value.lines),
        },
    }


def _allocation(item: AllocationItem) -> Allocation:
    stored = dict(item.document)
    return Allocation(
        **{**stored, "lines": tuple(Line(**line) for line in stored["lines"])},
        id=item.pk.partition("#")[2],
        state=AllocationState(item.state),
        version=int(item.version),
    )


def add_allocation(tx: Transaction, value: Allocation) -> None:
    """Write a new allocation. `Stale` at commit when there is one."""
    item = AllocationItem(allocation_pk(value.id), "ALLOCATION", **_attributes(value))
    tx.create(item, lambda _: Stale("There is such an allocation."))


def change_allocation(tx: Transaction, value: Allocation) -> None:
    """Write the next version; the token stays. `Stale` at commit when another was quicker."""

    def stale(raw: RawItem | None) -> AisleError:
        return Stale(f"The allocation is not at version {value.version - 1} any more.")

    actions: list[Action] = [getattr(AllocationItem, name).set(given) for name, given in _attributes(value).items()]
    item = AllocationItem(allocation_pk(value.id), "ALLOCATION")
    tx.update(item, actions, AllocationItem.version == value.version - 1, stale)


def park_token(value: Allocation, token: bytes) -> None:
    """Keep the encrypted task token while the allocation is not answered. Raises `Stale` when it was."""
    tx = Transaction()
    tx.update(
        AllocationItem(allocation_pk(value.id), "ALLOCATION"),
        [AllocationItem.token.set(token)],
        AllocationItem.state == str(AllocationState.REQUESTED),
        lambda _: Stale("The allocation was answered."),
    )
    tx.commit()


def get_allocation(allocation_id: str) -> Found | None:
    """The allocation as it is now, or None."""
    item = find(AllocationItem, allocation_pk(allocation_id), "ALLOCATION", consistent=True)
    return Found(_allocation(item), item.token) if item else None


def allocations_of_supplier(supplier_id: str, state: str, after: str | None, count: int) -> list[dict[str, Any]]:
    """Summaries of a supplier's allocations in a state, oldest first."""
    condition = AllocationItem.gsi1sk > after if after else None
    rows = AllocationItem.by_owner.query(key("ALLOCATIONS", supplier_id, state), condition, limit=count)
    return [{"id": row.gsi1sk, **row.summary} for row in rows]


def allocations_in_state(state: str, after: str | None, count: int) -> list[dict[str, Any]]:
    """Summaries of all suppliers' allocations in a state, oldest first, merged from the shards."""
    condition = AllocationItem.gsi2sk > after if after else None
    lists = [
        AllocationItem.by_state.query(key("ALLOCATIONS", state, str(number)), condition, limit=count)
        for number in range(SHARDS)
    ]
    rows = merge(*lists, key=lambda row: row.gsi2sk)
    return [{"id": row.gsi2sk, **row.summary} for row, _ in zip(rows, range(count), strict=False)]
