"""Cases as reviewers see them."""

from datetime import datetime
from typing import Any, Self

from chalicelib.core import clock
from chalicelib.core.findings import Severity
from chalicelib.core.outbox import Event
from chalicelib.core.schemas import View
from chalicelib.reviews.domain.case import Case, CaseState, SubjectType
from chalicelib.reviews.domain.deadlines import Deadlines
from chalicelib.reviews.service import CaseFile, Listed


class CaseSubjectView(View):
    """What is reviewed, at the version that was validated."""

    type: str
    id: str
    version: int


class CaseClaimView(View):
    """Who works on it, and until when unless they go on."""

    by: str
    until: str


class CaseDecisionView(View):
    outcome: str
    reason: str
    by: str
    at: str


class CaseSummary(View):
    """A case as lists show it. `state` is `claimed` while somebody holds an open one."""

    id: str
    subject: CaseSubjectView
    supplier_id: str | None
    title: str
    severity: str
    state: str
    level: int
    opened_at: str
    due_at: str
    overdue: bool
    assignee: str | None
    claim: CaseClaimView | None
    outcome: str | None
    findings: int
    version: int

    @classmethod
    def of(cls, value: Listed, /) -> Self:
        now = clock.now()
        claim = value["claim"]
        held = claim is not None and value["state"] == CaseState.OPEN and now < datetime.fromisoformat(claim["until"])
        overdue = value["state"] == CaseState.OPEN and datetime.fromisoformat(value["due_at"]) <= now
        shown = {
            "claim": claim if held else None,
            "state": "claimed" if held else value["state"],
            "overdue": overdue,
        }
        return cls.model_validate({**value, **shown})


class CaseView(View):
    """A case. `escalates_at`: when it goes up a level by itself; `corrected_version`: what corrections made of the subject."""

    id: str
    subject: CaseSubjectView
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
    claim: CaseClaimView | None
    decision: CaseDecisionView | None
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


class CaseFindingView(View):
    """What a validator found: where (JSON pointer), against which rule, how grave, and what would mend it."""

    field: str
    rule: str
    severity: str
    message: str
    suggested_fix: Any


class CorrectedField(View):
    field: str
    value: Any


class CaseCorrectionView(View):
    """What a reviewer corrected, and the version that made of the subject."""

    by: str
    at: str
    corrections: list[CorrectedField]
    subject_version: int


class CaseCommentView(View):
    """`kind` is `comment`, or `escalation` for why the case was escalated."""

    by: str
    at: str
    kind: str
    text: str


class CaseHistoryEntry(View):
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

    findings: list[CaseFindingView]
    findings_total: int
    corrections: list[CaseCorrectionView]
    comments: list[CaseCommentView]
    history: list[CaseHistoryEntry]

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
                "history": [CaseHistoryEntry.of(event) for event in value.history],
            }
        )


class HoursBySeverityView(View):
    error: int
    warning: int
    info: int


class ReviewDeadlinesView(View):
    """The deadlines in force; version 0 until somebody sets any."""

    hours: dict[str, HoursBySeverityView]
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
