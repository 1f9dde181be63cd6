"""Statements: what a supplier was owed when a month began, what happened, and what it was owed at its end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from chalicelib.core.clock import rfc3339
from chalicelib.core.errors import NotFound
from chalicelib.ledger.domain.entries import Entry

SETTLED_AFTER = timedelta(hours=1)
"""An entry bears the time at which its command began, and is there when it ends: by this long after a month its entries are."""


@dataclass(frozen=True, slots=True)
class Closing:
    """What a supplier's entries of a month come to (minor units): `balance` with all before, sums by kind, and how many."""

    month: str
    balance: int = 0
    by_kind: Mapping[str, int] = field(default_factory=dict)
    entries: int = 0


@dataclass(frozen=True, slots=True)
class Statement:
    """A supplier's month (`2026-01`, in UTC) in one currency. Until it is `final` entries may be added to it."""

    supplier_id: str
    currency: str
    month: str
    opening: int
    closing: int
    by_kind: Mapping[str, int]
    entries: int
    final: bool


def closed(before: Closing | None, month: str, entries: Iterable[Entry]) -> Closing:
    """The month's closing, after what closed before it."""
    by_kind: dict[str, int] = {}
    count = 0
    for one in entries:
        by_kind[one.kind] = by_kind.get(one.kind, 0) + one.due_to_supplier
        count += 1
    return Closing(month, (before.balance if before else 0) + sum(by_kind.values()), by_kind, count)


def bounds(month: str) -> tuple[str, str]:
    """When a month begins, and when the next one does. Raises `NotFound` for what is no month."""
    first = _first(month)
    return rfc3339(first), rfc3339(_first(next_month(month)))


def next_month(month: str) -> str:
    """`2026-12` → `2027-01`."""
    return f"{_first(month) + timedelta(days=31):%Y-%m}"


def is_settled(month: str, now: datetime) -> bool:
    """Whether no entry of the month can be missing any more."""
    return now >= _first(next_month(month)) + SETTLED_AFTER


def month_of(posted_at: str) -> str:
    """The month that an entry is in."""
    return posted_at[:7]


def _first(month: str) -> datetime:
    try:
        first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise NotFound(f"{month[:16]} is no month such as 2026-01.") from None
    if f"{first:%Y-%m}" != month or first.year >= 9999:
        raise NotFound(f"{month[:16]} is no month such as 2026-01.")
    return first
