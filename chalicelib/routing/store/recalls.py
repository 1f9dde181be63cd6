"""What suppliers are told to leave out: kept before they are told, so that each is told until it has heard."""

from collections.abc import Mapping
from dataclasses import dataclass

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core.errors import Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, Transaction

OPEN = "open"
GIVEN_UP = "given_up"
"""No supplier could be told for a day; a person was asked to."""
UNHEARD = frozenset({OPEN, GIVEN_UP})
"""Of recalls that no supplier has heard of."""


@dataclass(frozen=True, slots=True)
class Recall:
    """Units by line that are not wanted any more. The `id` is the allocation's, `.c` and its version. `state` is open until the supplier has said cancelled, too_late or never_arrived, or
    it was given up."""

    id: str
    lines: Mapping[str, int]
    at: str
    state: str = OPEN


class RecallItem(Item):
    """pk = ALLOCATION#<id>, sk = RECALL#<recall id>."""

    lines = Json()
    at = UnicodeAttribute()
    state = UnicodeAttribute()


def add_recall(tx: Transaction, allocation_id: str, recall: Recall) -> None:
    """Write a new recall."""
    item = RecallItem(
        key("ALLOCATION", allocation_id),
        key("RECALL", recall.id),
        lines=dict(recall.lines),
        at=recall.at,
        state=recall.state,
    )
    tx.create(item, lambda _: Stale("This recall was written before."))


def close_recall(tx: Transaction, allocation_id: str, recall: Recall, state: str) -> None:
    """Note how the supplier took it, or that it was given up. `Stale` at commit when it is not in the state that was read."""
    tx.update(
        RecallItem(key("ALLOCATION", allocation_id), key("RECALL", recall.id)),
        [RecallItem.state.set(state)],
        RecallItem.state == recall.state,
        lambda _: Stale(f"The recall is not {recall.state} any more."),
    )


def recalls_of(allocation_id: str) -> list[Recall]:
    """All recalls of an allocation, oldest first."""
    rows = RecallItem.query(key("ALLOCATION", allocation_id), RecallItem.sk.startswith("RECALL#"), consistent_read=True)
    found = [Recall(row.sk.partition("#")[2], dict(row.lines), row.at, row.state) for row in rows]
    return sorted(found, key=lambda recall: int(recall.id.rpartition(".c")[2]))
