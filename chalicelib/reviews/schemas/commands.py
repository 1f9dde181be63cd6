"""What reviewers send."""

import json
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from chalicelib.core.findings import Severity
from chalicelib.core.schemas import PageQuery, Schema
from chalicelib.reviews.domain.case import MAX_LEVEL, CaseOutcome, CaseState, SubjectType
from chalicelib.reviews.domain.deadlines import Deadlines
from chalicelib.reviews.domain.listing import Wanted

# JSON has no enums: strict models would refuse the strings.
_LAX = Field(strict=False)
AnOutcome = Annotated[CaseOutcome, _LAX]
AState = Annotated[CaseState, _LAX]
ASubjectType = Annotated[SubjectType, _LAX]

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@+=-]{0,127}$")]
Pointer = Annotated[str, StringConstraints(pattern=r"^/", max_length=200)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
Version = Annotated[int, Field(ge=1, le=10**9)]
Hours = Annotated[int, Field(ge=1, le=90 * 24)]
MAX_VALUE = 2_000
"""Characters of a corrected value as JSON."""


class CasesQuery(PageQuery):
    """Cases in a state: `open` ones whether somebody holds them or not. `supplier_id` and `assignee` exclude each other; `assignee`
    and `overdue` go with open cases. All others combine."""

    state: AState = CaseState.OPEN
    subject_type: ASubjectType | None = None
    supplier_id: Id | None = None
    assignee: Id | None = None
    overdue: bool = False
    min_level: int = Field(default=0, ge=0, le=MAX_LEVEL)

    def as_wanted(self) -> Wanted:
        """As the service takes it."""
        return Wanted(self.state, self.subject_type, self.supplier_id, self.assignee, self.overdue, self.min_level)


class CommentOnCase(Schema):
    """What is to be said of the case; suppliers do not see it."""

    text: Text


class EscalateCase(Schema):
    """Why."""

    reason: Text


class AssignCase(Schema):
    """Whose work it is: the id of a user (`sub`) or of a machine client."""

    assignee: Id


class FieldCorrection(Schema):
    """A field of the subject (JSON pointer, RFC 6901), and what it is to hold; null empties it."""

    field: Pointer
    value: Any

    @field_validator("value")
    @classmethod
    def _bounded(cls, value: Any) -> Any:
        if len(json.dumps(value)) > MAX_VALUE:
            raise ValueError(f"at most {MAX_VALUE} characters of JSON")
        return value


class CorrectCase(Schema):
    """Fields of the subject at the version that the reviewer saw, each once."""

    corrections: list[FieldCorrection] = Field(min_length=1, max_length=20)
    expected_subject_version: Version

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({one.field for one in self.corrections}) < len(self.corrections):
            raise ValueError("each field once")
        return self

    def changes(self) -> list[tuple[str, Any]]:
        """As the service takes them."""
        return [(one.field, one.value) for one in self.corrections]


class DecideCase(Schema):
    """What becomes of the case at the version that the reviewer saw, and why. `revalidate` has the corrected subject validated
    again."""

    decision: AnOutcome
    reason: Text
    expected_version: Version


class HoursBySeverity(Schema):
    """Hours for a decision, by the gravest finding."""

    error: Hours = 48
    warning: Hours = 48
    info: Hours = 48


class HoursByType(Schema):
    """Hours for a decision, by what the case is about."""

    supplier: HoursBySeverity = HoursBySeverity()
    listing: HoursBySeverity = HoursBySeverity()
    allocation: HoursBySeverity = HoursBySeverity()
    parked: HoursBySeverity = HoursBySeverity()


class ReviewDeadlinesBody(Schema):
    """Until when cases that are opened from now on are to be decided, and how long after that, and after each escalation, they go
    up a level."""

    hours: HoursByType = HoursByType()
    escalation_hours: Hours = 24

    def as_deadlines(self) -> Deadlines:
        """As the service takes them."""
        hours = {
            type: {severity: int(getattr(getattr(self.hours, type), severity)) for severity in Severity}
            for type in SubjectType
        }
        return Deadlines(hours, self.escalation_hours)
