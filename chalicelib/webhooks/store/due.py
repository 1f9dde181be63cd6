"""What falls due, over all shards of the index, and single conditional writes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from pynamodb.exceptions import PutError, UpdateError

from chalicelib.core import clock
from chalicelib.core.keys import key, shard
from chalicelib.core.table import Item

SHARDS = 8


@dataclass(frozen=True, slots=True)
class Due:
    """An entry of the list: of a delivery, or of a webhook whose held deliveries are let go. `seen` is its sort key."""

    pk: str
    sk: str
    seen: str

    @property
    def id(self) -> str:
        return self.pk.partition("#")[2]

    @property
    def since(self) -> datetime:
        """When it fell due."""
        return datetime.fromisoformat(self.seen.partition("#")[0])

    @property
    def is_delivery(self) -> bool:
        return self.sk == "DELIVERY"


def falls_due(item: Item, id: str, at: datetime | None) -> None:
    """Put the item on the list, if there is a time."""
    if at is not None:
        item.gsi3pk = key("DUE", "WEBHOOK", shard(id, SHARDS))
        item.gsi3sk = key(clock.rfc3339(at), id)


def due(at: datetime) -> Iterator[Due]:
    """What fell due before `at`; may name some that were seen to meanwhile."""
    until = clock.rfc3339(at) + "\x7f"  # sorts after every id
    for number in range(SHARDS):
        rows = Item.by_due_time.query(key("DUE", "WEBHOOK", str(number)), Item.gsi3sk <= until, page_size=100)
        for row in rows:
            yield Due(row.pk, row.sk, str(row.gsi3sk))


def is_done(write: Callable[[], object]) -> bool:
    """Whether a single conditional write was made; False when its condition did not hold."""
    try:
        write()
    except (PutError, UpdateError) as error:
        # Not PynamoDB's own property, which fails where there was no answer (pynamodb 6.1, `cause_response_code`).
        response = getattr(error.cause, "response", None) or {}
        if response.get("Error", {}).get("Code") != "ConditionalCheckFailedException":
            raise
        return False
    return True
