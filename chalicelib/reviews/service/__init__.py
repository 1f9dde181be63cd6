"""Use cases of reviews, and what other contexts ask of them: `open_case`, `withdraw`, `supersede`, `keep_token`."""

from chalicelib.reviews.domain.case import (
    Case,
    CaseClaimed,
    CaseClosed,
    CaseOutcome,
    CaseState,
    EscalatedFully,
    SubjectType,
    TooManyChanges,
)
from chalicelib.reviews.domain.deadlines import Deadlines
from chalicelib.reviews.domain.listing import Wanted
from chalicelib.reviews.service.access import OPERATOR_SCOPE
from chalicelib.reviews.service.correct_subject import StageCorrection, correct_subject
from chalicelib.reviews.service.deadlines import change_deadlines, read_deadlines
from chalicelib.reviews.service.decide_case import decide_case
from chalicelib.reviews.service.escalate_case import escalate_case, escalate_overdue
from chalicelib.reviews.service.open_case import NewerCase, open_case, supersede, withdraw
from chalicelib.reviews.service.read_cases import CaseFile, Listed, list_cases, read_case
from chalicelib.reviews.service.waiting_workflows import complete, keep_token
from chalicelib.reviews.service.work_on_case import assign_case, claim_case, comment_on_case, release_case
from chalicelib.reviews.store import CaseExists

__all__ = [
    "OPERATOR_SCOPE",
    "Case",
    "CaseClaimed",
    "CaseClosed",
    "CaseExists",
    "CaseFile",
    "CaseOutcome",
    "CaseState",
    "Deadlines",
    "EscalatedFully",
    "Listed",
    "NewerCase",
    "StageCorrection",
    "SubjectType",
    "TooManyChanges",
    "Wanted",
    "assign_case",
    "change_deadlines",
    "claim_case",
    "comment_on_case",
    "complete",
    "correct_subject",
    "decide_case",
    "escalate_case",
    "escalate_overdue",
    "keep_token",
    "list_cases",
    "open_case",
    "read_case",
    "read_deadlines",
    "release_case",
    "supersede",
    "withdraw",
]
