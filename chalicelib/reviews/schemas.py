"""What callers send and get of review cases."""

import json
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from chalicelib.core import clock
from chalicelib.core.findings import Severity
from chalicelib.core.outbox import Event
from chalicelib.core.schemas import PageQuery, Schema, View
from chalicelib.reviews.domain.case import MAX_LEVEL, Case, Outcome, State, SubjectType
from chalicelib.reviews.domain.deadlines import Deadlines
from chalicelib.reviews.domain.listing import Wanted
from chalicelib.reviews.service import CaseFile, Listed

# JSON has no enums: strict models would refuse the strings.
_LAX = Field(strict=False)
AnOutcome = Annotated[Outcome, _LAX]
AState = Annotated[State, _LAX]
ASubjectType = Annotated[SubjectType, _LAX]

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@+=-]{0,127}$")]
Pointer = Annotated[str, StringConstraints(pattern=r"^/", max_length=200)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
Version = Annotated[int, Field(ge=1, le=10**9)]
Hours = Annotated[int, Field(ge=1, le=90 * 24)]
MAX_VALUE = 2_000
"""Characters of a corrected value as JSON."""


# ---- what is sent -----------------------------------------------------------------------------------------------------------


class CasesQuery(PageQuery):
    """Cases in a state: `open` ones whether somebody holds them or not. `supplier_id` and `assignee` exclude each other; `assignee`
    and `overdue` go with open cases. All others combine."""

    state: AState = State.OPEN
    subject_type: ASubjectType | None = None
    supplier_id: Id | None = None
    assignee: Id | None = None
    overdue: bool = False
    min_level: int = Field(default=0, ge=0, le=MAX_LEVEL)

    def as_wanted(self) -> Wanted:
        """As the service takes it."""
        return Wanted(self.state, self.subject_type, self.supplier_id, self.assignee, self.overdue, self.min_level)


class CommentBody(Schema):
    """What is to be said of the case; suppliers do not see it."""

    text: Text


class ReasonBody(Schema):
    """Why."""

    reason: Text


class AssignmentBody(Schema):
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


class CorrectionBody(Schema):
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


class DecisionBody(Schema):
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


class DeadlinesBody(Schema):
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


# ---- what is shown ----------------------------------------------------------------------------------------------------------


class SubjectView(View):
    """What is reviewed, at the version that was validated."""

    type: str
    id: str
    version: int


class ClaimView(View):
    """Who works on it, and until when unless they go on."""

    by: str
    until: str


class DecisionView(View):
    outcome: str
    reason: str
    by: str
    at: str


class CaseSummary(View):
    """A case as lists show it. `state` is `claimed` while somebody holds an open one."""

    id: str
    subject: SubjectView
    supplier_id: str | None
    title: str
    severity: str
    state: str
    level: int
    opened_at: str
    due_at: str
    overdue: bool
    assignee: str | None
    claim: ClaimView | None
    outcome: str | None
    findings: int
    version: int

    @classmethod
    def of(cls, value: Listed, /) -> Self:
        now = clock.now()
        claim = value["claim"]
        held = claim is not None and value["state"] == State.OPEN and now < datetime.fromisoformat(claim["until"])
        overdue = value["state"] == State.OPEN and datetime.fromisoformat(value["due_at"]) <= now
        shown = {
            "claim": claim if held else None,
            "state": "claimed" if held else value["state"],
            "overdue": overdue,
        }
        return cls.model_validate({**value, **shown})


class CaseView(View):
    """A case. `escalates_at`: when it goes up a level by itself; `corrected_version`: what corrections made of the subject."""

    id: str
    subject: SubjectView
    supplier_id: str | None
    title: str
    severity: str
    state: str
    level: int
    opened_at: str
    due_at: str
    overdue: bool
    escalates_at: str | None
    assignee: str | None
    claim: ClaimView | None
    decision: DecisionView | None
    closed_at: str | None
    corrected_version: int | None
    version: int

    @classmethod
    def of(cls, value: Case, /) -> Self:
        return cls.model_validate(_fields(value))


def _fields(case: Case) -> dict[str, Any]:
    now = clock.now()
    claim, decision = case.claim if case.holder(now) else None, case.decision
    plain = ("id", "subject", "supplier_id", "title", "severity", "level", "assignee", "corrected_version", "version")
    return {
        **{name: getattr(case, name) for name in plain},
        "state": "claimed" if claim else str(case.state),
        "overdue": case.is_overdue(now),
        "opened_at": clock.rfc3339(case.opened_at),
        "due_at": clock.rfc3339(case.due_at),
        "escalates_at": _time(case.escalates_at),
        "closed_at": _time(case.closed_at),
        "claim": {"by": claim.by, "until": clock.rfc3339(claim.until)} if claim else None,
        "decision": {
            "outcome": decision.outcome,
            "reason": decision.reason,
            "by": decision.by,
            "at": clock.rfc3339(decision.at),
        }
        if decision
        else None,
    }


def _time(moment: datetime | None) -> str | None:
    return clock.rfc3339(moment) if moment else None


class FindingView(View):
    """What a validator found: where (JSON pointer), against which rule, how grave, and what would mend it."""

    field: str
    rule: str
    severity: str
    message: str
    suggested_fix: Any


class CorrectedField(View):
    field: str
    value: Any


class CorrectionView(View):
    """What a reviewer corrected, and the version that made of the subject."""

    by: str
    at: str
    corrections: list[CorrectedField]
    subject_version: int


class CommentView(View):
    """`kind` is `comment`, or `escalation` for why the case was escalated."""

    by: str
    at: str
    kind: str
    text: str


class HistoryEntry(View):
    """Who did what, when."""

    type: str
    occurred_at: str
    actor: dict[str, str]
    version: int
    data: dict[str, Any]

    @classmethod
    def of(cls, value: Event, /) -> Self:
        return cls(
            type=value.type,
            occurred_at=value.occurred_at,
            actor=value.actor,
            version=value.aggregate.version,
            data=value.data,
        )


class CaseFileView(CaseView):
    """A case with all that belongs to it, each oldest first; findings with the gravest first, 200 at most."""

    findings: list[FindingView]
    findings_total: int
    corrections: list[CorrectionView]
    comments: list[CommentView]
    history: list[HistoryEntry]

    @classmethod
    def of(cls, value: CaseFile, /) -> Self:  # type: ignore[override]
        notes = value.notes
        corrections = [
            {
                "by": one.by,
                "at": one.at,
                "corrections": [{"field": field, "value": new} for field, new in one.changes],
                "subject_version": one.subject_version,
            }
            for one in notes.corrections
        ]
        return cls.model_validate(
            {
                **_fields(value.case),
                "findings": notes.findings,
                "findings_total": value.case.findings,
                "corrections": corrections,
                "comments": notes.comments,
                "history": [HistoryEntry.of(event) for event in value.history],
            }
        )


class HoursView(View):
    error: int
    warning: int
    info: int


class DeadlinesView(View):
    """The deadlines in force; version 0 until somebody sets any."""

    hours: dict[str, HoursView]
    escalation_hours: int
    version: int

    @classmethod
    def of(cls, value: Deadlines, /) -> Self:
        hours = {
            str(type): {str(severity): value.hours_for(type, severity) for severity in Severity} for type in SubjectType
        }
        return cls.model_validate(
            {"hours": hours, "escalation_hours": value.escalation_hours, "version": value.version}
        )
