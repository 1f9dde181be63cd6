"""Reading cases: one with all that belongs to it, and lists."""

from collections import deque
from dataclasses import dataclass
from typing import Any

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Fault, Invalid
from chalicelib.core.outbox import Event, timeline
from chalicelib.core.paging import Page, page_of
from chalicelib.reviews import store
from chalicelib.reviews.domain.case import Case, CaseState
from chalicelib.reviews.domain.listing import Wanted
from chalicelib.reviews.service.access import require_reviewer
from chalicelib.reviews.service.change_case import must_find
from chalicelib.reviews.store import Notes

Listed = dict[str, Any]
"""A case as lists have it: the summary of the store with `id` and `position`."""

HISTORY = 1_000
"""Events shown of a case; it cannot have many more."""


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case with all that belongs to it."""

    case: Case
    notes: Notes
    history: tuple[Event, ...]


def read_case(case_id: str, by: Principal) -> CaseFile:
    """The case with findings, corrections, comments and history, each oldest first. Raises `NotFound`."""
    require_reviewer(by)
    case = must_find(case_id)
    history = deque(timeline(store.case_pk(case_id)), maxlen=HISTORY)
    return CaseFile(case, store.notes_of(case_id), tuple(history))


def list_cases(wanted: Wanted, limit: int, cursor: str | None, by: Principal) -> Page[Listed]:
    """Cases in a state: open ones with the earliest deadline first, closed ones with the latest.

    CaseState, type, level and deadline combine with each other, and with either supplier or assignee. Raises `Invalid` for both of
    these, and where only open cases have what is asked for: an assignee's list, and a deadline to miss.
    """
    require_reviewer(by)
    _check(wanted)
    now = clock.now()
    scope = f"review cases {wanted!r}"
    return page_of(
        scope,
        limit,
        cursor,
        lambda after, count: store.matching(wanted, now, after, count),
        lambda row: row["position"],
    )


def _check(wanted: Wanted) -> None:
    faults = []
    if wanted.assignee and wanted.supplier_id:
        faults.append(Fault("/assignee", "cannot_combine", "Ask for the cases of an assignee or of a supplier."))
    if wanted.assignee and wanted.state is not CaseState.OPEN:
        faults.append(Fault("/assignee", "cannot_combine", "Only open cases are listed by assignee."))
    if wanted.overdue and wanted.state is not CaseState.OPEN:
        faults.append(Fault("/overdue", "cannot_combine", "Only open cases are overdue."))
    if faults:
        raise Invalid("; ".join(fault.detail for fault in faults), faults=faults)
