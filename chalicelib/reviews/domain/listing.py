"""Which cases somebody asks for."""

from dataclasses import dataclass

from chalicelib.reviews.domain.case import CaseState, SubjectType


@dataclass(frozen=True, slots=True)
class Wanted:
    """Cases in a state, of a type, of a supplier, of an assignee, past their deadline, escalated so often at least."""

    state: CaseState = CaseState.OPEN
    subject_type: SubjectType | None = None
    supplier_id: str | None = None
    assignee: str | None = None
    overdue: bool = False
    min_level: int = 0
