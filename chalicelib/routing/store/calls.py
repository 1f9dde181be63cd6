"""The log of what a supplier's endpoint was asked for an allocation, and what came of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.core import clock
from chalicelib.core.errors import Conflict
from chalicelib.core.ids import new_ulid
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, Transaction, fields_of

KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Call:
    """One call: when (RFC 3339), `what` was asked, how long it took, the `status` of the answer if there was one, its `outcome` and why.
    `excerpt` is the beginning of an answer that was not understood."""

    at: str
    what: str
    duration_ms: int
    status: int | None
    outcome: str
    reason: str
    excerpt: str = ""


class CallItem(Item):
    """pk = ALLOCATION#<id>, sk = CALL#<ulid>."""

    call = Json()


def add_call(tx: Transaction, allocation_id: str, call: Call) -> None:
    """Write a call into the log."""
    item = CallItem(
        key("ALLOCATION", allocation_id),
        key("CALL", new_ulid()),
        call=fields_of(call),
        ttl=clock.epoch_seconds(datetime.fromisoformat(call.at) + KEPT),
    )
    tx.create(item, lambda _: Conflict("This call was written before."))


def calls_of(allocation_id: str, count: int = 100) -> list[Call]:
    """The latest calls, newest first."""
    rows = CallItem.query(
        key("ALLOCATION", allocation_id), CallItem.sk.startswith("CALL#"), scan_index_forward=False, limit=count
    )
    return [Call(**row.call) for row in rows]
