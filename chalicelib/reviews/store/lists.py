"""Lists of cases, each by deadline. Every list is kept by type of subject and level of escalation, so that any of them can be asked
for alone; asked for all, they are merged: four types, four levels."""

from collections.abc import Iterator
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.condition import Condition

from chalicelib.core import clock
from chalicelib.core.keys import key
from chalicelib.core.table import Item
from chalicelib.reviews.domain.case import MAX_LEVEL, CaseState, SubjectType
from chalicelib.reviews.domain.listing import Wanted
from chalicelib.reviews.store.cases import SHARDS, CaseItem

_NEXT = "\x01"
_LAST = "\x7f"  # DEL sorts after every id, so what is due at this very moment is due


def matching(wanted: Wanted, now: datetime, after: str | None, count: int) -> list[dict[str, Any]]:
    """Summaries of up to `count` cases, with their ids and `position`: open ones with the earliest deadline first, others with the
    latest. `after` is the position of the last one seen."""
    open_ones = wanted.state is CaseState.OPEN
    owned = bool(wanted.supplier_id or wanted.assignee)
    column = CaseItem.gsi1sk if owned else CaseItem.gsi2sk
    if open_ones:
        within = _between(column, after, clock.rfc3339(now) + _LAST if wanted.overdue else None)
    else:
        within = column < after if after else None
    index = CaseItem.by_owner if owned else CaseItem.by_state
    lists = [
        index.query(partition, within, scan_index_forward=open_ones, limit=count) for partition in _partitions(wanted)
    ]

    def place(row: Item) -> str:
        return str(row.gsi1sk if owned else row.gsi2sk)

    rows = islice(merge(*lists, key=place, reverse=not open_ones), count)
    return [{**row.summary, "id": place(row).rpartition("#")[2], "position": place(row)} for row in rows]


def _between(column: UnicodeAttribute, after: str | None, until: str | None) -> Condition | None:
    if after and until:
        # What was seen lay before `until`, unless the clocks of two functions differ; DynamoDB refuses a range that is none.
        return column.between(after + _NEXT, max(until, after + _NEXT))
    if after:
        return column > after
    return column <= until if until else None


def _partitions(wanted: Wanted) -> list[str]:
    types = [wanted.subject_type] if wanted.subject_type else list(SubjectType)
    head: tuple[str, ...] = (wanted.state,)
    if wanted.assignee:
        head = ("ASSIGNEE", wanted.assignee)
    elif wanted.supplier_id:
        head = ("SUPPLIER", wanted.supplier_id, wanted.state)
    levels = range(wanted.min_level, MAX_LEVEL + 1)
    return [key("CASES", *head, type, str(level)) for type in types for level in levels]


def due_cases(now: datetime) -> Iterator[str]:
    """Ids of cases that go up a level by now, over all shards; may name some that were changed or closed meanwhile."""
    until = clock.rfc3339(now) + _LAST
    for number in range(SHARDS):
        rows = CaseItem.by_due_time.query(key("DUE", "CASE", str(number)), CaseItem.gsi3sk <= until, page_size=100)
        for row in rows:
            yield str(row.gsi3sk).rpartition("#")[2]


def count_overdue(now: datetime) -> int:
    """How many open cases should have been decided by now."""
    within = CaseItem.gsi2sk <= clock.rfc3339(now) + _LAST
    return sum(CaseItem.by_state.count(partition, within) for partition in _partitions(Wanted()))
